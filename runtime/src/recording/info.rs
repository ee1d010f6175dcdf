//! What a bag holds, in numbers, and the way `ros2 bag info` prints it.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
};

use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use super::{file_index::FileIndex, qos::QosEntry, rosbag2::Described};

/// A summary of a bag. `Display` prints it as `ros2 bag info` of Jazzy does, times in the local time zone; a line
/// is added where the bag is cut off or damaged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BagInfo {
    /// What was opened.
    pub path: PathBuf,
    /// Its storage files.
    pub files: Vec<FileInfo>,
    /// Size of the file, or of everything in the directory, in bytes.
    pub bag_size_bytes: u64,
    /// Always `mcap`.
    pub storage_id: &'static str,
    /// Distribution that recorded it; `unknown` where nothing says so.
    pub ros_distro: String,
    /// Log time of the first message in nanoseconds since the epoch; 0 where there is none.
    pub start_ns: u64,
    /// Log time of the last message in nanoseconds since the epoch; 0 where there is none.
    pub end_ns: u64,
    /// Time between them in nanoseconds.
    pub duration_ns: u64,
    /// Number of messages.
    pub message_count: u64,
    /// The topics by name.
    pub topics: Vec<TopicCount>,
    /// Compression of the chunks: `none`, `lz4`, `zstd`, or several of them with commas.
    pub compression: String,
    /// All files have a summary. Without, opening the bag means reading it through.
    pub indexed: bool,
    /// A file is cut off; `truncations` tells where.
    pub truncated: bool,
    /// Where files are cut off.
    pub truncations: Vec<Truncation>,
    /// Parts that cannot be read, as far as known: of files with a summary only reading tells.
    pub damaged_parts: u64,
}

/// One storage file of a bag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileInfo {
    /// Name of the file.
    pub name: String,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Log time of its first message in nanoseconds since the epoch.
    pub start_ns: u64,
    /// Time between its first and last message in nanoseconds.
    pub duration_ns: u64,
    /// Number of messages.
    pub message_count: u64,
}

/// One topic of a bag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TopicCount {
    /// Full name.
    pub name: String,
    /// Type name, such as `std_msgs/msg/String`.
    pub type_name: String,
    /// `RIHS01_…` hash of the type, or empty.
    pub type_hash: String,
    /// `cdr` in ROS 2.
    pub serialization_format: String,
    /// Number of messages.
    pub message_count: u64,
    /// QoS of its publishers.
    pub offered_qos: Vec<QosEntry>,
}

/// Where a file is cut off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Truncation {
    /// Name of the file.
    pub file: String,
    /// Offset in bytes up to which it is whole.
    pub offset: u64,
}

impl BagInfo {
    pub(super) fn new(path: &Path, files: &[FileIndex], description: &Described) -> Self {
        let filled = || files.iter().filter(|file| file.message_count > 0);
        let start_ns = filled().map(|file| file.start_ns).min().unwrap_or(0);
        let end_ns = filled().map(|file| file.end_ns).max().unwrap_or(0);
        let truncations = files
            .iter()
            .filter_map(|file| file.truncated_at.map(|offset| Truncation { file: name_of(file), offset }));
        let truncations: Vec<Truncation> = truncations.collect();
        let distro = &description.ros_distro;
        Self {
            path: path.to_owned(),
            files: files.iter().map(FileInfo::from).collect(),
            bag_size_bytes: bag_size_bytes(path, files),
            storage_id: "mcap",
            ros_distro: if distro.is_empty() { "unknown".into() } else { distro.clone() },
            start_ns,
            end_ns,
            duration_ns: end_ns - start_ns,
            message_count: files.iter().fold(0, |sum, file| sum.saturating_add(file.message_count)),
            topics: count_topics(files),
            compression: compression(files),
            indexed: files.iter().all(|file| file.has_summary),
            truncated: !truncations.is_empty(),
            truncations,
            damaged_parts: files.iter().map(|file| file.damaged_parts).sum(),
        }
    }
}

impl From<&FileIndex> for FileInfo {
    fn from(file: &FileIndex) -> Self {
        Self {
            name: name_of(file),
            size_bytes: file.file_bytes,
            start_ns: file.start_ns,
            duration_ns: file.end_ns - file.start_ns,
            message_count: file.message_count,
        }
    }
}

