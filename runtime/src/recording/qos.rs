//! Offered QoS as rosbag2 stores it: YAML with words (Jazzy) or with numbers (before Jazzy).
//!
//! Source: `rosbag2_storage/qos.cpp` and `rmw/qos_string_conversions.c`, branch `jazzy`.

use std::fmt::Write;

use serde::{Deserialize, Deserializer, Serialize};

/// "No limit" for the durations of a [`QosEntry`], in nanoseconds: `RMW_DURATION_INFINITE`.
pub const INFINITE_NS: u64 = i64::MAX as u64;

/// Declares a QoS policy with rmw's words and, where rmw had them before Jazzy, its numbers.
macro_rules! policy {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal $number:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
            /// Not known, or not known to us.
            Unknown,
        }

        impl $name {
            /// The word that rmw and rosbag2 use.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Unknown => "unknown",
                }
            }
        }

        impl From<Word> for $name {
            fn from(word: Word) -> Self {
                match word {
                    $(Word::Number($number) => Self::$variant,)+
                    Word::Text(text) => match text.as_str() {
                        $($word => Self::$variant,)+
                        _ => Self::Unknown,
                    },
                    Word::Number(_) => Self::Unknown,
                }
            }
        }
    };
}

policy! {
    /// How many samples a publisher keeps.
    History {
        /// Whatever the middleware prefers.
        SystemDefault = "system_default" 0,
        /// The last `depth` samples.
        KeepLast = "keep_last" 1,
        /// All samples.
        KeepAll = "keep_all" 2,
    }
}

policy! {
    /// Whether lost samples are sent again.
    Reliability {
        /// Whatever the middleware prefers.
        SystemDefault = "system_default" 0,
        /// Sent again until acknowledged.
        Reliable = "reliable" 1,
        /// Sent once.
        BestEffort = "best_effort" 2,
        /// Matches whatever the other side offers.
        BestAvailable = "best_available" 4,
    }
}

policy! {
    /// Whether late subscribers get earlier samples.
    Durability {
        /// Whatever the middleware prefers.
        SystemDefault = "system_default" 0,
        /// The publisher keeps samples for late subscribers.
        TransientLocal = "transient_local" 1,
        /// Nothing is kept.
        Volatile = "volatile" 2,
        /// Matches whatever the other side offers.
        BestAvailable = "best_available" 4,
    }
}

policy! {
    /// How a publisher shows that it is alive.
    Liveliness {
        /// Whatever the middleware prefers.
        SystemDefault = "system_default" 0,
        /// The middleware does.
        Automatic = "automatic" 1,
        /// The publisher does, for each topic.
        ManualByTopic = "manual_by_topic" 3,
        /// Matches whatever the other side offers.
        BestAvailable = "best_available" 5,
    }
}

/// A policy in a file: a word since Jazzy, a number before.
enum Word {
    Text(String),
    Number(u64),
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Ok(text.parse().map_or(Self::Text(text), Self::Number))
    }
}

/// The QoS of one publisher. Durations are in nanoseconds; [`INFINITE_NS`] means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct QosEntry {
    /// How many samples are kept.
    pub history: History,
    /// How many samples [`History::KeepLast`] keeps.
    pub depth: u64,
    /// Whether lost samples are sent again.
    pub reliability: Reliability,
    /// Whether late subscribers get earlier samples.
    pub durability: Durability,
    /// Longest promised time between two samples.
    pub deadline_ns: u64,
    /// Age at which a sample is no longer delivered.
    pub lifespan_ns: u64,
    /// How the publisher shows that it is alive.
    pub liveliness: Liveliness,
    /// Time without a sign of life after which the publisher counts as dead.
    pub liveliness_lease_ns: u64,
    /// Topic name is used as it is, without ROS prefixes.
    pub avoid_ros_namespace_conventions: bool,
}

impl Default for QosEntry {
    /// ROS 2's default profile: keep last 10, reliable, volatile.
    fn default() -> Self {
        Self {
            history: History::KeepLast,
            depth: 10,
            reliability: Reliability::Reliable,
            durability: Durability::Volatile,
            deadline_ns: INFINITE_NS,
            lifespan_ns: INFINITE_NS,
            liveliness: Liveliness::Automatic,
            liveliness_lease_ns: INFINITE_NS,
            avoid_ros_namespace_conventions: false,
        }
    }
}

/// The text rosbag2 puts into a channel's `offered_qos_profiles`.
pub(super) fn to_yaml(entries: &[QosEntry]) -> String {
    let mut text = String::new();
    write_yaml(&mut text, entries, 0);
    text.truncate(text.trim_end().len());
    text
}

