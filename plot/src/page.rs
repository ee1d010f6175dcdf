//! The page, and writing it.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use resvg::{tiny_skia, usvg};

use crate::color::Color;
use crate::panel::Panel;

/// A page with a title and panels.
pub struct Page {
    width_px: u32,
    height_px: u32,
    body: String,
    panels: usize,
}

/// Why a page can't be written.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The file can't be written.
    #[error("{file}: {source}")]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The ending of the file's name is neither `.png` nor `.svg`.
    #[error("{0}: pictures are written as .png or .svg")]
    Format(PathBuf),
    /// It could not be drawn.
    #[error("{file}: {what}")]
    Draw {
        /// The file.
        file: PathBuf,
        /// Why.
        what: String,
    },
}

/// Height of title and subtitle, px; margin around everything.
const HEAD: f64 = 58.0;
const MARGIN: f64 = 12.0;

impl Page {
    /// An empty page of a size in px. PNG files have twice as many, so that they are sharp.
    pub fn new(width_px: u32, height_px: u32, title: &str, subtitle: &str) -> Self {
        let mut body = text(Text::new(title, MARGIN + 16.0, 32.0).size(22.0).bold());
        body.push_str(&text(Text::new(subtitle, MARGIN + 16.0, 52.0).size(13.0).color(Color::MUTED)));
        Self { width_px, height_px, body, panels: 0 }
    }

    /// Adds a panel at left, top, width and height in parts (0 to 1) of the page below its title.
    pub fn add(&mut self, [left, top, width, height]: [f64; 4], panel: Panel) {
        let (w, h) = (f64::from(self.width_px) - 2.0 * MARGIN, f64::from(self.height_px) - HEAD - MARGIN);
        let place = [MARGIN + left * w, HEAD + top * h, width * w, height * h];
        panel.draw(&mut self.body, place, self.panels);
        self.panels += 1;
    }

    /// The page as SVG.
    pub fn to_svg(&self) -> String {
        let (w, h) = (self.width_px, self.height_px);
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}" font-family="Noto Sans, sans-serif" fill="{}"><rect width="{w}" height="{h}" fill="{}"/>{}</svg>"#,
            Color::INK,
            Color::PAPER,
            self.body
        )
    }

    /// Writes the page as PNG or SVG, by the ending of the name.
    pub fn save(&self, file: impl AsRef<Path>) -> Result<(), SaveError> {
        let file = file.as_ref();
        let bytes = match file.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
            Some("svg") => self.to_svg().into_bytes(),
            Some("png") => {
                self.to_png().map_err(|what| SaveError::Draw { file: file.to_path_buf(), what })?
            }
            _ => return Err(SaveError::Format(file.to_path_buf())),
        };
        std::fs::write(file, bytes).map_err(|source| SaveError::Io { file: file.to_path_buf(), source })
    }

    fn to_png(&self) -> Result<Vec<u8>, String> {
        const SCALE: u32 = 2;
        let mut options = usvg::Options::default();
        let fonts = Arc::make_mut(&mut options.fontdb);
        fonts.load_font_data(notosans::REGULAR_TTF.to_vec());
        fonts.load_font_data(notosans::BOLD_TTF.to_vec());
        options.font_family = "Noto Sans".into();
        let tree = usvg::Tree::from_str(&self.to_svg(), &options).map_err(|e| e.to_string())?;
        let mut pixels = tiny_skia::Pixmap::new(self.width_px * SCALE, self.height_px * SCALE)
            .ok_or("a page must not be empty")?;
        let scale = tiny_skia::Transform::from_scale(SCALE as f32, SCALE as f32);
        resvg::render(&tree, scale, &mut pixels.as_mut());
        pixels.encode_png().map_err(|e| e.to_string())
    }
}

/// Words at a place in px.
pub(crate) struct Text<'a> {
    words: &'a str,
    x: f64,
    y: f64,
    size: f64,
    color: Color,
    bold: bool,
    anchor: &'static str,
}

