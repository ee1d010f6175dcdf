//! The node: ports around [`crate::planner`].

use std::time::Duration;

use maps::Map;
use msgs::atlasmesh_msgs::msg::{TrackedObjects, Trajectory, TrajectoryPoint, Trip, TripProgress};
use msgs::geometry_msgs::msg::PoseStamped;
use msgs::nav_msgs::msg::{Odometry, Path as PathMsg};
use msgs::safety_msgs::msg::SafetyState;
use msgs::std_msgs::msg::Header;
use msgs::visualization_msgs::msg::MarkerArray;
use runtime::node::{Node, NodeError, Step};
use runtime::ports::{Diagnostic, Latest, Level, Output, Ports, Queue, Status};
use runtime::qos::Qos;
use runtime::time::Time;
use vehicle::{Pose2, pose_to_msg};

use crate::barrier::Reason;
use crate::choice::STANDING_MPS;
use crate::markers;
use crate::object::Object;
use crate::params::PlanningParams;
use crate::plan::{Gate, Measured, Plan, StopsFor};
use crate::planner::Planner;
use crate::progress;

/// Time between two plans.
const PERIOD: Duration = Duration::from_millis(100);
/// Older odometry is not planned from.
const ODOMETRY_TIMEOUT: Duration = Duration::from_millis(300);
/// Older objects are forgotten, and the vehicle stops: it would drive blind.
const OBJECTS_TIMEOUT: Duration = Duration::from_millis(1000);
/// Clocks of the publishers may be ahead by this much.
const CLOCK_TOLERANCE: Duration = Duration::from_millis(100);
/// Points of the published route are so many line points apart.
const ROUTE_STRIDE: usize = 4;

/// Plans route and trajectory.
pub struct PlanningNode {
    planner: Planner,
    trip: Latest<Trip>,
    odometry: Queue<Odometry>,
    objects: Queue<TrackedObjects>,
    safety: Latest<SafetyState>,
    route_out: Output<PathMsg>,
    trajectory_out: Output<Trajectory>,
    markers_out: Output<MarkerArray>,
    progress_out: Output<TripProgress>,
    /// What was told last, without its stamp.
    progress: Option<TripProgress>,
    diagnostic: Diagnostic,
    /// The newest odometry and its stamp.
    measured: Option<(Measured, Time)>,
    seen: Vec<Object>,
    /// Stamp of the objects.
    seen_at: Option<Time>,
    route_version: u64,
    cycle: u64,
}

impl Node for PlanningNode {
    const NAME: &'static str = "planning_node";
    type Params = PlanningParams;

    fn new(params: &PlanningParams, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(PERIOD);
        let map = Map::load(&params.map).map_err(|error| NodeError::Refused(error.to_string()))?;
        Ok(Self {
            planner: Planner::new(map, params.clone()),
            trip: ports.latest("/mission/trip", Qos::state())?,
            odometry: ports.queue("/localization/odometry", Qos::default())?,
            objects: ports.queue("/perception/objects", Qos::default())?,
            safety: ports.latest("/safety/state", Qos::state())?,
            route_out: ports.output("/planning/route", Qos::state())?,
            trajectory_out: ports.output("/planning/trajectory", Qos::command())?,
            markers_out: ports.output("/planning/markers", Qos::default())?,
            progress_out: ports.output("/mission/progress", Qos::state())?,
            progress: None,
            diagnostic: ports.diagnostic("trajectory"),
            measured: None,
            seen: vec![],
            seen_at: None,
            route_version: 0,
            cycle: 0,
        })
    }

    fn set_params(&mut self, params: &PlanningParams) {
        self.planner.set_params(params);
    }

