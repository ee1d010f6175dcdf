//! From places on earth to poses that the vehicle can drive to.

use bridge_proto::v1::{self, trip_stop};
use glam::DVec3;
use maps::{LaneFilter, LanePosition, Map, Wgs84};
use msgs::atlasmesh_msgs::msg::TripStop;
use vehicle::{Pose2, pose_to_msg};

/// Stops further from every lane than this are refused, m.
const WITHIN_M: f64 = 30.0;

/// The stop on the middle of the nearest lane, with free heading. The error says why there is none.
pub fn stop(map: &Map, stop: &v1::TripStop) -> Result<TripStop, String> {
    let place = stop.place.ok_or("a stop has no place")?;
    let (latitude_deg, longitude_deg) = (place.latitude_deg, place.longitude_deg);
    let at = map.georeference.to_map(Wgs84 { latitude_deg, longitude_deg, altitude_m: 0.0 });
    // The order says no height: the lowest of several levels.
    let point = DVec3::new(at.x, at.y, 0.0);
    let filter = LaneFilter { drivable: true, heading: None, within_m: WITHIN_M };
    let lane = point.is_finite().then(|| map.nearest_lane(point, filter)).flatten().ok_or_else(|| {
        format!(
            "{latitude_deg:.6}, {longitude_deg:.6} is not within {WITHIN_M} m of a lane of the map {}",
            map.name
        )
    })?;
    let on_lane = map.point_at(LanePosition { t: 0.0, ..lane });
    let position = on_lane.position;
    let mut pose = pose_to_msg(Pose2 { position: position.truncate(), heading: 0.0 }, position.z);
    // All zero: the heading is free.
    pose.orientation.w = 0.0;
    let kind = match stop.kind() {
        trip_stop::Kind::Pickup => TripStop::KIND_PICKUP,
        trip_stop::Kind::Waypoint => TripStop::KIND_WAYPOINT,
        trip_stop::Kind::Destination | trip_stop::Kind::Unspecified => TripStop::KIND_DESTINATION,
    };
    let mut stop_out = TripStop { kind, latitude_deg, longitude_deg, pose, ..TripStop::default() };
    stop_out.dwell.sec = i32::try_from(stop.dwell_ms / 1000).unwrap_or(i32::MAX);
    stop_out.dwell.nanosec = stop.dwell_ms % 1000 * 1_000_000;
    Ok(stop_out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bridge_proto::v1::Place;

    fn at(map: &Map, x: f64, y: f64) -> v1::TripStop {
        let place = map.georeference.to_wgs84(DVec3::new(x, y, 0.0));
        let place = Place { latitude_deg: place.latitude_deg, longitude_deg: place.longitude_deg };
        v1::TripStop { kind: trip_stop::Kind::Pickup.into(), place: Some(place), dwell_ms: 1_500 }
    }

    #[test]
    fn stops_lie_on_lanes() {
        let map = Map::load("terminal-yard").unwrap();
        let lane = map.lanes.iter().find(|l| l.kind.is_drivable() && l.length() > 50.0).unwrap();
        let middle = map.point_at(LanePosition { lane: lane.id, s: 25.0, t: 0.0 }).position;
        let beside = map.point_at(LanePosition { lane: lane.id, s: 25.0, t: 0.8 }).position;
        let found = stop(&map, &at(&map, beside.x, beside.y)).unwrap();
        let p = &found.pose.position;
        assert!((DVec3::new(p.x, p.y, p.z) - middle).length() < 0.05, "{p:?} {middle}");
        assert_eq!(
            (found.kind, found.dwell.sec, found.dwell.nanosec),
            (TripStop::KIND_PICKUP, 1, 500_000_000)
        );
        let q = &found.pose.orientation;
        assert_eq!([q.x, q.y, q.z, q.w], [0.0; 4]);
    }

    #[test]
    fn places_elsewhere_are_refused() {
        let map = Map::load("terminal-yard").unwrap();
        assert!(stop(&map, &at(&map, 50_000.0, 0.0)).unwrap_err().contains("not within 30 m"));
        assert!(stop(&map, &v1::TripStop::default()).is_err());
        let nowhere = Place { latitude_deg: f64::NAN, longitude_deg: 1e300 };
        assert!(stop(&map, &v1::TripStop { place: Some(nowhere), ..v1::TripStop::default() }).is_err());
    }
}
