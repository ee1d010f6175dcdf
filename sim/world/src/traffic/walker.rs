//! Somebody on foot: walks along sidewalks, and crosses the road now and then, after looking.

use glam::{DVec2, DVec3};
use maps::{LaneFilter, LaneId, LaneKind, Map};

use super::Actor;
use super::surroundings::{Body, Surroundings};
use crate::frame::Frame;
use crate::ground::{Ground, Material};
use crate::physics::Physics;
use crate::random::Random;

/// Widest road that is crossed, m.
const WIDEST_M: f64 = 22.0;
/// Wishes to cross per s of walking.
const WISH_PER_S: f64 = 0.02;
/// Waits at the kerb for no longer than this, s.
const PATIENCE_S: f64 = 25.0;
/// Time that must be left when it has crossed, s.
const MARGIN_S: f64 = 2.5;

enum Doing {
    Walking,
    Waiting { to: DVec3, since_s: f64 },
    Crossing { from: DVec3, to: DVec3, way: f64 },
}

pub(crate) struct Walker {
    pub actor: Actor,
    lane: LaneId,
    s: f64,
    /// Along the lane (1) or against it (-1).
    sense: f64,
    speed: f64,
    /// From the middle of the sidewalk to the left, m.
    offset: f64,
    doing: Doing,
    random: Random,
}

impl Walker {
    pub fn new(actor: Actor, lane: LaneId, s: f64, mut random: Random) -> Self {
        let sense = if random.chance(0.5) { 1.0 } else { -1.0 };
        let (speed, offset) = (random.uniform(1.0, 1.7), random.uniform(-0.5, 0.5));
        Self { actor, lane, s, sense, speed, offset, doing: Doing::Walking, random }
    }

    fn on_lane(&self, map: &Map, frame: Frame) -> (DVec3, f64) {
        let lane = map.lane(self.lane);
        let point = lane.centre.at(self.s);
        let offset = self.offset.clamp(-0.3 * lane.width(self.s), 0.3 * lane.width(self.s));
        let side = DVec2::from_angle(point.heading).perp() * offset;
        let heading = if self.sense > 0.0 { point.heading } else { point.heading + std::f64::consts::PI };
        (frame.to_world(point.position) + side.extend(0.0), heading)
    }

    /// Goes on by `dt_s`.
    #[allow(clippy::too_many_arguments)] // it looks at everything
    pub fn walk(
        &mut self,
        map: &Map,
        frame: Frame,
        ground: &Ground,
        physics: &mut Physics,
        surroundings: &Surroundings,
        decides: bool,
        dt_s: f64,
    ) {
        if let Doing::Waiting { to, since_s } = self.doing {
            let since_s = since_s + dt_s;
            self.doing = if decides && self.is_clear(to, surroundings) {
                Doing::Crossing { from: self.actor.center, to, way: 0.0 }
            } else if since_s > PATIENCE_S {
                Doing::Walking
            } else {
                Doing::Waiting { to, since_s }
            };
        }
        match self.doing {
            Doing::Walking => {
                self.s += self.sense * self.speed * dt_s;
                self.turn_at_end(map);
                if decides && self.random.chance(WISH_PER_S * 0.1) {
                    self.wish_to_cross(map, frame, ground);
                }
            }
            Doing::Waiting { .. } => {}
            Doing::Crossing { from, to, way } => {
                let step = if self.is_blocked(to, surroundings) { 0.0 } else { 1.15 * self.speed * dt_s };
                let way = way + step;
                let arrived = way >= (to - from).truncate().length();
                self.doing = if arrived { Doing::Walking } else { Doing::Crossing { from, to, way } };
                if arrived {
                    self.arrive(map, frame, to);
                }
            }
        }
        self.place(map, frame, ground, physics, Some(dt_s));
    }

