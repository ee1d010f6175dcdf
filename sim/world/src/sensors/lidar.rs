//! LiDAR by ray casting.
//!
//! The rays of one azimuth lie in a plane that stands upright but for the tilt of the vehicle, so the ground is found for
//! all of them in one walk outwards over the raster of heights: the lowest ray hits first, and the next one goes on
//! from there. Blocks of the raster that lie below the ray are passed over in one stride. Bodies are then tested only
//! against the rays that can meet them, exactly and in three dimensions.
//!
//! The walk takes the azimuth of an inclined vehicle's rays as that of the ray 8° below the horizon; at 2° of tilt that
//! shifts a hit sideways by less than 1 % of its distance, which only matters where the ground is not even.

use std::f64::consts::TAU;

use glam::{DMat3, DQuat, DVec2, DVec3};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ground::{Material, Window};
use crate::random::mix;

/// Bytes per point: x, y, z, intensity as f32 at 0, 4, 8, 12, the ring as u16 at 16, two bytes of padding.
pub const POINT_STEP: usize = 20;

/// The LiDAR. Its place is that of `vehicle.lidar`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LidarParams {
    /// Channels, 1: 16 and 64 are usual.
    #[schemars(range(min = 1, max = 128))]
    pub channels: u32,
    /// Shots per turn, 1: 900 and 1800 are usual.
    #[schemars(range(min = 8, max = 4096))]
    pub azimuths: u32,
    /// Elevation of the lowest channel, degrees.
    #[schemars(range(min = -89.0, max = -1.0))]
    pub lowest_deg: f64,
    /// Elevation of the highest channel, degrees.
    #[schemars(range(min = 0.5, max = 60.0))]
    pub highest_deg: f64,
    /// Farthest return, m.
    #[schemars(range(min = 5.0, max = 300.0))]
    pub max_range_m: f64,
    /// Noise of the range, m.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub range_noise_m: f64,
    /// Share of returns that are lost whatever they hit, 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub drop_out: f64,
}

impl Default for LidarParams {
    fn default() -> Self {
        Self {
            channels: 16,
            azimuths: 900,
            lowest_deg: -25.0,
            highest_deg: 4.0,
            max_range_m: 100.0,
            range_noise_m: 0.015,
            drop_out: 0.005,
        }
    }
}

impl LidarParams {
    /// Elevations of the channels, rad, from the lowest up. An eighth of them looks above the horizon; the others get
    /// closer towards it, so that the rings on the ground are not too far apart.
    pub fn elevations(&self) -> Vec<f64> {
        let n = self.channels.max(1) as usize;
        let above = n / 8;
        let below = n - above;
        let horizon = -0.6_f64.max(self.lowest_deg);
        let lower = (0..below).map(|i| {
            let way = 1.0 - i as f64 / (below.max(2) - 1) as f64;
            horizon + (self.lowest_deg - horizon) * way.powf(1.7)
        });
        let upper = (0..above).map(|i| self.highest_deg * (i as f64 + 1.0) / above as f64);
        lower.chain(upper).map(f64::to_radians).collect()
    }
}

/// How well something reflects, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Looks(pub f32);

/// A box in space.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Solid {
    pub center: DVec3,
    pub rotation: DQuat,
    pub half: DVec3,
    pub looks: Looks,
}

/// An upright wall.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wall {
    pub from: DVec2,
    pub to: DVec2,
    pub low_m: f64,
    pub high_m: f64,
    pub looks: Looks,
}

/// A scan: points in the frame of the sensor.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// The points, [`POINT_STEP`] bytes each.
    pub data: Vec<u8>,
    /// How many there are.
    pub points: usize,
}

/// The sensor.
pub(crate) struct LidarSensor {
    params: LidarParams,
    seed: u64,
    /// Sine and cosine of each channel's elevation.
    channels: Vec<(f64, f64)>,
    /// Cosine and sine of each azimuth.
    azimuths: Vec<(f64, f64)>,
    ranges: Vec<f64>,
    looks: Vec<f32>,
    scans: u64,
}

/// Step of the walk over uneven ground, m.
const STEP_M: f64 = 0.25;
/// Distance from the border of a block at which its last height is taken, m.
const BORDER_M: f64 = 0.01;
/// Height of the ray that gives an azimuth its direction, rad.
const TYPICAL_ELEVATION: f64 = -0.14;
/// Nearest return, m.
const MIN_RANGE_M: f64 = 0.4;

