//! The mailbox and the ring under two real threads; tests/rt_loom.rs has every interleaving of short runs.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used)]

use std::thread::{Builder, JoinHandle};

use runtime::rt::{mailbox, ring};

const VALUES: u64 = 200_000;

fn start<R: Send + 'static>(name: &str, work: impl FnOnce() -> R + Send + 'static) -> JoinHandle<R> {
    Builder::new().name(name.to_owned()).spawn(work).unwrap()
}

#[test]
fn mailbox_values_are_whole_and_only_grow() {
    let (mut writer, mut reader) = mailbox(|| [0_u64; 32]);
    let writing = start("writer", move || {
        for number in 1..=VALUES {
            if number % 2 == 0 { writer.write([number; 32]) } else { writer.write_with(|v| v.fill(number)) }
        }
    });
    let mut seen = 0;
    while seen < VALUES {
        if reader.refresh() {
            let value = reader.get();
            assert!(value[0] > seen, "{} after {seen}", value[0]);
            assert_eq!(*value, [value[0]; 32], "torn");
            seen = value[0];
        } else {
            std::thread::yield_now();
        }
    }
    writing.join().unwrap();
}

#[test]
fn ring_delivers_every_value_once_in_order() {
    let (mut producer, mut consumer) = ring(7, || [0_u64; 8]);
    let producing = start("producer", move || {
        let mut refused = 0;
        for number in 1..=VALUES {
            while !producer.push_with(|slot| slot.fill(number)) {
                refused += 1;
                std::thread::yield_now();
            }
        }
        assert_eq!(producer.dropped(), refused);
    });
    for number in 1..=VALUES {
        while consumer.front().is_none() {
            std::thread::yield_now();
        }
        assert_eq!(consumer.pop_with(|slot| *slot), Some([number; 8]));
    }
    producing.join().unwrap();
    assert!(consumer.front().is_none());
}

#[test]
fn ring_reports_exactly_what_it_refused() {
    let (mut producer, mut consumer) = ring(4, || 0);
    let producing = start("producer", move || {
        let sent: Vec<u64> = (1..=VALUES).filter(|number| producer.push(*number).is_ok()).collect();
        (sent, producer.dropped())
    });
    let mut received = Vec::new();
    while !producing.is_finished() {
        received.extend(consumer.pop_with(|number| *number));
    }
    while let Some(number) = consumer.pop_with(|number| *number) {
        received.push(number);
    }
    let (sent, dropped) = producing.join().unwrap();
    assert_eq!(received, sent);
    assert_eq!(sent.len() as u64 + dropped, VALUES);
    assert_eq!(consumer.dropped(), dropped);
}
