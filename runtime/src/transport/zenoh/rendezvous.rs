//! How the processes of one host find each other without a router and without multicast: each puts an entry into a
//! folder, beside which it listens on a Unix socket, and then reads those of the others. Of two processes that start at
//! once, the one that reads later finds the other. An entry is locked as long as its process lives; one that is not is
//! removed.

use std::fs::{self, File};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Our own entry; removed when dropped.
pub struct Entry {
    path: PathBuf,
    _locked: File,
}

/// The longest path of a Unix socket on Linux is 107 bytes.
const MAX_SOCKET_PATH: usize = 107;

impl Entry {
    /// Puts our entry into `folder`.
    pub fn announce(folder: &Path) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        // Processes in different containers may have the same id.
        let chance = RandomState::new().build_hasher().finish() as u32;
        let path = folder.join(format!("{}-{chance:08x}", std::process::id()));
        if path.as_os_str().len() + ".sock".len() > MAX_SOCKET_PATH {
            let what = "the path is too long for a Unix socket: name a shorter folder in ATLAS_RENDEZVOUS";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        // Locked before it has its name, so that nobody takes it for a dead one.
        let hidden = path.with_extension("new");
        let file = File::create(&hidden)?;
        file.lock()?;
        fs::rename(&hidden, &path)?;
        Ok(Self { path, _locked: file })
    }

    /// Where we listen, e.g. `unixsock-stream//run/user/1000/atlasmesh/0/4711-5ca1ab1e.sock`.
    pub fn endpoint(&self) -> String {
        endpoint(&self.path)
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
            match File::open(&path).map(|file| file.try_lock().is_ok()) {
                // Its process is gone.
                Ok(true) => remove(&path),
                Ok(false) => endpoints.push(endpoint(&path)),
                Err(_) => {}
            }
        }
        endpoints.sort();
        Ok(endpoints)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

fn endpoint(entry: &Path) -> String {
    format!("unixsock-stream/{}", entry.with_extension("sock").display())
}

/// Removes an entry with its socket and the lock that Zenoh keeps beside it.
fn remove(entry: &Path) {
    for extension in ["", "sock", "sock.lock"] {
        let _ = fs::remove_file(entry.with_extension(extension));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_living_are_found_and_the_dead_removed() {
        let folder = tempfile::tempdir().unwrap();
        let a = Entry::announce(folder.path()).unwrap();
        let b = Entry::announce(folder.path()).unwrap();
        for dead in ["1-1", "1-1.sock", "1-1.sock.lock"] {
            fs::write(folder.path().join(dead), "").unwrap();
        }
        assert_eq!(a.others().unwrap(), vec![b.endpoint()]);
        assert_eq!(b.others().unwrap(), vec![a.endpoint()]);
        fs::write(folder.path().join("2-2.new"), "").unwrap();
        drop(b);
        assert!(a.others().unwrap().is_empty());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
