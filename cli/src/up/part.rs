//! One process of the fleet: started, started again when it ends, ended.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::{Command, settings};
use crate::output::note;

/// Between the end of a part and its next start.
const AGAIN: Duration = Duration::from_secs(1);
/// How long a part may take to end before it is killed.
const END: Duration = Duration::from_secs(10);

/// ROS domain of the first vehicle; each has one of its own.
const FIRST_DOMAIN: u16 = 1;

/// A process of the fleet.
pub struct Part {
    name: String,
    program: PathBuf,
    args: Vec<OsString>,
    domain: u16,
    log: PathBuf,
    child: Option<Child>,
    ended: Option<Instant>,
}

impl Part {
    /// The fleet service.
    pub fn fleetd(up: &Command, config: &Path) -> Result<Self> {
        Self::new(up, "fleetd", beside("fleetd")?, 0, vec!["--config".into(), config.into()])
    }

    /// The world of the vehicles with the full stack.
    pub fn world(up: &Command) -> Result<Self> {
        let args = [
            ("--map", up.map.clone()),
            ("--vehicles", up.vehicles.to_string()),
            ("--first-domain", FIRST_DOMAIN.to_string()),
            ("--vehicle", up.vehicle.clone()),
            ("--seed", up.seed.to_string()),
            ("--traffic", up.traffic.to_string()),
        ];
        let args = [OsString::from("world")].into_iter().chain(words(args));
        Self::new(up, "world", std::env::current_exe()?, 0, args.collect())
    }

    /// A vehicle with the full stack.
    pub fn vehicle(up: &Command, number: u16) -> Result<Self> {
        let id = Command::vehicle_id(number);
        let args = [
            ("--vehicle-id", id.clone()),
            ("--map", up.map.clone()),
            ("--vehicle", up.vehicle.clone()),
            ("--uplink", format!("quic/127.0.0.1:{}", up.link_port)),
        ];
        let paths = [("--pki", up.pki().path().to_owned()), ("--spool", up.data_dir.join("spool").join(&id))];
        let all = ["vehicle", "--sim", "--shared-world", "--no-camera"].map(OsString::from).into_iter();
        let all = all.chain(words(args)).chain(words(paths));
        Self::new(up, &id, std::env::current_exe()?, FIRST_DOMAIN + number - 1, all.collect())
    }

    /// All light vehicles.
    pub fn light(up: &Command) -> Result<Self> {
        let args = [
            ("--profile", "robotaxi".to_owned()),
            ("--roads", settings::ROADS.into()),
            ("--prefix", "LV-".into()),
            ("--rate", "5Hz".into()),
            ("--vehicles", up.light.to_string()),
            ("--time-scale", up.time_scale.to_string()),
            ("--tenant", settings::TENANT.into()),
            ("--connect", format!("quic/127.0.0.1:{}", up.link_port)),
        ];
        let args = words(args).chain(words([("--pki", up.pki().path().to_owned())]));
        Self::new(up, "light-vehicles", beside("sim-feeder")?, 0, args.collect())
    }

    fn new(up: &Command, name: &str, program: PathBuf, domain: u16, args: Vec<OsString>) -> Result<Self> {
        let logs = up.data_dir.join("logs");
        std::fs::create_dir_all(&logs).with_context(|| format!("cannot create {}", logs.display()))?;
        let log = logs.join(format!("{name}.log"));
        Ok(Self { name: name.into(), program, args, domain, log, child: None, ended: None })
    }

    /// Starts it, with its log in a file and what it prints for people here.
    pub fn start(&mut self) -> Result<()> {
        let log = File::options().create(true).append(true).open(&self.log);
        let log = log.with_context(|| format!("cannot write {}", self.log.display()))?;
        let child = Process::new(&self.program)
            .args(&self.args)
            .env("ROS_DOMAIN_ID", self.domain.to_string())
            .stdin(Stdio::null())
            .stderr(log)
            // Ctrl-C in the terminal is for us; we tell the parts one after the other.
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", self.program.display()))?;
        (self.child, self.ended) = (Some(child), None);
        Ok(())
    }

    /// Its log, if it has ended.
    pub fn ended(&mut self) -> Result<Option<PathBuf>> {
        let ended = self.child.as_mut().map(Child::try_wait).transpose()?.flatten();
        Ok(ended.map(|_| self.log.clone()))
    }

    /// Starts it again if it has ended.
    pub fn keep_alive(&mut self) -> Result<()> {
        match self.ended {
            Some(at) if at.elapsed() >= AGAIN => self.start(),
            Some(_) => Ok(()),
            None => {
                if let Some(status) = self.child.as_mut().map(Child::try_wait).transpose()?.flatten() {
                    note(&format!(
                        "{} ended ({status}); starting it again; its log: {}",
                        self.name,
                        self.log.display()
                    ));
                    self.ended = Some(Instant::now());
                }
                Ok(())
            }
        }
    }

    /// Asks it to end, and kills it if it does not.
    pub fn end(&mut self) -> Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        if child.try_wait()?.is_some() {
            return Ok(());
        }
        // std sends no signal but SIGKILL, and this crate has no unsafe code.
        let asked = Process::new("kill").args(["-TERM", &child.id().to_string()]).status();
        let until = Instant::now() + END;
        while asked.is_ok() && Instant::now() < until {
            if child.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        note(&format!("{} does not end; killing it", self.name));
        child.kill()?;
        child.wait()?;
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // After an error nobody else ends it.
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Options as words of a command line.
fn words<T: Into<OsString>, const N: usize>(options: [(&str, T); N]) -> impl Iterator<Item = OsString> {
    options.map(|(name, value)| [name.into(), value.into()]).into_iter().flatten()
}

/// A program of ours, in the folder of this one.
fn beside(name: &str) -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    if path.exists() {
        return Ok(path);
    }
    anyhow::bail!("{} is missing: build it with `cargo build --workspace --bins`", path.display())
}

/// The end of a log.
pub fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}
