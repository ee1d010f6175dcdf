//! What a panel shows, in data units.

use glam::DVec2;

use crate::color::Color;

/// How a line is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Stroke {
    pub(crate) color: Color,
    pub(crate) width_px: f64,
    pub(crate) dash_px: Option<f64>,
    pub(crate) label: Option<String>,
}

impl Stroke {
    /// A line 1.8 pixels wide.
    pub fn new(color: Color) -> Self {
        Self { color, width_px: 1.8, dash_px: None, label: None }
    }

    /// Its width in pixels.
    #[must_use]
    pub fn width(self, width_px: f64) -> Self {
        Self { width_px, ..self }
    }

    /// Dashed, with dashes of that many pixels.
    #[must_use]
    pub fn dashed(self, dash_px: f64) -> Self {
        Self { dash_px: Some(dash_px), ..self }
    }

    /// Names it in the legend. A name that several have is shown once.
    #[must_use]
    pub fn label(self, label: impl Into<String>) -> Self {
        Self { label: Some(label.into()), ..self }
    }
}

/// How an area is filled.
#[derive(Clone, Debug, PartialEq)]
pub struct Fill {
    pub(crate) color: Color,
    pub(crate) edge: Option<(Color, f64)>,
    pub(crate) label: Option<String>,
}

impl Fill {
    /// Filled, without an edge.
    pub fn new(color: Color) -> Self {
        Self { color, edge: None, label: None }
    }

    /// With an edge of that many pixels.
    #[must_use]
    pub fn edge(self, color: Color, width_px: f64) -> Self {
        Self { edge: Some((color, width_px)), ..self }
    }

    /// Names it in the legend. A name that several have is shown once.
    #[must_use]
    pub fn label(self, label: impl Into<String>) -> Self {
        Self { label: Some(label.into()), ..self }
    }
}

pub(crate) enum Layer {
    Line { points: Vec<DVec2>, stroke: Stroke },
    Area { points: Vec<DVec2>, fill: Fill },
    Dots { points: Vec<DVec2>, radius_px: f64, fill: Fill },
    Text { at: DVec2, text: String, color: Color, size_px: f64 },
    Vertical { x: f64, stroke: Stroke },
    Horizontal { y: f64, stroke: Stroke },
}

impl Layer {
    /// Points that the range must include.
    pub fn points(&self) -> &[DVec2] {
        match self {
            Self::Line { points, .. } | Self::Area { points, .. } | Self::Dots { points, .. } => points,
            Self::Text { at, .. } => std::slice::from_ref(at),
            Self::Vertical { .. } | Self::Horizontal { .. } => &[],
        }
    }
}
