//! Generates Rust types for the standard ROS 2 packages and our own.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use rosidl::{Base, TypeSet, emit_rust};

/// Packages of Jazzy that nodes use. Their definitions come with `hiroz-codegen`.
const STANDARD: &[&str] = &[
    "action_msgs",
    "builtin_interfaces",
    "composition_interfaces",
    "diagnostic_msgs",
    "example_interfaces",
    "geometry_msgs",
    "lifecycle_msgs",
    "nav_msgs",
    "rcl_interfaces",
    "rosbag2_interfaces",
    "rosgraph_msgs",
    "sensor_msgs",
    "service_msgs",
    "shape_msgs",
    "statistics_msgs",
    "std_msgs",
    "std_srvs",
    "stereo_msgs",
    "tf2_msgs",
    "trajectory_msgs",
    "type_description_interfaces",
    "unique_identifier_msgs",
    "visualization_msgs",
];

/// Packages in this folder: ours, and what the standard set lacks.
const OWN: &[&str] = &["ackermann_msgs", "atlasmesh_msgs", "safety_msgs", "standard_additions"];

fn main() -> Result<()> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let bundled = hiroz_codegen::bundled_assets_dir_for("jazzy");
    let mut types = TypeSet::default();
    for package in STANDARD {
        add_package(&mut types, &bundled.join(package), package)?;
    }
    if env::var_os("CARGO_FEATURE_TEST_INTERFACES").is_some() {
        add_package(&mut types, &bundled.join("test_interface_files"), "test_interface_files")?;
    }
    for package in OWN {
        let folder = here.join(package);
        println!("cargo:rerun-if-changed={}", folder.display());
        if *package == "standard_additions" {
            // One folder per standard package; its files replace bundled ones of the same name.
            for entry in sorted(&folder)? {
                let name = entry.file_name().context("folder name")?.to_string_lossy().into_owned();
                add_package(&mut types, &entry, &name)?;
            }
        } else {
            add_package(&mut types, &folder, package)?;
        }
    }
    let out = PathBuf::from(env::var("OUT_DIR")?).join("interfaces.rs");
    fs::write(&out, emit_rust(&types)?).with_context(|| format!("cannot write {}", out.display()))?;
    Ok(())
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = entries.map(|e| Ok(e?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn add_package(types: &mut TypeSet, folder: &Path, package: &str) -> Result<()> {
    ensure!(folder.is_dir(), "no interface package at {}", folder.display());
    for kind in ["msg", "srv"] {
        let folder = folder.join(kind);
        if !folder.is_dir() {
            continue;
        }
        for path in sorted(&folder)? {
            let stem = path.file_stem().context("file name")?.to_string_lossy();
            let source =
                fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let name = format!("{package}/{kind}/{stem}");
            let parsed = if kind == "msg" {
                // ROS 2's CDR of wide strings differs between vendors; nothing that we use has them.
                let def = rosidl::parse_msg(&name, &source)?;
                if def.fields.iter().any(|f| matches!(f.ty.base, Base::WString { .. })) {
                    continue;
                }
                types.add_msg(&name, &source)
            } else {
                types.add_srv(&name, &source)
            };
            parsed.with_context(|| path.display().to_string())?;
        }
    }
    Ok(())
}
