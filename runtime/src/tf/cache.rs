//! What is known of one frame: where it was in its parent, over time.

use std::collections::VecDeque;
use std::time::Duration;

use super::pose::Pose;
use crate::time::Time;

/// Number of a frame.
pub type FrameId = usize;

#[derive(Clone, Copy, Debug)]
struct Sample {
    stamp: Time,
    parent: FrameId,
    pose: Pose,
}

/// The past of one frame, or its fixed place.
#[derive(Clone, Debug)]
pub enum Cache {
    Static {
        parent: FrameId,
        pose: Pose,
    },
    /// In order of time, never empty.
    Dynamic(Track),
}

/// Samples of a moving frame.
#[derive(Clone, Debug, Default)]
pub struct Track(VecDeque<Sample>);

/// Why a sample is not taken.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    Old { latest: Time },
    Repeated,
}

/// Why there is nothing for a time.
#[derive(Debug, PartialEq, Eq)]
pub enum Missing {
    Future { parent: FrameId, latest: Time },
    Past { parent: FrameId, earliest: Time },
}

impl Cache {
    /// The parent and the place in it at a time.
    pub fn at(&self, time: Time) -> Result<(FrameId, Pose), Missing> {
        match self {
            Self::Static { parent, pose } => Ok((*parent, *pose)),
            Self::Dynamic(samples) => samples.at(time),
        }
    }

    /// The latest parent, and since when if the frame moves.
    pub fn latest(&self) -> Option<(FrameId, Option<Time>)> {
        match self {
            Self::Static { parent, .. } => Some((*parent, None)),
            Self::Dynamic(samples) => samples.0.back().map(|s| (s.parent, Some(s.stamp))),
        }
    }
}

impl Track {
    /// Takes a sample and lets go of those older than `keep` before the newest.
    pub fn insert(
        &mut self,
        stamp: Time,
        parent: FrameId,
        pose: Pose,
        keep: Duration,
    ) -> Result<(), Refused> {
        if let Some(newest) = self.0.back()
            && stamp + keep < newest.stamp
        {
            return Err(Refused::Old { latest: newest.stamp });
        }
        let at = self.0.partition_point(|s| s.stamp < stamp);
        if self.0.get(at).is_some_and(|s| s.stamp == stamp) {
            return Err(Refused::Repeated);
        }
        self.0.insert(at, Sample { stamp, parent, pose });
        let newest = self.0.back().map_or(stamp, |s| s.stamp);
        while self.0.front().is_some_and(|s| s.stamp + keep < newest) {
            self.0.pop_front();
        }
        Ok(())
    }

    fn at(&self, time: Time) -> Result<(FrameId, Pose), Missing> {
        let next = self.0.partition_point(|s| s.stamp < time);
        match (next.checked_sub(1).and_then(|i| self.0.get(i)), self.0.get(next)) {
            (_, Some(exact)) if exact.stamp == time => Ok((exact.parent, exact.pose)),
            (Some(before), Some(after)) if before.parent == after.parent => {
                let whole = after.stamp.since(before.stamp).as_nanos() as f64;
                let ratio = time.since(before.stamp).as_nanos() as f64 / whole;
                Ok((before.parent, before.pose.interpolate(after.pose, ratio)))
            }
            // It went to another parent in between: as in tf2 it stays with the former until then.
            (Some(before), Some(_)) => Ok((before.parent, before.pose)),
            (Some(before), None) => Err(Missing::Future { parent: before.parent, latest: before.stamp }),
            (None, Some(after)) => Err(Missing::Past { parent: after.parent, earliest: after.stamp }),
            // Never empty.
            (None, None) => Err(Missing::Future { parent: 0, latest: Time::default() }),
        }
    }
}
