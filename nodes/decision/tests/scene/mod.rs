//! A LiDAR over a made-up scene: ground by a height over x, boxes, noise.

use vehicle::VehicleParams;

/// An upright box, by its extents, m.
#[derive(Clone, Copy)]
pub struct Block {
    pub x: (f64, f64),
    pub y: (f64, f64),
    pub z: (f64, f64),
}

/// What is around the vehicle, in base_link.
pub struct Scene {
    /// Height of the ground over x, m.
    pub ground: fn(f64) -> f64,
    pub blocks: Vec<Block>,
    /// Nodding of the vehicle, rad, positive with the nose down.
    pub pitch: f64,
    /// Points at random places.
    pub noise: usize,
}

impl Default for Scene {
    fn default() -> Self {
        Self { ground: |_| 0.0, blocks: vec![], pitch: 0.0, noise: 0 }
    }
}

/// A small generator, so that a scan is the same each time.
pub struct Random(pub u64);

impl Random {
    /// Within -1 to 1.
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / f64::from(1_u32 << 30) - 1.0
    }
}

const CHANNELS: usize = 16;
const AZIMUTHS: usize = 900;
const RANGE_M: f64 = 100.0;

/// One scan of 16 channels from -25 to 5 degrees, with 2 cm of noise.
pub fn scan(scene: &Scene, vehicle: &VehicleParams, random: &mut Random) -> Vec<[f32; 3]> {
    let mut points = vec![];
    let origin = [vehicle.lidar.x_m, 0.0, vehicle.lidar.z_m];
    for channel in 0..CHANNELS {
        let elevation = (-25.0 + 2.0 * channel as f64).to_radians();
        for azimuth in 0..AZIMUTHS {
            let azimuth = azimuth as f64 * std::f64::consts::TAU / AZIMUTHS as f64;
            let along = elevation.cos();
            let ray = [along * azimuth.cos(), along * azimuth.sin(), elevation.sin()];
            // The vehicle nods: in the world the ray points elsewhere.
            let (sin, cos) = scene.pitch.sin_cos();
            let world = [cos * ray[0] + sin * ray[2], ray[1], cos * ray[2] - sin * ray[0]];
            if let Some(range) = hit(scene, origin, world) {
                let range = range + 0.02 * random.next();
                points.push([0, 1, 2].map(|i| (origin[i] + range * ray[i]) as f32));
            }
        }
    }
    for _ in 0..scene.noise {
        points
            .push([40.0 * random.next(), 40.0 * random.next(), 2.0 + 2.0 * random.next()].map(|v| v as f32));
    }
    points
}

fn hit(scene: &Scene, origin: [f64; 3], ray: [f64; 3]) -> Option<f64> {
    let blocks = scene.blocks.iter().filter_map(|block| hit_block(block, origin, ray));
    let nearest = blocks.fold(RANGE_M, f64::min);
    let mut range = 1.0;
    while range < nearest {
        let [x, z] = [origin[0] + range * ray[0], origin[2] + range * ray[2]];
        let above = z - (scene.ground)(x);
        if above <= 0.005 {
            return Some(range);
        }
        // The ground is never steeper than 1:2, so it is at least this far.
        range += (above * 0.6).max(0.01);
    }
    (nearest < RANGE_M).then_some(nearest)
}

fn hit_block(block: &Block, origin: [f64; 3], ray: [f64; 3]) -> Option<f64> {
    let (mut near, mut far) = (0.0_f64, f64::INFINITY);
    for (i, (low, high)) in [block.x, block.y, block.z].into_iter().enumerate() {
        let (a, b) = ((low - origin[i]) / ray[i], (high - origin[i]) / ray[i]);
        (near, far) = (near.max(a.min(b)), far.min(a.max(b)));
    }
    (near < far && near > 0.0).then_some(near)
}
