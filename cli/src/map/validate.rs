//! `atlas map validate`.

use anyhow::{Result, bail};
use clap::Args;
use maps::validate::Severity;

use super::report;
use crate::output::Out;

/// Check a map file; exit code 1 if there are errors.
#[derive(Args)]
pub struct Validate {
    /// OpenDRIVE (.xodr), OSM XML or Lanelet2 (.osm), OSM PBF (.osm.pbf), or the name of a map that ships with the product
    file: String,
}

impl Validate {
    pub fn run(self, out: &mut Out) -> Result<()> {
        let found = maps::validate::validate(&self.file)?;
        if out.json {
            out.json_document(&report::to_json(&self.file, &found))?;
        } else {
            out.text(&report::to_text(&self.file, &found))?;
        }
        if found.count(Severity::Error) > 0 {
            bail!("{} is not valid", self.file);
        }
        Ok(())
    }
}
