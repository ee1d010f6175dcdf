//! Town01 as CARLA's own parser sees it.

// All of this is test code.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use maps::Map;
use perf_maps::{Carla, percentile, python_with_carla};

#[test]
fn town01_is_where_carla_says() {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/data/maps/opendrive/Town01.xodr");
    let Some(python) = python_with_carla() else {
        println!(
            "skipped: CARLA's parser is not installed (pip install carla; CARLA_PYTHON names the Python)"
        );
        return;
    };
    if !file.exists() {
        println!("skipped: {} is missing", file.display());
        return;
    }
    let carla = Carla::load(&python, &file).unwrap();
    let compared = carla.compare(&Map::load(&file).unwrap());
    assert!(compared.waypoints > 10_000);
    assert_eq!(compared.missing_lanes, Vec::<String>::new());
    assert_eq!(compared.extra_lanes, Vec::<String>::new());
    assert!(percentile(&compared.deviations_m, 1.0) < 0.02, "{}", percentile(&compared.deviations_m, 1.0));
    assert_eq!(compared.only_theirs, Vec::<String>::new());
    assert_eq!(compared.only_ours, Vec::<String>::new());
}
