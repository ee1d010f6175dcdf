//! Candidates for the way beside the reference line: keep to it, pass what stands in the way, stay on the old lane
//! when there is no gap for a lane change.

use crate::barrier::{Barrier, Reason};
use crate::object::Object;
use crate::occupancy::{Extent, extent, is_in_way};
use crate::path::{LateralProfile, Path};
use crate::poly::smoother_step;
use crate::route_line::ChangeZone;
use crate::scene::Scene;
use crate::situation::Situation;

/// Cost of leaving the line at all, m of way in 8 s.
const PASS_COST_M: f64 = 2.0;
/// What speaks for the way that is already driven, m.
const KEEP_BONUS_M: f64 = 3.0;
/// Objects this near behind one another are passed in one go, m.
const TOGETHER_M: f64 = 18.0;
/// Distance to the edge of the road that is kept when passing, m.
const EDGE_M: f64 = 0.1;
/// Offset of a lane's middle within which an object counts as on that lane, m.
const ON_LANE_M: f64 = 1.7;

/// A way to try.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The way.
    pub profile: LateralProfile,
    /// What holds on it besides objects; arc lengths are those of the line.
    pub barriers: Vec<Barrier>,
    /// What it costs, as m of way not made in the time planned.
    pub cost: f64,
}

impl Candidate {
    fn of(profile: LateralProfile) -> Self {
        Self { profile, barriers: vec![], cost: 0.0 }
    }
}

/// The ways to try, at least one. `old` is the one that is driven.
pub fn candidates(situation: &Situation<'_>, old: Option<&LateralProfile>, scene: &Scene) -> Vec<Candidate> {
    if let Some(stay) = stay_on_lane(situation, scene) {
        return vec![stay];
    }
    let on_line = match old {
        Some(old) if old.settled_s() < situation.line_s && old.final_offset().abs() < 1e-3 => old.clone(),
        _ => to_offset(situation, 0.0),
    };
    let mut found = vec![];
    if let Some(old) = old.filter(|o| o.settled_s() > situation.line_s && o.final_offset().abs() < 1e-3) {
        found.push(Candidate { cost: -KEEP_BONUS_M, ..Candidate::of(old.clone()) });
    } else {
        found.push(Candidate::of(on_line));
    }
    let length = situation.horizon_m;
    let path = Path::beside(&situation.route.line, &found[0].profile, situation.line_s, length);
    if blocking(situation, scene, &path).is_some() {
        found.extend(passes(situation, scene));
        if found[0].cost < 0.0 {
            found.push(Candidate::of(to_offset(situation, 0.0)));
        }
    }
    found
}

/// The quickest comfortable way to an offset.
pub fn to_offset(situation: &Situation<'_>, offset_m: f64) -> LateralProfile {
    let start = situation.offset;
    let far = (start.value - offset_m).abs().max(4.0 * start.d1.abs());
    let most = 0.95 * situation.params.vehicle.max_curvature_per_m();
    let mut length = (2.5 * situation.speed_mps).max(6.0 * far.sqrt()).max(6.0);
    loop {
        let knots = [(situation.line_s + length, offset_m)];
        let profile = LateralProfile::through(situation.line_s, start, &knots);
        let path = Path::beside(&situation.route.line, &profile, situation.line_s, length);
        let sharpest = path.points().iter().map(|p| p.curvature.abs()).fold(0.0, f64::max);
        if sharpest <= most || length > 40.0 {
            return profile;
        }
        length *= 1.25;
    }
}

/// The first standing object in the way.
fn blocking(situation: &Situation<'_>, scene: &Scene, path: &Path) -> Option<Extent> {
    let standing = scene.parked().filter_map(|o| {
        let vehicle = &situation.params.vehicle;
        let margin = situation.params.distance.lateral_min_m;
        let found = extent(path, o, o.pose, 0.5 * vehicle.width_m + 2.0)?;
        let ahead = found.from_s > 0.5 * vehicle.wheelbase_m;
        (ahead && is_in_way(path, &found, vehicle, margin)).then_some(found)
    });
    standing.min_by(|a, b| a.from_s.total_cmp(&b.from_s))
}

/// Ways around the first standing object and those just behind it, on either side.
fn passes(situation: &Situation<'_>, scene: &Scene) -> Vec<Candidate> {
    let line =
        LateralProfile::through(situation.line_s, Default::default(), &[(situation.line_s + 1.0, 0.0)]);
    let centre = Path::beside(&situation.route.line, &line, situation.line_s, situation.horizon_m);
    let vehicle = &situation.params.vehicle;
    let near = 0.5 * vehicle.width_m + 5.0;
    let parked = scene.parked();
    let mut extents: Vec<Extent> =
        parked.filter_map(|o| extent(&centre, o, o.pose, near)).filter(|e| e.to_s > 0.0).collect();
    extents.sort_by(|a, b| a.from_s.total_cmp(&b.from_s));
    let Some(first) = blocking(situation, scene, &centre) else { return vec![] };
    [true, false].iter().filter_map(|left| pass(situation, scene, &extents, &first, *left)).collect()
}

