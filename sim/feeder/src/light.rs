//! The vehicle itself: a pure state machine that is stepped by time.

use bridge_proto::v1::trip_progress::State;
use bridge_proto::v1::{Place, SafetyMode, SafetyState, TripOrder, TripProgress, VehicleMode, VehicleState};

use crate::line::Line;
use crate::profile::Profile;

/// Comfortable acceleration and braking, m/s².
const COMFORT_MPS2: f64 = 1.5;
/// Emergency braking, m/s².
const EMERGENCY_MPS2: f64 = 6.0;
/// Slower is standing, m/s.
const STANDING_MPS: f64 = 0.02;
/// A stop is reached so near, m.
const AT_STOP_M: f64 = 0.5;

/// A way to drive, and what stands at its end.
#[derive(Clone, Debug)]
struct Leg {
    line: Line,
    dwell_s: f64,
}

#[derive(Clone, Debug)]
struct Trip {
    order: TripOrder,
    legs: Vec<Leg>,
    index: usize,
    waited_s: f64,
    said: State,
}

/// What a step has to say to the cloud.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// The trip went on.
    Trip(TripProgress),
    /// The gate changed.
    Safety(SafetyState),
}

/// A vehicle that is a point on a line.
#[derive(Clone, Debug)]
pub struct LightVehicle {
    profile: Profile,
    line: Line,
    along_m: f64,
    speed_mps: f64,
    acceleration_mps2: f64,
    odometer_m: f64,
    battery_fraction: f64,
    trip: Option<Trip>,
    newest: (String, u32),
    stopped_by: Option<String>,
    said: Vec<Said>,
}

impl LightVehicle {
    /// Standing at a place with a full battery.
    pub fn new(profile: Profile, at: Place) -> Self {
        Self {
            profile,
            line: Line::new([at]),
            along_m: 0.0,
            speed_mps: 0.0,
            acceleration_mps2: 0.0,
            odometer_m: 0.0,
            battery_fraction: 1.0,
            trip: None,
            newest: (String::new(), 0),
            stopped_by: None,
            said: vec![],
        }
    }

    /// Where it is.
    pub fn place(&self) -> Place {
        self.line.at(self.along_m).map(|(place, _)| place).unwrap_or_default()
    }

    /// Whether it has nothing to do.
    pub fn is_idle(&self) -> bool {
        self.trip.is_none() && self.along_m >= self.line.length_m() && self.stopped_by.is_none()
    }

    /// Trip and revision that it knows.
    pub fn newest_order(&self) -> Option<(String, u32)> {
        Some(self.newest.clone()).filter(|(id, _)| !id.is_empty())
    }

    /// Drives somewhere without a trip.
    pub fn roam(&mut self, line: Line) {
        if self.trip.is_none() && self.stopped_by.is_none() {
            self.take_line(line);
        }
    }

    /// Takes an order. `approach` leads from here to the first stop.
    pub fn order(&mut self, order: TripOrder, approach: Line) -> Result<(), String> {
        let running = self.trip.as_ref().map(|trip| trip.order.trip_id.clone());
        if order.trip_id == self.newest.0 && order.revision <= self.newest.1 {
            return Ok(());
        }
        if order.cancel {
            self.newest = (order.trip_id.clone(), order.revision);
            if running.as_ref() == Some(&order.trip_id) {
                self.say_trip(State::Cancelled, "cancelled by the cloud");
                self.trip = None;
                // It stops comfortably on its way.
                self.shorten();
            }
            return Ok(());
        }
        if running.as_ref().is_some_and(|id| *id != order.trip_id) {
            return Err(format!("on trip {} already", running.unwrap_or_default()));
        }
        let [pickup, _destination] = &order.stops[..] else {
            return Err("a trip has to have two stops".into());
        };
        if order.road_geometry.len() < 2 {
            return Err("road_geometry is missing: this vehicle has no map of its own".into());
        }
        self.newest = (order.trip_id.clone(), order.revision);
        let ride = Line::new(order.road_geometry.iter().copied());
        if let Some(trip) = self.trip.as_mut() {
            // A new way for the same trip: the leg under way is finished on the old one if it leads to the pickup.
            trip.order = order;
            if let Some(leg) = trip.legs.get_mut(1).filter(|_| trip.index == 0) {
                leg.line = ride;
            }
            return Ok(());
        }
        let dwell_s = f64::from(pickup.dwell_ms) / 1000.0;
        let legs = vec![Leg { line: approach.clone(), dwell_s }, Leg { line: ride, dwell_s: 0.0 }];
        self.trip = Some(Trip { order, legs, index: 0, waited_s: 0.0, said: State::Unspecified });
        self.take_line(approach);
        Ok(())
    }

