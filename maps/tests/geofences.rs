//! Areas.

// All of this is test code.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use maps::Wgs84;
use maps::geofence::{Geofence, GeofenceError};
use proptest::prelude::*;

fn ring(corners: &[(f64, f64)]) -> Vec<Wgs84> {
    corners.iter().chain(corners.first()).map(|(x, y)| Wgs84::new(24.0 + y, 54.0 + x)).collect()
}

fn fence(corners: &[(f64, f64)]) -> Geofence {
    Geofence::new("yard", ring(corners)).unwrap()
}

fn at(x: f64, y: f64) -> Wgs84 {
    Wgs84::new(24.0 + y, 54.0 + x)
}

/// Like a U, open to the north.
const U: [(f64, f64); 8] = [
    (0.0, 0.0),
    (0.5, 0.0),
    (0.5, 0.5),
    (0.375, 0.5),
    (0.375, 0.125),
    (0.125, 0.125),
    (0.125, 0.5),
    (0.0, 0.5),
];

#[test]
fn places_are_inside_or_not() {
    for corners in [U.to_vec(), U.iter().rev().copied().collect()] {
        let fence = fence(&corners);
        for (x, y) in
            [(0.0625, 0.25), (0.25, 0.0625), (0.4375, 0.4375), (0.0, 0.0), (0.25, 0.125), (0.5, 0.25)]
        {
            assert!(fence.contains(at(x, y)), "{x}, {y}");
        }
        for (x, y) in [(0.25, 0.25), (0.25, 0.5), (-0.125, 0.0), (0.625, 0.25), (0.25, -0.125), (0.25, 0.625)]
        {
            assert!(!fence.contains(at(x, y)), "{x}, {y}");
        }
        assert!(!fence.contains(at(f64::NAN, 0.0)));
    }
}

#[test]
fn lines_cross_even_without_a_point_inside() {
    let fence = fence(&U);
    assert!(fence.crosses(&[at(-0.125, 0.25), at(0.25, 0.25)]));
    assert!(fence.crosses(&[at(-0.125, 0.25), at(0.625, 0.25)]));
    assert!(!fence.crosses(&[at(0.25, 0.5), at(0.25, 0.25)]));
    assert!(fence.crosses(&[at(0.25, 0.0625)]) && !fence.crosses(&[]));
}

#[test]
fn areas_overlap_even_without_a_corner_inside() {
    let u = fence(&U);
    let gap = fence(&[(0.1875, 0.1875), (0.3125, 0.1875), (0.3125, 0.375), (0.1875, 0.375)]);
    let bar = fence(&[(-0.125, 0.25), (0.625, 0.25), (0.625, 0.375), (-0.125, 0.375)]);
    let around = fence(&[(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]);
    for (a, b, expected) in [(&u, &gap, false), (&u, &bar, true), (&u, &around, true), (&gap, &bar, true)] {
        assert_eq!((a.overlaps(b), b.overlaps(a)), (expected, expected));
    }
}

#[test]
fn what_is_no_area_is_refused() {
    let new = |ring: Vec<Wgs84>| Geofence::new("yard", ring).unwrap_err();
    assert!(matches!(new(vec![]), GeofenceError::Corners { corners: 0, .. }));
    assert!(matches!(new(ring(&[(0.0, 0.0), (1.0, 0.0)])), GeofenceError::Corners { corners: 2, .. }));
    let mut open = ring(&U);
    open.pop();
    assert!(matches!(new(open), GeofenceError::Open { .. }));
    let bow = ring(&[(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)]);
    assert!(matches!(new(bow), GeofenceError::Crossing { a: 0, b: 2, .. }));
    let spike = ring(&[(0.0, 0.0), (1.0, 0.0), (0.5, 0.0), (0.5, 1.0)]);
    assert!(matches!(new(spike), GeofenceError::Crossing { .. }));
    let twice = ring(&[(0.0, 0.0), (1.0, 0.0), (1.0, 0.0), (0.5, 1.0)]);
    assert!(matches!(new(twice), GeofenceError::Crossing { .. }));
    let said = new(ring(&[(0.0, 0.0), (500.0, 0.0), (0.0, 1.0)]));
    assert!(matches!(said, GeofenceError::NoPlace { corner: 1, .. }), "{said}");
}

#[test]
fn fences_are_checked_when_they_are_read() {
    let fence = fence(&U);
    let text = serde_json::to_string(&fence).unwrap();
    assert_eq!(serde_json::from_str::<Geofence>(&text).unwrap(), fence);
    let open = r#"{"name": "a", "ring": [{"latitude_deg": 1, "longitude_deg": 1}]}"#;
    assert!(serde_json::from_str::<Geofence>(open).unwrap_err().to_string().contains("expected 3"));
}

proptest! {
    #[test]
    fn a_star_contains_its_middle_and_what_lies_between(radii in prop::collection::vec(0.1..1.0_f64, 3..30)) {
        let count = radii.len() as f64;
        let angle = |i: f64| std::f64::consts::TAU * i / count;
        let corners: Vec<_> = radii.iter().enumerate().map(|(i, r)| {
            let (sin, cos) = angle(i as f64).sin_cos();
            (r * cos, r * sin)
        }).collect();
        let fence = Geofence::new("star", ring(&corners)).unwrap();
        for (x, y) in &corners {
            prop_assert!(fence.contains(at(0.99 * x, 0.99 * y)));
            prop_assert!(!fence.contains(at(1.01 * x, 1.01 * y)));
        }
    }
}
