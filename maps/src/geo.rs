//! Between map and WGS84.

use glam::DVec3;

/// A place on earth.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Wgs84 {
    /// Latitude, degrees.
    pub latitude_deg: f64,
    /// Longitude, degrees.
    pub longitude_deg: f64,
    /// Height above the ellipsoid, m.
    pub altitude_m: f64,
}

/// How a map lies on the earth: the `geoReference` of OpenDRIVE, a PROJ string, with the header's `offset`.
#[derive(Clone, Debug)]
pub struct GeoReference {}

impl GeoReference {
    /// From a PROJ string, e.g. `+proj=tmerc +lat_0=24.5 +lon_0=54.4 +datum=WGS84`. The error says what is not understood.
    pub fn from_proj(_definition: &str) -> Result<Self, String> {
        todo!()
    }

    /// A local tangent plane that touches the earth at `origin` (transverse Mercator there).
    pub fn at(_origin: Wgs84) -> Self {
        todo!()
    }

    /// From map, m.
    pub fn to_wgs84(&self, _point: DVec3) -> Wgs84 {
        todo!()
    }

    /// To map, m.
    pub fn to_map(&self, _place: Wgs84) -> DVec3 {
        todo!()
    }
}
