//! Messages as text: YAML, CSV and Python's `repr` as `ros2` prints them, and JSON.

mod csv;
mod json;
mod python;
mod tree;
mod yaml_dump;

pub use csv::to_csv;
pub use json::Json;
pub use python::{float as python_float, repr, value as python_value};
pub use tree::{Limits, Node, to_tree};
pub use yaml_dump::{block as to_yaml, flow as to_flow_yaml};
