//! The tree of frames.

use std::collections::HashMap;
use std::time::Duration;

use msgs::geometry_msgs::msg::TransformStamped;

use super::cache::{Cache, FrameId, Missing, Refused, Track};
use super::error::TfError;
use super::pose::Pose;
use crate::time::Time;

/// More frames than this are not taken, whatever others tell.
pub(super) const MAX_FRAMES: usize = 10_000;

/// Length of a quaternion squared may differ from 1 by this, as in `tf2`.
const NORMALIZATION_TOLERANCE: f64 = 10e-3;

/// Remembers how frames moved, and answers where they were.
///
/// ```
/// use msgs::geometry_msgs::msg::TransformStamped;
/// use runtime::{tf::TfBuffer, time::Time};
/// let mut lidar = TransformStamped::default();
/// (lidar.header.frame_id, lidar.child_frame_id) = ("base_link".into(), "lidar".into());
/// (lidar.transform.translation.z, lidar.transform.rotation.w) = (1.5, 1.0);
/// let mut buffer = TfBuffer::default();
/// buffer.insert(&lidar, true)?;
/// let found = buffer.lookup("base_link", "lidar", Time::default())?;
/// assert_eq!(found.transform.translation.z, 1.5);
/// # Ok::<(), runtime::tf::TfError>(())
/// ```
#[derive(Clone, Debug)]
pub struct TfBuffer {
    keep: Duration,
    names: Vec<String>,
    ids: HashMap<String, FrameId>,
    caches: Vec<Option<Cache>>,
}

impl Default for TfBuffer {
    fn default() -> Self {
        Self::new(Self::KEEP)
    }
}

/// A way upwards: the frames, each with what takes points of the first frame to it.
type Way = Vec<(FrameId, Pose)>;

impl TfBuffer {
    /// How long transforms are kept by default, as in `tf2`.
    pub const KEEP: Duration = Duration::from_secs(10);

    /// An empty buffer that keeps of each frame the transforms up to `keep` before its newest.
    pub fn new(keep: Duration) -> Self {
        Self { keep, names: vec![], ids: HashMap::new(), caches: vec![] }
    }

    /// Takes a transform. A static one holds for all times.
    pub fn insert(&mut self, transform: &TransformStamped, is_static: bool) -> Result<(), TfError> {
        let (parent, child) = (strip(&transform.header.frame_id), strip(&transform.child_frame_id));
        if parent.is_empty() || child.is_empty() {
            return Err(TfError::EmptyFrame { parent: parent.into(), child: child.into() });
        }
        if parent == child {
            return Err(TfError::ToItself(child.into()));
        }
        let mut pose = Pose::from_msg(&transform.transform);
        if !pose.translation.is_finite() || !pose.rotation.is_finite() {
            return Err(TfError::NotFinite(child.into()));
        }
        if (pose.rotation.length_squared() - 1.0).abs() > NORMALIZATION_TOLERANCE {
            let length = pose.rotation.length();
            return Err(TfError::NotNormalized { frame: child.into(), length });
        }
        // Those written with a few digits only, else products of many grow or shrink.
        if (pose.rotation.length_squared() - 1.0).abs() > 1e-12 {
            pose.rotation = pose.rotation.normalize();
        }
        let (parent, id) = (self.id_of(parent)?, self.id_of(child)?);
        let Some(cache) = self.caches.get_mut(id) else { return Ok(()) };
        if is_static {
            *cache = Some(Cache::Static { parent, pose });
            return Ok(());
        }
        let stamp = Time::from(&transform.header.stamp);
        let track = match cache {
            Some(Cache::Dynamic(track)) => track,
            other => {
                *other = Some(Cache::Dynamic(Track::default()));
                match other {
                    Some(Cache::Dynamic(track)) => track,
                    _ => return Ok(()),
                }
            }
        };
        track.insert(stamp, parent, pose, self.keep).map_err(|refused| match refused {
            Refused::Old { latest } => TfError::Old { frame: child.into(), stamp, latest },
            Refused::Repeated => TfError::Repeated { frame: child.into(), stamp },
        })
    }

    /// Where `frame` was in `target` at a time: the transform that takes points of `frame` to `target`. Time zero asks
    /// for the latest time at which all transforms on the way are known; the answer's stamp says which.
    pub fn lookup(&self, target: &str, frame: &str, time: Time) -> Result<TransformStamped, TfError> {
        let (to, from) = (self.known(target)?, self.known(frame)?);
        let time = if time == Time::default() { self.latest_common(to, from)? } else { time };
        let pose = self.pose(to, from, time)?;
        Ok(self.message(to, from, time, pose))
    }

    /// Where `frame` was at `frame_time` in `target` at `target_time`, if `fixed` did not move in between: e.g. how far
    /// a vehicle has moved since, with `odom` as the fixed frame.
    pub fn lookup_through(
        &self,
        (target, target_time): (&str, Time),
        (frame, frame_time): (&str, Time),
        fixed: &str,
    ) -> Result<TransformStamped, TfError> {
        let first = self.lookup(fixed, frame, frame_time)?;
        let second = self.lookup(target, fixed, target_time)?;
        let pose = Pose::from_msg(&second.transform).after(Pose::from_msg(&first.transform));
        let (to, from) = (self.known(target)?, self.known(frame)?);
        Ok(self.message(to, from, Time::from(&second.header.stamp), pose))
    }

    /// Whether [`Self::lookup`] has an answer.
    pub fn can_transform(&self, target: &str, frame: &str, time: Time) -> bool {
        self.lookup(target, frame, time).is_ok()
    }

