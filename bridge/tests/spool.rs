//! The spool on a real disk: a process that is killed, files that are damaged.

// All of this is test code.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use bridge::spool::{Kind, Spool, SpoolError};
use bridge_proto::v1::event::Body;
use bridge_proto::v1::{Event, FaultsChanged, TripOrder, command};

const LIMIT: usize = 1 << 20;
const FOLDER: &str = "SPOOL_TEST_FOLDER";

fn event(number: u64) -> Event {
    let faults = FaultsChanged { level: 1, faults: vec![number.to_string()] };
    Event { body: Some(Body::FaultsChanged(faults)), ..Event::default() }
}

fn numbers(spool: &Spool) -> Vec<(u64, Option<Body>)> {
    spool.batch(usize::MAX, usize::MAX).into_iter().map(|e| (e.sequence, e.body)).collect()
}

fn open(folder: &Path) -> Spool {
    Spool::open(folder, LIMIT).unwrap()
}

/// Not a test of its own: the process that is killed. Tells each event that it was promised is kept.
#[test]
#[ignore = "run by killed_while_writing"]
fn writes_until_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let mut spool = open(Path::new(&folder));
    for number in spool.last_sequence() + 1.. {
        spool.append(vec![event(number)]).unwrap();
        println!("kept {number}");
    }
}

#[test]
fn killed_while_writing() {
    let folder = tempfile::tempdir().unwrap();
    let stream_id = open(folder.path()).stream_id();
    let mut before = 0;
    for run in 0..3 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writes_until_killed", "--ignored", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let kept = lines.map_while(Result::ok).filter_map(|l| l.strip_prefix("kept ")?.parse::<u64>().ok());
        // Killed (SIGKILL) in the middle of its work, after some promises.
        let wanted = before + 50 + run * 17;
        let mut promised = 0;
        for number in kept {
            promised = number;
            if number == wanted {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(promised >= wanted);
        let spool = open(folder.path());
        assert_eq!(spool.stream_id(), stream_id);
        let last = spool.last_sequence();
        assert!(last == promised || last == promised + 1, "{last} {promised}");
        let expected: Vec<_> = (1..=last).map(|n| (n, event(n).body)).collect();
        assert_eq!(numbers(&spool), expected);
        before = last;
    }
}

#[test]
fn what_was_kept_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let order = TripOrder { trip_id: "T1".into(), revision: 3, ..TripOrder::default() };
    let order =
        bridge_proto::v1::Command { body: Some(command::Body::TripOrder(order)), ..Default::default() };
    {
        let mut spool = open(folder.path());
        spool.append((1..=10).map(event).collect()).unwrap();
        spool.acknowledge(4).unwrap();
        spool.set_trip(Some(order.clone())).unwrap();
        assert!(matches!(Spool::open(folder.path(), LIMIT), Err(SpoolError::InUse(_))));
    }
    {
        let mut spool = open(folder.path());
        assert_eq!(numbers(&spool).iter().map(|(n, _)| *n).collect::<Vec<_>>(), (5..=10).collect::<Vec<_>>());
        assert_eq!(spool.latest(Kind::Faults), event(10).body.as_ref());
        assert_eq!((spool.latest(Kind::Trip), spool.trip()), (None, Some(&order)));
        spool.acknowledge(10).unwrap();
        spool.set_trip(None).unwrap();
    }
    let mut spool = open(folder.path());
    assert!(spool.is_empty() && spool.trip().is_none());
    spool.append(vec![event(11)]).unwrap();
    assert_eq!(numbers(&spool), vec![(11, event(11).body)], "sequences go on when all was acknowledged");
}

#[test]
fn a_damaged_file_is_moved_aside() {
    type Damage = fn(Vec<u8>) -> Vec<u8>;
    let damages: [(&str, Damage); 4] = [
        ("garbage", |_| vec![0x5a; 9_000]),
        ("cut off", |bytes| bytes[..bytes.len() / 3].to_vec()),
        ("half of it zeros", |mut bytes| {
            let half = bytes.len() / 2;
            bytes[64..half].fill(0);
            bytes
        }),
        ("only a few bytes", |bytes| bytes[..7].to_vec()),
    ];
    for (what, damage) in damages {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("spool.redb");
        let old = {
            let mut spool = open(folder.path());
            spool.append((1..=200).map(event).collect()).unwrap();
            spool.stream_id()
        };
        std::fs::write(&file, damage(std::fs::read(&file).unwrap())).unwrap();
        let mut spool = open(folder.path());
        assert_ne!(spool.stream_id(), old, "{what}");
        assert!(spool.is_empty(), "{what}");
        assert!(folder.path().join("spool.redb.damaged-1").exists(), "{what}");
        spool.append(vec![event(1)]).unwrap();
        assert_eq!(numbers(&spool), vec![(1, event(1).body)]);
    }
}

#[test]
fn an_old_state_of_the_disk_begins_a_new_stream() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = open(folder.path());
    let old = spool.stream_id();
    spool.append((1..=5).map(event).collect()).unwrap();
    spool.acknowledge(2).unwrap();
    // The cloud has stored what this disk never wrote.
    spool.acknowledge(9).unwrap();
    assert_ne!(spool.stream_id(), old);
    let expected: Vec<_> = (1..=3).map(|n| (n, event(n + 2).body)).collect();
    assert_eq!(numbers(&spool), expected, "what waits is sent as new");
    let new = spool.stream_id();
    drop(spool);
    let spool = open(folder.path());
    assert_eq!((spool.stream_id(), numbers(&spool)), (new, expected));
}