/// The way around `first` on one side; none without room.
fn pass(
    situation: &Situation<'_>,
    scene: &Scene,
    extents: &[Extent],
    first: &Extent,
    left: bool,
) -> Option<Candidate> {
    let (vehicle, distance) = (&situation.params.vehicle, &situation.params.distance);
    let half = 0.5 * vehicle.width_m;
    let side = |e: &Extent| if left { e.left_m } else { e.right_m };
    let sign = if left { 1.0 } else { -1.0 };
    let (mut outermost, mut to_s) = (side(first) * sign, first.to_s);
    // Objects on the side that is passed on, or so near that there is no way back between, are passed as well.
    for e in extents.iter().filter(|e| e.from_s >= first.from_s) {
        if e.from_s < to_s + TOGETHER_M && e.left_m > -half && e.right_m < half {
            (outermost, to_s) = (outermost.max(side(e) * sign), to_s.max(e.to_s));
        }
    }
    let room = (first.from_s as i64..=to_s as i64).map(|s| {
        let at = situation.route.station(situation.line_s + s as f64);
        at.map_or(0.0, |at| if left { at.road_left_m } else { -at.road_right_m })
    });
    let room = room.min_by(f64::total_cmp)? - half - EDGE_M;
    let least = outermost + half + distance.lateral_min_m + 0.05;
    if room < least {
        return None;
    }
    let target = (outermost + half + distance.lateral_m).min(room) * sign;
    // The target offset must be reached when the front comes to the object.
    let begin = first.from_s - vehicle.front_m() - 1.0;
    let end = to_s + vehicle.rear_overhang_m + 1.0;
    let swing = (2.2 * situation.speed_mps).max(6.0 * target.abs().sqrt()).max(6.0);
    let s = situation.line_s;
    let room_ahead = begin.max(2.0);
    // Not before it must, so that what moves off in the meantime is not passed in vain.
    let mut knots = vec![];
    if room_ahead > swing * 1.6 && situation.offset.value.abs() < 0.05 {
        knots.push((s + room_ahead - swing * 1.1, situation.offset.value));
    }
    knots.extend([(s + room_ahead, target), (s + end, target), (s + end + swing, 0.0)]);
    let profile = LateralProfile::through(s, situation.offset, &knots);
    let path = Path::beside(&situation.route.line, &profile, s, end + swing);
    let most = 0.95 * vehicle.max_curvature_per_m();
    let drivable = path.points().iter().all(|p| p.curvature.abs() < most);
    let lane = situation.route.station(s + begin);
    let leaves =
        lane.is_some_and(|l| if left { target + half > l.left_m } else { target - half < l.right_m });
    let free = !leaves || has_gap(situation, scene, |_| target);
    (drivable && free).then(|| Candidate { cost: PASS_COST_M + target.abs(), ..Candidate::of(profile) })
}

/// Where the route changes lanes now and there is no gap: the way along the old lane, to its end.
fn stay_on_lane(situation: &Situation<'_>, scene: &Scene) -> Option<Candidate> {
    let s = situation.line_s;
    let soon_m = 2.0 + 1.0 * situation.speed_mps;
    let zone = situation.route.changes.iter().find(|z| s > z.from_s - soon_m && s < z.end_s)?;
    let changed = changed(zone, s);
    // Beyond half of the way to the other lane it is changed for good.
    let on_old = situation.offset.value + zone.shift_m * changed;
    if on_old / zone.shift_m > 0.3 || zone.shift_m.abs() < 0.5 {
        return None;
    }
    if has_gap(situation, scene, |at| zone.shift_m * (1.0 - self::changed(zone, at))) {
        return None;
    }
    let knots = if s < zone.from_s - 1.0 {
        vec![(zone.from_s, 0.0), (zone.to_s, -zone.shift_m)]
    } else {
        vec![(zone.to_s.max(s + 8.0), -zone.shift_m)]
    };
    let profile = LateralProfile::through(s, situation.offset, &knots);
    let front = situation.params.vehicle.front_m();
    let stop_s = (zone.end_s - front - 12.0).max(0.5 * (zone.from_s + zone.end_s) - front);
    let barrier = Barrier { reason: Reason::LaneChange, slack_m: 8.0, ..Barrier::stop(stop_s) };
    Some(Candidate { barriers: vec![barrier], ..Candidate::of(profile) })
}

/// Share of a lane change that the line has made at an arc length.
fn changed(zone: &ChangeZone, s: f64) -> f64 {
    smoother_step((s - zone.from_s) / (zone.to_s - zone.from_s).max(1.0))
}

/// Whether those who drive on another lane leave room for this vehicle; `lane_m` is that lane's middle, to the left of
/// the line, by arc length.
fn has_gap(situation: &Situation<'_>, scene: &Scene, lane_m: impl Fn(f64) -> f64) -> bool {
    let vehicle = &situation.params.vehicle;
    let (s, v) = (situation.line_s, situation.speed_mps);
    let free = |o: &Object| {
        let behind_m = 60.0;
        let (at, d) = situation.route.line.project(o.pose.position, s - behind_m, s + 60.0);
        let lane = lane_m(at);
        let half = 0.5 * o.width_m.min(2.5);
        let here = (d - lane).abs() < ON_LANE_M + half - 0.9 && at > s - behind_m - 1.0 && at < s + 60.0;
        // Its own lane, where it follows as always.
        if !here || (d - situation.offset.value).abs() < 1.2 {
            return true;
        }
        let along = o.velocity_mps.dot(glam::DVec2::from_angle(situation.route.line.at(at).heading));
        let half_length = 0.5 * o.length_m;
        let ahead_m = at - half_length - (s + vehicle.front_m());
        let behind_m = s - vehicle.rear_overhang_m - (at + half_length);
        if ahead_m > 0.0 {
            let closing = (v - along).max(0.0);
            ahead_m > 2.0 + 0.3 * v + closing * 2.0
        } else {
            let closing = (along - v.max(1.0)).max(0.0);
            behind_m > 3.0 + 0.5 * along + closing * 3.0
        }
    };
    scene.tracks().iter().map(|t| &t.object).all(free)
}
