//! A chart, or a view from above.

use std::fmt::Write;

use glam::DVec2;

use crate::color::Color;
use crate::layer::{Fill, Layer, Stroke};
use crate::page::{Text, escape, text};
use crate::ticks::{round_step, ticks};

/// A chart with axes, or a view from above.
pub struct Panel {
    title: String,
    axes: Option<(String, String)>,
    equal: bool,
    background: Color,
    x: Option<(f64, f64)>,
    y: Option<(f64, f64)>,
    layers: Vec<Layer>,
}

/// Room around the plot area for title, axis labels and ticks, px.
const TOP: f64 = 34.0;
const LEFT: f64 = 62.0;
const BOTTOM: f64 = 48.0;
const RIGHT: f64 = 16.0;

impl Panel {
    /// An empty panel.
    pub fn new(title: impl Into<String>) -> Self {
        let title = title.into();
        Self { title, axes: None, equal: false, background: Color::PAPER, x: None, y: None, layers: vec![] }
    }

    /// With axes that say what they show, e.g. `time in s`.
    #[must_use]
    pub fn axes(self, x: impl Into<String>, y: impl Into<String>) -> Self {
        Self { axes: Some((x.into(), y.into())), ..self }
    }

    /// A view from above: a metre is as long in y as in x, and there is a scale bar where there are no axes.
    #[must_use]
    pub fn equal_scale(self) -> Self {
        Self { equal: true, ..self }
    }

    /// With another background.
    #[must_use]
    pub fn background(self, background: Color) -> Self {
        Self { background, ..self }
    }

    /// Shows this range of x; by default all that is drawn.
    #[must_use]
    pub fn x_range(self, from: f64, to: f64) -> Self {
        Self { x: Some((from, to)), ..self }
    }

    /// Shows this range of y; by default all that is drawn.
    #[must_use]
    pub fn y_range(self, from: f64, to: f64) -> Self {
        Self { y: Some((from, to)), ..self }
    }

    /// A line; points that are not finite part it.
    pub fn line(&mut self, points: impl IntoIterator<Item = DVec2>, stroke: Stroke) {
        self.layers.push(Layer::Line { points: points.into_iter().collect(), stroke });
    }

    /// A closed area.
    pub fn area(&mut self, points: impl IntoIterator<Item = DVec2>, fill: Fill) {
        self.layers.push(Layer::Area { points: points.into_iter().collect(), fill });
    }

    /// The area between two curves that are given at the same places.
    pub fn band(&mut self, points: impl IntoIterator<Item = (f64, f64, f64)>, fill: Fill) {
        let points: Vec<_> = points.into_iter().collect();
        let upper = points.iter().map(|(x, _, high)| DVec2::new(*x, *high));
        let lower = points.iter().rev().map(|(x, low, _)| DVec2::new(*x, *low));
        self.area(upper.chain(lower).collect::<Vec<_>>(), fill);
    }

    /// Dots of a radius in pixels.
    pub fn dots(&mut self, points: impl IntoIterator<Item = DVec2>, radius_px: f64, fill: Fill) {
        self.layers.push(Layer::Dots { points: points.into_iter().collect(), radius_px, fill });
    }

    /// A word at a place.
    pub fn text(&mut self, at: DVec2, text: impl Into<String>, color: Color, size_px: f64) {
        self.layers.push(Layer::Text { at, text: text.into(), color, size_px });
    }

    /// A vertical line through the whole panel.
    pub fn vertical(&mut self, x: f64, stroke: Stroke) {
        self.layers.push(Layer::Vertical { x, stroke });
    }

    /// A horizontal line through the whole panel.
    pub fn horizontal(&mut self, y: f64, stroke: Stroke) {
        self.layers.push(Layer::Horizontal { y, stroke });
    }

    /// Leaves what has been drawn so far out of the legend.
    #[must_use]
    pub fn without_legend(mut self) -> Self {
        for layer in &mut self.layers {
            match layer {
                Layer::Line { stroke, .. }
                | Layer::Vertical { stroke, .. }
                | Layer::Horizontal { stroke, .. } => {
                    stroke.label = None;
                }
                Layer::Area { fill, .. } | Layer::Dots { fill, .. } => fill.label = None,
                Layer::Text { .. } => {}
            }
        }
        self
    }

