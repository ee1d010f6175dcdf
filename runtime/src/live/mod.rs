//! The live executor: nodes in threads of their own, over a transport, on the wall's time or that of `/clock`.

mod diagnostics;
mod threads;
mod wiring;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use msgs::rosgraph_msgs::msg::Clock as ClockMsg;
use msgs::Message;

use crate::args::RosArgs;
use crate::clock::{Clock, SimTime};
use crate::host::{Gate, Hosted, ParamAccess, Setup};
use crate::names::{validate_namespace, validate_node_name};
use crate::node::{Kind, Node, NodeError};
use crate::params::Overrides;
use crate::ports::NodeName;
use crate::qos::Qos;
use crate::rt::{LoopConfig, RealtimeLoop};
use crate::time::Time;
use crate::transport::{Guard, Transport, TypeRef};
use diagnostics::{Diagnostics, Watched};
use threads::Running;
use wiring::LiveWiring;

/// Nodes of one process that run live.
pub struct Live {
    transport: Arc<dyn Transport>,
    args: RosArgs,
    overrides: Overrides,
    clock: Arc<Clock>,
    _clock_guard: Option<Guard>,
    diagnostics: Diagnostics,
    running: Vec<Running>,
}

impl Live {
    /// An executor without nodes. `args` give names, parameters and remappings; the clock is `/clock` if
    /// `use_sim_time` is set for all nodes (`-p use_sim_time:=true`, or below `/**` in a file).
    pub fn new(transport: Arc<dyn Transport>, args: RosArgs) -> Result<Self, NodeError> {
        let overrides = args.overrides()?;
        let sim = overrides
            .for_node("/_clock")
            .filter(|o| o.name == "use_sim_time")
            .last()
            .is_some_and(|o| o.value == crate::params::ParamValue::Bool(true));
        let (clock, clock_guard) = if sim {
            let clock = Arc::new(Clock::Sim(SimTime::default()));
            let guard = follow_clock(&*transport, &clock)?;
            (clock, Some(guard))
        } else {
            (Arc::new(Clock::Wall), None)
        };
        let diagnostics = Diagnostics::start(Arc::clone(&clock));
        Ok(Self { transport, args, overrides, clock, _clock_guard: clock_guard, diagnostics, running: vec![] })
    }

    /// The transport that the nodes are on.
    pub fn transport(&self) -> &Arc<dyn Transport> {
        &self.transport
    }

    /// Starts a node.
    pub fn spawn<N: Node>(&mut self) -> Result<(), NodeError> {
        let (name, namespace) = self.args.remaps.node(N::NAME, "/")?;
        validate_node_name(&name)?;
        validate_namespace(&namespace)?;
        let name = NodeName { namespace, name };
        let node = self.transport.node(&name.namespace, &name.name)?;
        let mut wiring = LiveWiring::new(Arc::clone(&node), Arc::clone(&self.clock));
        let sim_time = matches!(*self.clock, Clock::Sim(_));
        let priority = match N::KIND {
            Kind::RealTime { priority } if !sim_time => Some(priority),
            Kind::RealTime { .. } => {
                tracing::warn!(node = N::NAME, "not in real time: its time comes from /clock");
                None
            }
            _ => None,
        };
        let setup = Setup {
            name,
            remaps: &self.args.remaps,
            overrides: &self.overrides,
            realtime: priority.is_some(),
        };
        let hosted: Hosted<N> = setup.make(&mut wiring)?;
        let full_name = hosted.name.full();
        let active = !matches!(N::KIND, Kind::Managed { .. });
        let gate = Arc::new(Gate::new(active, hosted.waker.clone()));
        let params: Arc<dyn ParamAccess> = hosted.params.clone();
        let guards = wiring.into_guards();
        let watched = Watched::new(full_name, &*node, hosted.inboxes.clone(), hosted.diagnostics)?;
        let hosted = Hosted { diagnostics: vec![], ..hosted };
        let (running, stats) = match (priority, hosted.period) {
            (None, _) => Running::plain(hosted, Arc::clone(&self.clock), Arc::clone(&gate))?,
            (Some(_), None) => {
                return Err(NodeError::Refused(format!(
                    "{}: a real-time node needs a period: call Ports::every",
                    N::NAME
                )));
            }
            (Some(priority), Some(period)) => {
                let config = LoopConfig { priority, ..LoopConfig::new(N::NAME, period) };
                let mut host = hosted.host;
                let handle = RealtimeLoop::spawn(config, move |tick| {
                    host.step(Time::from_ns(tick.wall_ns as i64), true);
                    std::ops::ControlFlow::Continue(())
                })?;
                for warning in handle.warnings() {
                    tracing::warn!(node = N::NAME, "{warning}");
                }
                let stats = Arc::clone(handle.stats());
                (Running::real_time(handle, hosted.pumps, N::NAME)?, stats)
            }
        };
        self.diagnostics.watch(watched, &stats, priority.is_some());
        let _ = params;
        self.running.push(running.with_guards(guards, node));
        Ok(())
    }

    /// Waits until SIGINT or SIGTERM, then stops all nodes.
    pub fn run(self) -> Result<(), NodeError> {
        static STOP: AtomicBool = AtomicBool::new(false);
        let waiting = std::thread::current();
        ctrlc::set_handler(move || {
            STOP.store(true, Ordering::Release);
            waiting.unpark();
        })
        .map_err(|e| NodeError::Refused(format!("signals can't be handled: {e}")))?;
        while !STOP.load(Ordering::Acquire) {
            std::thread::park_timeout(Duration::from_secs(1));
        }
        Ok(())
    }
}

/// Subscribes to `/clock`.
fn follow_clock(transport: &dyn Transport, clock: &Arc<Clock>) -> Result<Guard, NodeError> {
    let node = transport.node("/", "_clock_listener")?;
    let clock = Arc::clone(clock);
    let guard = node.subscribe(
        "/clock",
        &TypeRef::message::<ClockMsg>(),
        &Qos::sensor().depth(1),
        Box::new(move |sample| {
            if let (Clock::Sim(sim), Ok(message)) = (&*clock, ClockMsg::decode(&sample.payload)) {
                sim.set(Time::from(&message.clock));
            }
        }),
    )?;
    Ok(Box::new((guard, node)))
}
