//! ROS 2 names: what is a valid one, how a written one becomes a full one, and how rules rename it.
//!
//! Rules after <https://design.ros2.org/articles/topic_and_service_names.html> and what `rcl` and `rmw`
//! check (`rcl_validate_topic_name`, `rcl_expand_topic_name`, `rmw_validate_*`, `rcl/remap.c`).

mod expand;
mod remap;
mod validate;

pub use expand::{expand, node_fqn};
pub use remap::{RemapError, RemapRule, Remaps};
pub use validate::{NameError, NameProblem, validate_namespace, validate_node_name, validate_topic_name};
