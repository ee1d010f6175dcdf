//! rosbag2's description of a bag (`BagMetadata`, version 9 as of Jazzy): in `metadata.yaml` and in the MCAP
//! metadata record `rosbag2`.

use std::{collections::BTreeMap, fmt::Write, path::Path};

use serde::Deserialize;

use super::{
    error::BagError,
    qos::{self, QosEntry},
    yaml::Scalar,
};

/// Name of the MCAP metadata record, and the key in it that holds the YAML text.
pub(super) const METADATA_RECORD: &str = "rosbag2";
/// Key of the YAML text in the metadata record.
pub(super) const METADATA_KEY: &str = "serialized_metadata";
/// Name of the file that describes a directory bag.
pub(super) const METADATA_FILE: &str = "metadata.yaml";
/// No `metadata.yaml` of a real bag comes near this size; a larger one is refused unread.
const MAX_METADATA_BYTES: u64 = 16 << 20;

/// What rosbag2 keeps about a bag.
#[derive(Debug, Default)]
pub(super) struct BagMetadata {
    pub files: Vec<FileEntry>,
    pub topics: Vec<TopicEntry>,
    pub ros_distro: String,
    pub custom_data: BTreeMap<String, String>,
}

/// One storage file of the bag.
#[derive(Debug, Default, Clone)]
pub(super) struct FileEntry {
    pub path: String,
    pub start_ns: u64,
    pub duration_ns: u64,
    pub message_count: u64,
}

/// One topic of the bag.
#[derive(Debug)]
pub(super) struct TopicEntry {
    pub name: String,
    pub type_name: String,
    pub type_hash: String,
    pub serialization_format: String,
    pub offered_qos: Vec<QosEntry>,
    pub message_count: u64,
}

impl BagMetadata {
    /// The text of `metadata.yaml`.
    pub fn to_file_text(&self) -> String {
        let mut text = String::from("rosbag2_bagfile_information:\n");
        for line in self.to_yaml().lines() {
            text.push_str("  ");
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// The text of the metadata record: the same without the outermost key.
    pub fn to_yaml(&self) -> String {
        let filled = || self.files.iter().filter(|file| file.message_count > 0);
        let start_ns = filled().map(|file| file.start_ns).min().unwrap_or(0);
        let end_ns = filled().map(|file| file.start_ns.saturating_add(file.duration_ns)).max().unwrap_or(0);
        let message_count: u64 = self.files.iter().map(|file| file.message_count).sum();

        let mut out = String::new();
        // Writing into a String cannot fail.
        let _ = write!(
            out,
            "version: 9\nstorage_identifier: mcap\nduration:\n  nanoseconds: {}\nstarting_time:\n  \
             nanoseconds_since_epoch: {start_ns}\nmessage_count: {message_count}\ntopics_with_message_count:",
            end_ns - start_ns
        );
        out.push_str(if self.topics.is_empty() { " []\n" } else { "\n" });
        for topic in &self.topics {
            topic.write_yaml(&mut out);
        }
        out.push_str("compression_format: \"\"\ncompression_mode: \"\"\nrelative_file_paths:\n");
        for file in &self.files {
            let _ = writeln!(out, "  - {}", Scalar(&file.path));
        }
        out.push_str("files:\n");
        for file in &self.files {
            let _ = write!(
                out,
                "  - path: {}\n    starting_time:\n      nanoseconds_since_epoch: {}\n    duration:\n      \
                 nanoseconds: {}\n    message_count: {}\n",
                Scalar(&file.path),
                file.start_ns,
                file.duration_ns,
                file.message_count
            );
        }
        out.push_str(if self.custom_data.is_empty() { "custom_data: ~\n" } else { "custom_data:\n" });
        for (key, value) in &self.custom_data {
            let _ = writeln!(out, "  {}: {}", Scalar(key), Scalar(value));
        }
        let _ = write!(out, "ros_distro: {}", Scalar(&self.ros_distro));
        out
    }
}

impl TopicEntry {
    fn write_yaml(&self, out: &mut String) {
        // Writing into a String cannot fail.
        let _ = write!(
            out,
            "  - topic_metadata:\n      name: {}\n      type: {}\n      serialization_format: {}\n      \
             offered_qos_profiles:",
            Scalar(&self.name),
            Scalar(&self.type_name),
            Scalar(&self.serialization_format)
        );
        out.push_str(if self.offered_qos.is_empty() { " " } else { "\n" });
        qos::write_yaml(out, &self.offered_qos, 8);
        let _ = write!(
            out,
            "      type_description_hash: {}\n    message_count: {}\n",
            Scalar(&self.type_hash),
            self.message_count
        );
    }
}

/// The part of a bag's description that a reader needs; the rest it takes from the storage files themselves.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Described {
    #[serde(default)]
    pub storage_identifier: String,
    #[serde(default)]
    pub relative_file_paths: Vec<String>,
    #[serde(default)]
    pub compression_mode: String,
    #[serde(default)]
    pub ros_distro: String,
    #[serde(default)]
    pub custom_data: Option<BTreeMap<String, String>>,
}

impl Described {
    /// Reads the text of an MCAP metadata record.
    pub fn from_yaml(text: &str) -> Option<Self> {
        serde_yaml_ng::from_str(text).ok()
    }

    /// Reads `metadata.yaml` of a directory bag; `None` where there is none.
    pub fn from_directory(directory: &Path) -> Result<Option<Self>, BagError> {
        #[derive(Deserialize)]
        struct Outer {
            rosbag2_bagfile_information: Described,
        }
        let path = directory.join(METADATA_FILE);
        let bytes = match std::fs::metadata(&path) {
            Ok(file) => file.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(BagError::Open { path, source }),
        };
        if bytes > MAX_METADATA_BYTES {
            return Err(BagError::Metadata { path, reason: format!("it has {bytes} bytes") });
        }
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(source) => return Err(BagError::Open { path, source }),
        };
        match serde_yaml_ng::from_str::<Outer>(&text) {
            Ok(outer) => Ok(Some(outer.rosbag2_bagfile_information)),
            Err(error) => Err(BagError::Metadata { path, reason: error.to_string() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_file_is_read_back() {
        let metadata = BagMetadata {
            files: vec![FileEntry { path: "b_0.mcap".into(), start_ns: 5, duration_ns: 7, message_count: 2 }],
            topics: vec![TopicEntry {
                name: "/a".into(),
                type_name: "std_msgs/msg/String".into(),
                type_hash: String::new(),
                serialization_format: "cdr".into(),
                offered_qos: vec![QosEntry::default()],
                message_count: 2,
            }],
            ros_distro: "jazzy".into(),
            custom_data: BTreeMap::from([("vehicle".into(), "AV 7: \"x\"".into())]),
        };
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(METADATA_FILE), metadata.to_file_text()).unwrap();
        let described = Described::from_directory(directory.path()).unwrap().unwrap();
        assert_eq!(described.storage_identifier, "mcap");
        assert_eq!(described.relative_file_paths, ["b_0.mcap"]);
        assert_eq!(described.ros_distro, "jazzy");
        assert_eq!(described.custom_data, Some(metadata.custom_data));
        assert!(Described::from_directory(&directory.path().join("none")).unwrap().is_none());
    }

    #[test]
    fn empty_custom_data_is_null() {
        let described = Described::from_yaml(&BagMetadata::default().to_yaml()).unwrap();
        assert_eq!(described.custom_data, None);
    }
}
