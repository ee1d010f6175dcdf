//! Quality of service of topics and services, as ROS 2 has it, and what the transport may do beyond.

use std::time::Duration;

/// Whether lost samples are sent again.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Reliability {
    #[default]
    Reliable,
    BestEffort,
}

/// Whether late joiners get the last samples.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Durability {
    #[default]
    Volatile,
    TransientLocal,
}

/// How many samples are kept for a slow reader or a late joiner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum History {
    /// The last so many.
    KeepLast(usize),
    /// All, up to [`Qos::KEEP_ALL_LIMIT`].
    KeepAll,
}

/// Importance on the wire; streams of a higher priority overtake those of a lower one on the same link.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Priority {
    RealTime,
    High,
    #[default]
    Data,
    Background,
}

/// Quality of service of one endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Qos {
    /// Whether lost samples are sent again.
    pub reliability: Reliability,
    /// Whether late joiners get the last samples.
    pub durability: Durability,
    /// How many samples are kept.
    pub history: History,
    /// Longest time between two samples; none means any.
    pub deadline: Option<Duration>,
    /// How long a sample is of use; none means for ever.
    pub lifespan: Option<Duration>,
    /// How long an endpoint counts as alive after its last sign; none means for ever.
    pub liveliness_lease: Option<Duration>,
    /// Importance on the wire; not visible to ROS.
    pub priority: Priority,
    /// Sent at once instead of being batched with others; not visible to ROS.
    pub express: bool,
}

impl Default for Qos {
    /// As `rclcpp`: reliable, volatile, the last 10.
    fn default() -> Self {
        Self {
            reliability: Reliability::Reliable,
            durability: Durability::Volatile,
            history: History::KeepLast(10),
            deadline: None,
            lifespan: None,
            liveliness_lease: None,
            priority: Priority::Data,
            express: false,
        }
    }
}

impl Qos {
    /// What `KeepAll` keeps, so that a reader that never reads does not eat the memory.
    pub const KEEP_ALL_LIMIT: usize = 1000;

    /// Sensors: best effort, the last 5.
    pub fn sensor() -> Self {
        Self { reliability: Reliability::BestEffort, history: History::KeepLast(5), ..Self::default() }
    }

    /// Commands: reliable, only the last counts, ahead of everything else.
    pub fn command() -> Self {
        Self { history: History::KeepLast(1), priority: Priority::RealTime, express: true, ..Self::default() }
    }

    /// State: reliable, the last one also for late joiners.
    pub fn state() -> Self {
        Self { durability: Durability::TransientLocal, history: History::KeepLast(1), ..Self::default() }
    }

    /// Services and clients, as `rmw_qos_profile_services_default`.
    pub fn service() -> Self {
        Self { priority: Priority::High, express: true, ..Self::default() }
    }

    /// `/parameter_events`, as `rmw_qos_profile_parameter_events`.
    pub fn parameter_events() -> Self {
        Self { history: History::KeepLast(1000), priority: Priority::Background, ..Self::default() }
    }

    /// `/rosout`, as `rcl_qos_profile_rosout_default`: the last 1000 of the last 10 s, also for late joiners.
    pub fn rosout() -> Self {
        Self {
            durability: Durability::TransientLocal,
            history: History::KeepLast(1000),
            lifespan: Some(Duration::from_secs(10)),
            priority: Priority::Background,
            ..Self::default()
        }
    }

    /// The same, keeping the last `depth` samples.
    pub fn depth(self, depth: usize) -> Self {
        Self { history: History::KeepLast(depth.max(1)), ..self }
    }

    /// The same with a deadline.
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// How many samples are kept at most.
    pub fn kept(&self) -> usize {
        match self.history {
            History::KeepLast(n) => n.max(1),
            History::KeepAll => Self::KEEP_ALL_LIMIT,
        }
    }
}
