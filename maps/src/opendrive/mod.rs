//! OpenDRIVE 1.4 to 1.8.
//!
//! `parse` reads the XML into `model`, which says no more than the file; `build` makes lanes of it. Distances along a road
//! are called road s there, to tell them from arc lengths along a lane.

mod build;
mod cubic;
mod junctions;
mod lane_changes;
mod links;
mod model;
mod objects;
mod parse;
mod plan_view;
mod sample;
mod signals;
mod speeds;
mod surface;
mod xml;

pub(crate) use build::map;
