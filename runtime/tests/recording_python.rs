//! Our bags in the hands of the Python packages `mcap`, `mcap-ros2-support` and `rosbags`, and theirs in ours.
//! Without the packages the tests say `skipped: …`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops where something is not as expected"
)]

mod recording_common;

use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use recording_common::{cloud_message, cloud_topic, read_all, string_message, string_topic, write};
use runtime::recording::{Bag, Compression, Layout, Recorder, RecorderOptions, Reliability, repair};

const STRINGS: u64 = 300;
const CLOUDS: u64 = 100;

/// Runs the script; `None`, with a line that says so, where Python or a package is missing.
fn python(task: &str, directory: &Path) -> Option<HashMap<String, String>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/recording/check_with_python.py");
    let output = match Command::new("python3").arg(script).arg(task).arg(directory).output() {
        Ok(output) => output,
        Err(error) => {
            println!("skipped: python3 cannot be started: {error}");
            return None;
        }
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.code() == Some(3) {
        println!("skipped: {}; pip install mcap mcap-ros2-support rosbags", text.trim());
        return None;
    }
    print!("{text}");
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    Some(pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
}

fn record(path: &Path, layout: Layout, compression: Compression) {
    let options = RecorderOptions { layout, compression, chunk_bytes: 4000, ..Default::default() };
    let recorder = Recorder::create(path, options).unwrap();
    let chatter = recorder.add_topic(string_topic("/chatter")).unwrap();
    let points = recorder.add_topic(cloud_topic("/points")).unwrap();
    let start_ns = 1_700_000_000_000_000_000;
    for i in 0..STRINGS {
        write(&recorder, chatter, start_ns + i * 10, i as u32, string_message(&format!("hello {i}")));
        if i % (STRINGS / CLOUDS) == 0 {
            write(&recorder, points, start_ns + i * 10 + 5, i as u32, cloud_message(16));
        }
    }
    assert_eq!(recorder.finish().unwrap().messages, STRINGS + CLOUDS);
}

const CHILD_PATH: &str = "RECORDING_PYTHON_CHILD_PATH";

/// Not a test by itself: the process that [`record_and_kill`] kills.
#[test]
fn child_that_records_until_killed() {
    let Some(path) = std::env::var_os(CHILD_PATH) else { return };
    let recorder =
        Recorder::create(path, RecorderOptions { chunk_bytes: 4000, ..Default::default() }).unwrap();
    let chatter = recorder.add_topic(string_topic("/chatter")).unwrap();
    let points = recorder.add_topic(cloud_topic("/points")).unwrap();
    for i in 1.. {
        write(&recorder, chatter, i * 10, i as u32, string_message(&format!("hello {i}")));
        write(&recorder, points, i * 10 + 5, i as u32, cloud_message(16));
        println!("\nflushed {}", recorder.stats().flushed_messages);
        // Not too many: Python has to read them all.
        std::thread::park_timeout(std::time::Duration::from_micros(200));
    }
}

/// Leaves the bag of a recorder that was killed in the middle of its work.
fn record_and_kill(path: &Path) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child_that_records_until_killed", "--exact", "--nocapture"])
        .env(CHILD_PATH, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let flushed = |line: String| line.strip_prefix("flushed ")?.parse::<u64>().ok();
    while flushed(lines.next().expect("the child ended").unwrap()).unwrap_or(0) < 1000 {}
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn python_reads_what_we_record() {
    let temporary = tempfile::tempdir().unwrap();
    let directory = temporary.path();
    record(&directory.join("file.mcap"), Layout::File, Compression::Zstd { level: 1 });
    record(&directory.join("lz4.mcap"), Layout::File, Compression::Lz4);
    record(&directory.join("none.mcap"), Layout::File, Compression::None);
    record(&directory.join("drive"), Layout::Directory, Compression::Zstd { level: 1 });
    record_and_kill(&directory.join("killed.mcap"));
    let options = RecorderOptions { chunk_bytes: 2000, ..Default::default() };
    repair(directory.join("killed.mcap"), directory.join("repaired.mcap"), &options).unwrap();
    let saved = read_all(&directory.join("killed.mcap"));
    let strings = saved.iter().filter(|message| message.topic.info.name == "/chatter").count();
    assert!(strings > 20);

    let Some(results) = python("read", directory) else { return };
    let all = format!("{STRINGS},{CLOUDS}");
    let part = format!("{strings},{}", saved.len() - strings);
    for name in ["file_mcap", "file_rosbags", "lz4_mcap", "none_mcap", "directory_mcap", "directory_rosbags"]
    {
        assert_eq!(results[name], all, "{name}");
    }
    for name in ["killed_mcap", "repaired_mcap", "repaired_rosbags"] {
        assert_eq!(results[name], part, "{name}");
    }
}

#[test]
fn we_read_what_python_writes() {
    let temporary = tempfile::tempdir().unwrap();
    let Some(results) = python("write", temporary.path()) else { return };
    let mut bags = 0;
    for entry in fs::read_dir(temporary.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let messages = read_all(&path);
        assert_eq!(messages.len(), 200, "{name}");
        for (message, i) in messages.iter().zip(0_u64..) {
            assert_eq!(message.log_time_ns, 1000 + i, "{name}");
            assert_eq!(message.data, string_message(&format!("message number {i}")), "{name}");
            assert_eq!(message.topic.info.name, if i % 2 == 0 { "/a" } else { "/b" }, "{name}");
        }
        let info = Bag::open(&path).unwrap().info();
        assert_eq!((info.message_count, info.duration_ns), (200, 199), "{name}");
        assert_eq!(
            info.topics.iter().map(|topic| topic.message_count).collect::<Vec<_>>(),
            [100, 100],
            "{name}"
        );
        assert!(!info.truncated && info.damaged_parts == 0, "{name}");
        if name.starts_with("rosbag2") {
            let qos = &info.topics[0].offered_qos[0];
            assert_eq!((qos.depth, qos.reliability), (7, Reliability::BestEffort), "{name}");
        }
        bags += 1;
    }
    assert_eq!(results["written"], bags.to_string());
}
