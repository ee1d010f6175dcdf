//! docs/SAFETY.md says what the code does.
#![allow(clippy::unwrap_used)]

use decision::causes::{CAUSES, Cause, Reaction};
use decision::envelope::Cut;

const DOC: &str = include_str!("../../../docs/SAFETY.md");

/// Rows of the table of causes, as cells.
fn rows() -> Vec<Vec<String>> {
    let table = DOC.split("## Causes").nth(1).unwrap().split("Timeouts are in ms").next().unwrap();
    let lines = table.lines().filter(|line| line.starts_with("| `"));
    lines
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect())
        .collect()
}

/// The default of a parameter, by its dotted name.
fn default_of(name: &str) -> f64 {
    let descriptors = runtime::params::describe::<decision::DecisionParams>().unwrap();
    let found = descriptors.iter().find(|d| d.name == name).unwrap_or_else(|| panic!("no parameter {name}"));
    match &found.default {
        runtime::params::ParamValue::Integer(v) => *v as f64,
        runtime::params::ParamValue::Double(v) => *v,
        other => panic!("{name} is no number: {other:?}"),
    }
}

#[test]
fn the_table_of_causes_is_that_of_the_code() {
    let rows = rows();
    assert_eq!(
        rows.iter().map(|r| r[0].as_str()).collect::<Vec<_>>(),
        CAUSES.iter().map(|r| r.id).collect::<Vec<_>>()
    );
    for (row, cells) in CAUSES.iter().zip(rows) {
        let reaction = match row.reaction {
            Reaction::Slow => "slow",
            Reaction::ComfortStop => "comfortable stop",
            Reaction::EmergencyStop => "emergency stop",
        };
        assert_eq!(cells[2], row.parameter, "{}", row.id);
        if !row.parameter.is_empty() {
            assert_eq!(cells[3].parse::<f64>().unwrap(), default_of(row.parameter), "{}", row.id);
        }
        assert_eq!(cells[4], reaction, "{}", row.id);
        assert_eq!(cells[5], if row.latches { "yes" } else { "no" }, "{}", row.id);
        assert_eq!(cells[6], row.way_out, "{}", row.id);
    }
}

#[test]
fn limits_and_invariants_are_documented() {
    for cut in Cut::ALL {
        assert!(DOC.contains(&format!("`{}`", cut.id())), "{}", cut.id());
    }
    let model = include_str!("model.rs");
    for n in 1..=10 {
        assert!(DOC.contains(&format!("| SM-{n} |")) && model.contains(&format!("SM-{n}")), "SM-{n}");
    }
    assert_eq!(Cause::COUNT, 14, "docs/SAFETY.md states how many states and transitions the model has");
}