    fn step(&mut self, step: Step) {
        if let Some(trip) = self.trip.new_value() {
            self.planner.take_trip(&trip.message);
        }
        self.take_odometry(step.now);
        self.take_objects(step.now);
        if !step.due {
            return;
        }
        let gate = self.gate();
        let fresh = self.measured.filter(|(_, at)| step.now.since(*at) <= ODOMETRY_TIMEOUT);
        let plan = match (fresh, self.measured) {
            (Some((measured, _)), _) => {
                let blind = self.seen_at.is_some_and(|at| step.now.since(at) > OBJECTS_TIMEOUT);
                let gate = if blind { Gate { speed_limit_mps: 0.0, ..gate } } else { gate };
                let age_s = self.seen_at.map_or(0.0, |at| step.now.since(at).as_secs_f64());
                let objects: Vec<Object> =
                    self.seen.iter().map(|o| o.after(age_s.min(OBJECTS_TIMEOUT.as_secs_f64()))).collect();
                let plan = self.planner.plan(step.now.as_ns(), &measured, gate, &objects);
                self.report(&plan, blind);
                self.tell_progress(step.now, &plan, measured.speed_mps.abs() <= STANDING_MPS);
                plan
            }
            (None, Some((measured, _))) => {
                self.diagnostic.set(Status::new(Level::Warn, "odometry is stale: the trajectory stops"));
                let now = step.now.as_ns();
                self.planner.stop_blind(now, &measured)
            }
            (None, None) => {
                self.diagnostic.set(Status::new(Level::Warn, "waiting for odometry"));
                return;
            }
        };
        self.publish(step.now, &plan);
    }
}

impl PlanningNode {
    /// Takes the newest odometry that makes sense; what is older than the one known, or of the future, is left out.
    fn take_odometry(&mut self, now: Time) {
        while let Some(odometry) = self.odometry.next() {
            let stamp = Time::from(&odometry.header.stamp);
            let pose = &odometry.pose.pose;
            let measured = Measured {
                pose: Pose2::from(pose),
                z: pose.position.z,
                speed_mps: odometry.twist.twist.linear.x,
            };
            let values =
                [measured.pose.position.x, measured.pose.position.y, measured.pose.heading, measured.z];
            let sane = values.iter().all(|v| v.is_finite() && v.abs() < 1e8)
                && measured.speed_mps.is_finite()
                && measured.speed_mps.abs() < 100.0;
            if sane && is_next(stamp, self.measured.map(|(_, at)| at), now) {
                self.measured = Some((measured, stamp));
            }
        }
    }

    fn take_objects(&mut self, now: Time) {
        let around = self.measured.map(|(m, _)| m.pose.position).unwrap_or_default();
        while let Some(objects) = self.objects.next() {
            let stamp = Time::from(&objects.header.stamp);
            if is_next(stamp, self.seen_at, now) {
                self.seen_at = Some(stamp);
                self.seen = Object::all_from(&objects.message, around);
            }
        }
    }

    fn gate(&mut self) -> Gate {
        let Some(state) = self.safety.get() else { return Gate::default() };
        let holds = !matches!(state.mode, SafetyState::MODE_NOMINAL | SafetyState::MODE_SLOW);
        let limit = f64::from(state.speed_limit_mps);
        let slow = state.mode == SafetyState::MODE_SLOW && limit.is_finite() && limit >= 0.0;
        Gate { speed_limit_mps: if slow { limit } else { f64::INFINITY }, holds }
    }

    fn report(&mut self, plan: &Plan, blind: bool) {
        let status = match plan.stops_for {
            _ if blind => Status::new(Level::Warn, "objects are stale: the trajectory stops"),
            Some(StopsFor::NoRoute(why)) => Status::new(Level::Warn, why.words()),
            Some(StopsFor::Heading) => {
                Status::new(Level::Warn, "the vehicle stands too far across its lane to set off")
            }
            Some(StopsFor::NoTrip) => Status::ok("no trip"),
            Some(StopsFor::Barrier(Reason::Obstacle)) => Status::ok("stops for an object"),
            Some(StopsFor::Barrier(Reason::Rule)) => Status::ok("gives way"),
            Some(StopsFor::Barrier(Reason::LaneChange)) => Status::ok("waits for a gap to change lanes"),
            Some(StopsFor::Barrier(Reason::Cancelled)) => Status::ok("the trip is cancelled"),
            Some(StopsFor::Barrier(Reason::Goal)) if self.planner.has_arrived() => Status::ok("at the stop"),
            Some(StopsFor::Barrier(Reason::Goal)) => Status::ok("comes to the stop"),
            None => Status::ok("drives"),
        };
        let speed = plan.states.first().map_or(0.0, |s| s.speed_mps);
        self.diagnostic.set(
            status.value("planned speed, m/s", speed).value("candidates", 1.0 + plan.candidates.len() as f64),
        );
    }

