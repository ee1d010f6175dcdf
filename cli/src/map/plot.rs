//! `atlas map plot`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use glam::DVec2;
use maps::{Lane, LaneFilter, Map, Route, RouteOptions};
use serde_json::json;

use crate::output::Out;
use crate::scene::Scene;

/// Draw a map, with a route if wanted.
#[derive(Args)]
pub struct Plot {
    /// OpenDRIVE file, or the name of a map that ships with the product, e.g. terminal-yard
    file: String,
    /// Where to draw: .png or .svg [default: name of the map with .png]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Route to draw, from X,Y to X,Y in m
    #[arg(long, value_name = "X,Y:X,Y", allow_hyphen_values = true, value_parser = parse_route)]
    route: Option<(DVec2, DVec2)>,
    /// Only this part of the map, from X,Y to X,Y in m
    #[arg(long, value_name = "X,Y:X,Y", allow_hyphen_values = true, value_parser = parse_route)]
    area: Option<(DVec2, DVec2)>,
}

fn parse_route(text: &str) -> Result<(DVec2, DVec2), String> {
    let point = |text: &str| {
        let (x, y) = text.split_once(',')?;
        Some(DVec2::new(x.trim().parse().ok()?, y.trim().parse().ok()?)).filter(|p| p.is_finite())
    };
    let both = text.split_once(':').and_then(|(a, b)| Some((point(a)?, point(b)?)));
    both.ok_or_else(|| "expected two places as X,Y:X,Y, e.g. 0,10:250,-30".into())
}

impl Plot {
    pub fn run(self, out: &mut Out) -> Result<()> {
        let map = Map::load(&self.file)?;
        let stem =
            Path::new(&self.file).file_stem().map_or("map".into(), |s| s.to_string_lossy().into_owned());
        let file = self.output.unwrap_or_else(|| PathBuf::from(format!("{stem}.png")));
        let route = self.route.map(|ends| find_route(&map, ends)).transpose()?;
        let scene = Scene::new(&map, self.area);
        let mut panel = scene.panel("");
        if let Some(route) = &route {
            scene.draw_route(&mut panel, route);
        }
        let mut page = scene.page(&title(&map, &stem), &subtitle(&map, route.as_ref()));
        page.add([0.0, 0.0, 1.0, 1.0], panel);
        page.save(&file)?;
        let length = route.map(|r| r.length_m);
        if out.json {
            return out.json_document(&json!({"file": file, "route_length_m": length}));
        }
        out.line(&file.display().to_string())
    }
}

fn find_route(map: &Map, (from, to): (DVec2, DVec2)) -> Result<Route> {
    let nearest = |point: DVec2| {
        let found = map.nearest_lane(point.extend(0.0), LaneFilter::default());
        found.with_context(|| format!("there is no drivable lane within 50 m of ({}, {})", point.x, point.y))
    };
    let (from, to) = (nearest(from)?, nearest(to)?);
    Ok(map.route(from, to, &RouteOptions::default())?)
}

fn title(map: &Map, stem: &str) -> String {
    if map.name.is_empty() { stem.to_string() } else { map.name.clone() }
}

fn subtitle(map: &Map, route: Option<&Route>) -> String {
    let drivable = map.lanes.iter().filter(|l| l.kind.is_drivable());
    let length = drivable.clone().map(Lane::length).sum::<f64>() / 1000.0;
    let mut text =
        format!("{} drivable lanes, {length:.2} km, {} junctions", drivable.count(), map.junctions.len());
    if let Some(route) = route {
        text.push_str(&format!(" · route of {:.0} m over {} lanes", route.length_m, route.segments.len()));
    }
    text
}