fn ground_looks(material: Material) -> f32 {
    match material {
        Material::Road => 0.15,
        Material::Beside => 0.18,
        Material::Sidewalk => 0.32,
        Material::Terrain => 0.25,
    }
}

impl LidarSensor {
    pub fn new(params: &LidarParams, seed: u64) -> Self {
        let channels: Vec<_> = params.elevations().iter().map(|e| e.sin_cos()).collect();
        let n = params.azimuths.max(1);
        let azimuths: Vec<_> =
            (0..n).map(|i| (TAU * f64::from(i) / f64::from(n)).sin_cos()).map(|(s, c)| (c, s)).collect();
        let rays = channels.len() * azimuths.len();
        Self {
            params: params.clone(),
            seed,
            channels,
            azimuths,
            ranges: vec![f64::INFINITY; rays],
            looks: vec![0.0; rays],
            scans: 0,
        }
    }

    /// Farthest return, m.
    pub fn max_range_m(&self) -> f64 {
        self.params.max_range_m
    }

    /// Direction of a ray in the frame of the sensor.
    fn ray(&self, azimuth: usize, channel: usize) -> DVec3 {
        let ((sin_e, cos_e), (cos_a, sin_a)) = (self.channels[channel], self.azimuths[azimuth]);
        DVec3::new(cos_e * cos_a, cos_e * sin_a, sin_e)
    }

    /// Takes a scan from a pose in the world.
    pub fn scan(
        &mut self,
        position: DVec3,
        rotation: DQuat,
        window: &Window,
        solids: &[Solid],
        walls: &[Wall],
        out: &mut Scan,
    ) {
        self.ranges.fill(f64::INFINITY);
        let rotation = DMat3::from_quat(rotation);
        for azimuth in 0..self.azimuths.len() {
            self.meet_ground(azimuth, position, rotation, window);
        }
        for solid in solids {
            self.meet_solid(solid, position, rotation);
        }
        for wall in walls {
            self.meet_wall(wall, position, rotation);
        }
        self.write(rotation, out);
        self.scans += 1;
    }

    /// Finds the ground for all rays of an azimuth.
    fn meet_ground(&mut self, azimuth: usize, position: DVec3, rotation: DMat3, window: &Window) {
        let (cos_a, sin_a) = self.azimuths[azimuth];
        let flat = rotation * DVec3::new(cos_a, sin_a, 0.0);
        let up = rotation * DVec3::Z;
        let (sin_t, cos_t) = TYPICAL_ELEVATION.sin_cos();
        let Some(heading) = (flat * cos_t + up * sin_t).truncate().try_normalize() else { return };
        let origin = position.truncate();
        let count = self.channels.len();
        let first = azimuth * count;
        let slope_of = |(sin_e, cos_e): (f64, f64)| {
            let ray = flat * cos_e + up * sin_e;
            let level = ray.truncate().length().max(1e-6);
            (ray.z / level, level)
        };
        let mut channel = 0;
        let (mut slope, mut level) = slope_of(self.channels[0]);
        let mut way = 0.5_f64;
        while channel < count {
            // Nothing is higher than the highest point: on level ground this leads right to the hit.
            let clear = position.z - window.highest_m;
            if clear > 0.0 {
                way = if slope < 0.0 { way.max(-clear / slope) } else { f64::INFINITY };
            }
            if way >= self.params.max_range_m {
                break;
            }
            let at = origin + heading * way;
            let Some(block) = window.block(at) else { break };
            let high = block.high_m();
            let end = way + Window::way_out(at, heading);
            loop {
                let lowest = position.z + slope * if slope < 0.0 { end } else { way };
                if lowest > high {
                    break;
                }
                let enter = if slope < 0.0 { ((high - position.z) / slope).max(way) } else { way };
                let hit = if block.is_level() {
                    Some(enter)
                } else {
                    // One stride over a plane, small steps over anything else.
                    let step = if block.is_plane { end } else { STEP_M };
                    walk(window, origin, heading, (position.z, slope), (enter, end), step)
                };
                let Some(hit) = hit.filter(|h| *h <= end) else { break };
                way = hit;
                self.ranges[first + channel] = hit / level;
                self.looks[first + channel] = ground_looks(window.material(origin + heading * (hit + 0.01)));
                channel += 1;
                if channel == count {
                    return self.meet_decks(azimuth, position, rotation, window);
                }
                (slope, level) = slope_of(self.channels[channel]);
            }
            way = end;
        }
        self.meet_decks(azimuth, position, rotation, window);
    }

