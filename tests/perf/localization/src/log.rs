//! A segment of comma2k19 (<https://github.com/commaai/comma2k19>): one minute of a real car.
//!
//! Times are those of the phone's clock, s. The IMU is that of the phone in the windscreen, x ahead, y right, z down, roughly
//! level. `live_gnss_ublox` is what the receiver itself computed; a row came at `t` and was measured at its UTC time, which
//! the times of the reference relate to the phone's clock. The reference (`global_pose`) is computed from raw GNSS, IMU and
//! camera over the whole segment by the authors; it is good to some decimetres.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use glam::DVec3;
use maps::{GeoReference, Wgs84};
use nalgebra::Vector3;

use crate::npy::Table;

/// Something that arrived.
pub enum Arrival {
    /// Rates and specific force, x ahead, y left, z up.
    Imu { gyro: Vector3<f64>, accel: Vector3<f64> },
    /// Speed from the wheels, m/s.
    Speed(f64),
    /// Position in the plane, m, measured at a time of the phone's clock, s.
    Fix { position: Vector3<f64>, measured_s: f64 },
}

/// Where the phone was, in the same plane.
pub struct Reference {
    pub time_s: f64,
    pub position: DVec3,
}

pub struct Log {
    /// By time of arrival, s.
    pub arrivals: Vec<(f64, Arrival)>,
    pub reference: Vec<Reference>,
}

/// Seconds from GPS's epoch to Unix's, and leap seconds since (2017 and later, when all of these logs were made).
const GPS_EPOCH_UNIX_S: f64 = 315_964_800.0;
const LEAP_S: f64 = 18.0;
const WEEK_S: f64 = 604_800.0;

impl Log {
    /// Reads a segment.
    pub fn read(folder: &Path) -> Result<Self> {
        let read = |name: &str| Table::read(&folder.join(name));
        let times = |name: &str| -> Result<Vec<f64>> {
            Ok(read(&format!("{name}/t"))?.rows().map(|r| r[0]).collect())
        };
        let frame_times: Vec<f64> = read("global_pose/frame_times")?.rows().map(|r| r[0]).collect();
        let gps_times: Vec<f64> =
            read("global_pose/frame_gps_times")?.rows().map(|r| r[0] * WEEK_S + r[1]).collect();
        ensure!(frame_times.len() == gps_times.len() && !frame_times.is_empty(), "no reference");
        let phone_less_gps = median(frame_times.iter().zip(&gps_times).map(|(a, b)| a - b).collect());

        let fixes = read("processed_log/GNSS/live_gnss_ublox/value")?;
        let first = fixes.rows().next().context("no GNSS positions")?;
        let earth = GeoReference::at(wgs84(first));
        let mut arrivals = vec![];
        for (t, row) in times("processed_log/GNSS/live_gnss_ublox")?.iter().zip(fixes.rows()) {
            let gps_s = row[3] / 1000.0 - GPS_EPOCH_UNIX_S + LEAP_S;
            let measured_s = gps_s + phone_less_gps;
            ensure!((measured_s - t).abs() < 2.0, "clocks of GNSS and log differ by {:.1} s", measured_s - t);
            let p = earth.to_map(wgs84(row));
            arrivals.push((*t, Arrival::Fix { position: Vector3::new(p.x, p.y, p.z), measured_s }));
        }
        let speed = read("processed_log/CAN/speed/value")?;
        for (t, row) in times("processed_log/CAN/speed")?.iter().zip(speed.rows()) {
            arrivals.push((*t, Arrival::Speed(row[0])));
        }
        let (gyro, accel) =
            (read("processed_log/IMU/gyro/value")?, read("processed_log/IMU/accelerometer/value")?);
        let imu_times = times("processed_log/IMU/gyro")?;
        for ((t, w), a) in imu_times.iter().zip(gyro.rows()).zip(accel.rows()) {
            let flu = |v: &[f64]| Vector3::new(v[0], -v[1], -v[2]);
            arrivals.push((*t, Arrival::Imu { gyro: flu(w), accel: flu(a) }));
        }
        arrivals.sort_by(|a, b| a.0.total_cmp(&b.0));

        let positions = read("global_pose/frame_positions")?;
        let reference = frame_times
            .iter()
            .zip(positions.rows())
            .map(|(t, p)| Reference { time_s: *t, position: earth.to_map(ecef_to_wgs84(p)) })
            .collect();
        Ok(Self { arrivals, reference })
    }
}

fn wgs84(row: &[f64]) -> Wgs84 {
    Wgs84 { latitude_deg: row[0], longitude_deg: row[1], altitude_m: row[4] }
}

/// From ECEF, m, by iteration.
fn ecef_to_wgs84(p: &[f64]) -> Wgs84 {
    const A: f64 = 6_378_137.0;
    const E2: f64 = 6.694_379_990_141_33e-3;
    let horizontal = p[0].hypot(p[1]);
    let mut latitude = p[2].atan2(horizontal * (1.0 - E2));
    let mut altitude = 0.0;
    for _ in 0..10 {
        let n = A / (1.0 - E2 * latitude.sin().powi(2)).sqrt();
        altitude = horizontal / latitude.cos() - n;
        latitude = p[2].atan2(horizontal * (1.0 - E2 * n / (n + altitude)));
    }
    Wgs84 {
        latitude_deg: latitude.to_degrees(),
        longitude_deg: p[1].atan2(p[0]).to_degrees(),
        altitude_m: altitude,
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
