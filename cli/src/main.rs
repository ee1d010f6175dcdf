//! `atlas`: one command for people without ROS, with the words and the output of `ros2`.

mod bag;
mod commands;
mod completions;
mod drive;
mod graph_names;
mod inbox;
mod interface;
mod lifecycle;
mod map;
mod node;
mod output;
mod param;
mod pki;
mod qos_args;
mod render;
mod replay;
mod router;
mod rt;
mod scene;
mod service;
mod session;
mod stop;
mod topic;
mod type_description;
mod types;
mod up;
mod vehicle;
mod world;
mod yaml;

use std::process::ExitCode;

fn main() -> ExitCode {
    commands::main()
}
