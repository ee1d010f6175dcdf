//! A bag: one storage file, or a directory of them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    error::BagError,
    file_index::FileIndex,
    info::BagInfo,
    messages::{MessageFilter, Messages},
    rosbag2::Described,
    topic::BagTopic,
};

/// Limits while reading. They are there for damaged and for hostile files.
#[derive(Debug, Clone, Copy)]
pub struct BagOptions {
    /// Largest record, and largest chunk after decompression, in bytes.
    pub max_record_bytes: u64,
    /// Content of chunks that overlap in time that is held at once, in bytes; one chunk is always held.
    pub max_open_bytes: u64,
}

impl Default for BagOptions {
    fn default() -> Self {
        Self { max_record_bytes: 256 << 20, max_open_bytes: 256 << 20 }
    }
}

/// A bag opened for reading.
#[derive(Debug)]
pub struct Bag {
    path: PathBuf,
    files: Arc<[FileIndex]>,
    description: Described,
    options: BagOptions,
}

impl Bag {
    /// Opens an `.mcap` file, or a directory as rosbag2 makes them. Files without a summary are read through once.
    ///
    /// A directory without `metadata.yaml`, as a killed recorder leaves it, is read by the names of its files.
    ///
    /// # Errors
    /// If there is no bag at `path`. A bag that is cut off or damaged inside is not an error:
    /// [`BagInfo::truncated`] and [`Messages`] tell.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, BagError> {
        Self::open_with(path, BagOptions::default())
    }

    /// The same with other limits.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_with(path: impl AsRef<Path>, options: BagOptions) -> Result<Self, BagError> {
        let path = path.as_ref();
        let description = if path.is_dir() { Described::from_directory(path)? } else { None };
        let files = match &description {
            Some(description) => described_files(path, description)?,
            None => storage_files(path)?,
        };
        Self::open_files(path, &files, description, options)
    }

    /// Opens the storage files at `path`, whatever `metadata.yaml` may say.
    pub(super) fn open_undescribed(path: &Path) -> Result<Self, BagError> {
        Self::open_files(path, &storage_files(path)?, None, BagOptions::default())
    }

    fn open_files(
        path: &Path,
        files: &[PathBuf],
        description: Option<Described>,
        options: BagOptions,
    ) -> Result<Self, BagError> {
        let files = files.iter().map(|file| FileIndex::open(file, options.max_record_bytes));
        let mut files = files.collect::<Result<Vec<_>, _>>()?;
        let in_file = files.iter_mut().find_map(|file| file.described.take());
        let description = description.or(in_file).unwrap_or_default();
        Ok(Self { path: path.to_owned(), files: files.into(), description, options })
    }

    /// What was given to [`open`](Self::open).
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The topics, by name. A name that was recorded with several types is there several times.
    pub fn topics(&self) -> Vec<Arc<BagTopic>> {
        let mut topics: Vec<Arc<BagTopic>> = Vec::new();
        for topic in self.files.iter().flat_map(|file| file.topics.values()) {
            if !topics.contains(topic) {
                topics.push(Arc::clone(topic));
            }
        }
        topics.sort_by(|a, b| (&a.info.name, &a.info.type_name).cmp(&(&b.info.name, &b.info.type_name)));
        topics
    }

    /// What the bag holds, in numbers.
    pub fn info(&self) -> BagInfo {
        BagInfo::new(&self.path, &self.files, &self.description)
    }

    /// The messages that the filter asks for. Holds one chunk, or those that overlap in time, in memory.
    pub fn messages(&self, filter: MessageFilter) -> Messages {
        Messages::new(Arc::clone(&self.files), &filter, self.options)
    }

    pub(super) fn files(&self) -> &[FileIndex] {
        &self.files
    }

    pub(super) fn ros_distro(&self) -> &str {
        &self.description.ros_distro
    }

    /// What the recorder was given as [`super::RecorderOptions::custom_data`].
    pub fn custom_data(&self) -> BTreeMap<String, String> {
        self.description.custom_data.clone().unwrap_or_default()
    }
}

/// The files that `metadata.yaml` names.
fn described_files(directory: &Path, description: &Described) -> Result<Vec<PathBuf>, BagError> {
    let unsupported = |kind: String| BagError::Unsupported { path: directory.to_owned(), kind };
    if description.storage_identifier != "mcap" {
        return Err(unsupported(format!("{:?}", description.storage_identifier)));
    }
    // Chunks may be compressed; rosbag2's own compression is of whole files or single messages.
    if !["", "none"].iter().any(|mode| description.compression_mode.eq_ignore_ascii_case(mode)) {
        return Err(unsupported(format!("compression mode {}", description.compression_mode)));
    }
    let resolve = |named: &String| {
        let path = directory.join(named);
        // Early versions of rosbag2 put the directory's own name in front.
        if path.exists() { path } else { directory.join(Path::new(named).file_name().unwrap_or_default()) }
    };
    let files: Vec<PathBuf> = description.relative_file_paths.iter().map(resolve).collect();
    if files.is_empty() { Err(BagError::NoFiles { path: directory.to_owned() }) } else { Ok(files) }
}

/// The storage file at `path`, or those in the directory at `path`, in the order of their numbers.
pub(super) fn storage_files(path: &Path) -> Result<Vec<PathBuf>, BagError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let open_error = |source| BagError::Open { path: path.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(open_error)? {
        let file = entry.map_err(open_error)?.path();
        if file.extension().is_some_and(|extension| extension == "mcap") {
            files.push(file);
        }
    }
    // bag_10 comes after bag_9.
    files.sort_by_key(|file| (file.as_os_str().len(), file.clone()));
    if files.is_empty() { Err(BagError::NoFiles { path: path.to_owned() }) } else { Ok(files) }
}
