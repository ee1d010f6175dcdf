//! Every interleaving of the lock-free mailbox and ring, by loom:
//!
//! ```text
//! RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR=target/loom \
//!   cargo test -p runtime --no-default-features --release --test rt_loom
//! ```
//!
//! loom reports a data race by itself, on the slots and on the cell inside [`Probe`]; the assertions are about
//! what arrives and where it is dropped.
#![cfg(loom)]
#![allow(clippy::unwrap_used)]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use loom::{cell::Cell, thread};
use runtime::rt::{mailbox, ring};

/// Counts values made and dropped. Not a loom type: it must not add interleavings or order anything.
#[derive(Clone, Default)]
struct Ledger {
    made: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
}

impl Ledger {
    fn make(&self, number: u32) -> Probe {
        self.made.fetch_add(1, Relaxed);
        Probe { number: Cell::new(number), home: None, ledger: self.clone() }
    }

    /// A value that may be dropped by the calling thread only, until the mailbox or ring is gone.
    fn make_at_home(&self, number: u32) -> Probe {
        let mut probe = self.make(number);
        probe.home = Some(thread::current().id());
        probe
    }

    fn assert_each_dropped_once(&self) {
        assert_eq!(self.made.load(Relaxed), self.dropped.load(Relaxed));
    }
}

/// A value whose reads and writes loom watches.
struct Probe {
    number: Cell<u32>,
    home: Option<thread::ThreadId>,
    ledger: Ledger,
}

impl Probe {
    fn read(&self) -> u32 {
        self.number.get()
    }

    fn fill(&mut self, number: u32) {
        self.number.set(number);
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return; // A second panic would abort before the first is told.
        }
        // A drop is a write: loom fails if a read could happen at the same time.
        self.number.set(u32::MAX);
        self.ledger.dropped.fetch_add(1, Relaxed);
        if let Some(home) = self.home {
            assert_eq!(thread::current().id(), home, "dropped on the other side");
        }
    }
}

/// Reads until `last`, checks that values only grow and hold still between refreshes; the reader comes back so
/// that the values left are dropped after both threads ended.
fn read_twice_per_value(
    mut reader: runtime::rt::Reader<Probe>,
    refreshes: usize,
) -> runtime::rt::Reader<Probe> {
    let mut seen = reader.get().read();
    for _ in 0..refreshes {
        let fresh = reader.refresh();
        let value = reader.get().read();
        assert!(if fresh { value > seen } else { value == seen }, "{seen} then {value}, fresh: {fresh}");
        assert_eq!(reader.get().read(), value, "changed while the reader held it");
        seen = value;
    }
    reader
}

#[test]
fn mailbox_latest_value_wins_and_is_never_torn() {
    loom::model(|| {
        let ledger = Ledger::default();
        let (mut writer, reader) = mailbox(|| ledger.make(0));
        let values = ledger.clone();
        let writing = thread::spawn(move || {
            for number in 1..=3 {
                writer.write(values.make(number));
            }
            writer
        });
        let mut reader = read_twice_per_value(reader, 3);
        let writer = writing.join().unwrap();
        reader.refresh();
        assert_eq!(reader.get().read(), 3, "the last value was lost");
        drop((writer, reader));
        ledger.assert_each_dropped_once();
    });
}

#[test]
fn mailbox_filled_in_place_is_never_torn() {
    loom::model(|| {
        let ledger = Ledger::default();
        let (mut writer, reader) = mailbox(|| ledger.make(0));
        let writing = thread::spawn(move || {
            for number in 1..=4 {
                writer.write_with(|slot| slot.fill(number));
            }
            writer
        });
        let mut reader = read_twice_per_value(reader, 3);
        let _writer = writing.join().unwrap();
        reader.refresh();
        assert_eq!(reader.get().read(), 4, "the last value was lost");
    });
}

#[test]
fn mailbox_drops_old_values_on_the_writers_thread() {
    loom::model(|| {
        let ledger = Ledger::default();
        let (mut writer, reader) = mailbox(|| ledger.make(0));
        let values = ledger.clone();
        let reading = thread::spawn(move || read_twice_per_value(reader, 3));
        for number in 1..=4 {
            writer.write(values.make_at_home(number));
        }
        // Both ends end here, at home, so any drop elsewhere was one of the reader's.
        let reader = reading.join().unwrap();
        drop((writer, reader));
        ledger.assert_each_dropped_once();
    });
}

#[test]
fn mailbox_sides_may_go_in_any_order() {
    loom::model(|| {
        let ledger = Ledger::default();
        let (mut writer, mut reader) = mailbox(|| ledger.make(0));
        let values = ledger.clone();
        let writing = thread::spawn(move || writer.write(values.make(1)));
        reader.refresh();
        assert!(reader.get().read() <= 1);
        drop(reader);
        writing.join().unwrap();
        ledger.assert_each_dropped_once();
    });
}

#[test]
fn ring_loses_doubles_and_reorders_nothing() {
    loom::model(|| {
        const COUNT: u32 = 4;
        let ledger = Ledger::default();
        let (mut producer, mut consumer) = ring(2, || ledger.make(0));
        let values = ledger.clone();
        let producing = thread::spawn(move || {
            let mut refused = 0;
            let mut sent = Vec::new();
            for number in 1..=COUNT {
                match producer.push(values.make(number)) {
                    Ok(()) => sent.push(number),
                    Err(value) => {
                        assert_eq!(value.read(), number, "another value came back");
                        refused += 1;
                    }
                }
            }
            assert_eq!(producer.dropped(), refused);
            (producer, sent)
        });
        let mut received = Vec::new();
        for _ in 0..2 {
            received.extend(consumer.pop_with(Probe::read));
        }
        let (producer, sent) = producing.join().unwrap();
        while let Some(number) = consumer.pop_with(Probe::read) {
            received.push(number);
        }
        assert_eq!(received, sent);
        drop((producer, consumer));
        ledger.assert_each_dropped_once();
    });
}

#[test]
fn ring_of_three_in_four_slots_filled_in_place() {
    loom::model(|| {
        let ledger = Ledger::default();
        let (mut producer, mut consumer) = ring(3, || ledger.make(0));
        let producing = thread::spawn(move || {
            let sent: Vec<u32> =
                (1..=5).filter(|number| producer.push_with(|slot| slot.fill(*number))).collect();
            (producer, sent)
        });
        let mut received = Vec::new();
        for _ in 0..2 {
            if let Some(value) = consumer.front() {
                let number = value.read();
                assert_eq!(value.read(), number, "changed while the consumer held it");
                received.push(number);
                assert!(consumer.pop());
            }
        }
        let (_producer, sent) = producing.join().unwrap();
        while let Some(number) = consumer.pop_with(Probe::read) {
            received.push(number);
        }
        assert_eq!(received, sent);
    });
}

#[test]
fn ring_drops_popped_values_on_the_producers_thread() {
    loom::model(|| {
        let ledger = Ledger::default();
        let (mut producer, mut consumer) = ring(1, || ledger.make(0));
        let values = ledger.clone();
        let consuming = thread::spawn(move || {
            for _ in 0..3 {
                consumer.pop();
            }
            consumer
        });
        for number in 1..=3 {
            drop(producer.push(values.make_at_home(number)));
        }
        let consumer = consuming.join().unwrap();
        drop((producer, consumer));
        ledger.assert_each_dropped_once();
    });
}
