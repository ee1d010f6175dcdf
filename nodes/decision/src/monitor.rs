//! The collision monitor: looks for things in the way on raw LiDAR points, without objects, tracks or maps.
//!
//! The outline of the vehicle is swept along the trajectory (along the present curvature where there is none) over the
//! way that a stop needs: [`corridor`]. Points above the ground in it, at least `min_points` close together and in two
//! consecutive scans, are an obstacle: [`ground`]. The ground is followed along the corridor, so that slopes, nodding and kerbs are
//! no obstacles. How far the way to a stop is depends on how fast the thing moves away, which the monitor takes from how its
//! distance changes: [`lead`].

pub mod corridor;
pub mod ground;
pub mod lead;

use std::time::Duration;

use runtime::time::Time;
use vehicle::{Pose2, VehicleParams};

use crate::MonitorParams;
use corridor::{Corridor, PathAhead, Shape};
use ground::Slices;
use lead::Lead;
use points::Points;

pub mod points;

/// Scans in a row in which an obstacle must be seen, and in which it must not be to be gone.
const CONFIRM_SCANS: u32 = 2;
const CLEAR_SCANS: u32 = 3;
/// Points of a scan that lie in the corridor at most; those beyond are left out.
const MAX_HITS: usize = 32_768;
/// A scan that is farther in time from the last one does not continue what that one saw.
const MAX_GAP: Duration = Duration::from_millis(350);

/// A point in the corridor.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hit {
    x: f32,
    y: f32,
    z: f32,
    slice: u8,
}

/// How the vehicle moves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Motion {
    /// Speed, m/s.
    pub speed_mps: f64,
    /// Curvature that it drives without a trajectory, 1/m.
    pub curvature_per_m: f64,
    /// Where it is in the frame of the trajectory, if that is known.
    pub pose: Option<Pose2>,
}

/// The monitor.
pub struct Monitor {
    params: MonitorParams,
    deceleration_mps2: f64,
    shape: Shape,
    height_m: f64,
    corridor: Corridor,
    hits: Vec<Hit>,
    slices: Slices,
    lead: Lead,
    last_scan: Option<Time>,
    seen: u32,
    clear: u32,
    obstacle: bool,
    distance_m: Option<f64>,
}

impl Monitor {
    /// Makes all memory that it needs. `deceleration_mps2` is that of an emergency stop.
    pub fn new(vehicle: &VehicleParams, params: &MonitorParams, deceleration_mps2: f64) -> Self {
        Self {
            params: params.clone(),
            deceleration_mps2,
            shape: Shape::new(vehicle, params.side_margin_m),
            height_m: vehicle.height_m,
            corridor: Corridor::default(),
            hits: Vec::with_capacity(MAX_HITS),
            slices: Slices::default(),
            lead: Lead::default(),
            last_scan: None,
            seen: 0,
            clear: 0,
            obstacle: false,
            distance_m: None,
        }
    }

    /// Takes over other parameters. Allocates nothing.
    pub fn set_params(&mut self, vehicle: &VehicleParams, params: &MonitorParams, deceleration_mps2: f64) {
        self.params = params.clone();
        self.deceleration_mps2 = deceleration_mps2;
        self.shape = Shape::new(vehicle, params.side_margin_m);
        self.height_m = vehicle.height_m;
    }

    /// Whether something is in the way.
    pub fn obstacle(&self) -> bool {
        self.obstacle && self.params.enabled
    }

    /// Distance from the vehicle's front to the nearest thing in the corridor of the last scan, m.
    pub fn distance_m(&self) -> Option<f64> {
        self.distance_m
    }

    /// The way that a stop needs from the stamp of a scan on, m, behind something that moves away with `lead_mps`.
    pub fn stopping_way_m(&self, speed_mps: f64, lead_mps: f64) -> f64 {
        let brakes =
            (speed_mps.powi(2) - lead_mps.max(0.0).powi(2)).max(0.0) / (2.0 * self.deceleration_mps2);
        // What comes towards the vehicle takes away its share while both are moving.
        let towards = (-lead_mps).max(0.0);
        let time_s = self.params.reaction_time_s + speed_mps / self.deceleration_mps2;
        self.params.standoff_m + speed_mps * self.params.reaction_time_s + brakes + towards * time_s
    }

    /// Takes a scan in base_link. Allocates nothing.
    pub fn scan(&mut self, points: &Points<'_>, stamp: Time, motion: &Motion, path: &PathAhead) {
        let speed = motion.speed_mps.max(0.0);
        let reach = self.stopping_way_m(speed, 0.0) + corridor::STEP_M;
        self.corridor.sweep(&self.shape, path, motion, reach);
        self.hits.clear();
        for (x, y, z) in points.iter() {
            if let Some(slice) = self.corridor.slice_at(x, y)
                && self.hits.len() < MAX_HITS
            {
                self.hits.push(Hit { x, y, z, slice });
            }
        }
        let heights = (self.params.min_height_m, self.height_m + OVERHEAD_M);
        self.slices.fill(&self.hits, self.corridor.slices());
        let nearest = self.slices.nearest(&self.hits, heights, self.params.min_points);
        self.distance_m = nearest.map(|slice| self.front_distance(slice, heights));
        let gap = self.last_scan.is_none_or(|last| stamp.since(last) > MAX_GAP);
        if gap {
            (self.seen, self.clear) = (0, 0);
            self.lead.clear();
        }
        self.last_scan = Some(stamp);
        let in_the_way = match self.distance_m {
            None => {
                self.lead.clear();
                false
            }
            Some(distance) => {
                self.lead.add(stamp, distance, speed);
                distance < self.stopping_way_m(speed, self.lead.speed_mps(speed))
            }
        };
        self.count(in_the_way);
    }

    fn count(&mut self, in_the_way: bool) {
        if in_the_way {
            (self.seen, self.clear) = (self.seen + 1, 0);
        } else {
            (self.seen, self.clear) = (0, self.clear + 1);
        }
        if self.seen >= CONFIRM_SCANS {
            self.obstacle = true;
        } else if self.clear >= CLEAR_SCANS {
            self.obstacle = false;
        }
    }

    /// Way of the front until it touches the nearest of the raised points in a slice and the next, m.
    fn front_distance(&self, slice: usize, heights: (f64, f64)) -> f64 {
        let mut nearest = f64::INFINITY;
        for hit in &self.hits {
            let at = usize::from(hit.slice);
            if (at == slice || at == slice + 1) && self.slices.is_raised(hit, heights) {
                let way = self.corridor.way_of(at);
                let ahead =
                    self.corridor.pose_of(at).inverse_transform(glam::DVec2::new(hit.x.into(), hit.y.into()));
                nearest = nearest.min(way + ahead.x - self.shape.front_m);
            }
        }
        nearest.max(0.0)
    }
}

/// What is higher than the vehicle by this much is driven under, m.
const OVERHEAD_M: f64 = 0.3;
