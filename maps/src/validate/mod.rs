//! Finding what is wrong in a map file before a vehicle does.

mod lanes;
mod osm;
mod roads;

use std::path::Path;

use crate::error::{MapError, Place};
use crate::map::{Map, read_text};
use crate::road::{self, RoadGraph};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file can't be used, or a vehicle can't drive there.
    Error,
    /// It can be lived with.
    Warning,
}

/// Something found in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Which check found it, e.g. `gap`.
    pub check: &'static str,
    /// Where.
    pub place: Place,
    /// What.
    pub what: String,
}

/// All that is found in one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// `OpenDRIVE`, `OSM XML` (Lanelet2 too) or `OSM PBF`.
    pub format: &'static str,
    /// What is in the file: names and numbers.
    pub counts: Vec<(&'static str, usize)>,
    /// Findings, errors first, then by line.
    pub findings: Vec<Finding>,
}

impl Report {
    fn new(format: &'static str) -> Self {
        Self { format, ..Self::default() }
    }

    fn add(&mut self, severity: Severity, check: &'static str, place: Place, what: impl Into<String>) {
        self.findings.push(Finding { severity, check, place, what: what.into() });
    }

    /// How many findings of a severity there are.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|f| f.severity == severity).count()
    }
}

/// Checks a file: OpenDRIVE (`.xodr`), OSM XML and Lanelet2 (`.osm`), OSM PBF (`.osm.pbf`), or what ships with the product, by
/// its name. Where OSM has roads for cars, the road graph of them is looked over, too.
///
/// What keeps the file from being read is a finding, too; an error is only that the file itself can't be read.
pub fn validate(path: impl AsRef<Path>) -> Result<Report, MapError> {
    let path = path.as_ref();
    let ends = |with: &str| path.extension().is_some_and(|e| e.eq_ignore_ascii_case(with));
    let is_shipped = path.to_str().is_some_and(|name| road::SHIPPED.contains(&name));
    let format = if ends("osm") || is_shipped {
        "OSM XML"
    } else if ends("pbf") {
        "OSM PBF"
    } else {
        "OpenDRIVE"
    };
    let mut report = Report::new(format);
    let checked = if ends("osm") {
        read_text(path).and_then(|text| {
            osm::check(path, &text, &mut report)?;
            // Lanelet2 has none.
            if let Ok(roads) = RoadGraph::from_osm_xml(path, &text) {
                roads::check(&roads, path, &mut report);
            }
            Ok(())
        })
    } else if ends("pbf") || is_shipped {
        RoadGraph::load(path).map(|roads| roads::check(&roads, path, &mut report))
    } else {
        Map::load(path).map(|map| lanes::check(&map, path, &mut report))
    };
    match checked {
        Err(MapError::Content { place, what }) => report.add(Severity::Error, "format", place, what),
        Err(error) => return Err(error),
        Ok(()) => {}
    }
    report.findings.sort_by(|a, b| a.severity.cmp(&b.severity).then(a.place.line.cmp(&b.place.line)));
    Ok(report)
}
