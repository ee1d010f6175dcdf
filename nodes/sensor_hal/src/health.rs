//! Health of the sensors: what came, what was dropped and why.

use runtime::ports::{Diagnostic, Level, Status};
use runtime::time::Time;

use crate::checks::{Fault, StampCheck};

/// A dropped reading is worth a warning for so long, ns.
const WARN_FOR_NS: i64 = 2_000_000_000;

/// One sensor's stamps and figures.
pub struct SensorHealth {
    stamps: StampCheck,
    /// Silence for longer than this is a fault, ns.
    timeout_ns: i64,
    /// Whether the vehicle can do without it.
    optional: bool,
    diagnostic: Diagnostic,
    passed: u64,
    dropped: [u64; 5],
    points_left_out: u64,
    last_passed: Option<Time>,
    last_fault: Option<(Time, Fault)>,
}

impl SensorHealth {
    /// A sensor that is expected every so often.
    pub fn new(diagnostic: Diagnostic, timeout_ns: i64, optional: bool) -> Self {
        Self {
            stamps: StampCheck::default(),
            timeout_ns,
            optional,
            diagnostic,
            passed: 0,
            dropped: [0; 5],
            points_left_out: 0,
            last_passed: None,
            last_fault: None,
        }
    }

    /// Counts a reading of which the contents are as `contents` says; true if it is to be passed on.
    pub fn admit(&mut self, stamp: Time, now: Time, contents: Result<(), Fault>) -> bool {
        match contents.and_then(|()| self.stamps.check(stamp, now)) {
            Ok(()) => {
                self.passed += 1;
                self.last_passed = Some(now);
                true
            }
            Err(fault) => {
                self.dropped[fault as usize] += 1;
                self.last_fault = Some((now, fault));
                false
            }
        }
    }

    /// Counts points of a scan that were left out.
    pub fn left_out(&mut self, points: usize) {
        self.points_left_out += points as u64;
    }

    /// Whether readings come.
    pub fn is_alive(&self, now: Time) -> bool {
        self.last_passed.is_some_and(|t| now.since(t).as_nanos() <= self.timeout_ns as u128)
    }

    /// Tells the present status.
    pub fn report(&mut self, now: Time) {
        let fault = self.last_fault.filter(|(at, _)| now.since(*at).as_nanos() < WARN_FOR_NS as u128);
        let (level, message) = match (self.is_alive(now), fault, self.last_passed) {
            (true, None, _) => (Level::Ok, "readings come"),
            (true, Some((_, fault)), _) => (Level::Warn, words(fault)),
            (false, Some((_, fault)), _) => (Level::Error, words(fault)),
            (false, None, None) if self.optional => (Level::Ok, "not connected"),
            (false, None, None) => (Level::Stale, "no reading has come yet"),
            (false, None, Some(_)) => (Level::Stale, "readings stopped coming"),
        };
        let dropped = self.dropped.map(|n| n as f64);
        self.diagnostic.set(
            Status::new(level, message)
                .value("passed", self.passed as f64)
                .value("dropped_value", dropped[Fault::Value as usize])
                .value("dropped_out_of_order", dropped[Fault::OutOfOrder as usize])
                .value("dropped_stale", dropped[Fault::Stale as usize])
                .value("dropped_future", dropped[Fault::Future as usize])
                .value("dropped_size", dropped[Fault::Size as usize])
                .value("points_left_out", self.points_left_out as f64),
        );
    }
}

fn words(fault: Fault) -> &'static str {
    match fault {
        Fault::Value => "readings are dropped: not a number, or impossible",
        Fault::OutOfOrder => "readings are dropped: stamps stand or go backwards",
        Fault::Stale => "readings are dropped: stamps are more than 1 s old",
        Fault::Future => "readings are dropped: stamps are ahead of the clock",
        Fault::Size => "readings are dropped: too large, or parts do not fit together",
    }
}
