//! The dependency direction between our crates, as the design's section 2 has it. What a crate is follows from its
//! folder. Dev-dependencies are free, and so are the crates under `tests/`.

// All of this is test code.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Folders (`*` stands for one name), the folders that their crates may depend on, and why no others.
const RULES: &[(&str, &[&str], &str)] = &[
    ("msgs/rosidl", &[], "the generator is built before everything else"),
    ("msgs", &["msgs/rosidl"], "messages are what all others share, so they know none of them"),
    ("runtime", &["msgs", "msgs/rosidl"], "it carries every node and therefore knows none"),
    ("vehicle", &["msgs"], "what a vehicle measures, for nodes and simulator alike"),
    ("plot", &[], "it draws what it is given"),
    ("maps", &[], "maps are used on the vehicle and in the cloud, so they know neither"),
    (
        "nodes/*",
        &["msgs", "runtime", "maps", "vehicle"],
        "nodes know each other by topics only, never by code",
    ),
    ("examples/*", &["msgs", "runtime", "maps", "vehicle"], "an example is a node"),
    ("bridge/proto", &[], "vehicle and cloud share messages and keys only"),
    ("bridge/pki", &["bridge/proto"], "certificates are the same at both ends of the link"),
    (
        "bridge",
        // Maps and vehicle: trips come as places on earth and leave as poses on lanes.
        &["msgs", "runtime", "bridge/proto", "bridge/pki", "maps", "vehicle"],
        "it relays topics, whatever nodes publish them",
    ),
    ("sim/world", &["msgs", "runtime", "maps", "vehicle"], "the world does not know who drives in it"),
    (
        "sim/adapters/*",
        &["msgs", "runtime", "maps", "vehicle", "sim/world"],
        "an adapter takes the world's place",
    ),
    (
        "sim/feeder",
        &["msgs", "runtime", "maps", "vehicle", "bridge", "bridge/proto", "bridge/pki"],
        "a light vehicle is the link and a point on a road",
    ),
    (
        "sim/scenario",
        &["msgs", "runtime", "maps", "vehicle", "nodes/*", "bridge", "sim/world", "sim/adapters/*"],
        "it closes the loop over the vehicle; the cloud is not part of it",
    ),
    (
        "cloud/fleetd",
        &["bridge/proto", "bridge/pki", "maps", "cloud/web/embed"],
        "the cloud talks to vehicles through the protocol only",
    ),
    ("cloud/web/embed", &[], "pages know the API, not the code behind it"),
    ("cloud/garage", &["bridge/proto"], "the cloud talks to vehicles through the protocol only"),
    (
        "cli",
        &[
            "msgs",
            "msgs/rosidl",
            "runtime",
            "maps",
            "vehicle",
            "plot",
            "nodes/*",
            "bridge",
            "bridge/proto",
            "bridge/pki",
            "sim/*",
            "sim/adapters/*",
        ],
        "the command line stands on the vehicle's side; it reaches the cloud over HTTP",
    ),
];

/// Crates for tests only: full `hiroz` is a peer to test against; what ships stands on `zenoh` itself.
const TEST_ONLY: [&str; 2] = ["hiroz", "hiroz-msgs"];

fn fits(folder: &str, pattern: &str) -> bool {
    let (mut names, mut wanted) = (folder.split('/'), pattern.split('/'));
    loop {
        match (names.next(), wanted.next()) {
            (None, None) => return true,
            (Some(name), Some(want)) if want == "*" || want == name => {}
            _ => return false,
        }
    }
}

/// Why a crate in `from` must not depend on one in `to`.
fn objection(from: &str, to: &str) -> Option<String> {
    if from.starts_with("tests/") {
        return None;
    }
    let Some((_, allowed, why)) = RULES.iter().find(|(pattern, ..)| fits(from, pattern)) else {
        return Some(format!("{from} is not in the table of tests/layout: decide what it may depend on"));
    };
    if allowed.iter().any(|pattern| fits(to, pattern)) {
        return None;
    }
    let may = if allowed.is_empty() { "none of our crates".into() } else { allowed.join(", ") };
    Some(format!("{from} must not depend on {to}: {why}. It may depend on {may}"))
}

#[test]
fn crates_depend_in_one_direction() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path"])
        .arg(root.join("Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let folder = |path: &str| Path::new(path).strip_prefix(&root).unwrap().to_str().unwrap().to_string();
    let folders: BTreeMap<&str, String> = packages
        .iter()
        .map(|p| {
            let manifest = p["manifest_path"].as_str().unwrap();
            (p["name"].as_str().unwrap(), folder(manifest.strip_suffix("/Cargo.toml").unwrap()))
        })
        .collect();
    let mut problems = vec![];
    let mut edges = 0;
    for package in packages {
        let from = &folders[package["name"].as_str().unwrap()];
        for dependency in package["dependencies"].as_array().unwrap() {
            if dependency["kind"] == "dev" {
                continue;
            }
            let name = dependency["name"].as_str().unwrap();
            match dependency["path"].as_str() {
                Some(path) => {
                    edges += 1;
                    problems.extend(objection(from, &folder(path)));
                }
                None if TEST_ONLY.contains(&name) && !from.starts_with("tests/") => {
                    problems.push(format!("{from} must not depend on {name}: it is a peer for tests only"));
                }
                None => {}
            }
        }
        // A crate without dependencies of ours must have its place, too.
        if !from.starts_with("tests/") && !RULES.iter().any(|(pattern, ..)| fits(from, pattern)) {
            problems.extend(objection(from, ""));
        }
    }
    problems.dedup();
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
    println!("{} crates, {edges} dependencies among them", packages.len());
}

#[test]
fn the_rules_say_what_the_design_says() {
    for (from, to) in [
        ("msgs", "msgs/rosidl"),
        ("runtime", "msgs"),
        ("nodes/planning", "runtime"),
        ("nodes/planning", "maps"),
        ("sim/scenario", "nodes/planning"),
        ("sim/scenario", "sim/world"),
        ("cli", "sim/scenario"),
        ("cli", "nodes/decision"),
        ("cloud/fleetd", "bridge/proto"),
        ("bridge", "bridge/proto"),
        ("bridge", "maps"),
        ("tests/e2e", "cloud/fleetd"),
    ] {
        assert_eq!(objection(from, to), None);
    }
    for (from, to) in [
        ("nodes/planning", "nodes/perception"),
        ("nodes/planning", "sim/world"),
        ("msgs", "runtime"),
        ("runtime", "nodes/control"),
        ("maps", "msgs"),
        ("sim/world", "nodes/control"),
        ("bridge/proto", "msgs"),
        ("cloud/fleetd", "runtime"),
        ("cloud/fleetd", "bridge"),
        ("bridge", "nodes/planning"),
        ("bridge", "cloud/fleetd"),
        ("cloud/fleetd", "cloud/garage"),
        ("cli", "cloud/fleetd"),
        ("runtime", "tests/layout"),
        ("somewhere/new", "msgs"),
    ] {
        let said = objection(from, to).unwrap_or_else(|| panic!("{from} may depend on {to}"));
        assert!(said.contains(from), "{said}");
    }
    assert!(
        objection("nodes/a", "nodes/b").unwrap().contains("nodes/a must not depend on nodes/b: nodes know")
    );
}
