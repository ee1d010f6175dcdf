//! Files that are cut off, changed at random, or written by a process that was killed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops where something is not as expected"
)]

mod recording_common;

use std::{
    alloc::{GlobalAlloc, Layout as Memory, System},
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Cursor},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use recording_common::{Random, read, read_all, string_message, string_topic, write};
use runtime::recording::{
    Bag, BagMessage, BagOptions, Compression, MessageFilter, Recorder, RecorderOptions, repair,
};

/// Counts memory: what a damaged file makes the reader take.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

#[expect(unsafe_code, reason = "an allocator cannot be written without; this one passes everything on")]
// SAFETY: every call goes to the system's allocator with the arguments it came with.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, memory: Memory) -> *mut u8 {
        let held = HELD.fetch_add(memory.size(), Ordering::Relaxed) + memory.size();
        PEAK.fetch_max(held, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.alloc(memory) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, memory: Memory) {
        HELD.fetch_sub(memory.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, memory) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Memory: other tests of this binary run at the same time, so this is a ceiling for all of them together.
const MEMORY_CEILING_BYTES: usize = 96 << 20;
const SMALL: BagOptions = BagOptions { max_record_bytes: 4 << 20, max_open_bytes: 4 << 20 };

fn small_bag(path: &Path, compression: Compression, messages: u32) {
    let options = RecorderOptions { compression, chunk_bytes: 300, sync_every: None, ..Default::default() };
    let recorder = Recorder::create(path, options).unwrap();
    let topics =
        [recorder.add_topic(string_topic("/a")).unwrap(), recorder.add_topic(string_topic("/b")).unwrap()];
    for i in 0..messages {
        let text = format!("message number {i}");
        write(&recorder, topics[i as usize % 2], 1 + u64::from(i), i, string_message(&text));
    }
    recorder.finish().unwrap();
}

/// The same messages as a file of another writer: without chunks or without a summary.
fn foreign_bag(messages: &[BagMessage], options: mcap::WriteOptions) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    let mut writer = options.profile("ros2").create(&mut out).unwrap();
    for message in messages {
        let topic = &message.topic.info;
        let schema = writer.add_schema(&topic.type_name, "ros2msg", topic.definition.as_bytes()).unwrap();
        let channel = writer.add_channel(schema, &topic.name, "cdr", &BTreeMap::new()).unwrap();
        let header = mcap::records::MessageHeader {
            channel_id: channel,
            sequence: message.sequence,
            log_time: message.log_time_ns,
            publish_time: message.publish_time_ns,
        };
        writer.write_to_known_channel(&header, &message.data).unwrap();
    }
    writer.finish().unwrap();
    drop(writer);
    out.into_inner()
}

/// Samples of every kind of file.
fn samples(directory: &Path) -> Vec<Vec<u8>> {
    let mut samples = Vec::new();
    for compression in [Compression::None, Compression::Lz4, Compression::Zstd { level: 1 }] {
        let path = directory.join(format!("{compression:?}.mcap"));
        small_bag(&path, compression, 12);
        samples.push(fs::read(path).unwrap());
    }
    let messages = read_all(&directory.join("None.mcap"));
    samples.push(foreign_bag(&messages, mcap::WriteOptions::new().use_chunks(false).compression(None)));
    let no_summary = mcap::WriteOptions::new().emit_summary_records(false).emit_summary_offsets(false);
    samples.push(foreign_bag(&messages, no_summary.compression(None).chunk_size(Some(200))));
    let no_checks =
        mcap::WriteOptions::new().calculate_chunk_crcs(false).calculate_summary_section_crc(false);
    samples.push(foreign_bag(&messages, no_checks.compression(None).chunk_size(Some(200))));
    samples
}

fn same(a: &BagMessage, b: &BagMessage) -> bool {
    (a.log_time_ns, a.sequence, &a.data, &a.topic.info.name)
        == (b.log_time_ns, b.sequence, &b.data, &b.topic.info.name)
}

#[test]
fn files_without_summary_or_chunks_are_read() {
    let temporary = tempfile::tempdir().unwrap();
    let expected = {
        let path = temporary.path().join("expected.mcap");
        small_bag(&path, Compression::None, 12);
        read_all(&path)
    };
    for (at, sample) in samples(temporary.path()).iter().enumerate() {
        let path = temporary.path().join("sample.mcap");
        fs::write(&path, sample).unwrap();
        let messages = read_all(&path);
        assert!(
            messages.len() == 12 && messages.iter().zip(&expected).all(|(a, b)| same(a, b)),
            "sample {at}"
        );
        let info = Bag::open(&path).unwrap().info();
        assert_eq!(info.message_count, 12, "sample {at}");
        assert!(!info.truncated, "sample {at}");
        assert_eq!(info.indexed, at != 4, "sample {at}");
    }
}

