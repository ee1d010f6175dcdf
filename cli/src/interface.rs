//! `atlas interface …`: the types that this program has.

use std::io::Read;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use rosidl::{Base, MessageDef};
use serde_json::json;

use crate::graph_names::did_you_mean;
use crate::output::Out;

/// What to do with types.
#[derive(Subcommand)]
pub enum Command {
    /// List all types
    List(List),
    /// Print the definition of a type
    Show(Show),
    /// List the types of a package
    Package(Package),
    /// Print the RIHS01 hash of a type, or of all
    Hash(Hash),
}

impl Command {
    /// Runs the command.
    pub fn run(self, out: &mut Out) -> Result<()> {
        match self {
            Self::List(c) => c.run(out),
            Self::Show(c) => c.run(out),
            Self::Package(c) => c.run(out),
            Self::Hash(c) => c.run(out),
        }
    }
}

fn names(kind: &str) -> Vec<&'static str> {
    let part = format!("/{kind}/");
    msgs::interfaces().map(|i| i.name).filter(|n| n.contains(&part)).collect()
}

fn interface(name: &str) -> Result<msgs::Interface> {
    // `std_msgs/String` may be either.
    let full =
        |kind| name.split_once('/').filter(|(_, n)| !n.contains('/')).map(|(p, n)| format!("{p}/{kind}/{n}"));
    let candidates = [Some(name.to_string()), full("msg"), full("srv")];
    candidates.iter().flatten().find_map(|n| msgs::interface(n)).with_context(|| {
        let hint = did_you_mean(name, msgs::interfaces().map(|i| i.name));
        format!("Unknown type '{name}'{hint} (`atlas interface list`)")
    })
}

/// Which kinds.
#[derive(Args)]
struct Kinds {
    /// Messages
    #[arg(short = 'm', long)]
    only_msgs: bool,
    /// Services
    #[arg(short = 's', long)]
    only_srvs: bool,
}

impl Kinds {
    fn all(&self) -> Vec<(&'static str, &'static str)> {
        let both = self.only_msgs == self.only_srvs;
        let kinds = [("Messages", "msg", self.only_msgs), ("Services", "srv", self.only_srvs)];
        kinds
            .into_iter()
            .filter(|(_, _, wanted)| both || *wanted)
            .map(|(title, kind, _)| (title, kind))
            .collect()
    }
}

/// Lists all types.
#[derive(Args)]
#[command(after_help = "Examples:\n  atlas interface list\n  atlas interface list -m")]
pub struct List {
    #[command(flatten)]
    kinds: Kinds,
}

impl List {
    fn run(self, out: &mut Out) -> Result<()> {
        let kinds = self.kinds.all();
        if out.json {
            let all: Vec<_> = kinds.iter().flat_map(|(_, kind)| names(kind)).collect();
            return out.json_document(&all);
        }
        for (title, kind) in kinds {
            out.line(&format!("{title}:"))?;
            names(kind).iter().try_for_each(|n| out.line(&format!("    {n}")))?;
        }
        Ok(())
    }
}

/// Lists the types of a package.
#[derive(Args)]
#[command(after_help = "Example:\n  atlas interface package atlasmesh_msgs")]
pub struct Package {
    /// Package
    package_name: String,
    #[command(flatten)]
    kinds: Kinds,
}

impl Package {
    fn run(self, out: &mut Out) -> Result<()> {
        let prefix = format!("{}/", self.package_name);
        let all = self.kinds.all().into_iter().flat_map(|(_, kind)| names(kind));
        let found: Vec<_> = all.filter(|n| n.starts_with(&prefix)).map(String::from).collect();
        if found.is_empty() {
            let packages = msgs::interfaces().filter_map(|i| i.name.split('/').next());
            bail!("Unknown package '{}'{}", self.package_name, did_you_mean(&self.package_name, packages));
        }
        out.list(&found)
    }
}

/// Prints hashes.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  atlas interface hash std_msgs/msg/String\n  atlas interface hash | sort"
)]
pub struct Hash {
    /// Type; else all
    r#type: Option<String>,
}

impl Hash {
    fn run(self, out: &mut Out) -> Result<()> {
        let wanted: Vec<_> = match &self.r#type {
            Some(name) => vec![interface(name)?],
            None => msgs::interfaces().collect(),
        };
        if out.json {
            let all: Vec<_> = wanted.iter().map(|i| json!({"name": i.name, "hash": i.hash})).collect();
            return out.json_document(&all);
        }
        let lines: String = wanted.iter().map(|i| format!("{} {}\n", i.name, i.hash)).collect();
        out.text(&lines)
    }
}

/// Prints a definition.
#[derive(Args)]
#[command(after_help = "Examples:\n  atlas interface show sensor_msgs/msg/Imu\n  \
                        atlas topic type /sensors/imu | atlas interface show -")]
pub struct Show {
    /// Type; `-` reads it from standard input
    r#type: String,
    /// Show the comments of nested types, too
    #[arg(long, conflicts_with = "no_comments")]
    all_comments: bool,
    /// Show no comments and no empty lines
    #[arg(long)]
    no_comments: bool,
}

impl Show {
    fn run(mut self, out: &mut Out) -> Result<()> {
        if self.r#type == "-" {
            self.r#type.clear();
            std::io::stdin().read_to_string(&mut self.r#type).context("cannot read the type")?;
        }
        let interface = interface(self.r#type.trim())?;
        if out.json {
            return out.json_document(
                &json!({"name": interface.name, "hash": interface.hash, "definition": interface.source}),
            );
        }
        let mut text = String::new();
        let halves: Vec<&MessageDef> = match msgs::types().service(interface.name) {
            Some(service) => vec![&service.request, &service.response],
            None => msgs::types().get(interface.name).into_iter().collect(),
        };
        let mut half = 0;
        for line in interface.source.lines() {
            if line.trim() == "---" {
                half += 1;
            }
            self.write(line, halves.get(half).copied(), !self.no_comments, 0, &mut text);
        }
        out.text(&text)
    }

    /// A line, and below it the type that it names.
    fn write(&self, line: &str, def: Option<&MessageDef>, comments: bool, level: usize, out: &mut String) {
        let line = line.trim_end();
        let code = code_of(line);
        let shown = if comments { line } else { code.trim() };
        if shown.is_empty() && !comments {
            return;
        }
        let indent = if shown.is_empty() { String::new() } else { "\t".repeat(level) };
        out.push_str(&format!("{indent}{shown}\n"));
        let field =
            code.split_whitespace().nth(1).and_then(|name| def?.fields.iter().find(|f| f.name == name));
        let is_constant =
            code.split_whitespace().nth(1).is_some_and(|w| w.contains('=')) || code.contains(" = ");
        let Some(Base::Message(nested)) = field.filter(|_| !is_constant).map(|f| &f.ty.base) else { return };
        if let Some(nested) = msgs::types().get(nested) {
            for line in nested.source.lines() {
                self.write(line, Some(nested), self.all_comments, level + 1, out);
            }
        }
    }
}

/// A line without its comment. A `#` within a string constant stays.
fn code_of(line: &str) -> &str {
    let mut quote = None;
    for (i, c) in line.char_indices() {
        match (c, quote) {
            ('#', None) => return &line[..i],
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(q)) if c == q => quote = None,
            _ => {}
        }
    }
    line
}
