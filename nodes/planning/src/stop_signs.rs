//! A full stop at each stop sign, then on.

use maps::{Map, SignalKind};

use crate::route_line::RouteLine;
use crate::situation::Situation;

/// How near to a stop line the vehicle must have stood, m.
const REACH_M: f64 = 2.0;
/// How long it stands at a stop sign at least, ns.
const STAND_NS: i64 = 1_000_000_000;

/// The stop lines of a route.
#[derive(Clone, Debug, Default)]
pub struct StopSigns {
    /// On the line, m, ascending.
    lines_s: Vec<f64>,
    /// Lines before this one have been dealt with.
    next: usize,
    stands_since_ns: Option<i64>,
}

impl StopSigns {
    /// Those of a route.
    pub fn of(map: &Map, route: &RouteLine) -> Self {
        let stops = map.signals.iter().filter(|s| s.kind == SignalKind::Stop);
        let on_route = stops.flat_map(|s| &s.lanes).flat_map(|(lane, lane_s)| {
            let spans = route.spans.iter().filter(move |span| span.lane == *lane);
            spans.map(move |span| span.from_s + lane_s - span.lane_s)
        });
        let mut lines_s: Vec<f64> = on_route.collect();
        lines_s.sort_by(f64::total_cmp);
        lines_s.dedup_by(|a, b| (*a - *b).abs() < 3.0);
        Self { lines_s, ..Self::default() }
    }

    /// Notes where the vehicle is and whether it has stood.
    pub fn update(&mut self, situation: &Situation<'_>) {
        let front_s = situation.line_s + situation.params.vehicle.front_m();
        while self.next_s().is_some_and(|s| s < front_s - 1.0) {
            self.next += 1;
        }
        let Some(line_s) = self.next_s() else { return };
        if situation.speed_mps > 0.05 || line_s - front_s > REACH_M {
            self.stands_since_ns = None;
            return;
        }
        let since = *self.stands_since_ns.get_or_insert(situation.now_ns);
        if situation.now_ns.saturating_sub(since) >= STAND_NS {
            self.next += 1;
            self.stands_since_ns = None;
        }
    }

    /// The next one to stop at, m along the line.
    pub fn next_s(&self) -> Option<f64> {
        self.lines_s.get(self.next).copied()
    }
}
