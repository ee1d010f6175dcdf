//! Builds the control center with npm, and embeds what comes out. Without npm a page that says so takes its place, so that
//! everything else can be built.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context as _, Result, bail};

/// What the pages are made of, in `cloud/web`.
const SOURCES: &[&str] =
    &["index.html", "package.json", "package-lock.json", "public", "src", "tsconfig.json", "vite.config.ts"];

fn main() -> Result<()> {
    let web = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("..").canonicalize()?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let pages = out.join("pages");
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", web.join(source).display());
    }
    println!("cargo::rerun-if-changed={}", web.join("../fleetd/openapi.json").display());
    if npm().arg("--version").output().is_ok_and(|output| output.status.success()) {
        build(&web, &pages)?;
    } else {
        println!(
            "cargo::warning=no npm: the control center is left out; install Node.js 20 or later and build again"
        );
        fs::create_dir_all(&pages)?;
        fs::copy("missing.html", pages.join("index.html"))?;
    }
    // What `memory_serve::load!` reads. Not by `load_directory`: it would log as warnings, and watch what is made here.
    let assets = memory_serve::assets_to_code("pages", &pages, &out, true, |_| {});
    fs::write(out.join("memory_serve_assets.rs"), format!("&[(\"pages\", {assets})]"))?;
    Ok(())
}

fn build(web: &Path, pages: &Path) -> Result<()> {
    let modified = |path: PathBuf| path.metadata().and_then(|metadata| metadata.modified()).ok();
    let installed = modified(web.join("node_modules/.package-lock.json"));
    if installed.is_none() || installed < modified(web.join("package-lock.json")) {
        run(npm().current_dir(web).args(["ci", "--no-audit", "--no-fund"]))?;
    }
    run(npm().current_dir(web).args(["run", "build", "--", "--emptyOutDir", "--outDir"]).arg(pages))
}

fn npm() -> Command {
    Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    if !output.status.success() {
        let printed = [output.stdout, output.stderr].concat();
        bail!("{command:?} failed:\n{}", String::from_utf8_lossy(&printed));
    }
    Ok(())
}
