//! Between map and WGS84.

use std::fmt;

use glam::{DVec2, DVec3};
use proj4rs::Proj;
use serde::{Deserialize, Serialize};

/// A place on earth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Wgs84 {
    /// Latitude, degrees.
    pub latitude_deg: f64,
    /// Longitude, degrees.
    pub longitude_deg: f64,
    /// Height above the ellipsoid, m.
    #[serde(default)]
    pub altitude_m: f64,
}

impl Wgs84 {
    /// A place at height 0.
    pub fn new(latitude_deg: f64, longitude_deg: f64) -> Self {
        Self { latitude_deg, longitude_deg, altitude_m: 0.0 }
    }

    /// Whether it is a place on earth: latitude within ±90°, longitude within ±180°.
    pub fn is_valid(self) -> bool {
        self.latitude_deg.abs() <= 90.0 && self.longitude_deg.abs() <= 180.0
    }

    /// Distance over the ground, m, as if the earth were flat between the two: exact to 0.01 % up to some 30 km.
    pub fn distance_m(self, other: Self) -> f64 {
        let scale = metres_per_degree(0.5 * (self.latitude_deg + other.latitude_deg));
        let degrees =
            DVec2::new(other.longitude_deg - self.longitude_deg, other.latitude_deg - self.latitude_deg);
        (degrees * scale).length()
    }
}

/// Length of a degree of longitude (x) and of latitude (y) on the ellipsoid of WGS84, m.
pub(crate) fn metres_per_degree(latitude_deg: f64) -> DVec2 {
    const SEMI_MAJOR_M: f64 = 6_378_137.0;
    const ECCENTRICITY_2: f64 = 6.694_379_990_14e-3;
    let (sin, cos) = latitude_deg.to_radians().sin_cos();
    let w2 = 1.0 - ECCENTRICITY_2 * sin * sin;
    let normal = SEMI_MAJOR_M / w2.sqrt();
    DVec2::new(normal * cos, normal * (1.0 - ECCENTRICITY_2) / w2) * 1_f64.to_radians()
}

/// How a map lies on the earth: the `geoReference` of OpenDRIVE, a PROJ string, with the header's `offset`.
#[derive(Clone)]
pub struct GeoReference {
    definition: String,
    projection: Proj,
    wgs84: Proj,
    offset: DVec3,
    rotation: f64,
}

impl fmt::Debug for GeoReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GeoReference")
            .field("definition", &self.definition)
            .field("offset", &self.offset)
            .field("rotation", &self.rotation)
            .finish()
    }
}

/// Parts of a PROJ string that say nothing about the plane: heights, grids for these, and wrapping.
const NOT_OF_THE_PLANE: [&str; 8] =
    ["geoidgrids", "vunits", "vto_meter", "geoid_crs", "no_defs", "wktext", "type", "over"];

/// Where maps lie that don't say: near Abu Dhabi.
const DEFAULT_ORIGIN: Wgs84 = Wgs84 { latitude_deg: 24.5, longitude_deg: 54.4, altitude_m: 0.0 };

impl Default for GeoReference {
    fn default() -> Self {
        Self::at(DEFAULT_ORIGIN)
    }
}

impl GeoReference {
    /// From a PROJ string, e.g. `+proj=tmerc +lat_0=24.5 +lon_0=54.4 +datum=WGS84`. The error says what is not understood.
    ///
    /// Parameters for heights are ignored: heights of the map are those above the ellipsoid.
    pub fn from_proj(definition: &str) -> Result<Self, String> {
        let definition = definition.trim();
        let known: Vec<&str> = definition
            .split_whitespace()
            .filter(|part| {
                let key = part.trim_start_matches('+').split('=').next().unwrap_or("");
                !NOT_OF_THE_PLANE.contains(&key)
            })
            .collect();
        let projection = Proj::from_proj_string(&known.join(" ")).map_err(|e| e.to_string())?;
        if !projection.has_inverse() || !projection.has_forward() {
            return Err(format!("projection {} can't be inverted", projection.projname()));
        }
        if projection.is_latlong() {
            return Err("it is longitude and latitude, which are no plane".into());
        }
        let wgs84 = Proj::from_proj_string("+proj=longlat +datum=WGS84").map_err(|e| e.to_string())?;
        Ok(Self { definition: definition.to_string(), projection, wgs84, offset: DVec3::ZERO, rotation: 0.0 })
    }

    /// A local tangent plane that touches the earth at `origin` (transverse Mercator there).
    pub fn at(origin: Wgs84) -> Self {
        let Wgs84 { latitude_deg, longitude_deg, altitude_m } = origin;
        let definition = format!(
            "+proj=tmerc +lat_0={latitude_deg} +lon_0={longitude_deg} +k=1 +x_0=0 +y_0=0 +datum=WGS84"
        );
        match Self::from_proj(&definition) {
            Ok(reference) => reference.with_offset(DVec3::Z * altitude_m, 0.0),
            // Only where the origin is no place on earth.
            Err(_) => Self::default(),
        }
    }

    /// With the `offset` of a map's header: where its origin lies in the projection, and how it is turned, rad.
    #[must_use]
    pub fn with_offset(mut self, offset: DVec3, rotation: f64) -> Self {
        (self.offset, self.rotation) = (offset, rotation);
        self
    }

    /// The PROJ string.
    pub fn definition(&self) -> &str {
        &self.definition
    }

    /// From map, m. NaN for what lies outside of the projection.
    pub fn to_wgs84(&self, point: DVec3) -> Wgs84 {
        let plane = DVec2::from_angle(self.rotation).rotate(point.truncate()) + self.offset.truncate();
        let mut place = (plane.x, plane.y, 0.0);
        if proj4rs::transform::transform(&self.projection, &self.wgs84, &mut place).is_err() {
            place = (f64::NAN, f64::NAN, 0.0);
        }
        Wgs84 {
            latitude_deg: place.1.to_degrees(),
            longitude_deg: place.0.to_degrees(),
            altitude_m: point.z + self.offset.z,
        }
    }

    /// To map, m. NaN for what lies outside of the projection.
    pub fn to_map(&self, place: Wgs84) -> DVec3 {
        let mut point = (place.longitude_deg.to_radians(), place.latitude_deg.to_radians(), 0.0);
        if proj4rs::transform::transform(&self.wgs84, &self.projection, &mut point).is_err() {
            point = (f64::NAN, f64::NAN, 0.0);
        }
        let plane = DVec2::new(point.0, point.1) - self.offset.truncate();
        DVec2::from_angle(-self.rotation).rotate(plane).extend(place.altitude_m - self.offset.z)
    }
}
