//! Moving a scan from the LiDAR to base_link.

use bytes::{BufMut, Bytes, BytesMut};
use msgs::sensor_msgs::msg::{PointCloud2, PointField};

use crate::checks::Fault;

/// Most points of a scan: a 128-channel LiDAR at 10 Hz has 262,144.
pub const MAX_POINTS: usize = 1 << 20;
/// Bytes of a point at most.
const MAX_POINT_STEP: usize = 256;
/// Farthest point that a LiDAR can see, m.
const MAX_RANGE_M: f32 = 1000.0;

/// A translation of the mount: x ahead and z up from base_link, m. The LiDAR is mounted level, x ahead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mount {
    /// Ahead, m.
    pub x_m: f32,
    /// Up, m.
    pub z_m: f32,
}

/// A scan in base_link.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// Points in the layout of the scan, x, y and z in base_link.
    pub data: Bytes,
    /// Number of points.
    pub points: usize,
    /// Points left out because they are not finite or too far.
    pub left_out: usize,
}

/// Moves the points of a scan; those that are NaN, infinite or beyond 1000 m are left out. The layout must begin with x,
/// y, z as little-endian f32 at 0, 4, 8, whatever follows.
pub fn to_base_link(cloud: &PointCloud2, mount: Mount) -> Result<Moved, Fault> {
    let step = cloud.point_step as usize;
    let count = (cloud.width as usize).checked_mul(cloud.height as usize).ok_or(Fault::Size)?;
    if count > MAX_POINTS || !(12..=MAX_POINT_STEP).contains(&step) {
        return Err(Fault::Size);
    }
    let rows_are_dense = cloud.height <= 1 || cloud.row_step as usize == cloud.width as usize * step;
    if cloud.data.len() != count * step || !rows_are_dense || !layout_fits(cloud) {
        return Err(Fault::Size);
    }
    // The common layout gets a copy of its own with a length that the compiler knows.
    let (data, points) = match step {
        20 => moved::<20>(&cloud.data, mount),
        16 => moved::<16>(&cloud.data, mount),
        32 => moved::<32>(&cloud.data, mount),
        _ => moved_any(&cloud.data, step, mount),
    };
    Ok(Moved { data: data.freeze(), points, left_out: count - points })
}

fn layout_fits(cloud: &PointCloud2) -> bool {
    let is = |name: &str, offset: u32| {
        cloud.fields.iter().any(|f| {
            f.name == name && f.offset == offset && f.datatype == PointField::FLOAT32 && f.count == 1
        })
    };
    !cloud.is_bigendian && is("x", 0) && is("y", 4) && is("z", 8)
}

fn moved<const STEP: usize>(data: &[u8], mount: Mount) -> (BytesMut, usize) {
    let mut out = BytesMut::with_capacity(data.len());
    let (points, _) = data.as_chunks::<STEP>();
    for point in points {
        let mut point = *point;
        if move_point(&mut point, mount) {
            out.put_slice(&point);
        }
    }
    let count = out.len() / STEP;
    (out, count)
}

fn moved_any(data: &[u8], step: usize, mount: Mount) -> (BytesMut, usize) {
    let mut out = BytesMut::with_capacity(data.len());
    let mut buffer = [0; MAX_POINT_STEP];
    for point in data.chunks_exact(step) {
        buffer[..step].copy_from_slice(point);
        if move_point(&mut buffer, mount) {
            out.put_slice(&buffer[..step]);
        }
    }
    let count = out.len() / step;
    (out, count)
}

