//! `map-validator`: checks a map file and writes what it found as JSON.

mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use maps::validate::Severity;

/// Check a map file: OpenDRIVE (.xodr), OSM XML or Lanelet2 (.osm), OSM PBF (.osm.pbf)
#[derive(Parser)]
#[command(
    name = "map-validator",
    version,
    after_help = "Exit codes: 0 valid, 1 errors found or file not readable, 2 wrong usage."
)]
struct Cli {
    /// The map
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Where to write the report, as JSON; without it a text goes to standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the map is valid.
fn run(cli: &Cli) -> Result<bool> {
    let found = maps::validate::validate(&cli.input)?;
    let input = cli.input.display().to_string();
    match &cli.output {
        None => print!("{}", report::to_text(&input, &found)),
        Some(output) => {
            let json = serde_json::to_string_pretty(&report::to_json(&input, &found))?;
            std::fs::write(output, json + "\n").with_context(|| output.display().to_string())?;
            let (errors, warnings) = (found.count(Severity::Error), found.count(Severity::Warning));
            println!("{input}: {errors} error(s), {warnings} warning(s); see {}", output.display());
        }
    }
    Ok(found.count(Severity::Error) == 0)
}