#[test]
fn a_file_cut_off_anywhere_gives_a_prefix() {
    let temporary = tempfile::tempdir().unwrap();
    for (kind, sample) in samples(temporary.path()).iter().enumerate() {
        let path = temporary.path().join("cut.mcap");
        fs::write(&path, sample).unwrap();
        let expected = read_all(&path);
        let mut most = 0;
        for length in 0..sample.len() {
            fs::write(&path, &sample[..length]).unwrap();
            let Ok((messages, errors)) = read(&path) else {
                assert!(length < 8, "sample {kind}, {length} bytes: not opened");
                continue;
            };
            assert!(errors.is_empty(), "sample {kind}, {length} bytes: {errors:?}");
            let is_prefix = messages.iter().zip(&expected).all(|(a, b)| same(a, b));
            assert!(is_prefix && messages.len() <= expected.len(), "sample {kind}, {length} bytes");
            assert!(messages.len() >= most, "sample {kind}, {length} bytes: fewer messages of a longer file");
            most = messages.len();
            let info = Bag::open(&path).unwrap().info();
            assert_eq!(info.message_count, messages.len() as u64);
            // Only the final magic may be missing from a whole file.
            let footer_is_whole = length >= sample.len() - 8;
            assert_eq!(info.truncated, !footer_is_whole, "sample {kind}, {length} bytes");
            assert!(info.truncations.iter().all(|cut| cut.offset <= length as u64));
        }
        assert_eq!(most, expected.len());
    }
}

#[test]
fn a_cut_file_is_repaired() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("a.mcap");
    small_bag(&path, Compression::Zstd { level: 1 }, 50);
    let whole = fs::read(&path).unwrap();
    let cut = temporary.path().join("cut.mcap");
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let saved = read_all(&cut);
    assert!(saved.len() > 5);

    let repaired = temporary.path().join("repaired.mcap");
    let report = repair(&cut, &repaired, &RecorderOptions::default()).unwrap();
    assert_eq!((report.messages, report.truncated_files), (saved.len() as u64, 1));
    assert_eq!(report.lost, Vec::<String>::new());
    let bag = Bag::open(&repaired).unwrap();
    assert!(bag.info().indexed && !bag.info().truncated);
    assert_eq!(read_all(&repaired), saved);
    assert!(repair(&cut, &repaired, &RecorderOptions::default()).is_err(), "not overwritten");
}

#[test]
fn a_damaged_chunk_costs_itself_only() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("a.mcap");
    small_bag(&path, Compression::None, 50);
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(9).position(|window| window == b"number 25").unwrap();
    bytes[at] ^= 1;
    fs::write(&path, &bytes).unwrap();

    let (messages, errors) = read(&path).unwrap();
    assert_eq!(errors.len(), 1);
    assert!(errors[0].to_string().contains("checksum"), "{}", errors[0]);
    assert!((40..50).contains(&messages.len()), "{}", messages.len());
    let repaired = temporary.path().join("repaired.mcap");
    let report = repair(&path, &repaired, &RecorderOptions::default()).unwrap();
    assert_eq!((report.messages, report.lost.len()), (messages.len() as u64, 1));
    assert_eq!(read_all(&repaired), messages);
}

/// One of several kinds of harm, in up to four places.
fn mutate(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() as u64) as usize;
        match random.below(7) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.below(256) as u8,
            2 => bytes.insert(at, random.below(256) as u8),
            3 => drop(bytes.remove(at)),
            4 if random.below(4) == 0 => bytes.truncate(at.max(9)),
            // Lengths, offsets and counts of every size.
            5 | 4 => {
                let value = (1_u64 << random.below(64)).wrapping_sub(random.below(2)).to_le_bytes();
                let end = (at + 8).min(bytes.len());
                bytes[at..end].copy_from_slice(&value[..end - at]);
            }
            _ => {
                let length = random.below(40).min((bytes.len() - at) as u64) as usize;
                let piece = bytes[at..at + length].to_vec();
                let to = random.below(bytes.len() as u64) as usize;
                bytes.splice(to..to, piece);
            }
        }
    }
}

/// Neither a panic nor a hang nor much memory, whatever is in the file. A hang would be an endless stream of
/// messages or errors: there can be no more of them than bytes.
#[test]
fn mutated_files_do_no_harm() {
    const INPUTS: u64 = 120_000;
    // In memory where that is possible: there are many files.
    let temporary = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let samples = samples(temporary.path());
    let path = temporary.path().join("mutated.mcap");
    let mut random = Random(0x5EED);
    let (mut opened, mut messages, mut errors) = (0_u64, 0_u64, 0_u64);
    for input in 0..INPUTS {
        let mut bytes = samples[input as usize % samples.len()].clone();
        mutate(&mut random, &mut bytes);
        fs::write(&path, &bytes).unwrap();
        let Ok(bag) = Bag::open_with(&path, SMALL) else { continue };
        opened += 1;
        let info = bag.info().to_string();
        assert!(info.starts_with('\n'));
        let mut items = 0;
        for message in bag.messages(MessageFilter::default()) {
            items += 1;
            assert!(items <= bytes.len(), "input {input} does not end");
            match message {
                Ok(_) => messages += 1,
                Err(_) => errors += 1,
            }
        }
    }
    println!("{INPUTS} inputs: {opened} opened, {messages} messages, {errors} errors");
    assert!(opened > INPUTS / 2 && messages > INPUTS && errors > 1000);
    let peak = PEAK.load(Ordering::Relaxed);
    println!("peak memory {} KiB", peak >> 10);
    assert!(peak < MEMORY_CEILING_BYTES, "{peak} bytes");
}

