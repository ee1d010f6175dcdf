//! A plant and a planner for closed-loop tests: a dynamic bicycle with tyre slip and real actuators, and courses to drive.
#![allow(dead_code)]

pub mod course;
pub mod drive;
pub mod plant;
