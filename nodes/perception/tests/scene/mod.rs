//! A scene of boxes on a plane, and what a spinning scanner sees of it.
#![allow(dead_code)] // each test binary uses its part

use bytes::Bytes;
use glam::{DQuat, DVec2, DVec3};
use msgs::sensor_msgs::msg::{PointCloud2, PointField};
use perception::PerceptionParams;
use perception::cloud::Point;
use perception::pipeline::Pipeline;
use perception::pose::VehiclePose;
use perception::track::Track;
use runtime::time::Time;

pub const START_NS: i64 = 1_000_000_000_000;

/// A box that stands on the ground and moves evenly.
#[derive(Clone, Copy, Debug)]
pub struct Thing {
    pub at: DVec2,
    pub yaw: f64,
    pub size: DVec3,
    pub velocity: DVec2,
}

impl Thing {
    pub fn car(x: f64, y: f64, yaw: f64, speed: f64) -> Self {
        let velocity = DVec2::from_angle(yaw) * speed;
        Self { at: DVec2::new(x, y), yaw, size: DVec3::new(4.4, 1.8, 1.5), velocity }
    }

    pub fn standing(x: f64, y: f64, size: DVec3) -> Self {
        Self { at: DVec2::new(x, y), yaw: 0.0, size, velocity: DVec2::ZERO }
    }

    pub fn pedestrian(x: f64, y: f64, velocity: DVec2) -> Self {
        Self { at: DVec2::new(x, y), yaw: 0.0, size: DVec3::new(0.5, 0.5, 1.75), velocity }
    }

    pub fn at_time(&self, t: f64) -> Self {
        Self { at: self.at + self.velocity * t, ..*self }
    }
}

/// Boxes on a tilted plane, and a vehicle that drives straight on over it.
#[derive(Clone, Debug)]
pub struct Scene {
    pub things: Vec<Thing>,
    /// Rise of the ground along x and y of the map, m/m.
    pub slope: DVec2,
    /// Of the vehicle, along x, m/s.
    pub speed: f64,
    /// Channels of the scanner, from -25 to 5 degrees.
    pub channels: usize,
    pub azimuths: usize,
    /// Standard deviation of the distance, m.
    pub noise: f64,
}

impl Scene {
    pub fn new(things: Vec<Thing>) -> Self {
        Self { things, slope: DVec2::ZERO, speed: 0.0, channels: 16, azimuths: 900, noise: 0.02 }
    }

    pub fn pose(&self, t: f64) -> VehiclePose {
        let at = DVec2::new(self.speed * t, 0.0);
        let up = DVec3::new(-self.slope.x, -self.slope.y, 1.0).normalize();
        let rotation = DQuat::from_rotation_arc(DVec3::Z, up);
        VehiclePose { position: at.extend(self.slope.dot(at)), rotation }
    }

    /// Points in base_link, seen from `mount`.
    pub fn scan(&self, t: f64, mount: DVec3) -> Vec<Point> {
        let pose = self.pose(t);
        let origin = pose.position + pose.rotation * mount;
        let mut random = 1 + (t * 1000.0) as u64;
        let mut noise = || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // The sum of four even numbers is nearly normal.
            let sum: f64 = (0..4).map(|i| f64::from((random >> (16 + 8 * i)) as u8) / 255.0 - 0.5).sum();
            sum * self.noise * 1.7
        };
        let things: Vec<Thing> = self.things.iter().map(|thing| thing.at_time(t)).collect();
        let mut points = vec![];
        for azimuth in 0..self.azimuths {
            let yaw = std::f64::consts::TAU * azimuth as f64 / self.azimuths as f64;
            for channel in 0..self.channels {
                let pitch = (-25.0 + 30.0 * channel as f64 / (self.channels - 1) as f64).to_radians();
                let ray = DVec3::new(pitch.cos() * yaw.cos(), pitch.cos() * yaw.sin(), pitch.sin());
                let in_map = pose.rotation * ray;
                if let Some(distance) = self.cast(origin, in_map, &things).filter(|d| *d < 100.0) {
                    points.push((mount + ray * (distance + noise())).as_vec3().to_array());
                }
            }
        }
        points
    }

    fn cast(&self, origin: DVec3, ray: DVec3, things: &[Thing]) -> Option<f64> {
        let normal = DVec3::new(-self.slope.x, -self.slope.y, 1.0);
        let down = normal.dot(ray);
        let ground = (down < 0.0).then(|| -normal.dot(origin) / down);
        let hits = things.iter().filter_map(|thing| {
            let foot = thing.at.extend(self.slope.dot(thing.at) - 0.3);
            let turn = DQuat::from_rotation_z(-thing.yaw);
            let (o, r) = (turn * (origin - foot), turn * ray);
            let half = 0.5 * thing.size.truncate();
            let (low, high) = (DVec3::new(-half.x, -half.y, 0.0), half.extend(thing.size.z + 0.3));
            let (a, b) = ((low - o) / r, (high - o) / r);
            let (near, far) = (a.min(b).max_element(), a.max(b).min_element());
            (near > 0.0 && near <= far).then_some(near)
        });
        hits.chain(ground).min_by(f64::total_cmp)
    }

    /// Runs perception over `seconds` at 10 Hz; `look` sees the pipeline after each scan and the time.
    pub fn run(&self, seconds: f64, mut look: impl FnMut(f64, &Pipeline)) {
        let params = PerceptionParams::default();
        let mount = DVec3::new(params.vehicle.lidar.x_m, 0.0, params.vehicle.lidar.z_m);
        let mut pipeline = Pipeline::default();
        for i in 0..=(seconds * 10.0).round() as i64 {
            let t = i as f64 * 0.1;
            let stamp = Time::from_ns(START_NS + i * 100_000_000);
            pipeline.scan(&self.scan(t, mount), &self.pose(t), stamp, &params);
            look(t, &pipeline);
        }
    }
}

/// The confirmed object whose box holds the middle of a thing; the nearest if there are several.
pub fn track_of<'a>(pipeline: &'a Pipeline, thing: &Thing) -> Option<&'a Track> {
    let sensor = pipeline.tracker().sensor();
    let off = |t: &&Track| t.rect(sensor).center.distance(thing.at);
    let near = 0.5 * thing.size.truncate().length() + 0.3;
    let all = pipeline.tracker().tracks().iter().filter(|t| t.confirmed && off(t) < near);
    all.min_by(|a, b| off(a).total_cmp(&off(b)))
}

/// As a message of the simulator's layout: x y z intensity f32, ring u16.
pub fn to_message(points: &[Point], stamp: Time) -> PointCloud2 {
    let field = |name: &str, offset, datatype| PointField { name: name.into(), offset, datatype, count: 1 };
    let mut data = Vec::with_capacity(points.len() * 20);
    for p in points {
        p.iter().for_each(|v| data.extend(v.to_le_bytes()));
        data.extend(0.5_f32.to_le_bytes());
        data.extend([0; 4]);
    }
    let mut cloud = PointCloud2 {
        height: 1,
        width: points.len() as u32,
        fields: vec![
            field("x", 0, PointField::FLOAT32),
            field("y", 4, PointField::FLOAT32),
            field("z", 8, PointField::FLOAT32),
            field("intensity", 12, PointField::FLOAT32),
            field("ring", 16, PointField::UINT16),
        ],
        point_step: 20,
        row_step: 20 * points.len() as u32,
        data: Bytes::from(data),
        is_dense: true,
        ..PointCloud2::default()
    };
    cloud.header.stamp = stamp.to_msg();
    cloud.header.frame_id = "base_link".into();
    cloud
}
