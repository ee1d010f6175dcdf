//! Speed limits: a lane's own, else its road's, else for lanes of a junction that of the lanes that lead into it.

use super::build::Build;
use crate::lane::{LaneId, SpeedLimit};

/// Sets the speed limits of all lanes.
pub(super) fn set(build: &mut Build<'_>) {
    for at in 0..build.lanes.len() {
        let limits = of_lane(build, LaneId(at as u32));
        build.lanes[at].speed_limits = limits;
    }
    inherit_in_junctions(build);
}

fn of_lane(build: &Build<'_>, lane: LaneId) -> Vec<SpeedLimit> {
    let (road, record) = (build.road(lane), build.record(lane));
    let (from, to) = (build.lane(lane).road_s_start, build.lane(lane).road_s_end);
    let (from, to) = (from.min(to), from.max(to));
    let mut places: Vec<f64> = record.speeds.iter().chain(&road.speeds).map(|s| s.0).collect();
    places.retain(|s| *s > from && *s < to);
    places.extend([from, to]);
    places.sort_by(f64::total_cmp);
    let holds = |speeds: &[(f64, f64)], s: f64| {
        let at = speeds.partition_point(|x| x.0 <= s + 1e-6).checked_sub(1)?;
        Some(speeds[at].1)
    };
    let limit = |s: f64| holds(&record.speeds, s).or_else(|| holds(&road.speeds, s)).unwrap_or(f64::INFINITY);
    let pieces: Vec<_> = places.windows(2).map(|w| (w[0], w[1], limit(w[0]))).collect();
    let limits = build.along_lane(lane, &pieces);
    limits.into_iter().map(|(from_s, _, limit_mps)| SpeedLimit { from_s, limit_mps }).collect()
}

/// Connecting roads mostly say nothing; who drives over them still keeps to the limit of the road they came from.
fn inherit_in_junctions(build: &mut Build<'_>) {
    let unlimited = |limits: &[SpeedLimit]| limits.iter().all(|l| l.limit_mps.is_infinite());
    // As often as a connecting road may have sections, within reason.
    for _ in 0..8 {
        let mut found = vec![];
        for lane in build.lanes.iter().filter(|l| l.junction.is_some() && unlimited(&l.speed_limits)) {
            let before = lane.predecessors.iter().filter_map(|p| build.lane(*p).speed_limits.last());
            let limit = before.map(|l| l.limit_mps).fold(f64::INFINITY, f64::min);
            if limit.is_finite() {
                found.push((lane.id, limit));
            }
        }
        if found.is_empty() {
            break;
        }
        for (lane, limit_mps) in found {
            build.lanes[lane.0 as usize].speed_limits = vec![SpeedLimit { from_s: 0.0, limit_mps }];
        }
    }
}
