//! Light simulated vehicles: a point that drives along roads, keeps to its limits, stops when told, and reports over the
//! same link as a vehicle with the full stack. For load, for demonstrations, and for roads that no lane map covers.

mod light;
mod line;
mod profile;
mod vehicle;

pub use light::{LightVehicle, Said};
pub use line::Line;
pub use profile::Profile;
pub use vehicle::{Settings, roads, run};
