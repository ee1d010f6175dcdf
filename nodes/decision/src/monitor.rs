//! The collision monitor: looks for things in the way on raw LiDAR points, without objects, tracks or maps.
//!
//! The outline of the vehicle is swept along the trajectory (along the present curvature where there is none) over the
//! way that a stop needs: [`corridor`]. Points above the ground in it, at least `min_points` close together and in two
//! consecutive scans, are an obstacle: [`ground`]. The ground is followed along the corridor, so that slopes, nodding and kerbs are
//! no obstacles. How far the way to a stop is depends on how fast the thing moves away, which the monitor takes from how its
//! distance changes: [`lead`]. What stands and goes out of sight close to the vehicle is still there: [`hidden`].

pub mod corridor;
pub mod ground;
pub mod hidden;
pub mod lead;

use std::time::Duration;

use glam::DVec2;
use runtime::time::Time;
use vehicle::{Lidar, Pose2, VehicleParams};

use crate::MonitorParams;
use corridor::{Corridor, PathAhead, Shape};
use ground::Slices;
use hidden::Hidden;
use lead::Lead;
use points::Points;

pub mod points;

/// Scans in a row in which an obstacle must be seen, and in which it must not be to be gone.
const CONFIRM_SCANS: u32 = 2;
const CLEAR_SCANS: u32 = 3;
/// Points of a scan that lie in the corridor at most; those beyond are left out.
const MAX_HITS: usize = 32_768;
/// The corridor reaches so much farther than a stop, m: what is low is told from the ground by the ground behind it, and before
/// it is too near for the lowest ring.
const MORE_REACH_M: f64 = 10.0;
/// Seen so much behind what is hidden or nearer, a thing takes its place, m.
const SAME_PLACE_M: f64 = 0.5;
/// What is seen up to so much behind it, m, and drives off with that speed, m/s, before a vehicle that stands, is what was
/// hidden. (While the vehicle moves, the edge of its view seems to drive off on whatever it lies.)
const DRIVES_OFF_WITHIN_M: f64 = 5.0;
const DRIVES_OFF_MPS: f64 = 0.3;
const STANDING_MPS: f64 = 0.1;
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
    lidar: Lidar,
    corridor: Corridor,
    hits: Vec<Hit>,
    slices: Slices,
    lead: Lead,
    hidden: Hidden,
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
            lidar: vehicle.lidar.clone(),
            corridor: Corridor::default(),
            hits: Vec::with_capacity(MAX_HITS),
            slices: Slices::default(),
            lead: Lead::default(),
            hidden: Hidden::default(),
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
        self.lidar = vehicle.lidar.clone();
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
        let dt = self.last_scan.map_or(Duration::ZERO, |last| stamp.since(last));
        self.hidden.advance(motion.speed_mps * dt.as_secs_f64(), motion.curvature_per_m, &self.lidar);
        let speed = motion.speed_mps.max(0.0);
        let reach = self.stopping_way_m(speed, 0.0) + MORE_REACH_M;
        self.corridor.sweep(&self.shape, path, motion, reach);
        self.hits.clear();
        for (x, y, z) in points.iter() {
            self.hidden.look(x, y, z);
            if let Some(slice) = self.corridor.slice_at(x, y)
                && self.hits.len() < MAX_HITS
            {
                self.hits.push(Hit { x, y, z, slice });
            }
        }
        self.hidden.settle(stamp);
        if self.last_scan.is_none() || dt > MAX_GAP {
            (self.seen, self.clear) = (0, 0);
            self.lead.clear();
        }
        self.last_scan = Some(stamp);
        let seen = self.follow_nearest(stamp, speed);
        let hidden = self.hidden.distance_m(&self.corridor, self.shape.front_m);
        let too_near = |distance: Option<f64>, lead: f64| {
            distance.is_some_and(|distance| distance < self.stopping_way_m(speed, lead))
        };
        let in_the_way = too_near(seen, self.lead.speed_mps(speed)) || too_near(hidden, 0.0);
        self.distance_m = seen.into_iter().chain(hidden).min_by(f64::total_cmp);
        self.count(in_the_way);
    }

    /// Finds the nearest thing that is seen, and remembers it if it stands. Distance from the front, m.
    fn follow_nearest(&mut self, stamp: Time, speed: f64) -> Option<f64> {
        let heights = (self.params.min_height_m, self.height_m + OVERHEAD_M);
        self.slices.fill(&self.hits, self.corridor.slices());
        let Some(slice) = self.slices.nearest(&self.hits, heights, self.params.min_points) else {
            self.lead.clear();
            return None;
        };
        let (slices, corridor, front) = (&self.slices, &self.corridor, self.shape.front_m);
        let thing = self.hits.iter().filter(|hit| {
            let at = usize::from(hit.slice);
            (at == slice || at == slice + 1) && slices.is_raised(hit, heights)
        });
        let place = |hit: &Hit| DVec2::new(hit.x.into(), hit.y.into());
        let ways = thing.clone().map(|hit| corridor.way_to(hit.slice.into(), place(hit), front));
        let distance = ways.fold(f64::INFINITY, f64::min);
        self.lead.add(stamp, distance, speed);
        let behind = self.hidden.distance_m(corridor, front).map_or(0.0, |hidden| distance - hidden);
        let lead = self.lead.speed_mps(f64::INFINITY);
        if speed < STANDING_MPS && lead > DRIVES_OFF_MPS && behind < DRIVES_OFF_WITHIN_M {
            self.hidden.clear();
        } else if self.lead.is_followed() && lead <= 0.0 && behind < SAME_PLACE_M {
            self.hidden.remember(thing.map(|hit| (place(hit), hit.z.into())), stamp);
        }
        Some(distance)
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
}

/// What is higher than the vehicle by this much is driven under, m.
const OVERHEAD_M: f64 = 0.3;