    /// The latest time at which the way between two frames is known; zero if nothing on it moves.
    pub fn latest_common_time(&self, target: &str, frame: &str) -> Result<Time, TfError> {
        self.latest_common(self.known(target)?, self.known(frame)?)
    }

    /// Names of all frames, in the order in which they were heard of.
    pub fn frames(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The latest parent of a frame.
    pub fn parent(&self, frame: &str) -> Option<&str> {
        let (parent, _) = self.cache(*self.ids.get(strip(frame))?)?.latest()?;
        self.names.get(parent).map(String::as_str)
    }

    /// Forgets all but the static transforms: when time jumps back.
    pub fn forget_moving(&mut self) {
        for cache in &mut self.caches {
            cache.take_if(|c| matches!(c, Cache::Dynamic(_)));
        }
    }

    fn id_of(&mut self, name: &str) -> Result<FrameId, TfError> {
        if let Some(id) = self.ids.get(name) {
            return Ok(*id);
        }
        if self.names.len() >= MAX_FRAMES {
            return Err(TfError::TooManyFrames(name.into()));
        }
        let id = self.names.len();
        self.names.push(name.into());
        self.ids.insert(name.into(), id);
        self.caches.push(None);
        Ok(id)
    }

    fn known(&self, name: &str) -> Result<FrameId, TfError> {
        self.ids.get(strip(name)).copied().ok_or_else(|| TfError::UnknownFrame(name.into()))
    }

    fn name(&self, id: FrameId) -> String {
        self.names.get(id).cloned().unwrap_or_default()
    }

    fn cache(&self, id: FrameId) -> Option<&Cache> {
        self.caches.get(id)?.as_ref()
    }

    fn message(&self, to: FrameId, from: FrameId, time: Time, pose: Pose) -> TransformStamped {
        let mut message = TransformStamped { transform: pose.to_msg(), ..TransformStamped::default() };
        message.header.stamp = time.to_msg();
        message.header.frame_id = self.name(to);
        message.child_frame_id = self.name(from);
        message
    }

    /// From a frame upwards at a time, as far as is known or until `end`; and why it went no further.
    fn way_up(&self, from: FrameId, end: FrameId, time: Time) -> Result<(Way, Option<TfError>), TfError> {
        let mut way = vec![(from, Pose::IDENTITY)];
        let (mut frame, mut pose) = (from, Pose::IDENTITY);
        while frame != end
            && let Some(cache) = self.cache(frame)
        {
            match cache.at(time) {
                Ok((parent, step)) => (frame, pose) = (parent, step.after(pose)),
                Err(missing) => return Ok((way, Some(self.extrapolation(frame, time, missing)))),
            }
            if way.len() > self.names.len() {
                return Err(TfError::Loop(self.name(frame)));
            }
            way.push((frame, pose));
        }
        Ok((way, None))
    }

    fn extrapolation(&self, frame: FrameId, requested: Time, missing: Missing) -> TfError {
        let frame = self.name(frame);
        match missing {
            Missing::Future { parent, latest } => {
                TfError::Future { frame, parent: self.name(parent), requested, latest }
            }
            Missing::Past { parent, earliest } => {
                TfError::Past { frame, parent: self.name(parent), requested, earliest }
            }
        }
    }

    fn pose(&self, to: FrameId, from: FrameId, time: Time) -> Result<Pose, TfError> {
        let (up, stopped) = self.way_up(from, to, time)?;
        if let Some((last, pose)) = up.last()
            && *last == to
        {
            return Ok(*pose);
        }
        let (down, stopped_too) = self.way_up(to, from, time)?;
        // The first frame of the second way that is on the first one: what is above it does not matter.
        for (frame, target_in_it) in &down {
            if let Some((_, source_in_it)) = up.iter().find(|(f, _)| f == frame) {
                return Ok(target_in_it.inverse().after(*source_in_it));
            }
        }
        let not_connected = || TfError::NotConnected { target: self.name(to), frame: self.name(from) };
        // A way that is not known at this time may exist at another.
        match stopped.or(stopped_too) {
            Some(extrapolation) if self.latest_common(to, from).is_ok() => Err(extrapolation),
            _ => Err(not_connected()),
        }
    }

    /// From a frame upwards by the latest parents: the frames, each with the oldest of the latest stamps below it.
    fn latest_way(&self, from: FrameId) -> Result<Vec<(FrameId, Option<Time>)>, TfError> {
        let mut way = vec![(from, None)];
        let (mut frame, mut oldest): (FrameId, Option<Time>) = (from, None);
        while let Some((parent, stamp)) = self.cache(frame).and_then(Cache::latest) {
            if way.len() > self.names.len() {
                return Err(TfError::Loop(self.name(frame)));
            }
            oldest = earlier(oldest, stamp);
            frame = parent;
            way.push((frame, oldest));
        }
        Ok(way)
    }

    fn latest_common(&self, to: FrameId, from: FrameId) -> Result<Time, TfError> {
        if to == from {
            return Ok(self
                .cache(to)
                .and_then(Cache::latest)
                .and_then(|(_, stamp)| stamp)
                .unwrap_or_default());
        }
        let (up, down) = (self.latest_way(from)?, self.latest_way(to)?);
        for (frame, oldest) in &down {
            if let Some((_, other)) = up.iter().find(|(f, _)| f == frame) {
                return Ok(earlier(*oldest, *other).unwrap_or_default());
            }
        }
        Err(TfError::NotConnected { target: self.name(to), frame: self.name(from) })
    }
}

/// The earlier of two times; none means at any time.
fn earlier(a: Option<Time>, b: Option<Time>) -> Option<Time> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Frames of ROS 1 began with a slash; `tf2` takes it off.
fn strip(frame: &str) -> &str {
    frame.strip_prefix('/').unwrap_or(frame)
}
