//! What a node is.

use crate::params::Parameters;
use crate::ports::Ports;
use crate::time::Time;

/// A node: a state machine with declared ports.
///
/// A step gets the time as a value. It never reads a clock, sleeps, blocks, or draws an unseeded random number: the
/// same steps with the same inputs give the same outputs to the bit, live, in lockstep and in replay. (A recording does
/// not say who published a message: in replay [`crate::ports::Received::source`] is zero.)
pub trait Node: Send + Sized + 'static {
    /// Name of the node unless it is remapped, e.g. `planning_node`.
    const NAME: &'static str;
    /// How the node is run live.
    const KIND: Kind = Kind::Plain;
    /// Its parameters.
    type Params: Parameters;

    /// Declares the ports and makes the node.
    fn new(params: &Self::Params, ports: &mut Ports<'_>) -> Result<Self, NodeError>;

    /// Does the work of one moment: takes from the inputs, puts into the outputs.
    fn step(&mut self, step: Step);

    /// Takes over changed parameters; called between steps. In a real-time node it must not allocate.
    fn set_params(&mut self, _params: &Self::Params) {}

    /// Makes a transition of a managed node; called between steps. False refuses it.
    fn transition(&mut self, _transition: Transition) -> bool {
        true
    }
}

/// How a node is run live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// On a thread of its own.
    Plain,
    /// The same, with the states of a ROS lifecycle node. It is stepped only while active.
    Managed {
        /// Whether it configures and activates itself at the start.
        autostart: bool,
    },
    /// In hard real time: see [`crate::rt`]. Stepped by its timer only; its steps and `set_params` must neither
    /// allocate nor free, which [`crate::ports::Output::send_with`] and the inputs make possible.
    RealTime {
        /// SCHED_FIFO priority, 1 to 89.
        priority: u8,
    },
}

/// A moment in which a node is stepped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The time of this moment.
    pub now: Time,
    /// Number of the step, from 0.
    pub index: u64,
    /// Whether the timer of [`Ports::every`] is due; false in a step that only a message, request or answer caused.
    pub due: bool,
}

/// A transition of a managed node, as in `lifecycle_msgs/msg/Transition`.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    Configure,
    Activate,
    Deactivate,
    Cleanup,
    Shutdown,
}

/// Why a node can't be made.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// A name that ROS does not allow.
    #[error(transparent)]
    Name(#[from] crate::names::NameError),
    /// A parameter file or argument that is wrong.
    #[error(transparent)]
    Param(#[from] crate::params::ParamError),
    /// The transport refused.
    #[error(transparent)]
    Transport(#[from] crate::transport::TransportError),
    /// The real-time loop could not be started.
    #[error(transparent)]
    Loop(#[from] crate::rt::LoopError),
    /// The node itself refuses, e.g. a file is missing.
    #[error("{0}")]
    Refused(String),
}
