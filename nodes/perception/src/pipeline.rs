//! From scans to tracked objects, without ROS.

use std::time::Duration;

use runtime::time::Time;

use crate::cloud::Point;
use crate::detect::{Detections, Detector};
use crate::params::PerceptionParams;
use crate::pose::{Correction, VehiclePose};
use crate::tracker::Tracker;

/// A gap between scans after which nothing is known any more.
const FORGET: Duration = Duration::from_secs(2);

/// What was made of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Objects were followed.
    Done,
    /// It is not newer than the last one: dropped.
    NotNewer,
}

/// Detects and follows objects.
#[derive(Default)]
pub struct Pipeline {
    detector: Detector,
    detections: Detections,
    tracker: Tracker,
    last: Option<Time>,
}

impl Pipeline {
    /// Takes a scan that was taken at `stamp` from `pose`; its points are in `base_link`.
    pub fn scan(
        &mut self,
        points: &[Point],
        pose: &VehiclePose,
        stamp: Time,
        params: &PerceptionParams,
    ) -> Outcome {
        if let Some(last) = self.last {
            let back = last.since(stamp);
            if stamp <= last && back < FORGET {
                return Outcome::NotNewer;
            }
            if stamp.since(last) > FORGET || back >= FORGET {
                self.tracker.clear();
                self.last = None;
            }
        }
        let dt = self.last.map_or(0.0, |last| stamp.since(last).as_secs_f64());
        self.last = Some(stamp);
        self.detector.detect(points, pose, &params.detector(), &mut self.detections);
        self.tracker.step(dt, &self.detections);
        Outcome::Done
    }

    /// The localization has jumped.
    pub fn correct(&mut self, correction: &Correction) {
        self.tracker.correct(correction);
    }

    /// Forgets all objects; ids go on.
    pub fn clear(&mut self) {
        self.tracker.clear();
        self.last = None;
    }

    /// What was found in the last scan before tracking.
    pub fn detector(&self) -> &Detector {
        &self.detector
    }

    /// What was found in the last scan.
    pub fn detections(&self) -> &Detections {
        &self.detections
    }

    /// What is followed.
    pub fn tracker(&self) -> &Tracker {
        &self.tracker
    }
}
