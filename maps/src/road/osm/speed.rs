//! Speeds of roads.

use super::Tags;

/// Speeds on roads whose limit nobody says, km/h: Valhalla's defaults for roads outside of towns
/// (<https://valhalla.github.io/valhalla/speeds/>), for service roads by what they serve.
const DEFAULTS_KMH: [(&str, f64); 17] = [
    ("motorway", 105.0),
    ("motorway_link", 60.0),
    ("trunk", 90.0),
    ("trunk_link", 50.0),
    ("primary", 75.0),
    ("primary_link", 45.0),
    ("secondary", 60.0),
    ("secondary_link", 40.0),
    ("tertiary", 50.0),
    ("tertiary_link", 35.0),
    ("unclassified", 40.0),
    ("residential", 35.0),
    ("road", 35.0),
    ("service", 20.0),
    ("living_street", 10.0),
    ("track", 15.0),
    ("pedestrian", 6.0),
];

/// Limits that are named by what they hold for: OSRM's defaults, km/h.
const NAMED_KMH: [(&str, f64); 7] = [
    ("walk", 6.0),
    ("living_street", 10.0),
    ("urban", 50.0),
    ("rural", 90.0),
    ("trunk", 110.0),
    ("motorway", 130.0),
    ("none", 130.0),
];

const KMH_PER_MPH: f64 = 1.609_344;
/// Nothing on a road is quicker, km/h.
const FASTEST_KMH: f64 = 250.0;

/// Whether cars may drive on roads of a class if nobody says otherwise.
pub(super) fn is_for_cars(class: &str) -> bool {
    default_kmh(class).is_some() && !matches!(class, "track" | "pedestrian")
}

/// Speed on a road of a class without a limit; none for classes on which cars never drive.
fn default_kmh(class: &str) -> Option<f64> {
    DEFAULTS_KMH.iter().find(|(c, _)| *c == class).map(|(_, kmh)| *kmh)
}

/// Speeds along a way and against it, m/s; none if its class is not one of roads.
pub(super) fn speeds_mps(tags: Tags<'_>) -> Option<[f64; 2]> {
    let class = tags.get("highway")?;
    let mut kmh = default_kmh(class)?;
    if let (Some("parking_aisle" | "driveway" | "drive-through"), "service") = (tags.get("service"), class) {
        kmh = 10.0;
    }
    let limit = |key: &str| tags.get(key).and_then(limit_kmh);
    let both = limit("maxspeed").or_else(|| limit("maxspeed:type")).or_else(|| limit("source:maxspeed"));
    let speed = |key: &str| limit(key).or(both).unwrap_or(kmh) / 3.6;
    Some([speed("maxspeed:forward"), speed("maxspeed:backward")])
}

/// A limit, km/h: `50`, `30 mph`, `20 knots`, `none`, `walk`, `DE:urban`, `GB:zone20`, the lowest of several.
fn limit_kmh(text: &str) -> Option<f64> {
    let limits = text.split(';').filter_map(|t| one_limit_kmh(t.trim()));
    limits.filter(|kmh| *kmh > 0.0 && *kmh <= FASTEST_KMH).reduce(f64::min)
}

fn one_limit_kmh(text: &str) -> Option<f64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    if let Ok(number) = number.parse::<f64>() {
        return match unit.trim() {
            "" | "km/h" | "kmh" | "kph" => Some(number),
            "mph" => Some(number * KMH_PER_MPH),
            "knots" => Some(number * 1.852),
            _ => None,
        };
    }
    let (place, name) = text.split_once(':').unwrap_or(("", text));
    if let Some(zone) = name.strip_prefix("zone") {
        let kmh: f64 = zone.trim_start_matches(':').parse().ok()?;
        return Some(if matches!(place, "GB" | "US") { kmh * KMH_PER_MPH } else { kmh });
    }
    NAMED_KMH.iter().find(|(n, _)| *n == name).map(|(_, kmh)| *kmh)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_understood() {
        for (text, kmh) in [
            ("50", Some(50.0)),
            ("50 km/h", Some(50.0)),
            ("30 mph", Some(48.28032)),
            ("55mph", Some(88.51392)),
            ("10 knots", Some(18.52)),
            ("none", Some(130.0)),
            ("walk", Some(6.0)),
            ("DE:urban", Some(50.0)),
            ("DE:zone:30", Some(30.0)),
            ("CH:zone30", Some(30.0)),
            ("GB:zone20", Some(32.18688)),
            ("80;50", Some(50.0)),
            ("signals", None),
            ("", None),
            ("0", None),
            ("1e9", None),
            ("-50", None),
            ("999999", None),
            ("50 parsecs", None),
        ] {
            let found = limit_kmh(text).map(|f| (f * 1e5).round() / 1e5);
            assert_eq!(found, kmh, "{text}");
        }
    }

    #[test]
    fn a_direction_has_its_own_limit() {
        let tags = [("highway", "primary"), ("maxspeed:forward", "36"), ("maxspeed", "72")];
        assert_eq!(speeds_mps(Tags(&tags)), Some([10.0, 20.0]));
        assert_eq!(speeds_mps(Tags(&[("highway", "footway")])), None);
    }
}