    /// Draws into a rectangle of the page: left, top, width, height in px. `id` is unique on the page.
    pub(crate) fn draw(&self, svg: &mut String, [left, top, width, height]: [f64; 4], id: usize) {
        let (inset_left, inset_bottom) = if self.axes.is_some() { (LEFT, BOTTOM) } else { (RIGHT, RIGHT) };
        let area = [left + inset_left, top + TOP, width - inset_left - RIGHT, height - TOP - inset_bottom];
        let view = self.view(area);
        svg.push_str(&text(Text::new(&self.title, area[0], top + 20.0).size(15.0).bold()));
        let [x, y, w, h] = area;
        let _ = write!(
            svg,
            r#"<clipPath id="c{id}"><rect x="{x:.1}" y="{y:.1}" width="{w:.1}" height="{h:.1}"/></clipPath><rect x="{x:.1}" y="{y:.1}" width="{w:.1}" height="{h:.1}" fill="{}"/>"#,
            self.background
        );
        if let Some((x_label, y_label)) = &self.axes {
            view.draw_axes(svg, x_label, y_label);
        }
        let _ = write!(svg, r#"<g clip-path="url(#c{id})">"#);
        self.layers.iter().for_each(|layer| view.draw(svg, layer));
        svg.push_str("</g>");
        if self.equal && self.axes.is_none() {
            view.draw_scale_bar(svg);
        }
        self.draw_legend(svg, area);
    }

    /// The view that shows everything.
    fn view(&self, area: [f64; 4]) -> View {
        let finite = || self.layers.iter().flat_map(Layer::points).filter(|p| p.is_finite());
        let bounds = |get: fn(&DVec2) -> f64| {
            let low = finite().map(get).fold(f64::INFINITY, f64::min);
            let high = finite().map(get).fold(f64::NEG_INFINITY, f64::max);
            if low > high { (0.0, 1.0) } else { (low, high) }
        };
        let padded = |(low, high): (f64, f64), part: f64| {
            let pad = if high > low { (high - low) * part } else { 0.5 };
            (low - pad, high + pad)
        };
        let (mut x, mut y) = (
            self.x.unwrap_or_else(|| padded(bounds(|p| p.x), if self.equal { 0.04 } else { 0.0 })),
            self.y.unwrap_or_else(|| padded(bounds(|p| p.y), 0.06)),
        );
        if self.equal {
            let scale = (area[2] / (x.1 - x.0)).min(area[3] / (y.1 - y.0));
            let widen = |(low, high): (f64, f64), pixels: f64| {
                let (middle, half) = (0.5 * (low + high), 0.5 * pixels / scale);
                (middle - half, middle + half)
            };
            (x, y) = (widen(x, area[2]), widen(y, area[3]));
        }
        View { area, x, y }
    }

    fn draw_legend(&self, svg: &mut String, [left, top, width, _]: [f64; 4]) {
        let mut seen: Vec<(&str, Color)> = vec![];
        for layer in &self.layers {
            let (label, color) = match layer {
                Layer::Line { stroke, .. }
                | Layer::Vertical { stroke, .. }
                | Layer::Horizontal { stroke, .. } => (&stroke.label, stroke.color),
                Layer::Area { fill, .. } | Layer::Dots { fill, .. } => (&fill.label, fill.color),
                Layer::Text { .. } => continue,
            };
            if let Some(label) = label
                && !seen.iter().any(|(l, _)| l == label)
            {
                seen.push((label, color));
            }
        }
        if seen.is_empty() {
            return;
        }
        let longest = seen.iter().map(|(l, _)| l.chars().count()).max().unwrap_or_default();
        let (w, h) = (longest as f64 * 6.9 + 40.0, seen.len() as f64 * 18.0 + 8.0);
        let (x, y) = (left + width - w - 8.0, top + 8.0);
        let _ = write!(
            svg,
            r##"<rect x="{x:.1}" y="{y:.1}" width="{w:.1}" height="{h:.1}" rx="4" fill="#fff" fill-opacity="0.88" stroke="{}"/>"##,
            Color::GRID
        );
        for (n, (label, color)) in seen.iter().enumerate() {
            let middle = y + 13.0 + n as f64 * 18.0;
            let _ = write!(
                svg,
                r#"<rect x="{:.1}" y="{:.1}" width="16" height="4" rx="2" fill="{color}" fill-opacity="{}"/>"#,
                x + 9.0,
                middle - 2.0,
                color.opacity.max(0.35)
            );
            svg.push_str(&text(Text::new(label, x + 32.0, middle + 4.0).size(12.0)));
        }
    }
}

/// From data to pixels.
struct View {
    area: [f64; 4],
    x: (f64, f64),
    y: (f64, f64),
}

impl View {
    fn px(&self, p: DVec2) -> DVec2 {
        let [left, top, width, height] = self.area;
        DVec2::new(
            left + (p.x - self.x.0) / (self.x.1 - self.x.0) * width,
            top + height - (p.y - self.y.0) / (self.y.1 - self.y.0) * height,
        )
    }

