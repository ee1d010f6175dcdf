//! The picture.

use std::path::Path;

use anyhow::Result;
use glam::DVec2;
use plot::{Color, Fill, Page, Panel, Stroke};

use crate::drive::Sample;
use crate::log::{Arrival, Log};

/// Trajectory, error over time without and with outages.
pub fn draw(file: &Path, title: &str, log: &Log, without: &[Sample], outages: &[Vec<Sample>]) -> Result<()> {
    let mut page = Page::new(
        1600,
        1000,
        title,
        "error-state Kalman filter over phone IMU, u-blox fixes and wheel speed; band: 2 standard deviations",
    );
    page.add([0.0, 0.0, 0.38, 1.0], trajectory(log, without, outages));
    page.add([0.38, 0.0, 0.62, 0.5], errors("Horizontal error, GNSS throughout", &[without.to_vec()]));
    page.add(
        [0.38, 0.5, 0.62, 0.5],
        errors("Horizontal error with an outage of 20 s, one run each", outages),
    );
    page.save(file)?;
    Ok(())
}

fn trajectory(log: &Log, without: &[Sample], outages: &[Vec<Sample>]) -> Panel {
    let mut panel = Panel::new("From above").axes("east, m", "north, m").equal_scale();
    let fixes = log.arrivals.iter().filter_map(|(_, a)| match a {
        Arrival::Fix { position, .. } => Some(DVec2::new(position.x, position.y)),
        _ => None,
    });
    panel.dots(fixes, 1.5, Fill::new(Color::MUTED.opacity(0.5)).label("fixes"));
    panel.line(without.iter().map(|s| s.truth), Stroke::new(Color::INK).width(3.0).label("reference"));
    panel.line(without.iter().map(|s| s.estimate), Stroke::new(Color::BLUE).width(1.5).label("estimate"));
    for (n, run) in outages.iter().enumerate() {
        let way = run.iter().filter(|s| s.in_outage).map(|s| s.estimate);
        let stroke = Stroke::new(Color::ORANGE).width(1.5);
        panel.line(way, if n == 0 { stroke.label("estimate in an outage") } else { stroke });
    }
    panel
}

fn errors(title: &str, runs: &[Vec<Sample>]) -> Panel {
    let mut panel = Panel::new(title).axes("time, s", "m");
    for (n, run) in runs.iter().enumerate() {
        let color = Color::series(n);
        let band = run.iter().map(|s| (s.time_s, 0.0, 2.0 * s.sigma_m));
        panel.band(band, Fill::new(color.opacity(0.08)));
        let error = run.iter().map(|s| DVec2::new(s.time_s, s.error_m()));
        panel.line(error, Stroke::new(color).width(1.8));
        for s in run.windows(2).filter(|w| w[0].in_outage != w[1].in_outage) {
            panel.vertical(s[1].time_s, Stroke::new(color.opacity(0.5)).dashed(4.0));
        }
    }
    panel
}
