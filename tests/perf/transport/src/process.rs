//! Peers: this program again, as another process, told what to do through its standard input.

// getrusage has no safe form in std.
#![allow(unsafe_code)]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};

/// A peer process; killed when dropped.
pub struct Peer {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts one with these arguments, without waiting for it.
    pub fn start(args: &[&str]) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("this program does not start again")?;
        let stdin = child.stdin.take().context("no pipe")?;
        let stdout = BufReader::new(child.stdout.take().context("no pipe")?);
        Ok(Self { child, stdin, stdout })
    }

    /// Starts one and waits until it is ready.
    pub fn ready(args: &[&str]) -> anyhow::Result<Self> {
        let mut peer = Self::start(args)?;
        let line = peer.read()?;
        if line != "ready" {
            bail!("a peer answered `{line}`");
        }
        Ok(peer)
    }

    /// The next line that it prints.
    pub fn read(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        if self.stdout.read_line(&mut line)? == 0 {
            bail!("a peer ended too early");
        }
        Ok(line.trim_end().to_owned())
    }

    /// Sends a line without waiting for an answer.
    pub fn tell(&mut self, line: &str) -> anyhow::Result<()> {
        writeln!(self.stdin, "{line}")?;
        Ok(())
    }

    /// Sends a line and reads the answer.
    pub fn ask(&mut self, line: &str) -> anyhow::Result<String> {
        self.tell(line)?;
        self.read()
    }

    /// The same, for an answer in JSON.
    pub fn ask_json<T: serde::de::DeserializeOwned>(&mut self, line: &str) -> anyhow::Result<T> {
        let answer = self.ask(line)?;
        serde_json::from_str(&answer).with_context(|| format!("a peer answered `{answer}`"))
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: i32) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            // SAFETY: no memory is involved; the process is our child and not waited for yet.
            unsafe { libc::kill(pid, signal) };
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// In a peer: says that it is ready, then answers lines until standard input ends.
pub fn serve(mut answer: impl FnMut(&str) -> String) -> anyhow::Result<()> {
    println!("ready");
    for line in std::io::stdin().lines() {
        println!("{}", answer(line?.trim_end()));
    }
    Ok(())
}

/// A TCP endpoint of the loopback interface that is free now.
pub fn free_endpoint() -> anyhow::Result<String> {
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    Ok(format!("tcp/127.0.0.1:{port}"))
}

/// CPU time of this process, user and system, µs.
pub fn cpu_us() -> u64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the pointer is to a struct of the right type, and all zeros is a valid one.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
        usage.assume_init()
    };
    let us = |t: libc::timeval| t.tv_sec.unsigned_abs() * 1_000_000 + t.tv_usec.unsigned_abs();
    us(usage.ru_utime) + us(usage.ru_stime)
}

/// Resident memory of this process, KiB.
pub fn rss_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    line.and_then(|l| l.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

/// The load of the machine in the last minute.
pub fn load() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|l| l.parse().ok()).unwrap_or_default()
}

/// Waits; a program that measures may.
pub fn pause(duration: Duration) {
    let end = std::time::Instant::now() + duration;
    loop {
        let left = end.saturating_duration_since(std::time::Instant::now());
        if left.is_zero() {
            return;
        }
        std::thread::park_timeout(left);
    }
}
