//! From a place to the road beside it.

use serde::Serialize;

use super::graph::{EdgeId, NO_EDGE, RoadGraph};
use super::index::Hit;
use super::overlay::{NetworkOverlay, Overlay};
use super::way_id::WayId;
use crate::geo::Wgs84;

/// A place on the road nearest to a given one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snap {
    /// The way.
    pub way: WayId,
    /// Its name.
    pub name: Option<String>,
    /// The place on the road.
    pub place: Wgs84,
    /// How far that is from the place asked for, m.
    pub distance_m: f64,
    /// How far along `forward`, from 0 to 1 of its length; `backward` runs the other way.
    pub fraction: f64,
    /// The edge along the way, if one may drive there.
    #[serde(skip)]
    pub forward: Option<EdgeId>,
    /// The edge against the way, if one may drive there.
    #[serde(skip)]
    pub backward: Option<EdgeId>,
}

/// Why a place is not on a road.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SnapError {
    /// It is no place on earth.
    #[error(
        "{latitude_deg}, {longitude_deg} is no place on earth: latitude is within ±90°, longitude within ±180°"
    )]
    NoPlace {
        /// Latitude asked for, degrees.
        latitude_deg: f64,
        /// Longitude asked for, degrees.
        longitude_deg: f64,
    },
    /// It lies off the roads.
    #[error(
        "the nearest road is {nearest_m:.0} m away, more than the {within_m:.0} m that are allowed: outside of the area of {graph}"
    )]
    OutsideArea {
        /// Distance of the nearest road, m.
        nearest_m: f64,
        /// Largest distance allowed, m.
        within_m: f64,
        /// Name of the road graph.
        graph: String,
    },
    /// All roads beside it are blocked.
    #[error("all roads within {within_m:.0} m are blocked, {way} is the nearest")]
    Blocked {
        /// The nearest one.
        way: WayId,
        /// Largest distance allowed, m.
        within_m: f64,
    },
}

impl RoadGraph {
    /// The nearest place on a road within a distance, m. Blocked roads are left out.
    pub fn snap(&self, place: Wgs84, within_m: f64, overlay: &Overlay) -> Result<Snap, SnapError> {
        let overlay = overlay.on(&self.inner.network);
        self.snap_hit(place, within_m, &overlay).map(|hit| self.snap_of(&hit))
    }

    pub(super) fn snap_hit(
        &self,
        place: Wgs84,
        within_m: f64,
        overlay: &NetworkOverlay,
    ) -> Result<Hit, SnapError> {
        let Wgs84 { latitude_deg, longitude_deg, .. } = place;
        if !place.is_valid() {
            return Err(SnapError::NoPlace { latitude_deg, longitude_deg });
        }
        let nearest = |within_m: f64, accept: &dyn Fn(u32) -> bool| {
            self.inner.index.nearest(&self.inner.network, place, within_m, accept)
        };
        if let Some(hit) = nearest(within_m, &|shape| !overlay.is_blocked(self.way_of_shape(shape))) {
            return Ok(hit);
        }
        let any = nearest(f64::INFINITY, &|_| true);
        match any {
            Some(hit) if hit.distance_m <= within_m => {
                let way = self.inner.network.ways[self.way_of_shape(hit.shape) as usize].id;
                Err(SnapError::Blocked { way, within_m })
            }
            _ => Err(SnapError::OutsideArea {
                nearest_m: any.map_or(f64::INFINITY, |h| h.distance_m),
                within_m,
                graph: self.name().to_owned(),
            }),
        }
    }

    /// The nearest road that can be reached from most others and reaches them.
    pub(super) fn snap_to_main(&self, place: Wgs84, within_m: f64, overlay: &NetworkOverlay) -> Option<Hit> {
        let inner = &self.inner;
        inner.index.nearest(&inner.network, place, within_m, |shape| {
            let edges = inner.network.shape_edges[shape as usize];
            let edge = inner.network.edge(edges[0].min(edges[1]));
            !overlay.is_blocked(edge.way)
                && inner.components.is_main(edge.source)
                && inner.components.is_main(edge.target)
        })
    }

    pub(super) fn snap_of(&self, hit: &Hit) -> Snap {
        let network = &self.inner.network;
        let way = &network.ways[self.way_of_shape(hit.shape) as usize];
        let [forward, backward] =
            network.shape_edges[hit.shape as usize].map(|e| (e != NO_EDGE).then_some(EdgeId(e)));
        Snap {
            way: way.id,
            name: way.name.clone(),
            place: hit.place,
            distance_m: hit.distance_m,
            fraction: hit.fraction,
            forward,
            backward,
        }
    }

    fn way_of_shape(&self, shape: u32) -> u32 {
        let [forward, backward] = self.inner.network.shape_edges[shape as usize];
        self.inner.network.edge(forward.min(backward)).way
    }
}
