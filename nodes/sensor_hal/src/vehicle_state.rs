//! `/vehicle/state`: the whole vehicle in one message.

use glam::DVec2;
use maps::{GeoReference, Wgs84};
use msgs::atlasmesh_msgs::msg::{ChassisState, Trajectory, Trip, VehicleState};
use msgs::diagnostic_msgs::msg::DiagnosticArray;
use msgs::nav_msgs::msg::Odometry;
use msgs::safety_msgs::msg::SafetyState;
use vehicle::Pose2;

/// Most faults that are named.
const MAX_FAULTS: usize = 8;
/// Longest name of a fault, bytes.
const MAX_FAULT_BYTES: usize = 128;
/// Below this speed the vehicle stands, m/s.
const STANDING_MPS: f64 = 0.1;
/// So near to its last stop a trip can end, m.
const ARRIVAL_M: f64 = 5.0;
/// A trajectory shorter than this goes nowhere, m.
const STANDING_TRAJECTORY_M: f64 = 0.5;

/// Where the vehicle is, from localization.
pub fn set_pose(state: &mut VehicleState, odometry: Option<&Odometry>, earth: Option<&GeoReference>) {
    let Some(odometry) = odometry else {
        (state.latitude_deg, state.longitude_deg, state.altitude_m) = (f64::NAN, f64::NAN, f64::NAN);
        state.position_stddev_m = f32::NAN;
        return;
    };
    state.pose.clone_from(&odometry.pose.pose);
    let p = &odometry.pose.pose.position;
    let place = earth.map(|e| e.to_wgs84(glam::DVec3::new(p.x, p.y, p.z)));
    let nowhere = Wgs84 { latitude_deg: f64::NAN, longitude_deg: f64::NAN, altitude_m: f64::NAN };
    let place = place.unwrap_or(nowhere);
    (state.latitude_deg, state.longitude_deg, state.altitude_m) =
        (place.latitude_deg, place.longitude_deg, place.altitude_m);
    let c = &odometry.pose.covariance;
    state.position_stddev_m = (c[0].max(c[7]).max(0.0)).sqrt() as f32;
}

/// What the drive-by-wire unit reports; the speed is NaN while it is silent.
pub fn set_chassis(state: &mut VehicleState, chassis: Option<&ChassisState>) {
    match chassis {
        Some(chassis) => {
            state.speed_mps = chassis.speed_mps;
            state.acceleration_mps2 = chassis.acceleration_mps2;
            state.steering_angle_rad = chassis.steering_angle_rad;
            state.gear = chassis.gear;
            state.battery_fraction = chassis.battery_fraction.clamp(0.0, 1.0);
            state.odometer_m = chassis.odometer_m;
        }
        // Gear, charge and odometer stay as they were known last.
        None => (state.speed_mps, state.acceleration_mps2) = (f32::NAN, f32::NAN),
    }
}

/// The mode, from the safety state and the trip. Without chassis or safety state the vehicle is offline.
pub fn mode(chassis: Option<&ChassisState>, safety: Option<&SafetyState>, on_trip: bool) -> u8 {
    let (Some(_), Some(safety)) = (chassis, safety) else { return VehicleState::MODE_OFFLINE };
    match safety.mode {
        SafetyState::MODE_COMFORT_STOP | SafetyState::MODE_EMERGENCY_STOP => VehicleState::MODE_STOPPING,
        SafetyState::MODE_STOPPED => VehicleState::MODE_STOPPED,
        SafetyState::MODE_NOMINAL | SafetyState::MODE_SLOW => match safety.active_source {
            SafetyState::SOURCE_MANUAL => VehicleState::MODE_MANUAL,
            SafetyState::SOURCE_REMOTE_ASSIST => VehicleState::MODE_REMOTE_ASSIST,
            SafetyState::SOURCE_AUTONOMY if on_trip => VehicleState::MODE_AUTONOMOUS,
            _ => VehicleState::MODE_IDLE,
        },
        _ => VehicleState::MODE_IDLE,
    }
}

/// The trip under way.
#[derive(Clone, Debug, Default)]
pub struct TripProgress {
    id: String,
    revision: u32,
    destination: Option<DVec2>,
    under_way: bool,
}

impl TripProgress {
    /// Takes an order; an older revision of the same trip is ignored.
    pub fn order(&mut self, trip: &Trip) {
        if trip.trip_id == self.id && trip.revision < self.revision {
            return;
        }
        self.id.clone_from(&trip.trip_id);
        self.revision = trip.revision;
        let position = trip.stops.last().map(|s| DVec2::new(s.pose.position.x, s.pose.position.y));
        self.destination = position.filter(|p| p.is_finite());
        self.under_way = !trip.trip_id.is_empty() && trip.action == Trip::ACTION_DRIVE;
    }

    /// Ends the trip when the vehicle stands at its last stop and planning wants it to stay there.
    pub fn watch(
        &mut self,
        trajectory: &Trajectory,
        odometry: Option<&Odometry>,
        chassis: Option<&ChassisState>,
    ) {
        let (Some(odometry), Some(chassis), Some(destination)) = (odometry, chassis, self.destination) else {
            return;
        };
        let length = match (trajectory.points.first(), trajectory.points.last()) {
            (Some(first), Some(last)) => last.arc_length_m - first.arc_length_m,
            _ => return,
        };
        let near = Pose2::from(&odometry.pose.pose).position.distance(destination) < ARRIVAL_M;
        let stands = f64::from(chassis.speed_mps).abs() < STANDING_MPS;
        let at_goal =
            trajectory.stop_reason == Trajectory::STOP_REASON_GOAL && length < STANDING_TRAJECTORY_M;
        self.under_way &= !(near && stands && at_goal);
    }