const CHILD_PATH: &str = "RECORDING_CHILD_PATH";
const CHILD_COMPRESSION: &str = "RECORDING_CHILD_COMPRESSION";

/// Not a test by itself: the process that [`a_killed_recorder_loses_at_most_its_last_chunk`] kills.
#[test]
fn child_that_records_until_killed() {
    let Some(path) = std::env::var_os(CHILD_PATH).map(PathBuf::from) else { return };
    let compression = match std::env::var(CHILD_COMPRESSION).as_deref() {
        Ok("none") => Compression::None,
        _ => Compression::Zstd { level: 1 },
    };
    let options = RecorderOptions { compression, chunk_bytes: 100_000, ..Default::default() };
    let recorder = Recorder::create(path, options).unwrap();
    let topic = recorder.add_topic(string_topic("/a")).unwrap();
    let data = string_message(&"some text ".repeat(40));
    let (mut sent, mut reported) = (0, 0);
    loop {
        if recorder.stats().queue_bytes < 4 << 20 {
            for _ in 0..100 {
                sent += 1;
                write(&recorder, topic, sent, sent as u32, data.clone());
            }
        }
        let stats = recorder.stats();
        if stats.flushed_messages > reported {
            reported = stats.flushed_messages;
            println!("\nflushed {reported}");
        }
    }
}

#[test]
fn a_killed_recorder_loses_at_most_its_last_chunk() {
    for (round, compression) in ["none", "zstd", "none", "zstd", "zstd"].into_iter().enumerate() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("killed.mcap");
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child_that_records_until_killed", "--exact", "--nocapture"])
            .env(CHILD_PATH, &path)
            .env(CHILD_COMPRESSION, compression)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut acknowledged = 0;
        let wanted = 20_000 + 7_919 * round as u64;
        let take = |line: String, acknowledged: &mut u64| {
            if let Some(count) = line.strip_prefix("flushed ") {
                // The last line may be cut off by the kill.
                *acknowledged = count.parse::<u64>().unwrap_or(0).max(*acknowledged);
            }
        };
        while acknowledged < wanted {
            take(lines.next().expect("the child ended").unwrap(), &mut acknowledged);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What it had said before it died counts as well.
        for line in lines.map_while(Result::ok) {
            take(line, &mut acknowledged);
        }

        let messages = read_all(&path);
        let info = Bag::open(&path).unwrap().info();
        assert!(info.truncated && !info.indexed);
        println!("{compression}: {acknowledged} acknowledged, {} read", messages.len());
        assert!(messages.len() as u64 >= acknowledged, "{} < {acknowledged}", messages.len());
        let in_order = messages.iter().zip(1..).all(|(message, number)| message.log_time_ns == number);
        assert!(in_order, "a message is missing in the middle");

        let repaired = temporary.path().join("repaired.mcap");
        repair(&path, &repaired, &RecorderOptions::default()).unwrap();
        assert_eq!(Bag::open(&repaired).unwrap().info().message_count, messages.len() as u64);
    }
}

/// A disk that refuses to take more: the recording stops and says so; what was written stays readable.
#[test]
fn a_failing_disk_stops_the_recording() {
    // RLIMIT_FSIZE of a shell makes write() fail as a full disk does.
    if std::env::var_os(CHILD_PATH).is_some() {
        return;
    }
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("full.mcap");
    let executable = std::env::current_exe().unwrap();
    let script = "trap '' XFSZ; ulimit -f 2000; exec \"$0\" child_on_a_full_disk --exact --nocapture";
    let output = Command::new("bash")
        .args(["-c", script])
        .arg(executable)
        .env("RECORDING_FULL_PATH", &path)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text} {}", String::from_utf8_lossy(&output.stderr));
    let written: u64 = text.lines().find_map(|line| line.strip_prefix("flushed ")?.parse().ok()).unwrap();
    assert!(written > 0);
    assert_eq!(read_all(&path).len() as u64, written);
}

/// Not a test by itself: the process of [`a_failing_disk_stops_the_recording`].
#[test]
fn child_on_a_full_disk() {
    let Some(path) = std::env::var_os("RECORDING_FULL_PATH") else { return };
    let options = RecorderOptions { compression: Compression::None, ..Default::default() };
    let recorder = Recorder::create(path, options).unwrap();
    let topic = recorder.add_topic(string_topic("/a")).unwrap();
    let data = string_message(&"x".repeat(10_000));
    let mut time_ns = 0;
    while recorder.stats().failure.is_none() {
        time_ns += 1;
        recorder.write(topic, time_ns, time_ns, 0, data.clone());
        std::thread::park_timeout(Duration::from_micros(50));
    }
    let stats = recorder.stats();
    println!("\nflushed {}", stats.flushed_messages);
    assert_eq!(recorder.write(topic, 1, 1, 0, data), runtime::recording::WriteOutcome::Stopped);
    assert!(stats.failure.unwrap().contains("File too large"));
    assert!(recorder.finish().is_err());
}