impl<'a> Text<'a> {
    pub fn new(words: &'a str, x: f64, y: f64) -> Self {
        Self { words, x, y, size: 13.0, color: Color::INK, bold: false, anchor: "start" }
    }

    pub fn size(self, size: f64) -> Self {
        Self { size, ..self }
    }

    pub fn color(self, color: Color) -> Self {
        Self { color, ..self }
    }

    pub fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub fn middle(self) -> Self {
        Self { anchor: "middle", ..self }
    }

    pub fn end(self) -> Self {
        Self { anchor: "end", ..self }
    }
}

pub(crate) fn text(t: Text<'_>) -> String {
    let weight = if t.bold { r#" font-weight="bold""# } else { "" };
    let mut svg = String::new();
    let _ = write!(
        svg,
        r#"<text x="{:.1}" y="{:.1}" font-size="{}" fill="{}" text-anchor="{}"{weight}>{}</text>"#,
        t.x,
        t.y,
        t.size,
        t.color,
        t.anchor,
        escape(t.words)
    );
    svg
}

/// Text as it stands in XML; what XML can't hold is left out.
pub(crate) fn escape(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).fold(String::new(), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use glam::DVec2;

    use super::*;
    use crate::{Fill, Stroke};

    fn page() -> Page {
        let mut panel = Panel::new("Speed & <error>").axes("time in s", "speed in m/s");
        let wave = (0..200).map(|n| DVec2::new(f64::from(n) * 0.1, (f64::from(n) * 0.1).sin()));
        panel.line(wave, Stroke::new(Color::BLUE).label("measured"));
        panel.line([DVec2::new(0.0, f64::NAN), DVec2::new(1.0, 2.0)], Stroke::new(Color::RED).dashed(4.0));
        panel.band([(0.0, -0.1, 0.1), (20.0, -0.3, 0.3)], Fill::new(Color::ORANGE.opacity(0.3)).label("2σ"));
        let mut map = Panel::new("Map").equal_scale().background(Color::GROUND);
        map.area([DVec2::ZERO, DVec2::X * 80.0, DVec2::Y * 40.0], Fill::new(Color::ROAD));
        let mut page = Page::new(900, 500, "A drive", "made for a test");
        page.add([0.0, 0.0, 0.5, 1.0], panel);
        page.add([0.5, 0.0, 0.5, 1.0], map);
        page
    }

    #[test]
    fn pages_are_valid_and_visible() {
        let folder = std::env::temp_dir().join(format!("plot-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("page.png");
        page().save(&file).unwrap();
        let pixels = tiny_skia::Pixmap::load_png(&file).unwrap();
        assert_eq!((pixels.width(), pixels.height()), (1800, 1000));
        let blue = pixels.pixels().iter().filter(|p| p.blue() > 200 && p.red() < 80).count();
        assert!(blue > 500, "the line is {blue} pixels");
        let dark = pixels.pixels()[..1800 * 110].iter().filter(|p| p.red() < 60).count();
        assert!(dark > 300, "the title is {dark} pixels");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn names_decide_the_format() {
        let error = page().save("picture.jpg").unwrap_err().to_string();
        assert_eq!(error, "picture.jpg: pictures are written as .png or .svg");
    }

    #[test]
    fn empty_and_degenerate_panels_are_drawn() {
        let mut page = Page::new(400, 300, "", "");
        page.add([0.0, 0.0, 1.0, 1.0], Panel::new("").axes("x", "y"));
        let mut one = Panel::new("").equal_scale();
        one.dots([DVec2::ONE], 2.0, Fill::new(Color::RED));
        page.add([0.0, 0.0, 1.0, 1.0], one);
        assert!(!page.to_svg().contains("NaN"), "{}", page.to_svg());
        assert!(page.to_png().is_ok());
    }
}
