//! Measurements in the order of their stamps, whenever they arrive.
//!
//! A ring holds what came within the last 1.5 s with the state after each. A measurement that comes late is put where it
//! belongs, and everything after it is done again. So the state depends on what was measured and when, not on when it
//! arrived: the same to the bit for every order of arrival within the ring.

use std::collections::VecDeque;

use crate::config::FilterConfig;
use crate::correct::Measurement;
use crate::predict::{ImuInput, predict};
use crate::state::State;

/// One reading of the IMU.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImuReading {
    /// When, ns since the epoch.
    pub stamp_ns: i64,
    /// What was measured.
    pub input: ImuInput,
}

/// Why something was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// Older than what the ring holds.
    TooOld,
    /// A measurement of the same kind has the same stamp, or an IMU reading is not newer than the last.
    Twice,
    /// So far ahead of the IMU that it can't be waited for.
    TooNew,
}

/// How far back the ring reaches, ns.
pub const REACH_NS: i64 = 1_500_000_000;
/// Most entries of the ring.
const MAX_ENTRIES: usize = 512;
/// Measurements that may wait for the IMU.
const MAX_PENDING: usize = 64;
/// So far may a measurement be ahead of the IMU, ns.
const MAX_AHEAD_NS: i64 = 500_000_000;
/// A longer time between two IMU readings is a gap, ns.
const MAX_IMU_INTERVAL_NS: i64 = 60_000_000;
/// Integration steps in a gap, ns.
const GAP_STEP_NS: i64 = 20_000_000;

/// What happened at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Event {
    /// The end of an IMU interval.
    Imu(ImuReading),
    Measured(Measurement),
}

impl Event {
    /// Order of events with the same stamp.
    fn rank(&self) -> u8 {
        match self {
            Self::Imu(_) => 0,
            Self::Measured(Measurement::Wheels { .. }) => 1,
            Self::Measured(Measurement::Fix { .. }) => 2,
            Self::Measured(Measurement::Heading { .. }) => 3,
        }
    }
}

struct Entry {
    stamp_ns: i64,
    /// Mean of the IMU over the interval in which it lies.
    input: ImuInput,
    event: Event,
    after: State,
}

impl Entry {
    fn key(&self) -> (i64, u8) {
        (self.stamp_ns, self.event.rank())
    }
}

/// The filter with its ring.
pub struct Timeline {
    config: FilterConfig,
    /// The state before the first entry.
    anchor: State,
    entries: VecDeque<Entry>,
    /// Measurements newer than the last IMU reading, by stamp.
    pending: Vec<(i64, Measurement)>,
    last_imu: ImuReading,
}

impl Timeline {
    /// Begins with a state and the last IMU reading before it.
    pub fn new(config: FilterConfig, start: State, imu: ImuReading) -> Self {
        let last_imu = ImuReading { stamp_ns: start.stamp_ns, ..imu };
        let entries = VecDeque::with_capacity(MAX_ENTRIES + MAX_PENDING + 1);
        Self { config, anchor: start, entries, pending: Vec::with_capacity(MAX_PENDING + 1), last_imu }
    }

    /// The state at the last IMU reading.
    pub fn state(&self) -> &State {
        self.entries.back().map_or(&self.anchor, |e| &e.after)
    }

    /// Assumptions about the sensors; changes count from the next measurement on.
    pub fn set_config(&mut self, config: FilterConfig) {
        self.config = config;
    }

    /// Takes an IMU reading, and the measurements that waited for it.
    pub fn push_imu(&mut self, reading: ImuReading) -> Result<(), NotTaken> {
        let last = self.last_imu;
        let interval_ns = reading.stamp_ns.checked_sub(last.stamp_ns).ok_or(NotTaken::TooNew)?;
        if interval_ns <= 0 {
            return Err(NotTaken::Twice);
        }
        let input = ImuInput {
            gyro: 0.5 * (last.input.gyro + reading.input.gyro),
            accel: 0.5 * (last.input.accel + reading.input.accel),
            measured: reading.input.measured && last.input.measured && interval_ns <= MAX_IMU_INTERVAL_NS,
        };
        self.last_imu = reading;
        let ready = self.pending.partition_point(|(stamp, _)| *stamp <= reading.stamp_ns);
        for i in 0..ready {
            let (stamp_ns, measurement) = self.pending[i];
            self.append(stamp_ns, input, Event::Measured(measurement));
        }
        self.pending.drain(..ready);
        self.append(reading.stamp_ns, input, Event::Imu(reading));
        // A measurement with this very stamp ranks after the reading; put them in order.
        self.sort_tail();
        self.forget();
        Ok(())
    }

