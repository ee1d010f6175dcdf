//! `/rosout`: what is logged goes through a bounded queue to a thread of its own, so that nobody who logs waits for the
//! transport.

use std::cell::Cell;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use msgs::Message;
use msgs::rcl_interfaces::msg::Log;
use parking_lot::Mutex;

use crate::clock::wall_time_ns;
use crate::time::Time;
use crate::transport::Publish;

/// Messages that wait at most; more are lost and counted.
const QUEUE: usize = 1000;
/// How long the last messages of a node are waited for.
const FLUSH: Duration = Duration::from_millis(200);

thread_local! {
    static IS_ROSOUT: Cell<bool> = const { Cell::new(false) };
}

enum Item {
    Log(Log),
    /// Answered when all before it has been sent.
    Flush(SyncSender<()>),
}

/// A node's publisher.
struct Outlet {
    id: u64,
    logger: Arc<str>,
    publisher: Arc<dyn Publish>,
}

/// The queue, and where it leads.
#[derive(Clone)]
struct Rosout {
    queue: SyncSender<Item>,
    outlets: Arc<Mutex<Vec<Outlet>>>,
    lost: Arc<AtomicU64>,
}

static ROSOUT: OnceLock<Rosout> = OnceLock::new();
/// Nodes that were attached.
static ATTACHED: AtomicU64 = AtomicU64::new(0);

/// Sends a message if a node is there to send it.
pub(super) fn send(log: impl FnOnce() -> Log) {
    if let Some(rosout) = ROSOUT.get()
        && !IS_ROSOUT.try_with(Cell::get).unwrap_or(true)
    {
        rosout.send(log);
    }
}

/// Publishes what a node logs, and what no node does, until the result is dropped.
pub(crate) fn attach(logger: Arc<str>, publisher: Arc<dyn Publish>) -> io::Result<Attached> {
    let rosout = match ROSOUT.get() {
        Some(rosout) => rosout,
        None => {
            let started = Rosout::start()?;
            // Of two that start at once one ends again, its queue being closed.
            ROSOUT.get_or_init(|| started)
        }
    };
    Ok(rosout.attach(logger, publisher))
}

impl Rosout {
    fn start() -> io::Result<Self> {
        let (queue, items) = sync_channel(QUEUE);
        let rosout = Self { queue, outlets: Arc::default(), lost: Arc::default() };
        let (outlets, lost) = (Arc::clone(&rosout.outlets), Arc::clone(&rosout.lost));
        thread::Builder::new().name("rosout".into()).spawn(move || run(&items, &outlets, &lost))?;
        Ok(rosout)
    }

    fn attach(&self, logger: Arc<str>, publisher: Arc<dyn Publish>) -> Attached {
        let id = ATTACHED.fetch_add(1, Ordering::Relaxed);
        self.outlets.lock().push(Outlet { id, logger, publisher });
        Attached { rosout: self.clone(), id }
    }

