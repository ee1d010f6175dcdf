//! Perception as a node.

use std::time::Duration;

use msgs::atlasmesh_msgs::msg::TrackedObjects;
use msgs::nav_msgs::msg::Odometry;
use msgs::sensor_msgs::msg::PointCloud2;
use msgs::visualization_msgs::msg::MarkerArray;
use runtime::node::{Node, NodeError, Step};
use runtime::ports::{Diagnostic, Level, Output, Ports, Queue, Status};
use runtime::qos::Qos;
use runtime::time::Time;

use crate::cloud::{self, CloudError, Point};
use crate::markers::markers;
use crate::message;
use crate::params::PerceptionParams;
use crate::pipeline::{Outcome, Pipeline};
use crate::pose::{Poses, Pushed};

/// How often the node looks whether clouds still come.
const TICK: Duration = Duration::from_millis(500);
/// Silence of the LiDAR after which its diagnostic is an ERROR.
const SILENT: Duration = Duration::from_millis(500);
/// Time between markers: 5 Hz from scans at 10 Hz, with room for jitter.
const MARKER_PERIOD: Duration = Duration::from_millis(180);
/// Odometry messages that wait for the next cloud: one second.
const ODOMETRY_DEPTH: usize = 50;

/// Objects around the vehicle: `/sensors/lidar/points` and `/localization/odometry` in, `/perception/objects` and
/// `/perception/markers` out.
pub struct PerceptionNode {
    clouds: Queue<PointCloud2>,
    odometry: Queue<Odometry>,
    objects: Output<TrackedObjects>,
    markers: Output<MarkerArray>,
    lidar: Diagnostic,
    params: PerceptionParams,
    pipeline: Pipeline,
    poses: Poses,
    points: Vec<Point>,
    message: TrackedObjects,
    last_cloud: Option<Time>,
    last_markers: Option<Time>,
    counts: Counts,
}

/// What was dropped, for the diagnostic.
#[derive(Default)]
struct Counts {
    bad_clouds: u32,
    old_clouds: u32,
    without_pose: u32,
    refused_odometry: u32,
    jumps: u32,
}

impl Node for PerceptionNode {
    const NAME: &'static str = "perception_node";
    type Params = PerceptionParams;

    fn new(params: &PerceptionParams, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(TICK);
        Ok(Self {
            clouds: ports.trigger("/sensors/lidar/points", Qos::sensor())?,
            odometry: ports.queue("/localization/odometry", Qos::default().depth(ODOMETRY_DEPTH))?,
            objects: ports.output("/perception/objects", Qos::default())?,
            markers: ports.output("/perception/markers", Qos::default())?,
            lidar: ports.diagnostic("lidar"),
            params: params.clone(),
            pipeline: Pipeline::default(),
            poses: Poses::default(),
            points: vec![],
            message: TrackedObjects::default(),
            last_cloud: None,
            last_markers: None,
            counts: Counts::default(),
        })
    }

    fn set_params(&mut self, params: &PerceptionParams) {
        if !params.sensor_lidar_enabled {
            self.pipeline.clear();
        }
        self.params.clone_from(params);
    }

    fn step(&mut self, step: Step) {
        self.take_odometry();
        let mut status = None;
        while let Some(received) = self.clouds.next() {
            let cloud = &received.message;
            if !self.params.sensor_lidar_enabled {
                continue;
            }
            let (stamp, range) = (Time::from(&cloud.header.stamp), self.params.range_m as f32);
            let read = cloud::read(cloud, &self.params.vehicle, range, &mut self.points);
            self.last_cloud = Some(step.now);
            status = Some(match read {
                Ok(()) => self.scan(stamp),
                Err(error) => {
                    self.counts.bad_clouds += 1;
                    Status::new(Level::Error, complaint(&error))
                }
            });
        }
        let silent = self.last_cloud.is_none_or(|t| step.now.since(t) > SILENT);
        let status = match status {
            _ if !self.params.sensor_lidar_enabled => {
                Some(Status::new(Level::Error, "switched off by the parameter sensor_lidar_enabled"))
            }
            None if silent => Some(Status::new(Level::Error, "no cloud arrives on /sensors/lidar/points")),
            given => given,
        };
        if let Some(status) = status {
            self.lidar.set(self.with_counts(status));
        }
    }
}

impl PerceptionNode {
    fn take_odometry(&mut self) {
        while let Some(odometry) = self.odometry.next() {
            match self.poses.push(&odometry.message) {
                Pushed::Kept => {}
                Pushed::Jumped(correction) => {
                    self.counts.jumps += 1;
                    self.pipeline.correct(&correction);
                }
                Pushed::Restarted => self.pipeline.clear(),
                Pushed::Refused => self.counts.refused_odometry += 1,
            }
        }
    }

    /// Takes the points that were read.
    fn scan(&mut self, stamp: Time) -> Status {
        let Some(pose) = self.poses.at(stamp) else {
            self.counts.without_pose += 1;
            return Status::new(Level::Error, "no localization at the time of the scan");
        };
        if self.pipeline.scan(&self.points, &pose, stamp, &self.params) == Outcome::NotNewer {
            self.counts.old_clouds += 1;
            return Status::new(Level::Warn, "a cloud was not newer than the last one");
        }
        message::fill(&mut self.message, self.pipeline.tracker(), stamp, self.params.prediction_s);
        let draft = &self.message;
        self.objects.send_with(|out| out.clone_from(draft));
        let due = |last: Time| stamp.since(last) >= MARKER_PERIOD || stamp < last;
        if self.last_markers.is_none_or(due) {
            self.last_markers = Some(stamp);
            self.markers.send(markers(&self.message));
        }
        if self.points.is_empty() {
            return Status::new(Level::Error, "the cloud holds no usable point");
        }
        Status::ok("objects are followed")
    }

    fn with_counts(&self, status: Status) -> Status {
        let c = &self.counts;
        status
            .value("points", self.points.len() as f64)
            .value("objects", self.message.objects.len() as f64)
            .value("bad_clouds", c.bad_clouds.into())
            .value("old_clouds", c.old_clouds.into())
            .value("clouds_without_pose", c.without_pose.into())
            .value("refused_odometry", c.refused_odometry.into())
            .value("localization_jumps", c.jumps.into())
    }
}

fn complaint(error: &CloudError) -> &'static str {
    match error {
        CloudError::Field(_) => "the cloud has no float32 fields x, y and z",
        CloudError::Layout => "the cloud's sizes contradict each other",
        CloudError::TooManyPoints => "the cloud has too many points",
        CloudError::Frame(_) => "the cloud is neither in base_link nor in lidar_link",
    }
}