    /// Its id; none when there is no trip under way.
    pub fn id(&self) -> Option<&str> {
        self.under_way.then_some(self.id.as_str())
    }
}

/// Highest level and the names of what is not well, worst first; what is equally bad in the order of the message.
pub fn set_faults(state: &mut VehicleState, diagnostics: Option<&DiagnosticArray>) {
    state.faults.clear();
    let Some(diagnostics) = diagnostics else {
        state.fault_level = 3; // stale
        return;
    };
    let mut faults: Vec<_> = diagnostics.status.iter().filter(|s| s.level > 0).collect();
    faults.sort_by_key(|s| std::cmp::Reverse(s.level));
    state.fault_level = faults.first().map_or(0, |s| s.level.min(3));
    for fault in faults.iter().take(MAX_FAULTS) {
        let end = fault.name.floor_char_boundary(MAX_FAULT_BYTES);
        state.faults.push(fault.name[..end].to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use msgs::atlasmesh_msgs::msg::{TrajectoryPoint, TripStop};
    use msgs::diagnostic_msgs::msg::DiagnosticStatus;

    fn trip(id: &str, revision: u32, action: u8, x: f64) -> Trip {
        let mut stop = TripStop::default();
        stop.pose.position.x = x;
        Trip { trip_id: id.into(), revision, action, stops: vec![stop], ..Trip::default() }
    }

    #[test]
    fn mode_follows_safety_and_trip() {
        let chassis = ChassisState::default();
        let of = |mode, active_source, on_trip| {
            let safety = SafetyState { mode, active_source, ..SafetyState::default() };
            super::mode(Some(&chassis), Some(&safety), on_trip)
        };
        let (nominal, autonomy) = (SafetyState::MODE_NOMINAL, SafetyState::SOURCE_AUTONOMY);
        assert_eq!(of(nominal, autonomy, true), VehicleState::MODE_AUTONOMOUS);
        assert_eq!(of(nominal, autonomy, false), VehicleState::MODE_IDLE);
        assert_eq!(of(nominal, SafetyState::SOURCE_MANUAL, true), VehicleState::MODE_MANUAL);
        assert_eq!(of(SafetyState::MODE_EMERGENCY_STOP, autonomy, true), VehicleState::MODE_STOPPING);
        assert_eq!(of(SafetyState::MODE_STOPPED, autonomy, true), VehicleState::MODE_STOPPED);
        assert_eq!(of(99, autonomy, true), VehicleState::MODE_IDLE);
        assert_eq!(mode(None, Some(&SafetyState::default()), true), VehicleState::MODE_OFFLINE);
        assert_eq!(mode(Some(&chassis), None, true), VehicleState::MODE_OFFLINE);
    }

    #[test]
    fn a_trip_ends_at_its_last_stop_or_when_it_is_cancelled() {
        let mut progress = TripProgress::default();
        progress.order(&trip("T1", 2, Trip::ACTION_DRIVE, 100.0));
        progress.order(&trip("T1", 1, Trip::ACTION_CANCEL, 100.0));
        assert_eq!(progress.id(), Some("T1"));
        let standing = Trajectory {
            stop_reason: Trajectory::STOP_REASON_GOAL,
            points: vec![TrajectoryPoint::default(); 2],
            ..Trajectory::default()
        };
        let mut odometry = Odometry::default();
        let chassis = ChassisState::default();
        progress.watch(&standing, Some(&odometry), Some(&chassis));
        assert_eq!(progress.id(), Some("T1"), "far away");
        odometry.pose.pose.position.x = 99.0;
        progress.watch(&Trajectory::default(), Some(&odometry), Some(&chassis));
        assert_eq!(progress.id(), Some("T1"), "no goal");
        progress.watch(&standing, Some(&odometry), Some(&chassis));
        assert_eq!(progress.id(), None);
        progress.order(&trip("T2", 0, Trip::ACTION_DRIVE, f64::NAN));
        assert_eq!(progress.id(), Some("T2"));
        progress.order(&trip("T2", 1, Trip::ACTION_CANCEL, 0.0));
        assert_eq!(progress.id(), None);
    }

    #[test]
    fn at_most_eight_faults_worst_first() {
        let mut array = DiagnosticArray::default();
        for i in 0..20_u8 {
            let name = format!("{i}{}", "ä".repeat(100));
            array.status.push(DiagnosticStatus { level: i % 3, name, ..DiagnosticStatus::default() });
        }
        let mut state = VehicleState::default();
        set_faults(&mut state, Some(&array));
        assert_eq!((state.fault_level, state.faults.len()), (2, 8));
        assert!(state.faults[0].starts_with('2') && state.faults[5].starts_with("17"));
        assert!(msgs::Message::encode(&state, 0).is_ok());
        set_faults(&mut state, None);
        assert_eq!((state.fault_level, state.faults.len()), (3, 0));
    }
}