    /// Finds surfaces above the ground, ray by ray: there are few.
    fn meet_decks(&mut self, azimuth: usize, position: DVec3, rotation: DMat3, window: &Window) {
        if !window.has_deck {
            return;
        }
        for channel in 0..self.channels.len() {
            let index = azimuth * self.channels.len() + channel;
            let ray = rotation * self.ray(azimuth, channel);
            let end = self.ranges[index].min(self.params.max_range_m);
            let step = 2.0 * STEP_M / ray.truncate().length().max(0.1);
            let mut range = MIN_RANGE_M;
            let mut before: Option<f64> = None;
            while range < end {
                let point = position + ray * range;
                let above = window.deck(point.truncate()).map(|deck| point.z - deck);
                if let (Some(b), Some(a)) = (before, above)
                    && b * a <= 0.0
                {
                    self.ranges[index] = range - step * a.abs() / (a.abs() + b.abs()).max(1e-9);
                    self.looks[index] = ground_looks(Material::Road);
                    break;
                }
                before = above;
                range += step;
            }
        }
    }

    /// Calls `meet` for the rays that may meet something of which `corners` (in the frame of the sensor) are the
    /// corners and that is at least `near_m` away. `meet` gives the range.
    fn for_rays(
        &mut self,
        corners: &[DVec3],
        near_m: f64,
        rotation: DMat3,
        looks: Looks,
        meet: impl Fn(DVec3) -> Option<f64>,
    ) {
        let n = self.azimuths.len();
        let count = self.channels.len();
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        let (mut bottom, mut top, mut far) = (f64::INFINITY, f64::NEG_INFINITY, 0.0_f64);
        let middle = corners.iter().sum::<DVec3>() / corners.len() as f64;
        let toward = middle.y.atan2(middle.x);
        for corner in corners {
            let angle = vehicle::wrap_angle(corner.y.atan2(corner.x) - toward);
            (low, high) = (low.min(angle), high.max(angle));
            (bottom, top) = (bottom.min(corner.z), top.max(corner.z));
            far = far.max(corner.truncate().length());
        }
        let near = near_m.max(0.05);
        if near > self.params.max_range_m {
            return;
        }
        let per_rad = n as f64 / TAU;
        let around = near_m < 0.3 || high - low > 3.0;
        let (first, last) = if around {
            (0, n as i64 - 1)
        } else {
            (((toward + low) * per_rad).ceil() as i64, ((toward + high) * per_rad).floor() as i64)
        };
        let slope = |z: f64| if z < 0.0 { (z / near, z / far) } else { (z / far, z / near) };
        let (lowest, highest) = (slope(bottom).0, slope(top).1);
        let from = self.channels.partition_point(|(s, c)| s / c < lowest);
        let to = self.channels.partition_point(|(s, c)| s / c <= highest);
        for azimuth in first..=last {
            let azimuth = azimuth.rem_euclid(n as i64) as usize;
            for channel in from..to {
                let index = azimuth * count + channel;
                let ray = rotation * self.ray(azimuth, channel);
                if let Some(range) = meet(ray).filter(|r| *r < self.ranges[index]) {
                    self.ranges[index] = range;
                    self.looks[index] = looks.0;
                }
            }
        }
    }

    fn meet_solid(&mut self, solid: &Solid, position: DVec3, rotation: DMat3) {
        let reach = self.params.max_range_m + solid.half.length();
        if solid.center.distance_squared(position) > reach * reach {
            return;
        }
        let signs =
            |i: usize| DVec3::new((i & 1) as f64, (i >> 1 & 1) as f64, (i >> 2 & 1) as f64) * 2.0 - 1.0;
        let inverse = rotation.transpose();
        let corners: [DVec3; 8] = std::array::from_fn(|i| {
            inverse * (solid.center + solid.rotation * (solid.half * signs(i)) - position)
        });
        let back = DMat3::from_quat(solid.rotation.inverse());
        let local = back * (position - solid.center);
        let outside = (local.abs() - solid.half).max(DVec3::ZERO).truncate().length();
        self.for_rays(&corners, outside, rotation, solid.looks, |ray| {
            // Slabs: Kay and Kajiya 1986.
            let inverse = (back * ray).recip();
            let (a, b) = ((-solid.half - local) * inverse, (solid.half - local) * inverse);
            let (enter, leave) = (a.min(b).max_element(), a.max(b).min_element());
            (enter <= leave && enter > 0.0).then_some(enter)
        });
    }

