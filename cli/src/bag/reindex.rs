//! `atlas bag reindex`

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use runtime::recording::{RecorderOptions, repair};

use crate::output::{Out, note};

/// Copies everything that can be read into a proper bag. The damaged one is kept as `<BAG>.orig`.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  atlas bag reindex drive\n  atlas bag reindex damaged.mcap -o whole.mcap"
)]
pub struct Reindex {
    /// A bag: a directory or an MCAP file
    bag_path: PathBuf,
    /// Write the new bag here, and leave the old one where it is
    #[arg(short, long)]
    output: Option<PathBuf>,
}

impl Reindex {
    pub fn run(self, out: &mut Out) -> Result<()> {
        let bag = super::locate(&self.bag_path);
        let options = RecorderOptions::default();
        let report = match &self.output {
            Some(output) => repair(&bag, output, &options)?,
            None => {
                let kept = kept(&bag)?;
                fs::rename(&bag, &kept).with_context(|| format!("cannot rename {}", bag.display()))?;
                repair(&kept, &bag, &options).or_else(|e| back(&kept, &bag, e))?
            }
        };
        if out.json {
            return out.json_document(&report);
        }
        report.lost.iter().for_each(|lost| note(&format!("lost: {lost}")));
        if report.attachments_left_out > 0 {
            note(&format!(
                "{} attachments, which ROS 2 does not use, were left out",
                report.attachments_left_out
            ));
        }
        out.line(&format!(
            "Reindexed {}: {} messages in {} files, {} of them cut off, {} damaged parts lost",
            self.output.as_ref().unwrap_or(&bag).display(),
            report.messages,
            report.files,
            report.truncated_files,
            report.lost.len()
        ))
    }
}

/// Where the damaged bag goes.
fn kept(bag: &Path) -> Result<PathBuf> {
    let mut name = bag.file_name().context("name the bag itself, not `..`")?.to_os_string();
    name.push(".orig");
    let kept = bag.with_file_name(name);
    if kept.exists() {
        bail!("{} is there already; remove it, or give another place with -o", kept.display());
    }
    Ok(kept)
}

/// Nothing could be made of it: all is as before.
fn back<T>(kept: &Path, bag: &Path, error: impl Into<anyhow::Error>) -> Result<T> {
    let _ = if bag.is_dir() { fs::remove_dir_all(bag) } else { fs::remove_file(bag) };
    fs::rename(kept, bag).with_context(|| format!("the bag is now at {}", kept.display()))?;
    Err(error.into())
}