    pub fn place(
        &mut self,
        map: &Map,
        frame: Frame,
        ground: &Ground,
        physics: &mut Physics,
        dt_s: Option<f64>,
    ) {
        let (foot, heading) = match self.doing {
            Doing::Walking => self.on_lane(map, frame),
            Doing::Waiting { to, .. } => (self.actor.center, (to - self.actor.center).truncate().to_angle()),
            Doing::Crossing { from, to, way } => {
                let direction = (to - from).truncate().normalize_or(DVec2::X);
                let at = from.truncate() + direction * way;
                (at.extend(from.z), direction.to_angle())
            }
        };
        let surface = ground.at(foot);
        self.actor.place(physics, foot.truncate().extend(surface.height_m), heading, DVec3::Z, dt_s);
    }

    /// Goes on to the next sidewalk at the end of one, or back.
    fn turn_at_end(&mut self, map: &Map) {
        let lane = map.lane(self.lane);
        if (0.0..=lane.length()).contains(&self.s) {
            return;
        }
        let next = if self.sense > 0.0 { &lane.successors } else { &lane.predecessors };
        let ways: Vec<LaneId> =
            next.iter().copied().filter(|l| map.lane(*l).kind == LaneKind::Sidewalk).collect();
        if ways.is_empty() {
            self.sense = -self.sense;
            self.s = self.s.clamp(0.0, lane.length());
        } else {
            self.lane = ways[self.random.index(ways.len())];
            self.s = if self.sense > 0.0 { 0.0 } else { map.lane(self.lane).length() };
        }
    }

    /// Looks for a sidewalk across the road.
    fn wish_to_cross(&mut self, map: &Map, frame: Frame, ground: &Ground) {
        let (here, heading) = self.on_lane(map, frame);
        for side in [1.0, -1.0] {
            let direction = DVec2::from_angle(heading).perp() * side;
            let mut crossed_road = false;
            for i in 1..(WIDEST_M * 2.0) as u32 {
                let point = here + (direction * 0.5 * f64::from(i)).extend(0.0);
                match ground.at(point).material {
                    Material::Road => crossed_road = true,
                    Material::Sidewalk if crossed_road => {
                        let to = point + direction.extend(0.0) * 0.8;
                        self.doing = Doing::Waiting { to, since_s: 0.0 };
                        return;
                    }
                    Material::Terrain => break,
                    _ => {}
                }
            }
        }
    }

    /// Whether no vehicle comes before it would be across.
    fn is_clear(&self, to: DVec3, surroundings: &Surroundings) -> bool {
        let from = self.actor.center.truncate();
        let across = to.truncate() - from;
        let time_s = across.length() / self.speed + MARGIN_S;
        let comes = |b: &Body| {
            let steps = 8;
            (0..=steps).any(|i| {
                // A vehicle that brakes for the curve or not: its speed may grow a little.
                let then = b.after(time_s * f64::from(i) / f64::from(steps) * 1.1);
                let along =
                    ((then.center.truncate() - from).dot(across) / across.length_squared()).clamp(0.0, 1.0);
                then.distance(from + across * along) < 1.5
            })
        };
        !surroundings.egos.iter().chain(&surroundings.vehicles).any(comes)
    }

    /// Whether a vehicle stands or drives right before it.
    fn is_blocked(&self, to: DVec3, surroundings: &Surroundings) -> bool {
        let here = self.actor.center.truncate();
        let next = here + (to.truncate() - here).normalize_or_zero() * 0.9;
        surroundings.egos.iter().chain(&surroundings.vehicles).any(|b| {
            let soon = b.after(0.3);
            let near = |b: &Body| b.distance(next) < 0.5 && b.distance(next) <= b.distance(here);
            near(b) || near(&soon)
        })
    }

    /// Walks on on the sidewalk that it has come to.
    fn arrive(&mut self, map: &Map, frame: Frame, at: DVec3) {
        let filter = LaneFilter { drivable: false, heading: None, within_m: 2.0 };
        let found = map.lanes_at(frame.to_map(at), filter);
        let sidewalk = found.iter().find(|p| map.lane(p.lane).kind == LaneKind::Sidewalk);
        if let Some(place) = sidewalk {
            (self.lane, self.s, self.offset) = (place.lane, place.s, place.t);
        }
    }
}
