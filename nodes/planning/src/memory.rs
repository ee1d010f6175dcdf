//! What is remembered of objects from cycle to cycle.

use crate::object::Object;

/// Time constant with which the acceleration of others is smoothed, s.
const SMOOTHING_S: f64 = 0.4;
/// Who stands this long after driving counts as parked and is passed, ns.
const PARKED_AFTER_NS: i64 = 10_000_000_000;

/// Objects that were seen to move, by id.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    moved: Vec<Moved>,
    updated_ns: i64,
}

#[derive(Clone, Copy, Debug)]
struct Moved {
    id: u32,
    /// When it last moved, ns.
    last_ns: i64,
    /// How fast it was, m/s.
    speed_mps: f64,
    /// Smoothed change of its speed, m/s^2.
    acceleration_mps2: f64,
}

impl Memory {
    /// Takes note of the objects, which are sorted by id.
    pub fn update(&mut self, now_ns: i64, objects: &[Object]) {
        let dt = now_ns.saturating_sub(self.updated_ns) as f64 * 1e-9;
        self.updated_ns = now_ns;
        self.moved.retain(|m| objects.binary_search_by_key(&m.id, |o| o.id).is_ok());
        for object in objects {
            let speed_mps = object.speed_mps();
            match self.moved.binary_search_by_key(&object.id, |m| m.id) {
                Ok(at) => {
                    let m = &mut self.moved[at];
                    if (0.01..1.0).contains(&dt) {
                        let share = dt / (SMOOTHING_S + dt);
                        let measured = (speed_mps - m.speed_mps) / dt;
                        m.acceleration_mps2 += share * (measured.clamp(-8.0, 4.0) - m.acceleration_mps2);
                    }
                    m.speed_mps = speed_mps;
                    if speed_mps > 0.0 {
                        m.last_ns = now_ns;
                    }
                }
                Err(at) if speed_mps > 0.0 => {
                    let (id, last_ns) = (object.id, now_ns);
                    self.moved.insert(at, Moved { id, last_ns, speed_mps, acceleration_mps2: 0.0 });
                }
                Err(_) => {}
            }
        }
    }

    fn of(&self, id: u32) -> Option<&Moved> {
        let at = self.moved.binary_search_by_key(&id, |m| m.id).ok()?;
        self.moved.get(at)
    }

    /// How an object changes its speed, m/s^2.
    pub fn acceleration_mps2(&self, id: u32) -> f64 {
        self.of(id).map_or(0.0, |m| m.acceleration_mps2)
    }

    /// Whether an object that stands is not about to go on: it was never seen to move, or stands for long.
    pub fn is_parked(&self, object: &Object) -> bool {
        let waits =
            self.of(object.id).is_some_and(|m| self.updated_ns.saturating_sub(m.last_ns) < PARKED_AFTER_NS);
        object.speed_mps() == 0.0 && !waits
    }
}