    fn tell_progress(&mut self, now: Time, plan: &Plan, stands: bool) {
        let progress = progress::of(self.planner.trip(), plan.stops_for, stands);
        if progress.is_none() || progress == self.progress {
            return;
        }
        self.progress.clone_from(&progress);
        if let Some(progress) = progress {
            self.progress_out.send(TripProgress { stamp: now.to_msg(), ..progress });
        }
    }

    fn publish(&mut self, now: Time, plan: &Plan) {
        let header = Header { stamp: now.to_msg(), frame_id: "map".into() };
        let lane_id = plan.end_lane.map(|id| self.planner.map().lane(id).key.to_string());
        let (route, version) = self.planner.route();
        if version != self.route_version || self.cycle == 0 {
            self.route_version = version;
            let points = route.map(|r| r.line.points()).unwrap_or_default();
            let end = route.map_or(0.0, |r| r.goal_s);
            let pose = |p: &crate::line::LinePoint| PoseStamped {
                header: header.clone(),
                pose: pose_to_msg(Pose2 { position: p.position, heading: p.heading }, p.z),
            };
            let poses = points.iter().take_while(|p| p.s <= end).step_by(ROUTE_STRIDE).map(pose).collect();
            self.route_out.send(PathMsg { header: header.clone(), poses });
        }
        if self.cycle.is_multiple_of(2) {
            self.markers_out.send(markers::of(&header, plan, route));
        }
        self.cycle += 1;
        self.trajectory_out.send_with(|t| fill(t, header, plan, lane_id));
    }
}

/// Whether a message of this stamp is newer than the last one and not of the future. After time jumped back, the last
/// one counts no more.
fn is_next(stamp: Time, last: Option<Time>, now: Time) -> bool {
    stamp <= now + CLOCK_TOLERANCE && last.is_none_or(|last| stamp > last || last > now + CLOCK_TOLERANCE)
}

fn fill(trajectory: &mut Trajectory, header: Header, plan: &Plan, lane_id: Option<String>) {
    trajectory.header = header;
    trajectory.lane_id = lane_id.unwrap_or_default();
    trajectory.stop_reason = match plan.stops_for {
        Some(StopsFor::Barrier(Reason::Goal)) | Some(StopsFor::NoTrip) => Trajectory::STOP_REASON_GOAL,
        Some(StopsFor::Barrier(Reason::Obstacle)) => Trajectory::STOP_REASON_OBSTACLE,
        Some(StopsFor::Barrier(Reason::Rule | Reason::LaneChange)) => Trajectory::STOP_REASON_TRAFFIC_RULE,
        Some(StopsFor::NoRoute(_) | StopsFor::Heading) => Trajectory::STOP_REASON_NO_PATH,
        Some(StopsFor::Barrier(Reason::Cancelled)) | None => Trajectory::STOP_REASON_NONE,
    };
    trajectory.points.clear();
    trajectory.points.extend(plan.states.iter().enumerate().map(|(i, s)| TrajectoryPoint {
        time_from_start_s: (i as f64 * crate::speed::TIME_STEP_S) as f32,
        pose: pose_to_msg(s.pose, s.z),
        arc_length_m: s.arc_length_m,
        curvature_per_m: s.curvature_per_m as f32,
        speed_mps: s.speed_mps as f32,
        acceleration_mps2: s.acceleration_mps2 as f32,
    }));
}