    /// Brakes as hard as it can, and stays.
    pub fn emergency_stop(&mut self, reason: &str) {
        if self.stopped_by.is_none() {
            self.stopped_by = Some(if reason.is_empty() { "operator".into() } else { reason.to_owned() });
            self.said.push(Said::Safety(self.safety(0)));
        }
    }

    /// Drives on after a stop; not while it rolls.
    pub fn reset(&mut self) -> Result<(), String> {
        if self.speed_mps > STANDING_MPS {
            return Err("the vehicle still moves".into());
        }
        if self.stopped_by.take().is_some() {
            self.said.push(Said::Safety(self.safety(0)));
        }
        Ok(())
    }

    /// Time passes, s. Returns what there is to say.
    pub fn step(&mut self, dt_s: f64) -> Vec<Said> {
        self.drive(dt_s);
        self.go_on_with_trip(dt_s);
        std::mem::take(&mut self.said)
    }

    fn drive(&mut self, dt_s: f64) {
        let left_m = (self.line.length_m() - self.along_m).max(0.0);
        // The speed from which it comes to stand at the end of the line, braking comfortably.
        let wanted_mps = if self.stopped_by.is_some() {
            0.0
        } else {
            (2.0 * COMFORT_MPS2 * left_m).sqrt().min(self.profile.max_speed_mps()).min(left_m / dt_s)
        };
        let braking_mps2 = if self.stopped_by.is_some() { EMERGENCY_MPS2 } else { 2.0 * COMFORT_MPS2 };
        let change_mps = (wanted_mps - self.speed_mps).clamp(-braking_mps2 * dt_s, COMFORT_MPS2 * dt_s);
        self.acceleration_mps2 = change_mps / dt_s;
        self.speed_mps += change_mps;
        let driven_m = (self.speed_mps * dt_s).min(left_m);
        self.along_m += driven_m;
        self.odometer_m += driven_m;
        // Charges itself where it stands without a trip: a light fleet has no garage.
        let change = if self.trip.is_none() && self.speed_mps < STANDING_MPS {
            dt_s / 3600.0
        } else {
            -driven_m / self.profile.range_m()
        };
        self.battery_fraction = (self.battery_fraction + change).clamp(0.0, 1.0);
    }

    fn go_on_with_trip(&mut self, dt_s: f64) {
        let arrived = self.line.length_m() - self.along_m < AT_STOP_M && self.speed_mps < STANDING_MPS;
        let Some(trip) = &mut self.trip else { return };
        let last = trip.index + 1 >= trip.legs.len();
        if !arrived {
            return self.say_trip(State::Driving, "");
        }
        if last {
            self.say_trip(State::Completed, "");
            self.trip = None;
            return;
        }
        trip.waited_s += dt_s;
        let waits = trip.waited_s < trip.legs[trip.index].dwell_s;
        self.say_trip(State::AtStop, "");
        if !waits
            && self.stopped_by.is_none()
            && let Some(trip) = &mut self.trip
        {
            trip.index += 1;
            trip.waited_s = 0.0;
            trip.said = State::Unspecified;
            let line = trip.legs[trip.index].line.clone();
            self.take_line(line);
            self.say_trip(State::Driving, "");
        }
    }

