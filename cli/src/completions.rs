//! `atlas completions`

use anyhow::Result;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::output::Out;

/// Prints a completion script.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  atlas completions bash > ~/.local/share/bash-completion/completions/atlas\n  \
                        atlas completions fish > ~/.config/fish/completions/atlas.fish"
)]
pub struct Completions {
    /// Shell
    shell: Shell,
}

impl Completions {
    /// Prints the script for the commands of `C`.
    pub fn run<C: CommandFactory>(self, out: &mut Out) -> Result<()> {
        let mut script = vec![];
        clap_complete::generate(self.shell, &mut C::command(), "atlas", &mut script);
        out.text(&String::from_utf8_lossy(&script))
    }
}
