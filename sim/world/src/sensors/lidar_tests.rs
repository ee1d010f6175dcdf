//! Scans of ground whose shape is known.

use glam::{DQuat, DVec2, DVec3};

use super::lidar::{LidarParams, LidarSensor, POINT_STEP, Scan, Wall};
use super::{Looks, Solid};
use crate::ground::{Ground, Material, Rasters};

fn exact() -> LidarParams {
    LidarParams { range_noise_m: 0.0, drop_out: 0.0, ..LidarParams::default() }
}

fn scan(
    ground: &Ground,
    rotation: DQuat,
    height_m: f64,
    solids: &[Solid],
    walls: &[Wall],
) -> Vec<(DVec3, u16)> {
    let mut sensor = LidarSensor::new(&exact(), 1);
    let window = Rasters::default().window(ground, DVec2::ZERO, 101.0);
    let mut scan = Scan::default();
    sensor.scan(DVec3::Z * height_m, rotation, &window, solids, walls, &mut scan);
    let point = |c: &[u8]| {
        let float = |at: usize| f64::from(f32::from_le_bytes(c[at..at + 4].try_into().unwrap()));
        (DVec3::new(float(0), float(4), float(8)), u16::from_le_bytes([c[16], c[17]]))
    };
    scan.data.chunks_exact(POINT_STEP).map(point).collect()
}

#[test]
fn rings_on_level_ground_are_where_geometry_says() {
    let ground = Ground::square(150.0, 0.0);
    let elevations = exact().elevations();
    let points = scan(&ground, DQuat::IDENTITY, 3.0, &[], &[]);
    assert!(points.len() > 8000, "{}", points.len());
    for (p, ring) in points {
        let radius = 3.0 / -elevations[usize::from(ring)].tan();
        assert!((p.truncate().length() - radius).abs() < 0.01 && (p.z + 3.0).abs() < 0.005, "{p} {ring}");
    }
}

#[test]
fn points_lie_on_level_ground_under_a_tilted_sensor() {
    let tilt = DQuat::from_rotation_x(0.04) * DQuat::from_rotation_y(-0.03);
    for (p, _) in scan(&Ground::square(150.0, 0.0), tilt, 3.0, &[], &[]) {
        assert!(((tilt * p).z + 3.0).abs() < 0.005, "{p}");
    }
}

#[test]
fn a_kerb_shows_its_face() {
    let half = 80.0;
    let ground = Ground::patches(&[
        (DVec2::new(-half, -half), DVec2::new(6.0, half), 0.0, 0.0, Material::Road),
        (DVec2::new(6.0, -half), DVec2::new(half, half), 0.12, 0.0, Material::Sidewalk),
    ]);
    let points = scan(&ground, DQuat::IDENTITY, 2.0, &[], &[]);
    for (p, _) in &points {
        let height = p.z + 2.0;
        // Cells of the raster are 0.25 m wide.
        let expected = if p.x < 5.75 { 0.0 } else { 0.12 };
        let at_face = (5.7..6.3).contains(&p.x);
        assert!((height - expected).abs() < 0.01 || (at_face && (-0.01..0.13).contains(&height)), "{p}");
    }
    assert!(points.iter().any(|(p, _)| p.x > 6.5 && (p.z + 1.88).abs() < 0.01));
}

#[test]
fn a_bridge_is_seen_from_below() {
    let ground = Ground::patches(&[
        (DVec2::splat(-90.0), DVec2::splat(90.0), 0.0, 0.0, Material::Road),
        (DVec2::new(20.0, -90.0), DVec2::new(30.0, 90.0), 3.6, 0.0, Material::Road),
    ]);
    let points = scan(&ground, DQuat::IDENTITY, 2.6, &[], &[]);
    let under: Vec<_> = points.iter().filter(|(p, _)| (p.z - 1.0).abs() < 0.05).collect();
    assert!(under.len() > 10, "{}", under.len());
    assert!(under.iter().all(|(p, _)| (19.4..30.6).contains(&p.x)));
}

#[test]
fn boxes_and_walls_hide_what_is_behind() {
    let solid = Solid {
        center: DVec3::new(10.0, 0.0, 1.0),
        rotation: DQuat::from_rotation_z(0.5),
        half: DVec3::new(2.0, 1.0, 1.0),
        looks: Looks(0.6),
    };
    let wall = Wall {
        from: DVec2::new(-12.0, 30.0),
        to: DVec2::new(-12.0, -30.0),
        low_m: 0.0,
        high_m: 20.0,
        looks: Looks(0.5),
    };
    let points = scan(&Ground::square(150.0, 0.0), DQuat::IDENTITY, 2.5, &[solid], &[wall]);
    let back = solid.rotation.inverse();
    let mut on_solid = 0;
    for (p, _) in &points {
        let world = *p + DVec3::Z * 2.5;
        let local = (back * (world - solid.center)).abs() - solid.half;
        assert!(local.max_element() > -0.01, "{p} is inside the box");
        on_solid += usize::from(local.max_element() < 0.01 && world.z > 0.05);
        assert!(p.x > -12.01 || p.y.abs() > 30.0 * p.x / -12.0 - 0.5, "{p} is behind the wall");
    }
    assert!(on_solid > 100, "{on_solid}");
    let on_wall = points.iter().filter(|(p, _)| (p.x + 12.0).abs() < 0.01).count();
    assert!(on_wall > 1000, "{on_wall}");
}