    fn take_line(&mut self, line: Line) {
        if line.length_m() > 0.0 {
            (self.line, self.along_m) = (line, 0.0);
        }
    }

    /// Ends the line where it can stop comfortably.
    fn shorten(&mut self) {
        let end_m = self.along_m + self.speed_mps * self.speed_mps / (2.0 * COMFORT_MPS2);
        let steps = (end_m - self.along_m).ceil().max(1.0);
        let ahead = (0..=steps as usize)
            .filter_map(|i| self.line.at(self.along_m + (end_m - self.along_m) * i as f64 / steps));
        self.line = Line::new(ahead.map(|(place, _)| place).collect::<Vec<_>>());
        self.along_m = 0.0;
    }

    fn say_trip(&mut self, state: State, reason: &str) {
        let Some(trip) = &mut self.trip else { return };
        if trip.said == state {
            return;
        }
        trip.said = state;
        self.said.push(Said::Trip(TripProgress {
            trip_id: trip.order.trip_id.clone(),
            revision: trip.order.revision,
            state: state.into(),
            stop_index: u32::try_from(trip.index).unwrap_or(0),
            reason: reason.into(),
        }));
    }

    /// What it reports.
    pub fn state(&self, now_unix_ns: u64, map_id: &str) -> VehicleState {
        let (place, heading_rad) = self.line.at(self.along_m).unwrap_or_default();
        let mode = match (&self.stopped_by, &self.trip) {
            (Some(_), _) if self.speed_mps > STANDING_MPS => VehicleMode::Stopping,
            (Some(_), _) => VehicleMode::Stopped,
            (None, Some(_)) => VehicleMode::Autonomous,
            (None, None) => VehicleMode::Idle,
        };
        VehicleState {
            measured_at_unix_ns: now_unix_ns,
            latitude_deg: place.latitude_deg,
            longitude_deg: place.longitude_deg,
            heading_rad: heading_rad as f32,
            position_stddev_m: 0.0,
            map_id: map_id.into(),
            speed_mps: self.speed_mps as f32,
            acceleration_mps2: self.acceleration_mps2 as f32,
            mode: mode.into(),
            battery_fraction: self.battery_fraction as f32,
            trip_id: self.trip.as_ref().map(|trip| trip.order.trip_id.clone()).unwrap_or_default(),
            odometer_m: self.odometer_m,
            ..VehicleState::default()
        }
    }

