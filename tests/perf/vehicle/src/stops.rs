//! Emergency stops by service, from the call to the standstill.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use msgs::atlasmesh_msgs::msg::ActuationCommand;
use msgs::safety_msgs::msg::SafetyState;
use msgs::std_srvs::srv::{Trigger, TriggerRequest};
use parking_lot::Mutex;
use runtime::qos::Qos;
use serde::Serialize;

use crate::vehicle::{Vehicle, subscribe};

/// One stop. Times begin when the call is sent, so that they hold its way to the vehicle too.
#[derive(Clone, Default, Serialize)]
pub struct Stop {
    pub speed_mps: f64,
    /// To the arrival here of the first command that brakes for the emergency stop.
    pub brake_ms: f64,
    pub answer_ms: f64,
    pub standstill_s: f64,
    pub latched: bool,
    pub hardest_mps2: f64,
}

#[derive(Default)]
struct Seen {
    called: Option<Instant>,
    brake_ms: Option<f64>,
    answer_ms: Option<f64>,
    hardest_mps2: f64,
    safety: SafetyState,
}

pub fn measure(vehicle: &Vehicle, count: usize, speed_mps: f64) -> Result<Vec<Stop>> {
    let seen: Arc<Mutex<Seen>> = Arc::default();
    let commands = Arc::clone(&seen);
    let _commands =
        subscribe::<ActuationCommand>(vehicle.node(), "/vehicle/command", &Qos::command(), move |c| {
            let mut seen = commands.lock();
            let Some(called) = seen.called else { return };
            if c.source == SafetyState::SOURCE_EMERGENCY && c.acceleration_mps2 < 0.0 {
                seen.brake_ms.get_or_insert(called.elapsed().as_secs_f64() * 1e3);
            }
            seen.hardest_mps2 = seen.hardest_mps2.min(c.acceleration_mps2.into());
        })?;
    let states = Arc::clone(&seen);
    let _states = subscribe::<SafetyState>(vehicle.node(), "/safety/state", &Qos::state(), move |s| {
        states.lock().safety = s;
    })?;
    (0..count).map(|n| stop(vehicle, &seen, speed_mps, n)).collect()
}

fn stop(vehicle: &Vehicle, seen: &Arc<Mutex<Seen>>, speed_mps: f64, n: usize) -> Result<Stop> {
    vehicle.wait_for("speed", || vehicle.speed_mps() >= speed_mps)?;
    let speed_mps = vehicle.speed_mps();
    let called = Instant::now();
    *seen.lock() = Seen { called: Some(called), ..Seen::default() };
    let answered = Arc::clone(seen);
    vehicle.call::<Trigger>("/emergency_stop", &TriggerRequest::default(), move |_| {
        answered.lock().answer_ms = Some(called.elapsed().as_secs_f64() * 1e3);
    })?;
    vehicle.wait_for("standstill", || vehicle.speed_mps().abs() < 0.05)?;
    let standstill_s = called.elapsed().as_secs_f64();
    vehicle.wait_for("the latch", || seen.lock().safety.mode == SafetyState::MODE_STOPPED)?;
    let stop = {
        let seen = seen.lock();
        Stop {
            speed_mps,
            brake_ms: seen.brake_ms.unwrap_or(f64::NAN),
            answer_ms: seen.answer_ms.unwrap_or(f64::NAN),
            standstill_s,
            latched: seen.safety.latched,
            hardest_mps2: seen.hardest_mps2,
        }
    };
    eprintln!("stop {} from {:.1} m/s: brake command after {:.1} ms", n + 1, speed_mps, stop.brake_ms);
    vehicle.call::<Trigger>("/safety/reset", &TriggerRequest::default(), |answer| {
        if !answer.success {
            eprintln!("reset refused: {}", answer.message);
        }
    })?;
    Ok(stop)
}
