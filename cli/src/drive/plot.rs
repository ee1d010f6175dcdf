//! The picture of a drive: map and path, speed, lateral error.

use glam::DVec2;
use maps::Map;
use plot::{Color, Fill, Page, Panel, Stroke};
use scenario::{DriveReport, Ends, TracePoint};

use crate::scene;

/// What is drawn of the map and the route.
pub struct Scene {
    map: Panel,
    title: String,
}

impl Scene {
    /// The surroundings of a route.
    pub fn of(map: &Map, ends: &Ends) -> Self {
        const AROUND_M: f64 = 40.0;
        let route = scene::route_line(map, &ends.route);
        let low = route.iter().copied().reduce(DVec2::min).unwrap_or_default() - AROUND_M;
        let high = route.iter().copied().reduce(DVec2::max).unwrap_or_default() + AROUND_M;
        let mut panel =
            scene::Scene::new(map, Some((low, high))).panel("Map, route and path").without_legend();
        panel.line(route, Stroke::new(Color::BLUE.opacity(0.35)).width(6.0).label("route"));
        Self { map: panel, title: map.name.clone() }
    }

    /// The page.
    pub fn page(self, report: &DriveReport) -> Page {
        let settings = &report.settings;
        let subtitle = format!(
            "{} · seed {} · {:.0} m in {:.0} s · lateral error p95 {:.2} m · {} collisions · {:.0} × real time",
            settings.vehicle,
            settings.seed,
            report.distance_m,
            report.sim_seconds,
            report.lateral_error_m.p95,
            report.collisions,
            report.realtime_factor
        );
        let title = match (&report.failure, report.goal_reached) {
            (Some(why), _) => format!("{}: {why}", self.title),
            (None, _) => format!("{}: goal reached", self.title),
        };
        let mut page = Page::new(1600, 900, &title, &subtitle);
        page.add([0.0, 0.0, 0.56, 1.0], Self::with_drive(self.map, report));
        page.add([0.56, 0.0, 0.44, 0.4], speed(report));
        page.add([0.56, 0.4, 0.44, 0.3], lateral(report));
        page.add([0.56, 0.7, 0.44, 0.3], localization(report));
        page
    }

    /// The map with what was driven on it, by speed, and what happened.
    fn with_drive(mut panel: Panel, report: &DriveReport) -> Panel {
        let fastest = report.trace.iter().map(|p| p.speed_mps).fold(1.0, f64::max);
        // Pieces of one speed are one line.
        const BINS: f64 = 12.0;
        let bin = |p: &TracePoint| (p.speed_mps / fastest * BINS).round() as i32;
        for piece in report.trace.chunk_by(|a, b| bin(a) == bin(b)) {
            let next = report.trace.iter().find(|p| p.time_s > piece[piece.len() - 1].time_s);
            let line = piece.iter().chain(next).map(|p| DVec2::new(p.x, p.y));
            let color = Color::heat(f64::from(bin(&piece[0])) / BINS);
            panel.line(line.collect::<Vec<_>>(), Stroke::new(color).width(2.6));
        }
        if let (Some(first), Some(last)) = (report.trace.first(), report.trace.last()) {
            let dot = |p: &TracePoint| [DVec2::new(p.x, p.y)];
            let fill = |color, name: &str| Fill::new(color).edge(Color::PAPER, 1.5).label(name);
            panel.dots(dot(first), 6.0, fill(Color::GREEN, "start"));
            let name = if report.goal_reached { "goal" } else { "end" };
            panel.dots(
                dot(last),
                6.0,
                fill(if report.goal_reached { Color::PURPLE } else { Color::RED }, name),
            );
        }
        for event in &report.events {
            let color = if event.is_bad { Color::RED } else { Color::ORANGE };
            let at = DVec2::new(event.x, event.y);
            let fill = Fill::new(color).edge(Color::PAPER, 1.0);
            panel.dots([at], 4.5, fill.label(if event.is_bad { "incident" } else { "stop on the way" }));
            if event.is_bad {
                panel.text(at + DVec2::new(2.0, 2.0), &event.what, color, 12.0);
            }
        }
        panel
    }
}

fn series(report: &DriveReport, value: impl Fn(&TracePoint) -> f64) -> Vec<DVec2> {
    report.trace.iter().map(|p| DVec2::new(p.time_s, value(p))).collect()
}

/// Marks what happened on a time axis.
fn mark_events(panel: &mut Panel, report: &DriveReport) {
    for event in &report.events {
        let color = if event.is_bad { Color::RED } else { Color::ORANGE };
        panel.vertical(event.time_s, Stroke::new(color.opacity(0.7)).width(1.2).dashed(4.0));
    }
}

fn speed(report: &DriveReport) -> Panel {
    let mut panel = Panel::new("Speed").axes("time in s", "m/s");
    panel.line(series(report, |p| p.limit_mps), Stroke::new(Color::RED).dashed(5.0).label("limit"));
    panel.line(series(report, |p| p.planned_speed_mps), Stroke::new(Color::ORANGE).label("planned"));
    panel.line(series(report, |p| p.speed_mps), Stroke::new(Color::BLUE).label("driven"));
    mark_events(&mut panel, report);
    panel
}

fn lateral(report: &DriveReport) -> Panel {
    let mut panel = Panel::new("Off the planned path, positive to the left").axes("time in s", "m");
    let largest = report.trace.iter().map(|p| p.lateral_error_m.abs()).fold(0.1, f64::max) * 1.1;
    panel = panel.y_range(-largest, largest);
    panel.horizontal(0.0, Stroke::new(Color::MUTED).width(0.8));
    panel.line(series(report, |p| p.lateral_error_m), Stroke::new(Color::BLUE));
    mark_events(&mut panel, report);
    panel
}

fn localization(report: &DriveReport) -> Panel {
    let mut panel = Panel::new("Localization error").axes("time in s", "m");
    panel.line(series(report, |p| p.localization_error_m), Stroke::new(Color::TEAL));
    mark_events(&mut panel, report);
    panel
}