/// Moves the point at the beginning of `bytes`; false if it is not one.
#[inline(always)]
fn move_point(bytes: &mut [u8], mount: Mount) -> bool {
    let f32_at = |b: &[u8], i: usize| f32::from_le_bytes([b[i], b[i + 1], b[i + 2], b[i + 3]]);
    let (x, y, z) = (f32_at(bytes, 0), f32_at(bytes, 4), f32_at(bytes, 8));
    // False for NaN.
    let valid = x.abs() <= MAX_RANGE_M && y.abs() <= MAX_RANGE_M && z.abs() <= MAX_RANGE_M;
    bytes[0..4].copy_from_slice(&(x + mount.x_m).to_le_bytes());
    bytes[8..12].copy_from_slice(&(z + mount.z_m).to_le_bytes());
    valid
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A scan in the layout of the device link.
    pub fn cloud(points: &[[f32; 3]]) -> PointCloud2 {
        let field =
            |name: &str, offset, datatype| PointField { name: name.into(), offset, datatype, count: 1 };
        let mut data = Vec::new();
        for (i, p) in points.iter().enumerate() {
            p.iter().for_each(|v| data.extend_from_slice(&v.to_le_bytes()));
            data.extend_from_slice(&0.5_f32.to_le_bytes());
            data.extend_from_slice(&(i as u16).to_le_bytes());
            data.extend_from_slice(&[0, 0]);
        }
        let mut cloud = PointCloud2 {
            height: 1,
            width: points.len() as u32,
            point_step: 20,
            row_step: data.len() as u32,
            data: data.into(),
            is_dense: true,
            ..PointCloud2::default()
        };
        cloud.header.frame_id = "lidar_link".into();
        for (i, name) in ["x", "y", "z", "intensity"].into_iter().enumerate() {
            cloud.fields.push(field(name, 4 * i as u32, PointField::FLOAT32));
        }
        cloud.fields.push(field("ring", 16, PointField::UINT16));
        cloud
    }

    const MOUNT: Mount = Mount { x_m: 1.5, z_m: 3.0 };

    #[test]
    fn points_move_by_the_mount_and_what_is_not_finite_is_left_out() {
        let scan =
            cloud(&[[1.0, 2.0, -3.0], [f32::NAN, 0.0, 0.0], [0.0, f32::INFINITY, 0.0], [4.0, 5.0, 6.0]]);
        let moved = to_base_link(&scan, MOUNT).unwrap();
        assert_eq!((moved.points, moved.left_out), (2, 2));
        let mut expected = cloud(&[[2.5, 2.0, 0.0], [5.5, 5.0, 9.0]]).data.to_vec();
        expected[20 + 16] = 3; // it keeps its ring
        assert_eq!(&moved.data[..], &expected[..]);
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused() {
        let good = cloud(&[[1.0, 2.0, 3.0]; 4]);
        let refused = |change: fn(&mut PointCloud2)| {
            let mut scan = good.clone();
            change(&mut scan);
            assert_eq!(to_base_link(&scan, MOUNT), Err(Fault::Size), "{scan:?}");
        };
        refused(|s| s.width = u32::MAX);
        refused(|s| (s.width, s.height) = (u32::MAX, u32::MAX));
        refused(|s| s.width = 5);
        refused(|s| s.point_step = 0);
        refused(|s| s.point_step = u32::MAX);
        refused(|s| s.is_bigendian = true);
        refused(|s| s.fields.clear());
        refused(|s| (s.width, s.height, s.row_step) = (2, 2, 41));
    }

    proptest! {
        #[test]
        fn every_layout_gives_the_same_points(
            points in prop::collection::vec(prop::array::uniform3(-2000_f32..2000.0), 0..50),
            more in 0_usize..30,
        ) {
            let scan = cloud(&points);
            let mut wide = scan.clone();
            wide.point_step = 20 + more as u32;
            wide.row_step = wide.point_step * wide.width;
            wide.data = scan.data.chunks(20).flat_map(|p| p.iter().copied().chain(vec![7; more])).collect();
            let (a, b) = (to_base_link(&scan, MOUNT).unwrap(), to_base_link(&wide, MOUNT).unwrap());
            prop_assert_eq!(a.points, b.points);
            let narrow: Vec<u8> = b.data.chunks(20 + more).flat_map(|p| p[..20].to_vec()).collect();
            prop_assert_eq!(&a.data[..], &narrow[..]);
        }
    }
}
