//! How often each topic of the design comes.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use msgs::Message;
use parking_lot::Mutex;
use runtime::qos::Qos;
use runtime::transport::{Guard, TypeRef};
use serde::Serialize;

use crate::vehicle::Vehicle;

/// How often a topic came.
#[derive(Serialize)]
pub struct Rate {
    pub topic: &'static str,
    pub hz: f64,
    pub wanted: &'static str,
    pub longest_gap_ms: f64,
}

#[derive(Clone, Copy, Default)]
struct Count {
    messages: u64,
    last: Option<Instant>,
    longest_gap_ms: f64,
}

impl Count {
    fn one(&mut self) {
        let now = Instant::now();
        if let Some(last) = self.last.replace(now) {
            self.longest_gap_ms = self.longest_gap_ms.max((now - last).as_secs_f64() * 1e3);
        }
        self.messages += 1;
    }
}

struct Watched {
    topic: &'static str,
    wanted: &'static str,
    count: Arc<Mutex<Count>>,
    _guard: Guard,
}

/// Counts.
pub struct Watch(Vec<Watched>);

impl Watch {
    pub fn start(vehicle: &Vehicle) -> Result<Self> {
        let mut watch = Self(vec![]);
        use msgs::atlasmesh_msgs::msg as atlas;
        use msgs::{nav_msgs, safety_msgs, sensor_msgs};
        let (sensor, command, state) = (Qos::sensor(), Qos::command(), Qos::state());
        let plain = Qos::default();
        watch.topic::<sensor_msgs::msg::PointCloud2>(vehicle, "/sensors/lidar/points", "10", &sensor)?;
        watch.topic::<sensor_msgs::msg::Imu>(vehicle, "/sensors/imu", "100", &sensor)?;
        watch.topic::<sensor_msgs::msg::NavSatFix>(vehicle, "/sensors/gnss/fix", "10", &sensor)?;
        watch.topic::<nav_msgs::msg::Odometry>(vehicle, "/sensors/wheel_odometry", "50", &sensor)?;
        let image = "/sensors/camera/image/compressed";
        watch.topic::<sensor_msgs::msg::CompressedImage>(vehicle, image, "10", &sensor)?;
        watch.topic::<nav_msgs::msg::Odometry>(vehicle, "/localization/odometry", "50", &plain)?;
        watch.topic::<msgs::tf2_msgs::msg::TFMessage>(vehicle, "/tf", "50", &plain.depth(100))?;
        watch.topic::<atlas::TrackedObjects>(vehicle, "/perception/objects", "10", &plain)?;
        watch.topic::<nav_msgs::msg::Path>(vehicle, "/planning/route", "change", &state)?;
        watch.topic::<atlas::Trajectory>(vehicle, "/planning/trajectory", "10", &command)?;
        let ackermann = "/control/commands";
        watch
            .topic::<msgs::ackermann_msgs::msg::AckermannDriveStamped>(vehicle, ackermann, "100", &command)?;
        watch.topic::<atlas::ActuationCommand>(vehicle, "/vehicle/command", "100", &command)?;
        watch.topic::<atlas::VehicleState>(vehicle, "/vehicle/state", "20", &state)?;
        watch.topic::<atlas::Trip>(vehicle, "/mission/trip", "change", &state)?;
        watch.topic::<safety_msgs::msg::SafetyState>(vehicle, "/safety/state", "10", &state)?;
        let markers = ["/perception/markers", "/planning/markers"];
        for topic in markers {
            watch.topic::<msgs::visualization_msgs::msg::MarkerArray>(vehicle, topic, "5", &plain)?;
        }
        use msgs::diagnostic_msgs::msg::DiagnosticArray;
        watch.topic::<DiagnosticArray>(vehicle, "/diagnostics", "1 a node", &plain.depth(100))?;
        watch.topic::<DiagnosticArray>(vehicle, "/diagnostics_agg", "1", &plain)?;
        Ok(watch)
    }

    fn topic<M: Message>(
        &mut self,
        vehicle: &Vehicle,
        topic: &'static str,
        wanted: &'static str,
        qos: &Qos,
    ) -> Result<()> {
        let count: Arc<Mutex<Count>> = Arc::default();
        let counting = Arc::clone(&count);
        let on_sample = Box::new(move |_| counting.lock().one());
        let guard = vehicle.node().subscribe(topic, &TypeRef::message::<M>(), qos, on_sample)?;
        self.0.push(Watched { topic, wanted, count, _guard: Box::new(guard) });
        Ok(())
    }

    pub fn reset(&self) {
        self.0.iter().for_each(|w| *w.count.lock() = Count::default());
    }

    pub fn take(self, seconds: f64) -> Vec<Rate> {
        let rate = |w: &Watched| {
            let count = *w.count.lock();
            let hz = count.messages as f64 / seconds;
            Rate { topic: w.topic, hz, wanted: w.wanted, longest_gap_ms: count.longest_gap_ms }
        };
        self.0.iter().map(rate).collect()
    }
}
