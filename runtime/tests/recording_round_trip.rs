//! What is recorded is read back: files, directories, filters, order, statistics, `bag info`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops where something is not as expected"
)]

mod recording_common;

use std::{
    collections::HashSet,
    fs,
    time::{Duration, Instant},
};

use bytes::Bytes;
use proptest::prelude::*;
use recording_common::{cloud_message, cloud_topic, read_all, string_message, string_topic, write};
use runtime::recording::{
    Bag, BagError, BagOptions, Compression, Layout, MessageFilter, QosEntry, RecordError, Recorder,
    RecorderOptions, Reliability, TopicInfo, WriteOutcome, repair,
};

fn compressions() -> impl Strategy<Value = Compression> {
    prop_oneof![
        Just(Compression::None),
        Just(Compression::Lz4),
        (0_u32..4).prop_map(|level| Compression::Zstd { level })
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any messages on any topics, with any times: all come back, ordered by time and then by writing.
    #[test]
    fn what_is_written_is_read(
        compression in compressions(),
        chunk_bytes in 1_u64..2000,
        directory in any::<bool>(),
        sent in prop::collection::vec(
            (0_usize..4, any::<u64>(), any::<u64>(), any::<u32>(), prop::collection::vec(any::<u8>(), 0..300)), 0..60),
    ) {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("bag");
        let layout = if directory { Layout::Directory } else { Layout::File };
        let options = RecorderOptions { layout, compression, chunk_bytes, sync_every: None, ..Default::default() };
        let recorder = Recorder::create(&path, options).unwrap();
        let topics: Vec<_> =
            (0..4).map(|i| recorder.add_topic(string_topic(&format!("/t{i}"))).unwrap()).collect();
        for (topic, log_time, publish_time, sequence, data) in &sent {
            let outcome =
                recorder.write(topics[*topic], *log_time, *publish_time, *sequence, Bytes::copy_from_slice(data));
            prop_assert_eq!(outcome, WriteOutcome::Queued);
        }
        let stats = recorder.finish().unwrap();
        prop_assert_eq!((stats.messages, stats.dropped, stats.queue_bytes), (sent.len() as u64, 0, 0));

        let bag = Bag::open(&path).unwrap();
        let mut expected = sent;
        expected.sort_by_key(|message| message.1);
        let read: Result<Vec<_>, _> = bag.messages(MessageFilter::default()).collect();
        let read: Vec<_> = read.unwrap().into_iter().map(|m| {
            let topic = m.topic.info.name[2..].parse::<usize>().unwrap();
            (topic, m.log_time_ns, m.publish_time_ns, m.sequence, m.data.to_vec())
        }).collect();
        prop_assert_eq!(&read, &expected);

        let info = bag.info();
        prop_assert_eq!(info.message_count, expected.len() as u64);
        prop_assert_eq!(info.start_ns, expected.first().map_or(0, |m| m.1));
        prop_assert_eq!(info.end_ns, expected.last().map_or(0, |m| m.1));
        prop_assert!(info.indexed && !info.truncated);
    }
}

#[test]
fn topics_come_back_as_they_were_added() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("a.mcap");
    let recorder = Recorder::create(&path, RecorderOptions::default()).unwrap();
    let mut added = vec![string_topic("/chatter"), cloud_topic("/lidar/points"), TopicInfo::default()];
    added[2].name = "/without".into();
    added[0].offered_qos.push(QosEntry { reliability: Reliability::BestEffort, ..QosEntry::default() });
    for topic in &added {
        recorder.add_topic(topic.clone()).unwrap();
    }
    recorder.finish().unwrap();
    let bag = Bag::open(&path).unwrap();
    let read: Vec<_> = bag.topics().iter().map(|topic| topic.info.clone()).collect();
    assert_eq!(read, added);
    let topic = &bag.topics()[0];
    assert_eq!((topic.serialization_format.as_str(), topic.definition_format.as_str()), ("cdr", "ros2msg"));
    assert_eq!(topic.metadata["topic_type_hash"], added[0].type_hash);
    assert!(topic.metadata["offered_qos_profiles"].starts_with("- history: keep_last\n  depth: 10\n"));
}

#[test]
fn filters_by_topic_and_time() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("a.mcap");
    let options = RecorderOptions { chunk_bytes: 500, ..Default::default() };
    let recorder = Recorder::create(&path, options).unwrap();
    let topics =
        [recorder.add_topic(string_topic("/a")).unwrap(), recorder.add_topic(string_topic("/b")).unwrap()];
    for i in 0..1000 {
        write(&recorder, topics[i as usize % 2], 1000 + i, i as u32, string_message(&format!("message {i}")));
    }
    recorder.finish().unwrap();
    let bag = Bag::open(&path).unwrap();
    let times = |filter: MessageFilter| -> Vec<u64> {
        bag.messages(filter).map(|message| message.unwrap().log_time_ns).collect()
    };
    let only_b = Some(HashSet::from(["/b".to_owned()]));
    let some =
        MessageFilter { topics: only_b, start_ns: Some(1100), end_ns: Some(1107), ..Default::default() };
    assert_eq!(times(some), [1101, 1103, 1105]);
    assert_eq!(times(MessageFilter { topics: Some(HashSet::new()), ..Default::default() }), [0; 0]);
    assert_eq!(times(MessageFilter { start_ns: Some(1998), ..Default::default() }), [1998, 1999]);
    assert_eq!(times(MessageFilter { end_ns: Some(1002), ..Default::default() }), [1000, 1001]);
}

