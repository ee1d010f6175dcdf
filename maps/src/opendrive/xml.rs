//! Elements with the place they stand at, and attributes that must make sense.

use std::path::{Path, PathBuf};

use roxmltree::Node;

use crate::error::{MapError, Place, Warning};

/// Nothing in a map is longer, higher or farther away than this, m.
const LARGEST: f64 = 1e9;

/// The file, and what is found wrong in it on the way.
pub(super) struct Source {
    pub file: PathBuf,
    /// Where lines begin, in bytes.
    lines: Vec<usize>,
    pub warnings: Vec<Warning>,
    /// Warnings beyond the largest number are counted only.
    pub left_out: usize,
}

/// So many warnings are enough to see what is wrong.
const MOST_WARNINGS: usize = 1000;

impl Source {
    pub fn new(file: &Path, text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1);
        Self {
            file: file.to_owned(),
            lines: std::iter::once(0).chain(breaks).collect(),
            warnings: vec![],
            left_out: 0,
        }
    }

    /// Line of an element, from 1.
    pub fn line(&self, node: Node<'_, '_>) -> u32 {
        self.lines.partition_point(|start| *start <= node.range().start) as u32
    }

    pub fn place(&self, line: u32, road: Option<&str>, lane: Option<i32>) -> Place {
        Place { file: self.file.clone(), line, road: road.map(str::to_owned), lane }
    }

    pub fn warn(&mut self, place: Place, what: impl Into<String>) {
        if self.warnings.len() < MOST_WARNINGS {
            self.warnings.push(Warning { place, what: what.into() });
        } else {
            self.left_out += 1;
        }
    }
}

/// An element, and whose road and lane it belongs to.
#[derive(Clone, Copy)]
pub(super) struct Element<'a, 'i> {
    pub node: Node<'a, 'i>,
    pub line: u32,
    pub road: Option<&'a str>,
    pub lane: Option<i32>,
}

impl<'a, 'i> Element<'a, 'i> {
    pub fn root(node: Node<'a, 'i>, source: &Source) -> Self {
        Self { node, line: source.line(node), road: None, lane: None }
    }

    pub fn name(&self) -> &'a str {
        self.node.tag_name().name()
    }

    /// Its children called `name`, whatever their XML namespace.
    pub fn children<'s>(
        &self,
        source: &'s Source,
        name: &'s str,
    ) -> impl Iterator<Item = Self> + use<'s, 'a, 'i> {
        let (road, lane) = (self.road, self.lane);
        self.node
            .children()
            .filter(move |n| n.is_element() && n.tag_name().name() == name)
            .map(move |node| Self { node, line: source.line(node), road, lane })
    }

    pub fn child(&self, source: &Source, name: &str) -> Option<Self> {
        let node = self.node.children().find(|n| n.is_element() && n.tag_name().name() == name)?;
        Some(Self { node, line: source.line(node), road: self.road, lane: self.lane })
    }

    pub fn place(&self, source: &Source) -> Place {
        source.place(self.line, self.road, self.lane)
    }

    pub fn error(&self, source: &Source, what: impl Into<String>) -> MapError {
        MapError::Content { place: self.place(source), what: what.into() }
    }

    pub fn warn(&self, source: &mut Source, what: impl Into<String>) {
        let place = self.place(source);
        source.warn(place, what);
    }

    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.node.attribute(name).map(str::trim)
    }

    pub fn required_text(&self, source: &Source, name: &str) -> Result<&'a str, MapError> {
        self.text(name)
            .ok_or_else(|| self.error(source, format!("<{}> lacks the attribute `{name}`", self.name())))
    }

    /// A number that must be there.
    pub fn number(&self, source: &Source, name: &str) -> Result<f64, MapError> {
        let text = self.required_text(source, name)?;
        self.parse(source, name, text)
    }

    /// A number that may be missing.
    pub fn number_or(&self, source: &Source, name: &str, default: f64) -> Result<f64, MapError> {
        match self.text(name) {
            Some(text) if !text.is_empty() => self.parse(source, name, text),
            _ => Ok(default),
        }
    }

    fn parse(&self, source: &Source, name: &str, text: &str) -> Result<f64, MapError> {
        match text.parse::<f64>() {
            Ok(value) if value.abs() <= LARGEST => Ok(value),
            Ok(_) => Err(self.error(
                source,
                format!(
                    "`{name}` of <{}> is \"{text}\": expected a number between -1e9 and 1e9",
                    self.name()
                ),
            )),
            Err(_) => {
                Err(self
                    .error(source, format!("`{name}` of <{}> is \"{text}\": expected a number", self.name())))
            }
        }
    }

    /// A number of something that the map can do without: what is wrong becomes a warning and `None`.
    pub fn lenient_number(&self, source: &mut Source, name: &str) -> Option<f64> {
        let text = self.text(name).filter(|t| !t.is_empty())?;
        match self.parse(source, name, text) {
            Ok(value) => Some(value),
            Err(MapError::Content { what, .. }) => {
                self.warn(source, format!("{what}; ignored"));
                None
            }
            Err(_) => None,
        }
    }

    /// The id of a lane.
    pub fn lane_id(&self, source: &Source, name: &str) -> Result<i32, MapError> {
        let text = self.required_text(source, name)?;
        text.parse().map_err(|_| {
            self.error(
                source,
                format!("`{name}` of <{}> is \"{text}\": expected the number of a lane", self.name()),
            )
        })
    }
}