    fn send(&self, log: impl FnOnce() -> Log) {
        if self.outlets.lock().is_empty() {
            return;
        }
        if self.queue.try_send(Item::Log(log())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits a little until all has been sent.
    fn flush(&self) {
        let (done, wait) = sync_channel(1);
        if self.queue.try_send(Item::Flush(done)).is_ok() {
            let _ = wait.recv_timeout(FLUSH);
        }
    }
}

fn run(items: &Receiver<Item>, outlets: &Mutex<Vec<Outlet>>, lost: &AtomicU64) {
    IS_ROSOUT.with(|is| is.set(true));
    while let Ok(item) = items.recv() {
        match item {
            Item::Log(log) => publish(outlets, &log),
            Item::Flush(done) => drop(done.try_send(())),
        }
        let lost = lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let msg = format!("{lost} log messages did not get onto /rosout: more than {QUEUE} were waiting");
            // From this thread it goes to the console only.
            tracing::warn!("{msg}");
            publish(
                outlets,
                &Log {
                    stamp: Time::from_ns(wall_time_ns()).to_msg(),
                    level: Log::WARN,
                    name: "rosout".into(),
                    msg,
                    file: file!().into(),
                    function: module_path!().into(),
                    line: line!(),
                },
            );
        }
    }
}

/// Sends with the publisher of the node that logged, or else with the first.
fn publish(outlets: &Mutex<Vec<Outlet>>, log: &Log) {
    let publisher = {
        let outlets = outlets.lock();
        let own = outlets.iter().find(|o| {
            log.name.strip_prefix(&*o.logger).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        own.or_else(|| outlets.first()).map(|o| Arc::clone(&o.publisher))
    };
    let (Some(publisher), Ok(bytes)) = (publisher, log.encode(256)) else { return };
    if let Err(error) = publisher.publish(bytes) {
        tracing::warn!(%error);
    }
}

/// A node whose messages are published.
pub(crate) struct Attached {
    rosout: Rosout,
    id: u64,
}

impl Drop for Attached {
    fn drop(&mut self) {
        self.rosout.flush();
        self.rosout.outlets.lock().retain(|o| o.id != self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::{Gid, TransportError};
    use bytes::Bytes;

    /// Holds the thread until it is let go, and keeps what comes.
    struct Slow {
        arrived: SyncSender<Log>,
        go: Mutex<Receiver<()>>,
    }

    impl Publish for Slow {
        fn publish(&self, payload: Bytes) -> Result<(), TransportError> {
            let _ = self.go.lock().recv();
            let _ = self.arrived.try_send(Log::decode(&payload).unwrap());
            Ok(())
        }
        fn gid(&self) -> Gid {
            Gid::default()
        }
    }

    fn slow() -> (Arc<Slow>, Receiver<Log>, SyncSender<()>) {
        let (arrived, logs) = sync_channel(10 * QUEUE);
        let (release, go) = sync_channel(0);
        (Arc::new(Slow { arrived, go: Mutex::new(go) }), logs, release)
    }

    fn log(name: &str) -> Log {
        Log { name: name.into(), ..Log::default() }
    }

    #[test]
    fn a_full_queue_loses_and_says_so() {
        const LONG: Duration = Duration::from_secs(10);
        let rosout = Rosout::start().unwrap();
        let (publisher, logs, release) = slow();
        let _attached = rosout.attach("a".into(), publisher);
        // One is taken off the queue by the thread, which then waits in the publisher.
        rosout.send(|| log("a"));
        release.send(()).unwrap();
        assert_eq!(logs.recv_timeout(LONG).unwrap().name, "a");
        let sent = QUEUE + 10;
        (0..sent).for_each(|_| rosout.send(|| log("a")));
        drop(release);
        let mut passed = 0;
        let mut lost = 0;
        while passed + lost < sent {
            let log = logs.recv_timeout(LONG).unwrap();
            match log.msg.split_once(' ') {
                Some((count, _)) => lost += count.parse::<usize>().unwrap(),
                None => passed += 1,
            }
        }
        assert!((9..=10).contains(&lost), "{lost}");
    }

    #[test]
    fn each_node_sends_its_own_and_the_first_the_rest() {
        const LONG: Duration = Duration::from_secs(10);
        let rosout = Rosout::start().unwrap();
        let ((a, from_a, release_a), (b, from_b, release_b)) = (slow(), slow());
        drop((release_a, release_b));
        let attached = (rosout.attach("x.a".into(), a), rosout.attach("x.ab".into(), b));
        for name in ["x.a", "x.ab", "x.ab.child", "module"] {
            rosout.send(|| log(name));
        }
        let next = |logs: &Receiver<Log>| logs.recv_timeout(LONG).unwrap().name;
        assert_eq!([next(&from_a), next(&from_a)], ["x.a", "module"]);
        assert_eq!([next(&from_b), next(&from_b)], ["x.ab", "x.ab.child"]);
        drop(attached);
        rosout.send(|| log("nobody is there"));
        rosout.flush();
        assert!(from_a.try_recv().is_err() && from_b.try_recv().is_err());
    }
}