/// Appends the entries as a YAML sequence, indented by `indent` spaces; `[]` and a line end where there are none.
pub(super) fn write_yaml(out: &mut String, entries: &[QosEntry], indent: usize) {
    if entries.is_empty() {
        out.push_str("[]\n");
    }
    for qos in entries {
        let mut lines = format!("- history: {}\n", qos.history.as_str());
        // Writing into a String cannot fail.
        let _ = writeln!(lines, "  depth: {}", qos.depth);
        let _ = writeln!(lines, "  reliability: {}", qos.reliability.as_str());
        let _ = writeln!(lines, "  durability: {}", qos.durability.as_str());
        lines.push_str(&duration_yaml("deadline", qos.deadline_ns));
        lines.push_str(&duration_yaml("lifespan", qos.lifespan_ns));
        let _ = writeln!(lines, "  liveliness: {}", qos.liveliness.as_str());
        lines.push_str(&duration_yaml("liveliness_lease_duration", qos.liveliness_lease_ns));
        let _ = writeln!(lines, "  avoid_ros_namespace_conventions: {}", qos.avoid_ros_namespace_conventions);
        for line in lines.lines() {
            let _ = writeln!(out, "{:indent$}{line}", "");
        }
    }
}

fn duration_yaml(key: &str, duration_ns: u64) -> String {
    format!("  {key}:\n    sec: {}\n    nsec: {}\n", duration_ns / 1_000_000_000, duration_ns % 1_000_000_000)
}

/// Reads the text of a channel's `offered_qos_profiles`, with words or with numbers.
pub(super) fn from_yaml(text: &str) -> Option<Vec<QosEntry>> {
    if text.trim().is_empty() {
        return Some(Vec::new());
    }
    let entries: Vec<QosYaml> = serde_yaml_ng::from_str(text).ok()?;
    Some(entries.into_iter().map(QosEntry::from).collect())
}

#[derive(Deserialize)]
struct QosYaml {
    history: Word,
    depth: u64,
    reliability: Word,
    durability: Word,
    deadline: DurationYaml,
    lifespan: DurationYaml,
    liveliness: Word,
    liveliness_lease_duration: DurationYaml,
    avoid_ros_namespace_conventions: bool,
}

#[derive(Deserialize)]
struct DurationYaml {
    sec: u64,
    nsec: u64,
}

impl DurationYaml {
    /// Nanoseconds; the "infinite" values that Foxy's middlewares wrote become [`INFINITE_NS`].
    fn nanoseconds(&self) -> u64 {
        let foxy_infinite = [(0x7FFF_FFFF, 0xFFFF_FFFF), (0x7FFF_FFFF, 0x7FFF_FFFF)];
        if foxy_infinite.contains(&(self.sec, self.nsec)) {
            return INFINITE_NS;
        }
        self.sec.saturating_mul(1_000_000_000).saturating_add(self.nsec).min(INFINITE_NS)
    }
}

impl From<QosYaml> for QosEntry {
    fn from(yaml: QosYaml) -> Self {
        Self {
            history: yaml.history.into(),
            depth: yaml.depth,
            reliability: yaml.reliability.into(),
            durability: yaml.durability.into(),
            deadline_ns: yaml.deadline.nanoseconds(),
            lifespan_ns: yaml.lifespan.nanoseconds(),
            liveliness: yaml.liveliness.into(),
            liveliness_lease_ns: yaml.liveliness_lease_duration.nanoseconds(),
            avoid_ros_namespace_conventions: yaml.avoid_ros_namespace_conventions,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_jazzy_writes() {
        let expected = "- history: keep_last\n  depth: 10\n  reliability: reliable\n  durability: volatile\n  \
                        deadline:\n    sec: 9223372036\n    nsec: 854775807\n  lifespan:\n    sec: 9223372036\n    \
                        nsec: 854775807\n  liveliness: automatic\n  liveliness_lease_duration:\n    \
                        sec: 9223372036\n    nsec: 854775807\n  avoid_ros_namespace_conventions: false";
        assert_eq!(to_yaml(&[QosEntry::default()]), expected);
        assert_eq!(to_yaml(&[]), "[]");
    }

    #[test]
    fn reads_its_own_text() {
        let entries = [
            QosEntry::default(),
            QosEntry {
                history: History::KeepAll,
                reliability: Reliability::BestEffort,
                durability: Durability::TransientLocal,
                liveliness: Liveliness::ManualByTopic,
                deadline_ns: 1_500_000_000,
                avoid_ros_namespace_conventions: true,
                ..QosEntry::default()
            },
        ];
        assert_eq!(from_yaml(&to_yaml(&entries)).as_deref(), Some(&entries[..]));
        assert_eq!(from_yaml("[]"), Some(vec![]));
        assert_eq!(from_yaml("- nonsense"), None);
    }

    #[test]
    fn reads_numbers_and_infinities_of_older_bags() {
        let text = "- history: 1\n  depth: 5\n  reliability: 2\n  durability: 1\n  deadline: {sec: 2147483647, \
                    nsec: 4294967295}\n  lifespan:\n    sec: 9223372036\n    nsec: 854775807\n  liveliness: 1\n  \
                    liveliness_lease_duration:\n    sec: 0\n    nsec: 0\n  avoid_ros_namespace_conventions: false";
        let entries = from_yaml(text).unwrap();
        assert_eq!(entries[0].history, History::KeepLast);
        assert_eq!(entries[0].reliability, Reliability::BestEffort);
        assert_eq!(entries[0].durability, Durability::TransientLocal);
        assert_eq!(entries[0].deadline_ns, INFINITE_NS);
        assert_eq!(entries[0].liveliness_lease_ns, 0);
    }
}
