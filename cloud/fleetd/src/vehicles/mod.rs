//! The link to the vehicles. Playbook service: vehicle-gateway.

pub mod lease;
pub mod link;
pub mod live;