    fn draw(&self, svg: &mut String, layer: &Layer) {
        match layer {
            Layer::Line { points, stroke } => self.draw_line(svg, points, stroke),
            Layer::Area { points, fill } => {
                let path = points.iter().filter(|p| p.is_finite()).fold(String::new(), |mut path, p| {
                    let p = self.px(*p);
                    let _ = write!(path, "{:.1},{:.1} ", p.x, p.y);
                    path
                });
                let edge = fill.edge.map_or(String::new(), |(color, width)| {
                    format!(r#" stroke="{color}" stroke-opacity="{}" stroke-width="{width}""#, color.opacity)
                });
                let (color, opacity) = (fill.color, fill.color.opacity);
                let _ = write!(
                    svg,
                    r#"<polygon points="{path}" fill="{color}" fill-opacity="{opacity}"{edge}/>"#
                );
            }
            Layer::Dots { points, radius_px, fill } => {
                let (color, opacity) = (fill.color, fill.color.opacity);
                let edge = fill.edge.map_or(String::new(), |(color, width)| {
                    format!(r#" stroke="{color}" stroke-width="{width}""#)
                });
                let _ = write!(svg, r#"<g fill="{color}" fill-opacity="{opacity}"{edge}>"#);
                for p in points.iter().filter(|p| p.is_finite()) {
                    let p = self.px(*p);
                    let _ = write!(svg, r#"<circle cx="{:.1}" cy="{:.1}" r="{radius_px}"/>"#, p.x, p.y);
                }
                svg.push_str("</g>");
            }
            Layer::Text { at, text: words, color, size_px } => {
                let p = self.px(*at);
                svg.push_str(&text(Text::new(words, p.x, p.y).size(*size_px).color(*color)));
            }
            Layer::Vertical { x, stroke } => {
                self.draw_line(svg, &[DVec2::new(*x, self.y.0), DVec2::new(*x, self.y.1)], stroke);
            }
            Layer::Horizontal { y, stroke } => {
                self.draw_line(svg, &[DVec2::new(self.x.0, *y), DVec2::new(self.x.1, *y)], stroke);
            }
        }
    }

    fn draw_line(&self, svg: &mut String, points: &[DVec2], stroke: &Stroke) {
        let mut path = String::new();
        let mut pen_down = false;
        for p in points {
            if !p.is_finite() {
                pen_down = false;
                continue;
            }
            let p = self.px(*p);
            let _ = write!(path, "{}{:.1} {:.1}", if pen_down { 'L' } else { 'M' }, p.x, p.y);
            pen_down = true;
        }
        let dash = stroke.dash_px.map_or(String::new(), |d| format!(r#" stroke-dasharray="{d}""#));
        let Stroke { color, width_px, .. } = stroke;
        let _ = write!(
            svg,
            r#"<path d="{path}" fill="none" stroke="{color}" stroke-opacity="{}" stroke-width="{width_px}" stroke-linejoin="round"{dash}/>"#,
            color.opacity
        );
    }

    fn draw_axes(&self, svg: &mut String, x_label: &str, y_label: &str) {
        let [left, top, width, height] = self.area;
        let grid = Color::GRID;
        let (xs, x_digits) = ticks(self.x.0, self.x.1, (width / 90.0) as usize);
        for x in xs {
            let p = self.px(DVec2::new(x, self.y.0)).x;
            let bottom = top + height;
            let _ = write!(svg, r#"<path d="M{p:.1} {top:.1}V{bottom:.1}" stroke="{grid}"/>"#);
            let label = format!("{x:.x_digits$}");
            svg.push_str(&text(Text::new(&label, p, bottom + 17.0).size(11.5).color(Color::MUTED).middle()));
        }
        let (ys, y_digits) = ticks(self.y.0, self.y.1, (height / 45.0) as usize);
        for y in ys {
            let p = self.px(DVec2::new(self.x.0, y)).y;
            let right = left + width;
            let _ = write!(svg, r#"<path d="M{left:.1} {p:.1}H{right:.1}" stroke="{grid}"/>"#);
            let label = format!("{y:.y_digits$}");
            svg.push_str(&text(Text::new(&label, left - 8.0, p + 4.0).size(11.5).color(Color::MUTED).end()));
        }
        let (x_middle, bottom) = (left + 0.5 * width, top + height + 37.0);
        svg.push_str(&text(Text::new(x_label, x_middle, bottom).size(12.0).color(Color::MUTED).middle()));
        let (x, y) = (left - 46.0, top + 0.5 * height);
        let _ = write!(
            svg,
            r#"<text transform="translate({x:.1} {y:.1}) rotate(-90)" text-anchor="middle" font-size="12" fill="{}">{}</text>"#,
            Color::MUTED,
            escape(y_label)
        );
    }

    fn draw_scale_bar(&self, svg: &mut String) {
        let [left, top, width, height] = self.area;
        let metres = round_step((self.x.1 - self.x.0) / 8.0);
        let pixels = metres / (self.x.1 - self.x.0) * width;
        let (x, y) = (left + 16.0, top + height - 16.0);
        let ink = Color::INK;
        let _ = write!(
            svg,
            r##"<rect x="{:.1}" y="{:.1}" width="{:.1}" height="34" rx="4" fill="#fff" fill-opacity="0.85"/><path d="M{x:.1} {:.1}v6h{pixels:.1}v-6" fill="none" stroke="{ink}" stroke-width="1.6"/>"##,
            x - 8.0,
            y - 26.0,
            pixels + 16.0,
            y - 6.0
        );
        let label = if metres < 1000.0 { format!("{metres} m") } else { format!("{} km", metres / 1000.0) };
        svg.push_str(&text(Text::new(&label, x + 0.5 * pixels, y - 10.0).size(12.0).middle()));
    }
}
