//! From a `PointCloud2` of any make to points in `base_link`.

use msgs::sensor_msgs::msg::{PointCloud2, PointField};
use vehicle::VehicleParams;

/// Most points of one scan that are taken; a scanner of 128 channels with two returns stays below.
pub const MAX_POINTS: usize = 600_000;

/// A point in `base_link`, m.
pub type Point = [f32; 3];

/// A cloud that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloudError {
    /// A coordinate is missing or not float32.
    #[error("the cloud has no float32 field {0}")]
    Field(&'static str),
    /// Sizes contradict each other.
    #[error("the cloud's width, height, steps and data do not fit together")]
    Layout,
    /// Nobody can use so many points.
    #[error("the cloud has more than {MAX_POINTS} points")]
    TooManyPoints,
    /// Not in the frame of the vehicle or its LiDAR.
    #[error("the cloud is in frame {0:?}, not in base_link or lidar_link")]
    Frame(String),
}

/// Offset of a float32 field that lies within a point.
fn offset(cloud: &PointCloud2, name: &'static str) -> Result<usize, CloudError> {
    let field = cloud.fields.iter().find(|f| f.name == name).ok_or(CloudError::Field(name))?;
    let is_float = field.datatype == PointField::FLOAT32 && field.count <= 1;
    let end = u64::from(field.offset) + 4;
    if !is_float {
        return Err(CloudError::Field(name));
    }
    if end > u64::from(cloud.point_step) { Err(CloudError::Layout) } else { Ok(field.offset as usize) }
}

/// Puts the finite points of `cloud` into `points`, in `base_link`, without those on the vehicle itself and those
/// farther away than `range_m`. Fields are found by name, so that the layout is free; only x, y and z are needed.
pub fn read(
    cloud: &PointCloud2,
    vehicle: &VehicleParams,
    range_m: f32,
    points: &mut Vec<Point>,
) -> Result<(), CloudError> {
    points.clear();
    let mount = match cloud.header.frame_id.trim_start_matches('/') {
        "base_link" => [0.0, 0.0],
        "lidar_link" => [vehicle.lidar.x_m as f32, vehicle.lidar.z_m as f32],
        other => return Err(CloudError::Frame(other.chars().take(64).collect())),
    };
    let count = u64::from(cloud.width) * u64::from(cloud.height);
    if count == 0 {
        return Ok(());
    }
    let offsets = [offset(cloud, "x")?, offset(cloud, "y")?, offset(cloud, "z")?];
    if count > MAX_POINTS as u64 {
        return Err(CloudError::TooManyPoints);
    }
    let (step, row) = (cloud.point_step as usize, cloud.row_step as usize);
    let (width, height) = (cloud.width as usize, cloud.height as usize);
    // A single row needs no row step, and some drivers leave it out.
    let row = if height == 1 { width * step } else { row };
    if row < width * step || (height - 1).checked_mul(row).is_none_or(|n| n + width * step > cloud.data.len())
    {
        return Err(CloudError::Layout);
    }
    let own = OwnBody::new(vehicle);
    let number = |bytes: [u8; 4]| {
        if cloud.is_bigendian { f32::from_be_bytes(bytes) } else { f32::from_le_bytes(bytes) }
    };
    for line in cloud.data.chunks(row).take(height) {
        for record in line.chunks_exact(step).take(width) {
            let [x, y, z] = offsets.map(|at| {
                let bytes = record.get(at..at + 4).and_then(|b| b.try_into().ok());
                number(bytes.unwrap_or([0xff; 4]))
            });
            let point = [x + mount[0], y, z + mount[1]];
            let range2 = point[0] * point[0] + point[1] * point[1];
            // Also false where a coordinate is NaN.
            let usable = range2 < range_m * range_m && point[2].abs() < range_m;
            if usable && !own.contains(point) {
                points.push(point);
            }
        }
    }
    Ok(())
}

/// The vehicle's own outline, with room for mirrors and noise.
struct OwnBody {
    rear: f32,
    front: f32,
    half_width: f32,
    height: f32,
}

impl OwnBody {
    fn new(v: &VehicleParams) -> Self {
        const MARGIN: f32 = 0.25;
        Self {
            rear: -v.rear_overhang_m as f32 - MARGIN,
            front: v.front_m() as f32 + MARGIN,
            half_width: 0.5 * v.width_m as f32 + MARGIN,
            height: (v.height_m.max(v.lidar.z_m)) as f32 + MARGIN,
        }
    }

    fn contains(&self, [x, y, z]: Point) -> bool {
        x > self.rear && x < self.front && y.abs() < self.half_width && z < self.height
    }
}
