//! A network of its own: a rendezvous folder, nodes in this process, and `atlas` as a child process.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use msgs::Message;
use runtime::qos::Qos;
use runtime::transport::zenoh::{ZenohOptions, ZenohTransport};
use runtime::transport::{EndpointKind, Publish, Transport, TransportNode, TypeRef};

/// Longer than anything takes.
pub const LONG: Duration = Duration::from_secs(30);

/// A network of its own.
pub struct World {
    folder: tempfile::TempDir,
    /// Of this process.
    pub transport: ZenohTransport,
}

/// How a command ended.
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl World {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = ZenohOptions {
            connect: vec![],
            rendezvous: Some(folder.path().join("rendezvous")),
            ..ZenohOptions::default()
        };
        Self { transport: ZenohTransport::open(&options).unwrap(), folder }
    }

    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_string_lossy().into_owned()
    }

    pub fn node(&self, name: &str) -> Arc<dyn TransportNode> {
        self.transport.node("/", name).unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_atlas"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .env("ATLAS_RENDEZVOUS", self.folder.path().join("rendezvous"))
            .env("ATLAS_CONNECT", "")
            .env_remove("ROS_DOMAIN_ID")
            .env_remove("ZENOH_SESSION_CONFIG_URI")
            .env_remove("ZENOH_CONFIG_OVERRIDE")
            .env_remove("RUST_LOG")
            .env("TZ", "UTC")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn atlas(&self, args: &[&str]) -> Ended {
        let output = self.command(args).output().unwrap();
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs a command that must succeed; what it printed.
    pub fn ok(&self, args: &[&str]) -> String {
        let ended = self.atlas(args);
        assert_eq!(ended.code, Some(0), "{args:?}: {}{}", ended.stdout, ended.stderr);
        ended.stdout
    }

    /// Runs a command that must fail; what it said.
    pub fn fails(&self, args: &[&str]) -> String {
        let ended = self.atlas(args);
        assert_eq!(ended.code, Some(1), "{args:?}: {}{}", ended.stdout, ended.stderr);
        ended.stderr
    }

    /// Starts a command.
    pub fn start(&self, args: &[&str]) -> Running {
        let mut command = self.command(args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        Running { stdout: lines(stdout), stderr: lines(stderr), child, seen: String::new() }
    }

    /// Waits until somebody else subscribes to a topic.
    pub fn wait_for_subscription(&self, topic: &str) {
        assert!(self.transport.graph().wait_until(LONG, |g| {
            g.count(|e| e.kind == EndpointKind::Subscription && e.name == topic) > 0
        }));
    }

    /// Publishes messages at about 100 Hz until dropped.
    pub fn stream<M: Message>(&self, topic: &str, make: impl Fn(u32) -> M + Send + 'static) -> Stream {
        let publisher = self.publisher::<M>(topic, &Qos::default());
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let publish = move || {
            for i in 0.. {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                publisher.publish(make(i).encode(0).unwrap()).unwrap();
                thread::park_timeout(Duration::from_millis(10));
            }
        };
        let thread = thread::Builder::new().name("stream".into()).spawn(publish).unwrap();
        Stream { stop, thread: Some(thread) }
    }

    pub fn publisher<M: Message>(&self, topic: &str, qos: &Qos) -> Arc<dyn Publish> {
        // The publisher keeps its token; the node is not needed any more.
        let node = self.node("streamer");
        let publisher = node.publisher(topic, &TypeRef::message::<M>(), qos).unwrap();
        Arc::new(Both { publisher, _node: node })
    }
}

struct Both {
    publisher: Arc<dyn Publish>,
    _node: Arc<dyn TransportNode>,
}

impl Publish for Both {
    fn publish(&self, payload: Bytes) -> Result<(), runtime::transport::TransportError> {
        self.publisher.publish(payload)
    }

    fn gid(&self) -> runtime::transport::Gid {
        self.publisher.gid()
    }
}

/// Publishes until dropped.
pub struct Stream {
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = sync_channel(100_000);
    let read = move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().name("reader".into()).spawn(read).unwrap();
    receive
}

/// A command that runs.
pub struct Running {
    child: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
    /// All of standard output so far.
    pub seen: String,
}

impl Running {
    /// Waits for a line of standard output.
    pub fn wait_for(&mut self, accept: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + LONG;
        loop {
            let line = self.stdout.recv_timeout(end.saturating_duration_since(Instant::now()));
            let line = line.unwrap_or_else(|_| panic!("missing; so far:\n{}\n{}", self.seen, self.errors()));
            self.seen.push_str(&format!("{line}\n"));
            if accept(&line) {
                return line;
            }
        }
    }

    /// Waits for a line of standard error.
    pub fn wait_for_note(&mut self, accept: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + LONG;
        let mut seen = String::new();
        loop {
            let line = self.stderr.recv_timeout(end.saturating_duration_since(Instant::now()));
            let line = line.unwrap_or_else(|_| panic!("missing; so far:\n{seen}\n{}", self.seen));
            if accept(&line) {
                return line;
            }
            seen.push_str(&format!("{line}\n"));
        }
    }

    fn errors(&self) -> String {
        self.stderr.try_iter().collect::<Vec<_>>().join("\n")
    }

    /// Sends a signal, such as INT, and waits for the end.
    pub fn signal(self, name: &str) -> Ended {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
        self.end()
    }

    /// Waits for the end.
    pub fn end(mut self) -> Ended {
        let code = self.child.wait().unwrap().code();
        // The readers end with the process.
        self.seen.extend(self.stdout.iter().map(|l| l + "\n"));
        let stderr = self.stderr.iter().map(|l| l + "\n").collect();
        Ended { code, stdout: std::mem::take(&mut self.seen), stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
