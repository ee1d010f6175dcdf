//! `atlas drive`

mod plot;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use scenario::{Drive, DriveReport, DriveSettings, Place, Progress};

use crate::output::{Interrupted, Out, note};
use crate::stop::Stop;

/// Drive from a start to a goal in the simulator, faster than real time
///
/// All nodes of the vehicle and the simulated world run in this process in lockstep: the same command gives the same drive
/// to the bit. Exit code 0 only if the goal is reached without a collision.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  atlas drive                                # the terminal yard that ships with the product\n  \
                  atlas drive --map Town01.xodr --seed 3 --plot drive.png\n  \
                  atlas drive --map Town01.xodr --from 92,-40 --to 335,-130 --traffic 20\n  \
                  atlas drive --record drive.mcap && atlas replay drive.mcap --check\n  \
                  atlas drive -p planning_node:max_speed:=5.0"
)]
pub struct Command {
    /// OpenDRIVE file, or the name of a map that ships with the product
    #[arg(long, value_name = "MAP", default_value = "terminal-yard")]
    map: String,
    /// Vehicle: shuttle or yard-tractor
    #[arg(long, value_name = "NAME", default_value = "shuttle")]
    vehicle: String,
    /// Start, in map, m; drawn from the seed where not given
    #[arg(long, value_name = "X,Y", value_parser = place, allow_hyphen_values = true)]
    from: Option<Place>,
    /// Goal, in map, m; drawn from the seed where not given
    #[arg(long, value_name = "X,Y", value_parser = place, allow_hyphen_values = true)]
    to: Option<Place>,
    /// Decides everything that is random
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32))]
    seed: u32,
    /// Other vehicles
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=500))]
    traffic: u32,
    /// People on foot
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=500))]
    pedestrians: u32,
    /// Let the camera take pictures; they slow the drive down
    #[arg(long)]
    camera: bool,
    /// Set a parameter, of all nodes or of one, as with --ros-args
    #[arg(short = 'p', long = "param", value_name = "[NODE:]NAME:=VALUE")]
    params: Vec<String>,
    /// Give up after this much virtual time, s
    #[arg(long, value_name = "S")]
    time_limit: Option<f64>,
    /// Record all messages and steps; `atlas replay` repeats each node from it
    #[arg(long, value_name = "F.mcap")]
    record: Option<PathBuf>,
    /// Draw map, path, speed, lateral error and events
    #[arg(long, value_name = "F.png")]
    plot: Option<PathBuf>,
}

pub fn place(text: &str) -> Result<Place, String> {
    let number = |t: &str| t.trim().parse::<f64>().ok().filter(|v| v.is_finite());
    let place = text.split_once(',').and_then(|(x, y)| Some(Place { x: number(x)?, y: number(y)? }));
    place.ok_or_else(|| "write it as X,Y in m, e.g. 12.5,-40".into())
}

impl Command {
    /// Runs the command.
    pub fn run(self, out: &mut Out) -> Result<()> {
        if let Some(file) = self.record.as_ref().filter(|f| f.exists()) {
            bail!("{} exists already; choose another name or remove it", file.display());
        }
        let stop = Stop::install()?;
        let settings = DriveSettings {
            map: self.map,
            vehicle: self.vehicle,
            from: self.from,
            to: self.to,
            seed: self.seed.into(),
            traffic: self.traffic,
            pedestrians: self.pedestrians,
            camera: self.camera,
            params: self.params,
            time_limit_s: self.time_limit,
        };
        let drive = Drive::new(settings, self.record.as_deref())?;
        let scene = self.plot.is_some().then(|| plot::Scene::of(drive.map(), drive.ends()));
        let bar = bar(drive.ends().route.length_m);
        let report = drive.run(|progress| {
            show(&bar, progress);
            !stop.is_set()
        })?;
        bar.finish_and_clear();
        if let (Some(file), Some(scene)) = (&self.plot, scene) {
            scene.page(&report).save(file)?;
            note(&format!("drawn to {}", file.display()));
        }
        if let Some(file) = &self.record {
            note(&format!("recorded to {}", file.display()));
        }
        match out.json {
            true => out.json_document(&report)?,
            false => out.text(&table(&report))?,
        }
        if stop.is_set() {
            bail!(Interrupted);
        }
        if let Some(failure) = &report.failure {
            bail!("the goal was not reached: {failure}");
        }
        if report.collisions > 0 {
            bail!("the goal was reached, but not without a collision");
        }
        Ok(())
    }
}

fn bar(route_m: f64) -> ProgressBar {
    let bar = ProgressBar::new(route_m.max(1.0) as u64);
    let style = ProgressStyle::with_template("{bar:32} {pos}/{len} m  {msg}  {elapsed}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

fn show(bar: &ProgressBar, progress: Progress) {
    bar.set_position(progress.distance_m.min(progress.route_m) as u64);
    bar.set_message(format!("{:4.1} m/s at {:.0} s", progress.speed_mps, progress.sim_seconds));
}

/// The report for people.
fn table(report: &DriveReport) -> String {
    let DriveReport { settings, lateral_error_m: lateral, lane_centre_error_m: centre, .. } = report;
    let end = |p: Option<Place>| p.map_or(String::new(), |p| format!("{:.1},{:.1}", p.x, p.y));
    let mut text = format!(
        "{}\n  from {} to {}, {:.0} m of route, seed {}\n\n",
        if report.goal_reached { "Goal reached" } else { "Goal not reached" },
        end(settings.from),
        end(settings.to),
        report.route_m,
        settings.seed
    );
    let mut row = |name: &str, value: String| text.push_str(&format!("  {name:24}{value}\n"));
    row("driven", format!("{:.1} m in {:.1} s", report.distance_m, report.sim_seconds));
    row("computed in", format!("{:.1} s, {:.1} × real time", report.wall_seconds, report.realtime_factor));
    let error =
        |e: &scenario::LateralError| format!("p50 {:.3}  p95 {:.3}  max {:.3} m", e.p50, e.p95, e.max);
    row("off the planned path", error(lateral));
    row("off the lane's middle", error(centre));
    row("over the speed limit", format!("{:.2} m/s at most", report.max_speed_over_limit_mps));
    row("lateral acceleration", format!("{:.2} m/s² at most", report.max_lateral_acceleration_mps2));
    row("lane departures", report.lane_departures.to_string());
    let fault = match report.collisions {
        0 => String::new(),
        _ => format!(" ({} at fault)", report.collisions_at_fault),
    };
    row("collisions", format!("{}{fault}", report.collisions));
    row("trajectory hash", report.trajectory_hash.clone());
    for stop in &report.stops {
        row(
            "stop",
            format!(
                "{} ({}) after {:.1} s, for {:.1} s, at {:.1},{:.1}",
                stop.cause, stop.by, stop.time_s, stop.duration_s, stop.x, stop.y
            ),
        );
    }
    text
}