/// Every chunk spans all of time; with room for one of them in memory the order is still right.
#[test]
fn overlapping_chunks_are_merged_with_little_memory() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("a.mcap");
    let options = RecorderOptions { chunk_bytes: 2000, ..Default::default() };
    let recorder = Recorder::create(&path, options).unwrap();
    let topic = recorder.add_topic(string_topic("/a")).unwrap();
    for i in 0..1000_u32 {
        let time_ns = 1 + u64::from(i * 617 % 1000);
        write(&recorder, topic, time_ns, i, string_message("some text that takes a little room"));
    }
    assert!(recorder.finish().unwrap().chunks > 30);
    let options = BagOptions { max_open_bytes: 5000, ..BagOptions::default() };
    let bag = Bag::open_with(&path, options).unwrap();
    let times: Vec<u64> =
        bag.messages(MessageFilter::default()).map(|message| message.unwrap().log_time_ns).collect();
    assert_eq!(times, (1..=1000).collect::<Vec<_>>());
}

#[test]
fn info_is_printed_as_ros2_bag_info_does() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("drive");
    let options = RecorderOptions { layout: Layout::Directory, ..Default::default() };
    let recorder = Recorder::create(&path, options).unwrap();
    let b = recorder.add_topic(string_topic("/b")).unwrap();
    let a = recorder.add_topic(cloud_topic("/a")).unwrap();
    let service =
        TopicInfo { type_name: "std_srvs/srv/Trigger_Event".into(), ..string_topic("/go/_service_event") };
    let service = recorder.add_topic(service).unwrap();
    let start_ns = 1_699_345_836_270_074_454;
    write(&recorder, b, start_ns, 0, string_message("x"));
    write(&recorder, a, start_ns + 70_653_944, 0, cloud_message(10));
    write(&recorder, service, start_ns + 1, 0, string_message("x"));
    recorder.finish().unwrap();

    let info = Bag::open(&path).unwrap().info();
    let text = info.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "");
    assert_eq!(lines[1], "Files:             drive_0.mcap");
    assert!(lines[2].starts_with("Bag size:          ") && lines[2].ends_with(" KiB"), "{}", lines[2]);
    assert_eq!(lines[3], "Storage id:        mcap");
    assert_eq!(lines[4], "ROS Distro:        jazzy");
    assert_eq!(lines[5], "Duration:          0.070653944s");
    assert!(lines[6].starts_with("Start:             Nov  "), "{}", lines[6]);
    assert!(lines[6].ends_with("6.270074454 (1699345836.270074454)"), "{}", lines[6]);
    assert!(lines[7].ends_with("6.340728398 (1699345836.340728398)"), "{}", lines[7]);
    assert_eq!(lines[8], "Messages:          2");
    let cloud = "Topic: /a | Type: sensor_msgs/msg/PointCloud2 | Count: 1 | Serialization Format: cdr";
    assert_eq!(lines[9], format!("Topic information: {cloud}"));
    assert_eq!(
        lines[10],
        "                   Topic: /b | Type: std_msgs/msg/String | Count: 1 | Serialization Format: cdr"
    );
    assert_eq!(lines[11], "Service:           1");
    let trigger = "Service: /go | Type: std_srvs/srv/Trigger | Event Count: 1 | Serialization Format: cdr";
    assert_eq!(lines[12], format!("Service information: {trigger}"));
    assert_eq!(lines.len(), 13);

    let json = serde_json::to_value(&info).unwrap();
    assert_eq!(json["duration_ns"], 70_653_944);
    assert_eq!(json["topics"][1]["offered_qos"][0]["history"], "keep_last");
    assert_eq!(json["compression"], "zstd");
}

