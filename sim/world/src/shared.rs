//! A world that the nodes of several vehicles in one process step together.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use maps::Map;
use runtime::time::Time;

use crate::config::WorldConfig;
use crate::world::{STEP_NS, World};

/// Most steps that the world catches up on at once, when the process was held up; time beyond that does not pass in it.
const MAX_CATCH_UP: u64 = 50;

/// A world, and how far it is.
pub struct Paced {
    pub world: World,
    /// Steps done.
    pub steps: u64,
    /// The time of step 0.
    began: Option<Time>,
}

impl Paced {
    fn new(config: &WorldConfig, map: Arc<Map>) -> Self {
        Self { world: World::new(config, map), steps: 0, began: None }
    }

    /// How many steps should be done at `now`: in lockstep one more each time; live more, when the timer came late. So the
    /// world keeps the time that its stamps tell.
    pub fn due(&mut self, now: Time) -> u64 {
        let began = *self.began.get_or_insert(Time::from_ns(now.as_ns() - STEP_NS));
        let due = ((now.as_ns() - began.as_ns() + STEP_NS / 2) / STEP_NS).max(0) as u64;
        let behind = due.saturating_sub(self.steps);
        if behind > MAX_CATCH_UP {
            self.began = Some(began + Duration::from_nanos((behind - MAX_CATCH_UP) * STEP_NS as u64));
        }
        due.min(self.steps + MAX_CATCH_UP)
    }

    /// The time of the newest step.
    pub fn time(&self) -> Time {
        self.began.unwrap_or_default() + Duration::from_nanos(self.steps * STEP_NS as u64)
    }

    pub fn step(&mut self) {
        self.world.step();
        self.steps += 1;
    }
}

/// A vehicle's hold of its world.
#[derive(Clone)]
pub struct SharedWorld(Arc<Mutex<Paced>>);

/// Worlds of this process that more vehicles may come into, by map and configuration.
type Open = Vec<(String, WorldConfig, Weak<Mutex<Paced>>)>;
static OPEN: Mutex<Open> = Mutex::new(vec![]);

impl SharedWorld {
    /// A world for one vehicle alone.
    pub fn alone(config: &WorldConfig, map: Arc<Map>) -> Self {
        Self(Arc::new(Mutex::new(Paced::new(config, map))))
    }

    /// The world of this process with this map and configuration, made if there is none.
    pub fn join(name: &str, config: &WorldConfig, map: Arc<Map>) -> Self {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|(_, _, world)| world.strong_count() > 0);
        let found = open.iter().find(|(of, with, _)| of == name && with == config);
        if let Some(world) = found.and_then(|(_, _, world)| world.upgrade()) {
            return Self(world);
        }
        let made = Self::alone(config, map);
        open.push((name.to_owned(), config.clone(), Arc::downgrade(&made.0)));
        made
    }

    pub fn lock(&self) -> MutexGuard<'_, Paced> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::EgoConfig;

    #[test]
    fn vehicles_of_one_process_share_a_world() {
        let map = Arc::new(Map::load("terminal-yard").unwrap());
        let config = WorldConfig { seed: 5, ..WorldConfig::default() };
        let join = |config: &WorldConfig| SharedWorld::join("terminal-yard", config, Arc::clone(&map));
        let (one, two) = (join(&config), join(&config));
        let other = join(&WorldConfig { seed: 6, ..config.clone() });
        let first = one.lock().world.add_ego(&EgoConfig::default()).unwrap();
        let second = two.lock().world.add_ego(&EgoConfig::default()).unwrap();
        assert_eq!((first.index(), second.index()), (0, 1));
        let seen = two.lock().world.road_users(second);
        assert_eq!(seen.len(), 1);
        let first_at = one.lock().world.truth(first).position;
        assert!(seen[0].center.distance(first_at) < 5.0, "{seen:?} {first_at}");
        one.lock().step();
        assert_eq!((two.lock().steps, other.lock().steps), (1, 0));
        // When all have left, the next one begins a new world.
        drop((one, two));
        assert_eq!(join(&config).lock().steps, 0);
    }

    #[test]
    fn time_that_the_process_was_held_up_passes_in_part_only() {
        let map = Arc::new(Map::load("terminal-yard").unwrap());
        let mut paced = Paced::new(&WorldConfig::default(), map);
        let at = |steps: i64| Time::from_ns(1_000_000_000 + steps * STEP_NS);
        assert_eq!(paced.due(at(0)), 1);
        paced.step();
        assert_eq!(paced.due(at(2)), 3);
        assert_eq!(paced.due(at(1000)), 1 + MAX_CATCH_UP);
        for _ in 0..MAX_CATCH_UP {
            paced.step();
        }
        assert_eq!(paced.due(at(1001)), paced.steps + 1);
    }
}
