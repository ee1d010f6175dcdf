//! What is different from the map right now.

use std::collections::BTreeMap;

use super::graph::{Edge, Network};
use super::way_id::WayId;

/// Blocked segments and lower speeds, in effect for the queries that bring it along. A change holds for both directions of
/// a way. Nothing in it makes a road quicker than the map says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overlay {
    ways: BTreeMap<WayId, Change>,
    speed_cap_mps: Option<f64>,
}

/// A speed that can't be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum OverlayError {
    /// A factor outside of 0 to 1.
    #[error("speed factor {0}: expected more than 0 and at most 1; to close a road, block it")]
    Factor(f64),
    /// A cap that is not a positive number.
    #[error("speed cap {0} m/s: expected a number above 0; to close a road, block it")]
    Cap(f64),
}

/// What is different on one way.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Change {
    blocked: bool,
    factor: f64,
    cap_mps: f64,
}

impl Default for Change {
    fn default() -> Self {
        Self { blocked: false, factor: 1.0, cap_mps: f64::INFINITY }
    }
}

impl Overlay {
    /// Whether nothing is different from the map.
    pub fn is_empty(&self) -> bool {
        self.ways.is_empty() && self.speed_cap_mps.is_none()
    }

    /// Closes a way in both directions. Places are not snapped to it.
    pub fn block(&mut self, way: WayId) {
        self.ways.entry(way).or_default().blocked = true;
    }

    /// Takes everything back that was said of a way: open, and as quick as the map says.
    pub fn restore(&mut self, way: WayId) {
        self.ways.remove(&way);
    }

    /// Multiplies the speed on a way by a factor above 0 and up to 1, e.g. for traffic or weather.
    pub fn scale_speed(&mut self, way: WayId, factor: f64) -> Result<(), OverlayError> {
        if !(factor > 0.0 && factor <= 1.0) {
            return Err(OverlayError::Factor(factor));
        }
        self.ways.entry(way).or_default().factor = factor;
        Ok(())
    }

    /// Caps the speed on a way, m/s, e.g. for road works.
    pub fn cap_speed(&mut self, way: WayId, cap_mps: f64) -> Result<(), OverlayError> {
        let cap_mps = checked_cap(cap_mps)?;
        self.ways.entry(way).or_default().cap_mps = cap_mps;
        Ok(())
    }

    /// Caps the speed on all ways, m/s: that of the vehicle.
    pub fn cap_all_speeds(&mut self, cap_mps: f64) -> Result<(), OverlayError> {
        self.speed_cap_mps = Some(checked_cap(cap_mps)?);
        Ok(())
    }

    /// Whether a way is closed.
    pub fn is_blocked(&self, way: WayId) -> bool {
        self.ways.get(&way).is_some_and(|c| c.blocked)
    }

    /// The closed ways, by id.
    pub fn blocked(&self) -> impl Iterator<Item = WayId> + '_ {
        self.ways.iter().filter(|(_, c)| c.blocked).map(|(way, _)| *way)
    }

    /// For the ways of a network. Ways that it does not have are left out.
    pub(super) fn on(&self, network: &Network) -> NetworkOverlay {
        let ways = self.ways.iter().filter_map(|(id, change)| Some((network.way_index(*id)?, *change)));
        NetworkOverlay { ways: ways.collect(), cap_mps: self.speed_cap_mps.unwrap_or(f64::INFINITY) }
    }
}

fn checked_cap(cap_mps: f64) -> Result<f64, OverlayError> {
    if cap_mps > 0.0 { Ok(cap_mps) } else { Err(OverlayError::Cap(cap_mps)) }
}

/// An [`Overlay`] by index of the way.
pub(super) struct NetworkOverlay {
    /// Sorted, as ways are by id.
    ways: Vec<(u32, Change)>,
    cap_mps: f64,
}

impl NetworkOverlay {
    pub fn is_blocked(&self, way: u32) -> bool {
        self.change(way).is_some_and(|c| c.blocked)
    }

    /// Time over a whole edge, ms; none if it is blocked.
    pub fn time_ms(&self, edge: &Edge) -> Option<u32> {
        let change = self.change(edge.way);
        if change.is_none() && self.cap_mps.is_infinite() {
            return Some(edge.time_ms);
        }
        let Change { blocked, factor, cap_mps } = change.unwrap_or_default();
        if blocked {
            return None;
        }
        let scaled = f64::from(edge.time_ms) / factor;
        let capped = f64::from(edge.length_m) / cap_mps.min(self.cap_mps) * 1e3;
        Some(edge.time_ms.max(scaled.max(capped).round() as u32))
    }

    fn change(&self, way: u32) -> Option<Change> {
        if self.ways.is_empty() {
            return None;
        }
        let at = self.ways.binary_search_by_key(&way, |(way, _)| *way).ok()?;
        Some(self.ways[at].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_must_make_sense() {
        let mut overlay = Overlay::default();
        for factor in [0.0, -1.0, 1.1, f64::NAN] {
            assert!(overlay.scale_speed(WayId(1), factor).is_err(), "{factor}");
        }
        for cap in [0.0, -1.0, f64::NAN] {
            assert!(overlay.cap_speed(WayId(1), cap).is_err(), "{cap}");
            assert!(overlay.cap_all_speeds(cap).is_err(), "{cap}");
        }
        assert!(overlay.is_empty());
        overlay.block(WayId(2));
        overlay.scale_speed(WayId(2), 0.5).unwrap();
        assert!(overlay.is_blocked(WayId(2)) && !overlay.is_blocked(WayId(1)));
        overlay.restore(WayId(2));
        assert!(overlay.is_empty());
    }
}