#[test]
fn a_directory_is_described_by_its_metadata() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("drive");
    let options = RecorderOptions { layout: Layout::Directory, ..Default::default() };
    let recorder = Recorder::create(&path, options.clone()).unwrap();
    let topic = recorder.add_topic(string_topic("/a")).unwrap();
    write(&recorder, topic, 5, 0, string_message("x"));
    assert_eq!(recorder.file_path(), path.join("drive_0.mcap"));
    recorder.finish().unwrap();
    let metadata = path.join("metadata.yaml");
    let text = fs::read_to_string(&metadata).unwrap();
    assert!(
        text.starts_with("rosbag2_bagfile_information:\n  version: 9\n  storage_identifier: mcap\n"),
        "{text}"
    );
    assert!(text.contains("        offered_qos_profiles:\n          - history: keep_last\n"), "{text}");
    assert!(text.contains("  relative_file_paths:\n    - drive_0.mcap\n"), "{text}");

    assert!(matches!(Recorder::create(&path, options), Err(RecordError::Create { .. })), "not overwritten");
    fs::write(&metadata, "rosbag2_bagfile_information: [").unwrap();
    assert!(matches!(Bag::open(&path), Err(BagError::Metadata { .. })));
    let repaired = temporary.path().join("again");
    assert_eq!(repair(&path, &repaired, &RecorderOptions::default()).unwrap().messages, 1);
    assert_eq!(read_all(&repaired).len(), 1);
    fs::write(&metadata, text.replace("mcap\n", "sqlite3\n")).unwrap();
    assert!(matches!(Bag::open(&path), Err(BagError::Unsupported { .. })));
    fs::remove_file(&metadata).unwrap();
    assert_eq!(read_all(&path).len(), 1, "also without metadata.yaml");
}

/// Several files of one bag, which overlap in time, come out in the order of time.
#[test]
fn files_of_a_bag_are_merged() {
    let temporary = tempfile::tempdir().unwrap();
    for file in 0..11_u64 {
        let path = temporary.path().join(format!("bag_{file}.mcap"));
        let recorder = Recorder::create(&path, RecorderOptions::default()).unwrap();
        let topic = recorder.add_topic(string_topic(if file % 2 == 0 { "/a" } else { "/b" })).unwrap();
        for i in 0..20 {
            write(&recorder, topic, 1 + file * 10 + i, 0, string_message("x"));
        }
        recorder.finish().unwrap();
    }
    let messages = read_all(temporary.path());
    assert_eq!(messages.len(), 220);
    assert!(messages.is_sorted_by_key(|message| message.log_time_ns));
    let info = Bag::open(temporary.path()).unwrap().info();
    assert_eq!(info.topics.iter().map(|topic| topic.message_count).collect::<Vec<_>>(), [120, 100]);
    assert_eq!(info.files[10].name, "bag_10.mcap");
    assert_eq!((info.start_ns, info.end_ns), (1, 120));
}

/// A message on a slow topic reaches the file by itself.
#[test]
fn an_idle_recorder_ends_its_chunk() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("a.mcap");
    let options = RecorderOptions { chunk_max_age: Duration::from_millis(20), ..Default::default() };
    let recorder = Recorder::create(&path, options).unwrap();
    let topic = recorder.add_topic(string_topic("/a")).unwrap();
    write(&recorder, topic, 1, 0, string_message("x"));
    let give_up = Instant::now() + Duration::from_secs(20);
    while recorder.stats().flushed_messages == 0 {
        assert!(Instant::now() < give_up, "the chunk stays open");
        std::thread::yield_now();
    }
    let bag = Bag::open(&path).unwrap();
    assert_eq!(bag.messages(MessageFilter::default()).filter(Result::is_ok).count(), 1);
    assert!(bag.info().truncated, "the recording goes on");
}

#[test]
fn what_does_not_fit_is_dropped_and_counted() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("a.mcap");
    let options = RecorderOptions { queue_bytes: 1000, ..Default::default() };
    let recorder = Recorder::create(&path, options).unwrap();
    let topic = recorder.add_topic(string_topic("/a")).unwrap();
    let outcome = recorder.write(topic, 1, 1, 0, vec![0; 2000].into());
    assert_eq!(outcome, WriteOutcome::QueueFull);
    let stats = recorder.finish().unwrap();
    assert_eq!((stats.messages, stats.dropped, stats.topics[0].dropped), (0, 1, 1));
}

#[test]
fn a_path_that_cannot_be_created_is_named() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("missing").join("a.mcap");
    let error = Recorder::create(&path, RecorderOptions::default()).err().unwrap();
    assert!(error.to_string().contains("a.mcap"), "{error}");
}

#[test]
fn dropping_a_recorder_finishes_the_file() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("a.mcap");
    let recorder = Recorder::create(&path, RecorderOptions::default()).unwrap();
    let topic = recorder.add_topic(string_topic("/a")).unwrap();
    write(&recorder, topic, 1, 0, string_message("x"));
    drop(recorder);
    let info = Bag::open(&path).unwrap().info();
    assert!(info.indexed && info.message_count == 1);
}

#[test]
fn what_is_no_bag_is_refused() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("a.mcap");
    assert!(matches!(Bag::open(&path), Err(BagError::Open { .. })));
    fs::write(&path, "not a bag").unwrap();
    assert!(matches!(Bag::open(&path), Err(BagError::NotMcap { .. })));
    fs::write(&path, "").unwrap();
    assert!(matches!(Bag::open(&path), Err(BagError::NotMcap { .. })));
    fs::remove_file(&path).unwrap();
    assert!(matches!(Bag::open(temporary.path()), Err(BagError::NoFiles { .. })));
    assert!(matches!(Bag::open("/dev/zero"), Err(BagError::Open { .. })));
}
