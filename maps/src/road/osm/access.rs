//! Where cars may drive.

use super::Tags;
use super::speed::{is_for_cars, speeds_mps};

/// What a way is for cars.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Profile {
    /// Speeds along it and against it, m/s; none where one must not drive.
    pub speeds_mps: [Option<f64>; 2],
    /// Open only to those who have business there.
    pub restricted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Yes,
    Restricted,
    No,
}

/// Keys for cars, the most particular first.
const KEYS: [&str; 4] = ["motorcar", "motor_vehicle", "vehicle", "access"];

/// Barriers that cars pass if nobody says otherwise (OSRM's list).
const OPEN_BARRIERS: [&str; 16] = [
    "no",
    "entrance",
    "gate",
    "lift_gate",
    "swing_gate",
    "sliding_gate",
    "cattle_grid",
    "border_control",
    "toll_booth",
    "checkpoint",
    "sally_port",
    "height_restrictor",
    "arch",
    "kerb",
    "wicket_gate",
    "sump_buster",
];

fn access(value: &str) -> Access {
    match value {
        "no"
        | "agricultural"
        | "forestry"
        | "agricultural;forestry"
        | "emergency"
        | "psv"
        | "bus"
        | "military"
        | "use_sidepath"
        | "hgv"
        | "bicycle"
        | "foot" => Access::No,
        "private" | "destination" | "customers" | "delivery" | "permit" | "residents" | "employees"
        | "students" | "no_through_traffic" => Access::Restricted,
        _ => Access::Yes,
    }
}

/// What is said of cars, with a suffix to the keys (`:forward`).
fn said(tags: Tags<'_>, suffix: &str) -> Option<Access> {
    KEYS.iter().find_map(|key| tags.get(&format!("{key}{suffix}"))).map(access)
}

/// None for ways on which cars don't drive.
pub(super) fn profile(tags: Tags<'_>) -> Option<Profile> {
    let class = tags.get("highway")?;
    let speeds = speeds_mps(tags)?;
    if tags.get("area") == Some("yes") || tags.get("service") == Some("emergency_access") {
        return None;
    }
    let motor = ["motorcar", "motor_vehicle"].iter().find_map(|key| tags.get(key)).map(access);
    let general = said(tags, "").unwrap_or(Access::Yes);
    if !is_for_cars(class) && motor.is_none_or(|a| a == Access::No) {
        return None;
    }
    let directions = oneway(tags);
    let mut restricted = general == Access::Restricted;
    let mut open = |i: usize, suffix: &str| {
        let access = said(tags, suffix).unwrap_or(general);
        restricted |= access == Access::Restricted;
        (directions[i] && access != Access::No).then_some(speeds[i])
    };
    let speeds_mps = [open(0, ":forward"), open(1, ":backward")];
    speeds_mps.iter().any(Option::is_some).then_some(Profile { speeds_mps, restricted })
}

/// Whether one may drive along a way, and against it.
fn oneway(tags: Tags<'_>) -> [bool; 2] {
    let implied = matches!(tags.get("junction"), Some("roundabout" | "circular"))
        || tags.get("highway") == Some("motorway");
    let oneway = ["oneway:motorcar", "oneway:motor_vehicle", "oneway:vehicle", "oneway"];
    match oneway.iter().find_map(|key| tags.get(key)) {
        Some("yes" | "true" | "1") => [true, false],
        Some("-1" | "reverse") => [false, true],
        // Its direction changes with the hour, or by signals from afar.
        Some("reversible") => [false, false],
        Some("no" | "false" | "0" | "alternating") => [true, true],
        _ => [true, !implied],
    }
}

/// Whether a node stops cars.
pub(super) fn is_barrier(tags: Tags<'_>) -> bool {
    let Some(barrier) = tags.get("barrier") else { return false };
    if barrier == "bollard" && tags.get("bollard") == Some("rising") {
        return said(tags, "") == Some(Access::No);
    }
    match said(tags, "") {
        Some(access) => access == Access::No,
        None => !OPEN_BARRIERS.contains(&barrier),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether one may drive along and against, and whether it is restricted.
    fn drive(tags: &[(&str, &str)]) -> Option<(bool, bool, bool)> {
        let profile = profile(Tags(tags))?;
        Some((profile.speeds_mps[0].is_some(), profile.speeds_mps[1].is_some(), profile.restricted))
    }

    #[test]
    fn directions_are_understood() {
        let road = ("highway", "residential");
        assert_eq!(drive(&[road]), Some((true, true, false)));
        assert_eq!(drive(&[road, ("oneway", "yes")]), Some((true, false, false)));
        assert_eq!(drive(&[road, ("oneway", "-1")]), Some((false, true, false)));
        assert_eq!(drive(&[road, ("oneway", "reversible")]), None);
        assert_eq!(drive(&[road, ("junction", "roundabout")]), Some((true, false, false)));
        assert_eq!(drive(&[("highway", "motorway")]), Some((true, false, false)));
        assert_eq!(drive(&[("highway", "motorway"), ("oneway", "no")]), Some((true, true, false)));
        assert_eq!(drive(&[("highway", "motorway_link")]), Some((true, true, false)));
        assert_eq!(drive(&[road, ("vehicle:backward", "no")]), Some((true, false, false)));
    }

    #[test]
    fn the_most_particular_access_counts() {
        let road = ("highway", "service");
        assert_eq!(drive(&[road, ("access", "no")]), None);
        assert_eq!(drive(&[road, ("access", "no"), ("motor_vehicle", "yes")]), Some((true, true, false)));
        assert_eq!(drive(&[road, ("vehicle", "no"), ("motorcar", "private")]), Some((true, true, true)));
        assert_eq!(drive(&[road, ("motor_vehicle", "forestry")]), None);
        assert_eq!(drive(&[road, ("access", "private")]), Some((true, true, true)));
        assert_eq!(drive(&[road, ("access", "permissive")]), Some((true, true, false)));
    }

    #[test]
    fn tracks_and_footways_are_for_cars_only_if_it_is_said() {
        assert_eq!(drive(&[("highway", "track")]), None);
        assert_eq!(drive(&[("highway", "track"), ("access", "yes")]), None);
        assert_eq!(drive(&[("highway", "track"), ("motor_vehicle", "yes")]), Some((true, true, false)));
        assert_eq!(drive(&[("highway", "footway"), ("motor_vehicle", "yes")]), None);
        assert_eq!(drive(&[("highway", "construction")]), None);
        assert_eq!(drive(&[("railway", "rail")]), None);
    }

    #[test]
    fn barriers_stop_cars() {
        let stops = |tags: &[(&str, &str)]| is_barrier(Tags(tags));
        assert!(stops(&[("barrier", "bollard")]) && stops(&[("barrier", "jersey_barrier")]));
        assert!(!stops(&[("barrier", "bollard"), ("motor_vehicle", "yes")]));
        assert!(!stops(&[("barrier", "gate")]) && !stops(&[("barrier", "gate"), ("access", "private")]));
        assert!(stops(&[("barrier", "gate"), ("access", "no")]));
        assert!(!stops(&[("barrier", "bollard"), ("bollard", "rising")]));
        assert!(!stops(&[("highway", "crossing")]));
    }
}
