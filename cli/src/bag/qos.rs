//! QoS of the transport ↔ QoS as a bag holds it.

use std::time::Duration;

use runtime::qos::{Durability, History, Qos, Reliability};
use runtime::recording::{self, INFINITE_NS, Liveliness, QosEntry};

use crate::output::note;

/// For the bag.
pub fn to_entry(qos: &Qos) -> QosEntry {
    let ns = |d: Option<Duration>| {
        d.map_or(INFINITE_NS, |d| u64::try_from(d.as_nanos()).unwrap_or(INFINITE_NS).min(INFINITE_NS))
    };
    let (history, depth) = match qos.history {
        History::KeepLast(n) => (recording::History::KeepLast, n as u64),
        History::KeepAll => (recording::History::KeepAll, 0),
    };
    QosEntry {
        history,
        depth,
        reliability: match qos.reliability {
            Reliability::Reliable => recording::Reliability::Reliable,
            Reliability::BestEffort => recording::Reliability::BestEffort,
        },
        durability: match qos.durability {
            Durability::Volatile => recording::Durability::Volatile,
            Durability::TransientLocal => recording::Durability::TransientLocal,
        },
        deadline_ns: ns(qos.deadline),
        lifespan_ns: ns(qos.lifespan),
        liveliness: Liveliness::Automatic,
        liveliness_lease_ns: ns(qos.liveliness_lease),
        avoid_ros_namespace_conventions: false,
    }
}

/// From the bag; policies that leave the choice open are as ROS's default.
fn from_entry(entry: &QosEntry) -> Qos {
    let duration = |ns: u64| (ns != INFINITE_NS && ns != 0).then(|| Duration::from_nanos(ns));
    let depth = usize::try_from(entry.depth).unwrap_or(usize::MAX).min(Qos::KEEP_ALL_LIMIT);
    Qos {
        reliability: match entry.reliability {
            recording::Reliability::BestEffort => Reliability::BestEffort,
            _ => Reliability::Reliable,
        },
        durability: match entry.durability {
            recording::Durability::TransientLocal => Durability::TransientLocal,
            _ => Durability::Volatile,
        },
        history: match entry.history {
            recording::History::KeepAll => History::KeepAll,
            // Before Jazzy an unknown depth was written as 0.
            _ if depth == 0 => History::KeepLast(10),
            _ => History::KeepLast(depth),
        },
        deadline: duration(entry.deadline_ns),
        lifespan: duration(entry.lifespan_ns),
        liveliness_lease: duration(entry.liveliness_lease_ns),
        ..Qos::default()
    }
}

/// What to offer for a recorded topic: what its publishers offered, if they agree (`Rosbag2QoS` does so, too).
pub fn offer(topic: &str, recorded: &[QosEntry]) -> Qos {
    let Some(first) = recorded.first() else { return Qos::default() };
    let same = |e: &QosEntry| {
        let key =
            |e: &QosEntry| (e.reliability, e.durability, e.deadline_ns, e.lifespan_ns, e.liveliness_lease_ns);
        key(e) == key(first)
    };
    if recorded.iter().all(same) {
        let deepest = recorded.iter().max_by_key(|e| e.depth).unwrap_or(first);
        return from_entry(deepest);
    }
    note(&format!(
        "{topic}: its publishers offered different QoS when it was recorded; offering ROS's default"
    ));
    Qos::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qos_survives_the_bag() {
        let state = Qos::state().deadline(Duration::from_millis(100));
        assert_eq!(from_entry(&to_entry(&state)), state);
        assert_eq!(offer("/x", &[to_entry(&Qos::sensor())]), Qos::sensor());
        assert_eq!(offer("/x", &[to_entry(&Qos::sensor()), to_entry(&Qos::state())]), Qos::default());
        assert_eq!(
            offer("/x", &[to_entry(&Qos::default()), to_entry(&Qos::default().depth(50))]),
            Qos::default().depth(50)
        );
        assert_eq!(offer("/x", &[]), Qos::default());
    }
}
