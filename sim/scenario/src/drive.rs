//! A drive from a start to a goal, in lockstep.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use glam::DVec2;
use maps::Map;
use runtime::lockstep::Lockstep;
use runtime::names::Remaps;
use runtime::recording::{Recorder, RecorderOptions};
use runtime::time::Time;

use crate::error::ScenarioError;
use crate::judge::Judge;
use crate::nodes::add_all;
use crate::replay::RecordedDrive;
use crate::report::DriveReport;
use crate::settings::{DriveSettings, Place};
use crate::trip::{Ends, order};

/// Virtual time of the beginning: 2026-01-01 00:00 UTC.
const START: Time = Time::from_ns(1_767_225_600_000_000_000);
/// The nodes find their feet before the trip is ordered.
const BEFORE_ORDER: Duration = Duration::from_millis(1500);
const SLICE: Duration = Duration::from_millis(100);
/// At the goal: base_link this near to it, standing that long.
const GOAL_M: f64 = 2.0;
const GOAL_STAND_S: f64 = 0.5;
/// Standing longer than this on the way is the end, s.
const STUCK_S: f64 = 120.0;
/// A latched stop is given this long, s.
const LATCHED_S: f64 = 3.0;

/// How far a drive is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Way driven, m.
    pub distance_m: f64,
    /// Length of the route, m.
    pub route_m: f64,
    /// Virtual time since the order, s.
    pub sim_seconds: f64,
    /// Speed, m/s.
    pub speed_mps: f64,
}

/// A drive.
pub struct Drive {
    settings: DriveSettings,
    map: Rc<Map>,
    ends: Ends,
    run: Lockstep,
    judge: Rc<RefCell<Judge>>,
}

impl Drive {
    /// Loads the map and makes the nodes; records to `recording`.
    pub fn new(mut settings: DriveSettings, recording: Option<&Path>) -> Result<Self, ScenarioError> {
        let map = Rc::new(Map::load(&settings.map)?);
        let ends = Ends::of(&map, &settings)?;
        let place = |at| {
            let p = map.point_at(at).position;
            Some(Place { x: p.x, y: p.y })
        };
        let overrides = settings.overrides(&map, ends.start)?;
        let mut run = Lockstep::new(START).with_args(Remaps::default(), overrides);
        if let Some(file) = recording {
            let drive = RecordedDrive { settings: settings.clone(), map_digest: map.digest.clone() };
            let options = RecorderOptions {
                custom_data: [drive.to_custom_data()].into(),
                ..RecorderOptions::default()
            };
            run.record(Recorder::create(file, options)?);
        }
        (settings.from, settings.to) = (place(ends.start), place(ends.goal));
        let lanes = ends.route.segments.iter().map(|s| s.lane).collect();
        let limit = planning::PlanningParams::default().default_speed_limit_mps;
        let judge = Rc::new(RefCell::new(Judge::new(Rc::clone(&map), lanes, limit, START + BEFORE_ORDER)));
        let watching = Rc::clone(&judge);
        run.observe(move |event| watching.borrow_mut().see(event));
        add_all(&mut run)?;
        Ok(Self { settings, map, ends, run, judge })
    }

    /// The map.
    pub fn map(&self) -> &Map {
        &self.map
    }

    /// Start, goal and the shortest way.
    pub fn ends(&self) -> &Ends {
        &self.ends
    }

    /// Drives to the end; `progress` is told ten times per second of virtual time, and ends the drive with false.
    pub fn run(mut self, mut progress: impl FnMut(Progress) -> bool) -> Result<DriveReport, ScenarioError> {
        let began = Instant::now();
        self.run.run_for(BEFORE_ORDER)?;
        let ordered = self.run.now();
        let trip = order(&self.map, self.ends.goal, &format!("drive-{}", self.settings.seed), ordered);
        self.run.publish("/mission/trip", &trip)?;
        let route_m = self.ends.route.length_m;
        let limit_s = self.settings.time_limit_s.unwrap_or(180.0 + route_m);
        let end = loop {
            self.run.run_for(SLICE)?;
            let sim_seconds = self.run.now().since(ordered).as_secs_f64();
            let judge = self.judge.borrow();
            let (distance_m, speed_mps) = (judge.distance_m(), judge.vehicle().1);
            if let Some(end) = self.end(&judge, sim_seconds, limit_s) {
                break end;
            }
            if !progress(Progress { distance_m, route_m, sim_seconds, speed_mps }) {
                break Err("interrupted".into());
            }
        };
        let sim_seconds = self.run.now().since(ordered).as_secs_f64();
        self.run.finish_recording()?;
        let wall_seconds = began.elapsed().as_secs_f64();
        let mut report = DriveReport {
            goal_reached: end.is_ok(),
            failure: end.err(),
            sim_seconds,
            wall_seconds,
            realtime_factor: (sim_seconds + BEFORE_ORDER.as_secs_f64()) / wall_seconds,
            route_m,
            settings: self.settings,
            ..DriveReport::default()
        };
        self.judge.borrow_mut().report(&mut report);
        Ok(report)
    }

    /// Whether the drive is over, and why if not at the goal.
    fn end(&self, judge: &Judge, sim_seconds: f64, limit_s: f64) -> Option<Result<(), String>> {
        let goal = self.map.point_at(self.ends.goal).position;
        let (position, _) = judge.vehicle();
        let off_m = DVec2::distance(goal.truncate(), position.truncate());
        let stands_s = judge.stands_for_s();
        if judge.says_goal() && stands_s > GOAL_STAND_S && off_m <= GOAL_M && judge.latched().is_none() {
            return Some(Ok(()));
        }
        if judge.collided() && stands_s > 1.0 {
            return Some(Err("collision".into()));
        }
        if let Some(cause) = judge.latched().filter(|_| stands_s > LATCHED_S) {
            return Some(Err(format!("safety stop: {cause}")));
        }
        if stands_s > STUCK_S {
            let reason = judge.stop_reason();
            return Some(Err(format!(
                "stood still for {STUCK_S} s, {off_m:.0} m from the goal; planning stops for: {reason}"
            )));
        }
        let late = format!("not at the goal after {limit_s:.0} s, {off_m:.0} m from it");
        (sim_seconds > limit_s).then_some(Err(late))
    }
}