    /// What its gate allows.
    pub fn safety(&self, now_unix_ns: u64) -> SafetyState {
        let mode = match &self.stopped_by {
            Some(_) if self.speed_mps > STANDING_MPS => SafetyMode::EmergencyStop,
            Some(_) => SafetyMode::Stopped,
            None => SafetyMode::Nominal,
        };
        let stopped = self.stopped_by.is_some();
        SafetyState {
            decided_at_unix_ns: now_unix_ns,
            mode: mode.into(),
            speed_limit_mps: if stopped { 0.0 } else { self.profile.max_speed_mps() as f32 },
            latched: stopped,
            root_cause: if stopped { "emergency_stop".into() } else { String::new() },
            active_causes: stopped.then(|| "emergency_stop".to_owned()).into_iter().collect(),
            way_out: if stopped { "release it when it stands".into() } else { String::new() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bridge_proto::v1::TripStop;

    const START: Place = Place { latitude_deg: 24.0, longitude_deg: 54.0 };

    fn line(from: f64, to: f64) -> Line {
        Line::new([at(from), at(to)])
    }

    fn at(longitude_deg: f64) -> Place {
        Place { longitude_deg, ..START }
    }

    fn order(revision: u32) -> TripOrder {
        TripOrder {
            trip_id: "trip".into(),
            revision,
            stops: vec![TripStop { dwell_ms: 5000, ..TripStop::default() }, TripStop::default()],
            road_geometry: vec![at(54.01), at(54.03)],
            ..TripOrder::default()
        }
    }

    fn drive(vehicle: &mut LightVehicle, seconds: f64) -> Vec<Said> {
        (0..(seconds * 10.0) as usize).flat_map(|_| vehicle.step(0.1)).collect()
    }

    fn states(said: &[Said]) -> Vec<(State, u32)> {
        let state = |said: &Said| match said {
            Said::Trip(progress) => Some((progress.state(), progress.stop_index)),
            Said::Safety(_) => None,
        };
        said.iter().filter_map(state).collect()
    }

    #[test]
    fn a_trip_is_driven_and_each_step_is_said_once() {
        let mut vehicle = LightVehicle::new(Profile::Shuttle, START);
        vehicle.order(order(1), line(54.0, 54.01)).unwrap();
        let said = drive(&mut vehicle, 600.0);
        let expected = [(State::Driving, 0), (State::AtStop, 0), (State::Driving, 1), (State::Completed, 1)];
        assert_eq!(states(&said), expected);
        assert!((vehicle.place().longitude_deg - 54.03).abs() < 1e-5);
        assert!(vehicle.is_idle());
    }

    #[test]
    fn it_keeps_its_limits() {
        let mut vehicle = LightVehicle::new(Profile::Shuttle, START);
        vehicle.order(order(1), line(54.0, 54.01)).unwrap();
        for _ in 0..3000 {
            vehicle.step(0.1);
            assert!(vehicle.speed_mps <= Profile::Shuttle.max_speed_mps() + 1e-9);
            assert!((-3.001..=1.501).contains(&vehicle.acceleration_mps2), "{}", vehicle.acceleration_mps2);
        }
    }

    #[test]
    fn an_emergency_stop_holds_until_it_is_reset_and_the_trip_goes_on() {
        let mut vehicle = LightVehicle::new(Profile::Shuttle, START);
        vehicle.order(order(1), line(54.0, 54.01)).unwrap();
        drive(&mut vehicle, 20.0);
        let speed_mps = vehicle.speed_mps;
        vehicle.emergency_stop("obstacle");
        assert!(vehicle.reset().is_err());
        drive(&mut vehicle, speed_mps / EMERGENCY_MPS2 + 0.2);
        assert_eq!(vehicle.state(0, "").mode(), VehicleMode::Stopped);
        assert!(vehicle.safety(0).latched);
        drive(&mut vehicle, 60.0);
        assert!(vehicle.speed_mps == 0.0);
        vehicle.reset().unwrap();
        assert_eq!(states(&drive(&mut vehicle, 600.0)).last(), Some(&(State::Completed, 1)));
    }

    #[test]
    fn orders_sent_again_or_late_change_nothing() {
        let mut vehicle = LightVehicle::new(Profile::Shuttle, START);
        vehicle.order(order(2), line(54.0, 54.01)).unwrap();
        drive(&mut vehicle, 10.0);
        let place = vehicle.place();
        vehicle.order(order(2), line(54.0, 54.5)).unwrap();
        vehicle.order(TripOrder { cancel: true, ..order(1) }, Line::default()).unwrap();
        assert_eq!(vehicle.place(), place);
        assert!(!vehicle.is_idle());
        assert!(vehicle.order(TripOrder { trip_id: "other".into(), ..order(1) }, line(54.0, 54.1)).is_err());
    }

    #[test]
    fn a_cancelled_trip_ends_comfortably() {
        let mut vehicle = LightVehicle::new(Profile::Shuttle, START);
        vehicle.order(order(1), line(54.0, 54.01)).unwrap();
        drive(&mut vehicle, 20.0);
        vehicle.order(TripOrder { cancel: true, ..order(2) }, Line::default()).unwrap();
        let said = drive(&mut vehicle, 30.0);
        assert_eq!(states(&said), [(State::Cancelled, 0)]);
        assert_eq!(vehicle.state(0, "").mode(), VehicleMode::Idle);
        assert!(vehicle.speed_mps < STANDING_MPS);
        // The next trip is taken.
        vehicle.order(TripOrder { trip_id: "next".into(), ..order(1) }, line(54.0, 54.01)).unwrap();
    }
}
