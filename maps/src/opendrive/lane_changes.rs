//! Where one may change lanes: by the line between them.

use super::build::Build;
use super::model::{LaneRecord, Mark, Network};
use super::xml::Source;
use crate::lane::{LaneChange, LaneId, Neighbour};

/// One does not change to a lane that is narrower, m.
const NARROWEST_M: f64 = 2.0;

/// Sets where one may change lanes.
pub(super) fn set(build: &mut Build<'_>, source: &mut Source) {
    // Some exporters write "none" for every line there is, broken ones too: then it says nothing.
    let says_nothing = only_none(build.network);
    if says_nothing {
        let place = source.place(0, None, None);
        let what = "laneChange is \"none\" for every line, broken ones too: the kind of line decides instead";
        source.warn(place, what);
    }
    for at in 0..build.lanes.len() {
        let lane = LaneId(at as u32);
        let changes = of_lane(build, lane, says_nothing);
        build.lanes[at].lane_changes = changes;
    }
}

fn only_none(network: &Network) -> bool {
    let sections = network.roads.iter().flat_map(|r| &r.sections);
    let mut marks =
        sections.flat_map(|s| &s.lanes).flat_map(|l| &l.marks).filter(|m| m.permits.is_some()).peekable();
    let mut broken = false;
    let all_none = marks.peek().is_some()
        && marks.all(|m| {
            broken |= m.kind == "broken";
            m.permits == Some((false, false))
        });
    all_none && broken
}

fn of_lane(build: &Build<'_>, lane: LaneId, ignore_attribute: bool) -> Vec<LaneChange> {
    let this = build.lane(lane);
    let sides: Vec<_> = [this.left, this.right].map(|n| Side::new(build, lane, n, ignore_attribute)).into();
    let (from, to) = (this.road_s_start.min(this.road_s_end), this.road_s_start.max(this.road_s_end));
    let mut places: Vec<f64> = vec![from, to];
    for side in sides.iter().flatten() {
        places.extend(side.line.marks.iter().map(|m| m.s).filter(|s| *s > from && *s < to));
        if side.varies() {
            places.extend(&build.road_s[lane.0 as usize]);
        }
    }
    places.sort_by(f64::total_cmp);
    places.dedup();
    if places.len() < 2 {
        places.push(to);
    }
    let may =
        |side: &Option<Side<'_, '_>>, a: f64, b: f64| side.as_ref().is_some_and(|side| side.permits(a, b));
    let pieces: Vec<_> = places
        .windows(2)
        .map(|w| (w[0], w[1], (may(&sides[0], w[0], w[1]), may(&sides[1], w[0], w[1]))))
        .collect();
    let changes = build.along_lane(lane, &pieces);
    changes
        .into_iter()
        .map(|(from_s, to_s, (left, right))| LaneChange { from_s, to_s, left, right })
        .collect()
}

/// A drivable lane of the same direction beside a lane, and the line between them.
struct Side<'b, 'n> {
    build: &'b Build<'n>,
    target: LaneId,
    line: &'n LaneRecord,
    towards_higher: bool,
    ignore_attribute: bool,
    in_junction: bool,
}

impl<'b, 'n> Side<'b, 'n> {
    fn new(
        build: &'b Build<'n>,
        lane: LaneId,
        to: Option<Neighbour>,
        ignore_attribute: bool,
    ) -> Option<Self> {
        let to = to.filter(|n| n.same_direction)?.lane;
        let (this, other) = (build.lane(lane), build.lane(to));
        if !this.kind.is_drivable() || !other.kind.is_drivable() {
            return None;
        }
        let (a, b) = (build.record(lane), build.record(to));
        let line = if a.id.signum() != b.id.signum() {
            build.section_of(lane).lane(0)?
        } else if a.id.abs() < b.id.abs() {
            a
        } else {
            b
        };
        let towards_higher = b.id > a.id;
        let in_junction = this.junction.is_some();
        Some(Self { build, target: to, line, towards_higher, ignore_attribute, in_junction })
    }

    fn varies(&self) -> bool {
        let target = self.build.lane(self.target);
        let narrow = |(l, r): (&glam::DVec3, &glam::DVec3)| l.distance(*r) < NARROWEST_M;
        target.left_edge.iter().zip(&target.right_edge).any(narrow)
    }

    fn permits(&self, from: f64, to: f64) -> bool {
        let s = 0.5 * (from + to);
        let target = self.build.lane(self.target);
        if target.width(self.build.lane_s(self.target, s)) < NARROWEST_M {
            return false;
        }
        let marks = &self.line.marks;
        match marks.partition_point(|m| m.s <= s).checked_sub(1) {
            // Without a line one may change, but for junctions, where one keeps to one's lane.
            None => !self.in_junction,
            Some(i) => self.line_permits(&marks[i]),
        }
    }

    fn line_permits(&self, mark: &Mark) -> bool {
        if let (Some((higher, lower)), false) = (mark.permits, self.ignore_attribute) {
            return if self.towards_higher { higher } else { lower };
        }
        // Pairs of lines are named from the inside outwards, those in the middle from left to right.
        let from_first = if self.line.id > 0 { self.towards_higher } else { !self.towards_higher };
        match mark.kind.as_str() {
            "broken" | "broken broken" | "botts dots" => true,
            "none" => !self.in_junction,
            "broken solid" => from_first,
            "solid broken" => !from_first,
            _ => false,
        }
    }
}