    fn meet_wall(&mut self, wall: &Wall, position: DVec3, rotation: DMat3) {
        let (edge, to_from) = (wall.to - wall.from, wall.from - position.truncate());
        let nearest = to_from + edge * (-to_from.dot(edge) / edge.length_squared().max(1e-9)).clamp(0.0, 1.0);
        let near = nearest.length();
        if near > self.params.max_range_m {
            return;
        }
        let inverse = rotation.transpose();
        let corner = |p: DVec2, z: f64| inverse * (p.extend(z) - position);
        let corners = [
            corner(wall.from, wall.low_m),
            corner(wall.to, wall.low_m),
            corner(wall.from, wall.high_m),
            corner(wall.to, wall.high_m),
        ];
        self.for_rays(&corners, near, rotation, wall.looks, |ray| {
            let across = ray.truncate().perp_dot(edge);
            if across.abs() < 1e-12 {
                return None;
            }
            let range = to_from.perp_dot(edge) / across;
            let along = to_from.perp_dot(ray.truncate()) / across;
            let z = position.z + ray.z * range;
            let met = range > 0.0 && (0.0..=1.0).contains(&along) && (wall.low_m..=wall.high_m).contains(&z);
            met.then_some(range)
        });
    }

    /// Writes the returns with noise; lost ones are left out.
    fn write(&self, rotation: DMat3, out: &mut Scan) {
        out.data.clear();
        out.data.reserve(self.ranges.len() * POINT_STEP);
        let p = &self.params;
        let scan = mix(self.seed ^ mix(self.scans));
        let up = rotation.transpose() * DVec3::Z;
        for azimuth in 0..self.azimuths.len() {
            for channel in 0..self.channels.len() {
                let index = azimuth * self.channels.len() + channel;
                let range = self.ranges[index];
                if !(MIN_RANGE_M..=p.max_range_m).contains(&range) {
                    continue;
                }
                let bits = mix(scan.wrapping_add(index as u64));
                let ray = self.ray(azimuth, channel);
                // Flat incidence on the ground weakens the return.
                let looks = self.looks[index];
                let incidence = if looks < 0.35 { (-ray.dot(up)).max(0.02) } else { 0.7 };
                let strength = f64::from(looks) * incidence * (100.0 / range).powi(2);
                let chance = (1.0 - p.drop_out) * (strength / 0.04).min(1.0);
                if (bits >> 40) as f64 / (1_u64 << 24) as f64 >= chance {
                    continue;
                }
                let noisy = range + p.range_noise_m * normal_of(bits);
                let point = (ray * noisy).as_vec3();
                let mut bytes = [0_u8; POINT_STEP];
                bytes[0..4].copy_from_slice(&point.x.to_le_bytes());
                bytes[4..8].copy_from_slice(&point.y.to_le_bytes());
                bytes[8..12].copy_from_slice(&point.z.to_le_bytes());
                bytes[12..16].copy_from_slice(&looks.to_le_bytes());
                bytes[16..18].copy_from_slice(&(channel as u16).to_le_bytes());
                out.data.extend_from_slice(&bytes);
            }
        }
        out.points = out.data.len() / POINT_STEP;
    }
}

/// About normally distributed from the lower 40 bits: the sum of four uniform numbers.
fn normal_of(bits: u64) -> f64 {
    let sum: u64 = (0..4).map(|i| bits >> (10 * i) & 0x3ff).sum();
    // Variance of a sum of four uniform numbers from 0 to 1 is 1/3.
    (sum as f64 / 1023.0 - 2.0) * 3.0_f64.sqrt()
}

/// Where a ray meets uneven ground between two ways from the origin, m, in steps of `step_m`.
fn walk(
    window: &Window,
    origin: DVec2,
    heading: DVec2,
    (z, slope): (f64, f64),
    (from, to): (f64, f64),
    step_m: f64,
) -> Option<f64> {
    let above = |way: f64| window.height(origin + heading * way).map(|h| z + slope * way - h);
    let mut way = from;
    let mut before = above(way)?;
    if before <= 0.0 {
        return Some(way);
    }
    // What lies behind the border is for the next block.
    let last = to - BORDER_M;
    while way < last {
        let next = (way + step_m).min(last);
        let now = above(next)?;
        if now <= 0.0 {
            return Some(way + (next - way) * before / (before - now));
        }
        (way, before) = (next, now);
    }
    None
}
