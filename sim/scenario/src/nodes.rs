//! The nodes of a vehicle with the simulated world, in the order in which lockstep steps them.

use runtime::lockstep::Lockstep;
use runtime::node::{Node, NodeError};

/// Calls a macro with all node types, in order.
macro_rules! with_vehicle_nodes {
    ($macro:ident) => {
        $crate::nodes::with_stack_nodes!($macro, world::SimWorldNode)
    };
}
pub(crate) use with_vehicle_nodes;

/// The same without the world, or with other nodes before them.
macro_rules! with_stack_nodes {
    ($macro:ident $(, $before:ty)*) => {
        $macro!(
            $($before,)*
            sensor_hal::SensorHalNode,
            localization::LocalizationNode,
            perception::PerceptionNode,
            planning::PlanningNode,
            control::ControlNode,
            decision::DecisionNode,
            sensor_hal::ActuationNode,
            health_monitor::HealthMonitorNode
        )
    };
}
pub(crate) use with_stack_nodes;

macro_rules! tuple {
    ($($node:ty),+) => { ($($node,)+) };
}

macro_rules! names {
    ($($node:ty),+) => { [$(<$node>::NAME),+] };
}

/// The nodes of a vehicle with the simulated world, for `runtime::run_nodes` and `Live`.
pub type VehicleNodes = with_vehicle_nodes!(tuple);

/// The nodes of a vehicle whose simulated world is in another process.
pub type StackNodes = with_stack_nodes!(tuple);

/// Names of [`VehicleNodes`].
pub const NODE_NAMES: [&str; 9] = with_vehicle_nodes!(names);

/// Adds them to a lockstep run.
pub(crate) fn add_all(run: &mut Lockstep) -> Result<(), NodeError> {
    macro_rules! add {
        ($($node:ty),+) => { $(run.add::<$node>()?;)+ };
    }
    with_vehicle_nodes!(add);
    Ok(())
}
