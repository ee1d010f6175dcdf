//! `--qos-…` options, and the QoS that fits what publishers offer.

use std::time::Duration;

use clap::{Args, ValueEnum};
use runtime::qos::{Durability, History, Qos, Reliability};
use runtime::transport::Endpoint;

use crate::output::note;

/// QoS as written.
#[derive(Args, Default, Clone)]
#[command(next_help_heading = "Quality of service")]
pub struct QosArgs {
    /// Profile that the other options change
    #[arg(long, value_enum, value_name = "PROFILE")]
    qos_profile: Option<Profile>,
    /// How many samples are kept
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    qos_depth: Option<u32>,
    /// Which samples are kept
    #[arg(long, value_enum, value_name = "HISTORY")]
    qos_history: Option<HistoryArg>,
    /// Whether lost samples are sent again
    #[arg(long, value_enum, value_name = "RELIABILITY")]
    qos_reliability: Option<ReliabilityArg>,
    /// Whether late joiners get the last samples
    #[arg(long, value_enum, value_name = "DURABILITY")]
    qos_durability: Option<DurabilityArg>,
    /// How an endpoint shows that it is alive
    #[arg(long, value_enum, value_name = "LIVELINESS")]
    qos_liveliness: Option<LivelinessArg>,
    /// How long an endpoint counts as alive after its last sign, s
    #[arg(long, value_name = "S", value_parser = parse_seconds)]
    qos_liveliness_lease_duration_seconds: Option<f64>,
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Profile {
    Default,
    SystemDefault,
    SensorData,
    ServicesDefault,
    Parameters,
    ParameterEvents,
    BestAvailable,
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum HistoryArg {
    SystemDefault,
    KeepLast,
    KeepAll,
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum ReliabilityArg {
    SystemDefault,
    Reliable,
    BestEffort,
    BestAvailable,
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum DurabilityArg {
    SystemDefault,
    TransientLocal,
    Volatile,
    BestAvailable,
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum LivelinessArg {
    SystemDefault,
    Automatic,
}

/// A number of seconds above 0.
pub fn parse_seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(v) if v > 0.0 && v < 1e9 => Ok(v),
        _ => Err("must be a number above 0".into()),
    }
}

impl QosArgs {
    /// For a publisher.
    pub fn for_publisher(&self) -> Qos {
        self.apply(self.profile(Qos::default()))
    }

    /// For a subscription: what is given, else what fits the publishers.
    pub fn for_subscription(&self, topic: &str, publishers: &[Endpoint]) -> Qos {
        let profile = self.profile(Qos::sensor());
        let given = self.qos_depth.is_some()
            || self.qos_history.is_some()
            || self.qos_reliability.is_some()
            || self.qos_durability.is_some();
        self.apply(if given || publishers.is_empty() { profile } else { adapted(topic, profile, publishers) })
    }

    fn profile(&self, default: Qos) -> Qos {
        match self.qos_profile {
            None => default,
            Some(Profile::SensorData) => Qos::sensor(),
            Some(Profile::ParameterEvents | Profile::Parameters) => Qos::default().depth(1000),
            Some(_) => Qos::default(),
        }
    }

    fn apply(&self, mut qos: Qos) -> Qos {
        match self.qos_reliability {
            Some(ReliabilityArg::Reliable) => qos.reliability = Reliability::Reliable,
            Some(ReliabilityArg::BestEffort) => qos.reliability = Reliability::BestEffort,
            _ => {}
        }
        match self.qos_durability {
            Some(DurabilityArg::TransientLocal) => qos.durability = Durability::TransientLocal,
            Some(DurabilityArg::Volatile) => qos.durability = Durability::Volatile,
            _ => {}
        }
        if let Some(depth) = self.qos_depth {
            qos.history = History::KeepLast(depth as usize);
        }
        if let Some(HistoryArg::KeepAll) = self.qos_history {
            qos.history = History::KeepAll;
        }
        if let Some(lease) = self.qos_liveliness_lease_duration_seconds {
            qos.liveliness_lease = Some(Duration::from_secs_f64(lease));
        }
        qos
    }
}

/// `profile` with the reliability and durability that connects to all publishers; a note where they differ.
pub fn adapted(topic: &str, profile: Qos, publishers: &[Endpoint]) -> Qos {
    let count = |f: fn(&Endpoint) -> bool| publishers.iter().filter(|p| f(p)).count();
    let reliable = count(|p| p.qos.reliability == Reliability::Reliable);
    let transient_local = count(|p| p.qos.durability == Durability::TransientLocal);
    let tell = |what: &str, instead: &str| {
        note(&format!(
            "{topic}: some, but not all, publishers are offering {what}. Falling back to {instead} as it will \
             connect to all publishers"
        ));
    };
    let all = publishers.len();
    if reliable > 0 && reliable < all {
        tell("RELIABLE", "BEST_EFFORT");
    }
    if transient_local > 0 && transient_local < all {
        tell("TRANSIENT_LOCAL", "VOLATILE");
    }
    let latched = transient_local == all;
    // All that the publishers keep.
    let depth = publishers.iter().map(|p| p.qos.kept()).max().unwrap_or(1);
    Qos {
        reliability: if reliable == all { Reliability::Reliable } else { Reliability::BestEffort },
        durability: if latched { Durability::TransientLocal } else { Durability::Volatile },
        history: if latched { History::KeepLast(depth) } else { profile.history },
        ..profile
    }
}
