//! How the processes of one host find each other without a router and without multicast: each writes the endpoint
//! that it listens on into a folder, and then reads those of the others. Of two processes that start at once, the one
//! that reads later finds the other. A file is locked as long as its process lives; one that is not is removed.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Our own entry; removed when dropped.
pub struct Entry {
    path: PathBuf,
    _locked: File,
    /// Where we listen, e.g. `tcp/127.0.0.1:40123`.
    pub endpoint: String,
}

/// Longest entry that is read, bytes.
const MAX_LENGTH: u64 = 1024;

impl Entry {
    /// Writes our entry into `folder`, with a port that is free now.
    pub fn announce(folder: &Path) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let endpoint = free_endpoint()?;
        let name = endpoint.rsplit(':').next().unwrap_or("0");
        let path = folder.join(format!("{}-{name}", std::process::id()));
        // Locked before it has its name, so that nobody takes it for a dead one.
        let hidden = path.with_extension("new");
        let mut file = File::create(&hidden)?;
        file.lock()?;
        file.write_all(endpoint.as_bytes())?;
        fs::rename(&hidden, &path)?;
        Ok(Self { path, _locked: file, endpoint })
    }

    /// The endpoints of the others in the same folder that are alive.
    pub fn others(&self) -> io::Result<Vec<String>> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut endpoints = vec![];
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path == self.path || path.extension().is_some() {
                continue;
            }
            let Ok(mut file) = File::open(&path) else { continue };
            if file.try_lock().is_ok() {
                // Its process is gone.
                let _ = fs::remove_file(&path);
                continue;
            }
            let mut endpoint = String::new();
            if Read::by_ref(&mut file).take(MAX_LENGTH).read_to_string(&mut endpoint).is_ok()
                && endpoint.starts_with("tcp/127.0.0.1:")
            {
                endpoints.push(endpoint);
            }
        }
        endpoints.sort();
        Ok(endpoints)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// A port of the loopback interface that is free now. (Zenoh could choose one itself, but then it would be known only
/// after it has begun to connect.)
pub fn free_endpoint() -> io::Result<String> {
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    Ok(format!("tcp/127.0.0.1:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_living_are_found_and_the_dead_removed() {
        let folder = tempfile::tempdir().unwrap();
        let a = Entry::announce(folder.path()).unwrap();
        let b = Entry::announce(folder.path()).unwrap();
        fs::write(folder.path().join("1-1"), "tcp/127.0.0.1:1").unwrap();
        assert_eq!(a.others().unwrap(), vec![b.endpoint.clone()]);
        assert_eq!(b.others().unwrap(), vec![a.endpoint.clone()]);
        drop(b);
        assert!(a.others().unwrap().is_empty());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
