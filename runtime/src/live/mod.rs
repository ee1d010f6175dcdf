//! The live executor: nodes in threads of their own, over a transport, on the wall's time or that of `/clock`.

mod diagnostics;
pub(crate) mod given;
mod services;
mod threads;
mod wiring;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use msgs::Message;
use msgs::rcl_interfaces::msg::Log;
use msgs::rosgraph_msgs::msg::Clock as ClockMsg;

use crate::args::RosArgs;
use crate::clock::{Clock, SimTime};
use crate::diagnostics::Reported;
use crate::host::{Gate, Hosted, ParamAccess, Setup};
use crate::logging::{self, rosout};
use crate::names::{validate_namespace, validate_node_name};
use crate::node::{Kind, Node, NodeError};
use crate::params::{Overrides, ParamValue};
use crate::ports::NodeName;
use crate::qos::Qos;
use crate::rt::{LoopConfig, RealtimeLoop};
use crate::time::Time;
use crate::transport::{Guard, Transport, TransportNode, TypeRef};
use diagnostics::{Diagnostics, Watched};
use given::Given;
use services::ServiceHost;
use threads::Running;
use wiring::LiveWiring;

/// Nodes of one process that run live.
pub struct Live {
    transport: Arc<dyn Transport>,
    args: RosArgs,
    overrides: Overrides,
    wall: Arc<Clock>,
    sim: Option<(Arc<Clock>, Guard)>,
    given: Given,
    diagnostics: Diagnostics,
    running: Vec<Running>,
}

impl Live {
    /// An executor without nodes. `args` give names, parameters and remappings.
    pub fn new(transport: Arc<dyn Transport>, args: RosArgs) -> Result<Self, NodeError> {
        Ok(Self {
            transport,
            overrides: args.overrides()?,
            args,
            wall: Arc::new(Clock::Wall),
            sim: None,
            given: Given::default(),
            diagnostics: Diagnostics::start(),
            running: vec![],
        })
    }

    /// The transport that the nodes are on.
    pub fn transport(&self) -> &Arc<dyn Transport> {
        &self.transport
    }

    /// Starts a node. Its time is that of `/clock` if its parameter `use_sim_time` is set.
    pub fn spawn<N: Node>(&mut self) -> Result<(), NodeError> {
        let (name, namespace) = self.args.remaps.node(N::NAME, "/")?;
        validate_node_name(&name)?;
        validate_namespace(&namespace)?;
        let name = NodeName { namespace, name };
        let full_name = name.full();
        let logger = logging::logger_of_node(&full_name);
        let _logger = logging::scope(&logger);
        let node = self.transport.node(&name.namespace, &name.name)?;
        let mut guards = vec![];
        if self.args.rosout_logs != Some(false) {
            guards.push(attach_rosout(&*node, Arc::clone(&logger))?);
        }
        let clock = self.clock_of(&full_name)?;
        let mut wiring = LiveWiring::new(Arc::clone(&node), Arc::clone(&clock));
        let priority = match N::KIND {
            Kind::RealTime { priority } if matches!(*clock, Clock::Wall) => Some(priority),
            Kind::RealTime { .. } => {
                tracing::warn!("not in real time: its time comes from /clock");
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
        self.given.node(&full_name, &hosted.ignored);
        let active = !matches!(N::KIND, Kind::Managed { .. });
        let gate = Arc::new(Gate::new(active, hosted.waker.clone()));
        let params: Arc<dyn ParamAccess> = hosted.params.clone();
        let host = ServiceHost { node: &*node, name: &hosted.name, remaps: &self.args.remaps, clock: &clock };
        guards.extend(services::attach(&host, &params, &gate, N::KIND)?);
        guards.extend(wiring.into_guards());
        let reported = Reported::new(full_name, hosted.inboxes.clone(), hosted.diagnostics);
        let watched = Watched::new(reported, Arc::clone(&clock), &*node)?;
        let hosted = Hosted { diagnostics: vec![], ..hosted };
        let (running, stats) = match (priority, hosted.period) {
            (None, _) => Running::plain(hosted, clock, gate)?,
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
                    tracing::warn!("{warning}");
                }
                let stats = Arc::clone(handle.stats());
                (Running::real_time(handle, hosted.pumps, N::NAME, logger)?, stats)
            }
        };
        self.diagnostics.watch(watched, &stats, priority.is_some());
        self.running.push(running.with_guards(guards, node));
        Ok(())
    }

    /// Refuses parameters that none of the nodes has: to be called when all are started, as [`Self::run`] does.
    /// What a file gives to whatever node has it is only worth a warning.
    pub fn check_parameters(&self) -> Result<(), NodeError> {
        Ok(self.given.check(&self.overrides)?)
    }

    /// The machine's clock, or that of `/clock` for a node with `use_sim_time`.
    fn clock_of(&mut self, full_name: &str) -> Result<Arc<Clock>, NodeError> {
        let wanted = self.overrides.for_node(full_name).filter(|o| o.name == "use_sim_time").last();
        if wanted.is_none_or(|o| o.value != ParamValue::Bool(true)) {
            return Ok(Arc::clone(&self.wall));
        }
        let (clock, _) = match &mut self.sim {
            Some(sim) => sim,
            none => {
                let clock = Arc::new(Clock::Sim(SimTime::default()));
                let guard = follow_clock(&*self.transport, &clock)?;
                none.insert((clock, guard))
            }
        };
        Ok(Arc::clone(clock))
    }

    /// Waits until SIGINT or SIGTERM, then stops all nodes. Ends with an error if a node panics, or if a parameter was
    /// given that no node has.
    pub fn run(self) -> Result<(), NodeError> {
        self.check_parameters()?;
        static STOP: AtomicBool = AtomicBool::new(false);
        let waiting = std::thread::current();
        ctrlc::set_handler(move || {
            STOP.store(true, Ordering::Release);
            waiting.unpark();
        })
        .map_err(|e| NodeError::Refused(format!("signals can't be handled: {e}")))?;
        while !STOP.load(Ordering::Acquire) {
            self.check_running()?;
            std::thread::park_timeout(Duration::from_secs(1));
        }
        Ok(())
    }

    /// An error if a node panicked.
    pub fn check_running(&self) -> Result<(), NodeError> {
        if self.running.iter().any(Running::has_ended) {
            return Err(NodeError::Refused("a node ended by itself: see the panic above".into()));
        }
        Ok(())
    }
}

/// Publishes what the node logs.
fn attach_rosout(node: &dyn TransportNode, logger: Arc<str>) -> Result<Guard, NodeError> {
    let publisher = node.publisher("/rosout", &TypeRef::message::<Log>(), &Qos::rosout())?;
    let attached = rosout::attach(logger, publisher)
        .map_err(|e| NodeError::Refused(format!("no thread for /rosout: {e}")))?;
    Ok(Box::new(attached))
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
