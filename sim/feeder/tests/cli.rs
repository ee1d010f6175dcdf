//! The program: what it says of options that make no sense.

// All of this is test code.
#![allow(clippy::unwrap_used)]

use std::process::Command;

fn says(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_sim-feeder")).args(args).output().unwrap();
    assert!(!output.status.success(), "{args:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn options_that_make_no_sense_are_refused_in_words() {
    let empty = tempfile::tempdir().unwrap();
    let pki = empty.path().to_str().unwrap();
    for (args, words) in [
        (&["--rate", "0Hz"][..], "0.1Hz to 100Hz"),
        (&["--vehicles", "0"], "1..=10000"),
        (&["--time-scale", "0"], "0.1 to 1000"),
        (&["--roads", "nowhere.osm", "--pki", pki], "nowhere.osm"),
        (&["--pki", pki], "certificate"),
    ] {
        let said = says(args);
        assert!(said.contains(words), "{args:?} says {said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}
