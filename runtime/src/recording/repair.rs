//! Rewrites a bag that is cut off, damaged or without an index as a proper one.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use mcap::records::MessageHeader;
use serde::Serialize;

use super::{
    error::{BagError, RecordError},
    messages::{BagMessage, MessageFilter, ReadOrder},
    reader::{Bag, storage_files},
    recorder::{self, RecorderOptions},
    rosbag2::BagMetadata,
    sink::Sink,
    topic::BagTopic,
};

/// What a repair has saved and what was lost.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RepairReport {
    /// Messages in the new bag.
    pub messages: u64,
    /// Storage files rewritten.
    pub files: u64,
    /// How many of them were cut off.
    pub truncated_files: u64,
    /// Parts that could not be read, one line each with file and offset. They are lost.
    pub lost: Vec<String>,
    /// MCAP attachments, which ROS 2 does not use, and which are not copied.
    pub attachments_left_out: u64,
}

/// Copies everything that can be read from the bag at `input` into a new one at `output`, with indexes and
/// summaries: a file where `input` is a file, a directory with `metadata.yaml` where it is a directory.
///
/// The input is left alone, and its `metadata.yaml` is not needed. Order, times, definitions and channel metadata
/// stay as they were; of the options, compression and chunk size count.
///
/// # Errors
/// If `input` is no bag, or `output` exists or cannot be written.
pub fn repair(
    input: impl AsRef<Path>,
    output: impl AsRef<Path>,
    options: &RecorderOptions,
) -> Result<RepairReport, BagError> {
    let (input, output) = (input.as_ref(), output.as_ref());
    let mut report = RepairReport::default();
    if !input.is_dir() {
        repair_file(input, output, options, &mut report)?;
        return Ok(report);
    }
    let inputs = storage_files(input)?;
    recorder::create_directory(output)?;
    let mut whole = BagMetadata::default();
    for (number, file) in inputs.iter().enumerate() {
        let storage = numbered(&recorder::storage_file(output)?, number);
        match repair_file(file, &storage, options, &mut report) {
            Ok(metadata) => merge(&mut whole, metadata),
            // A recorder killed at once leaves an empty file.
            Err(error @ BagError::NotMcap { .. }) => report.lost.push(error.to_string()),
            Err(error) => return Err(error),
        }
    }
    if whole.files.is_empty() {
        // Nothing was saved; do not leave an empty directory behind.
        let _ = fs::remove_dir(output);
        return Err(BagError::NoFiles { path: input.to_owned() });
    }
    recorder::write_metadata_file(output, &whole)
        .map_err(|source| RecordError::Create { path: output.to_owned(), source })?;
    Ok(report)
}

fn repair_file(
    input: &Path,
    output: &Path,
    options: &RecorderOptions,
    report: &mut RepairReport,
) -> Result<BagMetadata, BagError> {
    let bag = Bag::open_undescribed(input)?;
    let mut sink = Sink::create(output, options.compression, options.chunk_bytes)?;
    let mut channels: HashMap<*const BagTopic, u16> = HashMap::new();
    for file in bag.files() {
        report.files += 1;
        report.truncated_files += u64::from(file.truncated_at.is_some());
        report.attachments_left_out += file.attachments;
        for topic in file.topics.values() {
            channels.insert(Arc::as_ptr(topic), sink.add_channel(topic)?);
        }
    }
    let distro = match bag.ros_distro() {
        "" => options.ros_distro.clone(),
        distro => distro.to_owned(),
    };
    let custom_data = bag.custom_data();
    let filter = MessageFilter { order: ReadOrder::File, ..MessageFilter::default() };
    for message in bag.messages(filter) {
        match message {
            Ok(message) => {
                write(&mut sink, &channels, &message)?;
                report.messages += 1;
            }
            Err(error) => report.lost.push(error.to_string()),
        }
    }
    Ok(sink.finish(&distro, &custom_data)?)
}

fn write(
    sink: &mut Sink,
    channels: &HashMap<*const BagTopic, u16>,
    message: &BagMessage,
) -> Result<(), RecordError> {
    let channel_id = match channels.get(&Arc::as_ptr(&message.topic)) {
        Some(&id) => id,
        None => sink.add_channel(&message.topic)?,
    };
    let header = MessageHeader {
        channel_id,
        sequence: message.sequence,
        log_time: message.log_time_ns,
        publish_time: message.publish_time_ns,
    };
    sink.write(&header, &message.data).map(drop)
}

/// `bag_0.mcap` with another number.
fn numbered(first: &Path, number: usize) -> PathBuf {
    let name = first.file_name().unwrap_or_default().to_string_lossy();
    first.with_file_name(format!("{}{number}.mcap", name.trim_end_matches("0.mcap")))
}

fn merge(whole: &mut BagMetadata, part: BagMetadata) {
    whole.files.extend(part.files);
    whole.ros_distro = part.ros_distro;
    whole.custom_data.extend(part.custom_data);
    for topic in part.topics {
        match whole.topics.iter_mut().find(|t| t.name == topic.name && t.type_name == topic.type_name) {
            Some(known) => known.message_count += topic.message_count,
            None => whole.topics.push(topic),
        }
    }
}
