//! The controller's steps and parameters do not touch the heap.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::course::Course;
use common::drive::{START, odometry};
use control::ControlParams;
use control::controller::Controller;
use msgs::atlasmesh_msgs::msg::{Trajectory, VehicleState};
use runtime::rt::{CheckedAllocator, count_allocations};
use vehicle::Pose2;

#[global_allocator]
static ALLOCATOR: CheckedAllocator = CheckedAllocator::system();

#[test]
fn inputs_steps_and_parameters_do_not_touch_the_heap() {
    let params = ControlParams::default();
    let mut controller = Controller::new(&params);
    let course = Course::new(&[(20.0, 0.0), (20.0, 0.05), (200.0, 0.05)]).with_speed(5.0, 5.0, 5.0, 1.0, 2.0);
    let longest = |mut m: Trajectory| {
        m.points.extend(m.points.clone());
        m.points.resize(5000, m.points[0].clone());
        m
    };
    for tick in 0..600_u64 {
        let now = START + Duration::from_millis(10 * tick);
        let way = 0.05 * tick as f64;
        let odometry = odometry(now, Pose2::new(way, 0.0, 0.0), 5.0);
        let trajectory = course.trajectory(now, way, 6.0);
        let trajectory = if tick % 50 == 40 { longest(trajectory) } else { trajectory };
        let mut state = VehicleState::default();
        state.header.stamp = now.to_msg();
        let mut changed = params.clone();
        changed.fallback_mode = tick % 200 > 150;
        changed.lateral.correction_distance_m = 1.0 + 0.001 * tick as f64;
        let (_, calls) = count_allocations(|| {
            controller.odometry(&odometry, now);
            controller.vehicle_state(&state, now);
            if tick % 10 == 0 && tick < 300 {
                controller.trajectory(&trajectory, now);
            }
            if tick % 25 == 0 {
                controller.set_params(&changed);
            }
            controller.step(now)
        });
        assert_eq!(calls, Some(0), "at step {tick}");
    }
}
