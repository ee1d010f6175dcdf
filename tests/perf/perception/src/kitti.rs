//! KITTI raw drives: scans, their times, and where the car was (Geiger, Lenz, Stiller, Urtasun, "Vision meets robotics:
//! the KITTI dataset", IJRR 2013).

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use glam::{DQuat, DVec3, EulerRot};
use perception::pose::VehiclePose;
use runtime::time::Time;
use vehicle::{Lidar, VehicleParams};

/// The IMU is so far ahead of the rear axle and above the ground, m (sensor set-up of the dataset: the Velodyne is 0.76 m
/// ahead of the axle and 1.73 m above the ground; the IMU 0.81 m behind and 0.80 m below the Velodyne).
const IMU: DVec3 = DVec3::new(-0.05, 0.0, 0.93);

/// A scan and the pose of `base_link` when it was taken.
pub struct Frame {
    /// The file.
    pub file: PathBuf,
    /// Its time.
    pub stamp: Time,
    /// Where the car was.
    pub pose: VehiclePose,
}

/// The car: a Passat station wagon.
pub fn car() -> VehicleParams {
    VehicleParams {
        length_m: 4.77,
        width_m: 1.82,
        height_m: 1.52,
        wheelbase_m: 2.71,
        rear_overhang_m: 1.1,
        lidar: Lidar { x_m: 0.76, z_m: 1.73 },
        ..VehicleParams::default()
    }
}

/// The frames of a folder that holds scans (`*.pcd`, or `velodyne_points/data/*.bin`) and `oxts/`.
pub fn frames(folder: &Path) -> anyhow::Result<Vec<Frame>> {
    let velodyne = folder.join("velodyne_points/data");
    let scans = files(if velodyne.is_dir() { &velodyne } else { folder }, &["pcd", "bin"])?;
    let oxts = files(&folder.join("oxts/data"), &["txt"])?;
    ensure!(!scans.is_empty(), "{}: no scans", folder.display());
    let times = std::fs::read_to_string(folder.join("oxts/timestamps.txt")).unwrap_or_default();
    let times: Vec<Time> = times.lines().filter_map(time_of_day).collect();
    let mut scale = None;
    let mut frames = vec![];
    for (index, file) in scans.into_iter().enumerate() {
        let name = file.file_stem();
        let Some(measured) = oxts.iter().find(|o| o.file_stem() == name) else { continue };
        let text = std::fs::read_to_string(measured)?;
        let stamp = times.get(index).copied().unwrap_or(Time::from_ns(100_000_000 * index as i64));
        let pose = pose(&text, &mut scale).with_context(|| measured.display().to_string())?;
        frames.push(Frame { file, stamp, pose });
    }
    let Some(origin) = frames.first().map(|f| f.pose.position) else { return Ok(frames) };
    frames.iter_mut().for_each(|f| f.pose.position -= origin);
    Ok(frames)
}

fn files(folder: &Path, endings: &[&str]) -> anyhow::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut files: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    files.retain(|f| f.extension().and_then(|e| e.to_str()).is_some_and(|e| endings.contains(&e)));
    files.sort();
    Ok(files)
}

/// `2011-09-26 14:14:10.924614488`; the day does not matter here.
fn time_of_day(line: &str) -> Option<Time> {
    let mut parts = line.split_whitespace().nth(1)?.split(':');
    let (h, m, s) = (parts.next()?, parts.next()?, parts.next()?);
    let seconds = h.parse::<f64>().ok()? * 3600.0 + m.parse::<f64>().ok()? * 60.0 + s.parse::<f64>().ok()?;
    Some(Time::from_ns((seconds * 1e9) as i64))
}

/// As `convertOxtsToPose` of the development kit: Mercator projection, scaled by the latitude of the first frame.
fn pose(oxts: &str, scale: &mut Option<f64>) -> anyhow::Result<VehiclePose> {
    const EARTH_M: f64 = 6_378_137.0;
    let v: Vec<f64> = oxts.split_whitespace().filter_map(|w| w.parse().ok()).collect();
    let [lat, lon, alt, roll, pitch, yaw, ..] = v[..] else { anyhow::bail!("fewer than 6 numbers") };
    let scale = *scale.get_or_insert(lat.to_radians().cos());
    let x = scale * EARTH_M * lon.to_radians();
    let y = scale * EARTH_M * ((90.0 + lat).to_radians() / 2.0).tan().ln();
    let rotation = DQuat::from_euler(EulerRot::ZYX, yaw, pitch, roll);
    Ok(VehiclePose { position: DVec3::new(x, y, alt) - rotation * IMU, rotation })
}
