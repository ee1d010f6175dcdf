//! The points of a cloud message, read where they lie.

use msgs::sensor_msgs::msg::{PointCloud2, PointField};

/// Points of a cloud that are looked at at most; those beyond are left out.
const MAX_POINTS: usize = 131_072;

/// Access to x, y and z of a cloud.
pub struct Points<'a> {
    data: &'a [u8],
    step: usize,
    offsets: [usize; 3],
}

impl<'a> Points<'a> {
    /// Of a little-endian cloud with float32 fields x, y and z; `None` for any other, and for one whose data is shorter
    /// than its size says.
    pub fn new(cloud: &'a PointCloud2) -> Option<Self> {
        let step = cloud.point_step as usize;
        let count = (cloud.width as usize).checked_mul(cloud.height as usize)?;
        let size = count.checked_mul(step)?;
        if cloud.is_bigendian || step < 12 || size > cloud.data.len() {
            return None;
        }
        let mut offsets = [0; 3];
        for (offset, name) in offsets.iter_mut().zip(["x", "y", "z"]) {
            let field = cloud.fields.iter().find(|f| f.name == name)?;
            *offset = field.offset as usize;
            if field.datatype != PointField::FLOAT32 || offset.checked_add(4)? > step {
                return None;
            }
        }
        let size = size.min(MAX_POINTS * step);
        Some(Self { data: &cloud.data[..size], step, offsets })
    }

    /// x, y and z of each point, m, as they are: perhaps not finite.
    pub fn iter(&self) -> impl Iterator<Item = (f32, f32, f32)> {
        let [x, y, z] = self.offsets;
        self.data
            .chunks_exact(self.step)
            .map(move |point| (number(point, x), number(point, y), number(point, z)))
    }
}

fn number(point: &[u8], offset: usize) -> f32 {
    match point.get(offset..offset + 4) {
        Some(&[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]),
        _ => f32::NAN,
    }
}
