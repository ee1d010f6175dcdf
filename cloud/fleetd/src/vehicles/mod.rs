//! The link to the vehicles. Playbook service: vehicle-gateway.

pub mod live;
