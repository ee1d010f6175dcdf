//! What is around the vehicle and what of it is in its way.

use maps::Map;

use crate::barrier::{Barrier, Reason};
use crate::crossing::{Crossing, crossings};
use crate::meeting::Meeting;
use crate::memory::Memory;
use crate::object::Object;
use crate::path::Path;
use crate::predict::{Branch, branches};
use crate::route_line::RouteLine;
use crate::situation::Situation;
use crate::speed::Motion;
use crate::stop_signs::StopSigns;

/// Distance of the front to a line or crossing that is stopped at, m.
const BEFORE_LINE_M: f64 = 0.5;

/// An object and the ways it may take.
#[derive(Clone, Debug)]
pub struct Track {
    /// The object.
    pub object: Object,
    /// The ways.
    pub branches: Vec<Branch>,
}

/// What is around, and what was decided about it.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    tracks: Vec<Track>,
    memory: Memory,
    crossings: Vec<Crossing>,
    stop_signs: StopSigns,
    /// Objects that the vehicle gives way to.
    yields_to: Vec<u32>,
}

impl Scene {
    /// Looks up where the route crosses others, and its stop signs.
    pub fn prepare(&mut self, map: &Map, route: &RouteLine) {
        self.crossings = crossings(map, route);
        self.stop_signs = StopSigns::of(map, route);
    }

    /// Takes over what is around now.
    pub fn update(&mut self, situation: &Situation<'_>, objects: &[Object]) {
        let track = |o: &Object| Track { object: *o, branches: branches(situation.map, o) };
        self.tracks.clear();
        self.tracks.extend(objects.iter().map(track));
        self.memory.update(situation.now_ns, objects);
        self.stop_signs.update(situation);
    }

    /// Objects with the ways they may take.
    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// What is remembered of them.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Where the route meets the ways of others.
    pub fn crossings(&self) -> &[Crossing] {
        &self.crossings
    }

    /// Whether the vehicle gave way to an object in the last cycle.
    pub fn yields_to(&self, id: u32) -> bool {
        self.yields_to.contains(&id)
    }

    /// Objects that stand and are not about to go on.
    pub fn parked(&self) -> impl Iterator<Item = &Object> {
        self.tracks.iter().map(|t| &t.object).filter(|o| self.memory.is_parked(o))
    }

    /// What the vehicle must stay behind on a path. `free_run` is how it would drive without objects.
    pub fn barriers(&self, situation: &Situation<'_>, path: &Path, free_run: &[Motion]) -> Vec<Barrier> {
        let front = situation.params.vehicle.front_m();
        let mut barriers = vec![];
        if let Some(line_s) = self.stop_signs.next_s() {
            let s = path.s_of_line(line_s) - front - BEFORE_LINE_M;
            barriers.push(Barrier { reason: Reason::Rule, ..Barrier::stop(s) });
        }
        for track in &self.tracks {
            for branch in &track.branches {
                let meeting = Meeting { scene: self, situation, path, free_run, track, branch };
                barriers.extend(meeting.barrier());
            }
        }
        barriers.extend(self.before_full_junction(situation, path, &barriers));
        barriers
    }

    /// Takes note of what was decided.
    pub fn chosen(&mut self, barriers: &[Barrier]) {
        self.yields_to.clear();
        let yields = barriers.iter().filter(|b| b.reason == Reason::Rule);
        self.yields_to.extend(yields.filter_map(|b| b.object));
    }

    /// Where the vehicle would come to stand among crossing ways behind another one, it waits before them.
    fn before_full_junction(
        &self,
        situation: &Situation<'_>,
        path: &Path,
        barriers: &[Barrier],
    ) -> Option<Barrier> {
        let vehicle = &situation.params.vehicle;
        let slow = |b: &&Barrier| b.reason == Reason::Obstacle && b.speed_mps < 1.5;
        let queue_s = barriers.iter().filter(slow).map(|b| b.s).min_by(f64::total_cmp)?;
        let blocked = self.crossings.iter().find(|c| {
            let (from_s, to_s) = (path.s_of_line(c.from_s), path.s_of_line(c.to_s));
            // Its outline would cover a part of the crossing.
            from_s < queue_s + vehicle.front_m() && to_s > queue_s - vehicle.rear_overhang_m
        })?;
        let entry = self.crossings.iter().filter(|c| c.entry_s == blocked.entry_s).map(|c| c.from_s);
        let entry_s = entry.min_by(f64::total_cmp)?.max(blocked.entry_s);
        let stop_s = path.s_of_line(entry_s) - vehicle.front_m() - BEFORE_LINE_M;
        let braking_m = situation.speed_mps.powi(2) / (2.0 * situation.params.comfort.deceleration_mps2);
        (stop_s > braking_m && stop_s < queue_s).then(|| Barrier {
            reason: Reason::Rule,
            slack_m: 5.0,
            ..Barrier::stop(stop_s)
        })
    }
}