    /// Takes a measurement of that time.
    pub fn push(&mut self, stamp_ns: i64, measurement: Measurement) -> Result<(), NotTaken> {
        let event = Event::Measured(measurement);
        if stamp_ns > self.last_imu.stamp_ns {
            if stamp_ns - self.last_imu.stamp_ns > MAX_AHEAD_NS || self.pending.len() >= MAX_PENDING {
                return Err(NotTaken::TooNew);
            }
            let key = (stamp_ns, event.rank());
            let at = self.pending.partition_point(|(s, m)| (*s, Event::Measured(*m).rank()) < key);
            if self.pending.get(at).is_some_and(|(s, m)| (*s, Event::Measured(*m).rank()) == key) {
                return Err(NotTaken::Twice);
            }
            self.pending.insert(at, (stamp_ns, measurement));
            return Ok(());
        }
        // At the very time of the anchor it may be what the anchor was made from.
        if stamp_ns <= self.anchor.stamp_ns {
            return Err(NotTaken::TooOld);
        }
        let key = (stamp_ns, event.rank());
        let at = self.entries.partition_point(|e| e.key() < key);
        if self.entries.get(at).is_some_and(|e| e.key() == key) {
            return Err(NotTaken::Twice);
        }
        // The interval that it lies in is that of the next entry, or at the very end of the last.
        let input = self.entries.get(at).or(self.entries.back()).map_or(self.last_imu.input, |e| e.input);
        let after = self.anchor.clone();
        self.entries.insert(at, Entry { stamp_ns, input, event, after });
        self.redo_from(at);
        self.forget();
        Ok(())
    }

    fn append(&mut self, stamp_ns: i64, input: ImuInput, event: Event) {
        let after = self.anchor.clone();
        self.entries.push_back(Entry { stamp_ns, input, event, after });
        self.redo_from(self.entries.len() - 1);
    }

    /// Puts the last entries in order of their keys, and does them again where that changed something.
    fn sort_tail(&mut self) {
        let len = self.entries.len();
        let mut first = len;
        let mut i = len.saturating_sub(1);
        while i > 0 && self.entries[i - 1].key() > self.entries[i].key() {
            self.entries.swap(i - 1, i);
            i -= 1;
            first = i;
        }
        if first < len {
            self.redo_from(first);
        }
    }

    fn redo_from(&mut self, first: usize) {
        for i in first..self.entries.len() {
            let before = if i == 0 { &self.anchor } else { &self.entries[i - 1].after };
            let mut state = before.clone();
            let Entry { stamp_ns, input, event, .. } = &self.entries[i];
            while stamp_ns - state.stamp_ns > MAX_IMU_INTERVAL_NS {
                let next = state.stamp_ns + GAP_STEP_NS;
                predict(&mut state, input, next, &self.config);
            }
            predict(&mut state, input, *stamp_ns, &self.config);
            if let Event::Measured(measurement) = event {
                measurement.correct(&mut state, &self.config);
            }
            if let Event::Imu(reading) = event {
                (state.gyro, state.accel) = (reading.input.gyro, reading.input.accel);
            }
            self.entries[i].after = state;
        }
    }

    fn forget(&mut self) {
        let oldest = self.last_imu.stamp_ns.saturating_sub(REACH_NS);
        while self.entries.len() > MAX_ENTRIES
            || self.entries.front().is_some_and(|e| e.stamp_ns < oldest && self.entries.len() > 1)
        {
            if let Some(entry) = self.entries.pop_front() {
                self.anchor = entry.after;
            }
        }
    }
}
