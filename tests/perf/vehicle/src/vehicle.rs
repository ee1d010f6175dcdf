//! The vehicle that is measured: a child process, and a node that listens to it.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use msgs::atlasmesh_msgs::msg::VehicleState;
use msgs::{Message, Service};
use parking_lot::Mutex;
use runtime::qos::Qos;
use runtime::transport::zenoh::{ZenohOptions, ZenohTransport};
use runtime::transport::{Guard, Sample, Transport, TransportNode, TypeRef};

const LONG: Duration = Duration::from_secs(300);

/// A live vehicle.
pub struct Vehicle {
    child: Mutex<Child>,
    transport: ZenohTransport,
    node: Arc<dyn TransportNode>,
    state: Arc<Mutex<VehicleState>>,
    _state_guard: Guard,
    _folder: tempfile::TempDir,
}

impl Vehicle {
    /// Starts one that drives one trip after the other.
    pub fn start(map: &str, traffic: u32) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let rendezvous = folder.path().join("rendezvous");
        let child = Command::new(atlas()?)
            .args(["vehicle", "--sim", "--tour", "--map", map, "--traffic", &traffic.to_string()])
            .env("ATLAS_RENDEZVOUS", &rendezvous)
            .env("ATLAS_CONNECT", "")
            .stdin(Stdio::null())
            .spawn()
            .context("atlas can't be started")?;
        let options =
            ZenohOptions { connect: vec![], rendezvous: Some(rendezvous), ..ZenohOptions::default() };
        let transport = ZenohTransport::open(&options)?;
        let node = transport.node("/", "perf_vehicle")?;
        let state: Arc<Mutex<VehicleState>> = Arc::default();
        let latest = Arc::clone(&state);
        let guard =
            subscribe::<VehicleState>(&*node, "/vehicle/state", &Qos::state(), move |s| *latest.lock() = s)?;
        Ok(Self { child: Mutex::new(child), transport, node, state, _state_guard: guard, _folder: folder })
    }

    /// The node that listens.
    pub fn node(&self) -> &dyn TransportNode {
        &*self.node
    }

    /// Speed, m/s.
    pub fn speed_mps(&self) -> f64 {
        self.state.lock().speed_mps.into()
    }

    /// Waits until it drives.
    pub fn wait_until_driving(&self) -> Result<()> {
        self.wait_for("the vehicle to drive", || self.speed_mps() > 1.0)
    }

    /// Waits for a condition.
    pub fn wait_for(&self, what: &str, condition: impl Fn() -> bool) -> Result<()> {
        let end = Instant::now() + LONG;
        while !condition() {
            if Instant::now() > end {
                bail!("waited {LONG:?} for {what}");
            }
            self.watch_for(Duration::from_millis(5))?;
        }
        Ok(())
    }

    /// Lets it run.
    pub fn watch_for(&self, time: Duration) -> Result<()> {
        std::thread::park_timeout(time);
        match self.child.lock().try_wait()? {
            Some(status) => bail!("the vehicle ended: {status}"),
            None => Ok(()),
        }
    }

    /// CPU time that it has taken, s.
    pub fn cpu_seconds(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.lock().id()))?;
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        // utime and stime are fields 14 and 15 of the line, 12 and 13 after the name.
        let ticks: u64 = fields.skip(11).take(2).filter_map(|f| f.parse::<u64>().ok()).sum();
        Ok(ticks as f64 / 100.0)
    }

    /// Calls a service; the answer goes to `on_answer`.
    pub fn call<S: Service>(
        &self,
        service: &str,
        request: &S::Request,
        on_answer: impl FnOnce(S::Response) + Send + 'static,
    ) -> Result<()> {
        if !self.transport.graph().wait_for_service(service, LONG) {
            bail!("no {service}");
        }
        let client = self.node.client(service, &TypeRef::service::<S>())?;
        let (done, answered) = sync_channel(1);
        let on_reply = move |answer: Result<bytes::Bytes, _>| {
            if let Some(answer) = answer.ok().and_then(|a| S::Response::decode(&a).ok()) {
                on_answer(answer);
            }
            let _ = done.try_send(());
        };
        client.call(request.encode(0)?, Duration::from_secs(10), Box::new(on_reply))?;
        answered.recv().context("no answer")
    }
}

impl Drop for Vehicle {
    fn drop(&mut self) {
        let mut child = self.child.lock();
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Subscribes to decoded messages.
pub fn subscribe<M: Message>(
    node: &dyn TransportNode,
    topic: &str,
    qos: &Qos,
    on_message: impl Fn(M) + Send + Sync + 'static,
) -> Result<Guard> {
    let on_sample = move |sample: Sample| {
        if let Ok(message) = M::decode(&sample.payload) {
            on_message(message);
        }
    };
    Ok(node.subscribe(topic, &TypeRef::message::<M>(), qos, Box::new(on_sample))?)
}

/// The command beside this program.
fn atlas() -> Result<PathBuf> {
    let atlas = std::env::current_exe()?.with_file_name("atlas");
    if !atlas.exists() {
        bail!("{} is not there: build it with `cargo build --release -p atlas`", atlas.display());
    }
    Ok(atlas)
}
