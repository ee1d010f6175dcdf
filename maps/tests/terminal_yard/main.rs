//! The map `terminal-yard` is what its generator here writes, and is fit to drive.
//!
//! After a change of the generator, `ATLAS_WRITE_MAPS=1 cargo test -p maps --test terminal_yard` writes the map anew.

// All of this is test code.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod checks;
mod curve;
mod network;
mod yard;

const PROJECTION: &str =
    "+proj=tmerc +lat_0=24.8 +lon_0=54.65 +k=1 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs";

#[test]
fn the_file_is_what_the_generator_writes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/terminal-yard.xodr");
    let text = yard::network().to_opendrive("terminal-yard", PROJECTION);
    if std::env::var_os("ATLAS_WRITE_MAPS").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let file = std::fs::read_to_string(path).unwrap_or_default();
    assert!(file == text, "{path} is not current: run this test with ATLAS_WRITE_MAPS=1");
}