fn name_of(file: &FileIndex) -> String {
    file.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn bag_size_bytes(path: &Path, files: &[FileIndex]) -> u64 {
    let Ok(entries) = fs::read_dir(path) else {
        return files.iter().map(|file| file.file_bytes).sum();
    };
    entries.flatten().filter_map(|entry| entry.metadata().ok()).filter(|m| m.is_file()).map(|m| m.len()).sum()
}

fn count_topics(files: &[FileIndex]) -> Vec<TopicCount> {
    let mut topics: BTreeMap<(&str, &str), TopicCount> = BTreeMap::new();
    for file in files {
        for (id, topic) in &file.topics {
            let info = &topic.info;
            let entry = topics.entry((&info.name, &info.type_name)).or_insert_with(|| TopicCount {
                name: info.name.clone(),
                type_name: info.type_name.clone(),
                type_hash: info.type_hash.clone(),
                serialization_format: topic.serialization_format.clone(),
                message_count: 0,
                offered_qos: info.offered_qos.clone(),
            });
            let count = file.counts.get(id).copied().unwrap_or(0);
            entry.message_count = entry.message_count.saturating_add(count);
        }
    }
    topics.into_values().collect()
}

fn compression(files: &[FileIndex]) -> String {
    let mut names: Vec<&str> = files.iter().flat_map(|file| &file.compressions).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let name = |name: &&str| if name.is_empty() { "none".to_owned() } else { (*name).to_owned() };
    if names.is_empty() { "none".into() } else { names.iter().map(name).collect::<Vec<_>>().join(",") }
}

impl TopicCount {
    /// The service, if this is the topic of its introspection events: its name and type.
    fn service(&self) -> Option<(&str, &str)> {
        let name = self.name.strip_suffix("/_service_event").filter(|name| !name.is_empty())?;
        let type_name = self.type_name.strip_suffix("_Event").filter(|name| name.contains("/srv/"))?;
        Some((name, type_name))
    }
}

impl fmt::Display for BagInfo {
    /// Layout of `rosbag2_py/format_bag_metadata.cpp`, branch `jazzy`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const INDENT: &str = "                   ";
        let (services, topics): (Vec<_>, Vec<_>) = self.topics.iter().partition(|t| t.service().is_some());
        let events = services.iter().fold(0, |sum: u64, topic| sum.saturating_add(topic.message_count));

        let names: Vec<&str> = self.files.iter().map(|file| file.name.as_str()).collect();
        writeln!(out, "\nFiles:             {}", names.join(&format!("\n{INDENT}")))?;
        writeln!(out, "Bag size:          {}", Size(self.bag_size_bytes))?;
        writeln!(out, "Storage id:        {}", self.storage_id)?;
        writeln!(out, "ROS Distro:        {}", self.ros_distro)?;
        writeln!(out, "Duration:          {}s", Seconds(self.duration_ns))?;
        writeln!(out, "Start:             {}", LocalTime(self.start_ns))?;
        writeln!(out, "End:               {}", LocalTime(self.end_ns))?;
        writeln!(out, "Messages:          {}", self.message_count.saturating_sub(events))?;
        write!(out, "Topic information: ")?;
        for (at, topic) in topics.iter().enumerate() {
            let indent = if at == 0 { "" } else { INDENT };
            let TopicCount { name, type_name, message_count, serialization_format, .. } = topic;
            writeln!(
                out,
                "{indent}Topic: {name} | Type: {type_name} | Count: {message_count} | \
                 Serialization Format: {serialization_format}"
            )?;
        }
        if topics.is_empty() {
            writeln!(out)?;
        }
        writeln!(out, "Service:           {}", services.len())?;
        write!(out, "Service information: ")?;
        for (at, topic) in services.iter().enumerate() {
            let indent = if at == 0 { String::new() } else { format!("{INDENT}  ") };
            let (name, type_name) = topic.service().unwrap_or_default();
            let TopicCount { message_count, serialization_format, .. } = topic;
            writeln!(
                out,
                "{indent}Service: {name} | Type: {type_name} | Event Count: {message_count} | \
                 Serialization Format: {serialization_format}"
            )?;
        }
        for cut in &self.truncations {
            write!(out, "\nTruncated:         {} is whole up to byte {}", cut.file, cut.offset)?;
        }
        if self.damaged_parts > 0 {
            write!(out, "\nDamaged:           {} parts cannot be read", self.damaged_parts)?;
        }
        Ok(())
    }
}

/// Bytes as rosbag2 rounds them.
struct Size(u64);

impl fmt::Display for Size {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1024 {
            return write!(out, "{} B", self.0);
        }
        let mut size = self.0 as f64 / 1024.0;
        let mut units = ["KiB", "MiB", "GiB", "TiB"].into_iter();
        let mut unit = units.next().unwrap_or_default();
        for larger in units {
            if size < 1024.0 {
                break;
            }
            size /= 1024.0;
            unit = larger;
        }
        write!(out, "{size:.1} {unit}")
    }
}

/// Nanoseconds as seconds with nine decimals.
struct Seconds(u64);

impl fmt::Display for Seconds {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{:09}", self.0 / 1_000_000_000, self.0 % 1_000_000_000)
    }
}

/// Nanoseconds since the epoch as `Nov  7 2023 08:30:36.270074454 (1699345836.270074454)`.
struct LocalTime(u64);

impl fmt::Display for LocalTime {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Ok(at) = Timestamp::from_nanosecond(i128::from(self.0)) {
            let at = at.to_zoned(TimeZone::system());
            write!(out, "{}.{:09} ", at.strftime("%b %e %Y %H:%M:%S"), self.0 % 1_000_000_000)?;
        }
        write!(out, "({})", Seconds(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_as_rosbag2_does() {
        let shown = |bytes| Size(bytes).to_string();
        assert_eq!(shown(1023), "1023 B");
        assert_eq!(shown(1024), "1.0 KiB");
        assert_eq!(shown(5 << 20), "5.0 MiB");
        assert_eq!(shown(1 << 60), "1048576.0 TiB");
    }

    #[test]
    fn times_beyond_the_calendar_are_shown_as_seconds() {
        assert_eq!(LocalTime(u64::MAX).to_string().matches("(18446744073.709551615)").count(), 1);
        assert_eq!(Seconds(1_500_000_000).to_string(), "1.500000000");
    }
}
