//! Properties of parameters that hold for all values.

use proptest::prelude::*;
use runtime::params::{NodePattern, Overrides, ParamStore, ParamValue, yaml_dump};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

fn finite() -> impl Strategy<Value = f64> {
    any::<f64>().prop_filter("finite", |v| v.is_finite())
}

/// Text with a good part of what YAML could take for something else.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z0-9 :#'\"\\-\\[\\]{},.&*!|>%@`~?\\n\\t]{0,12}",
        prop::sample::select(vec![
            "yes",
            "null",
            "~",
            "1e5",
            "0x1F",
            ".inf",
            "---",
            "- a",
            "a: b",
            "#",
            "2001-01-01",
            "="
        ])
        .prop_map(str::to_owned),
    ]
}

/// Values as a file has them: no empty arrays, whose type a file cannot tell.
fn value() -> impl Strategy<Value = ParamValue> {
    prop_oneof![
        any::<bool>().prop_map(ParamValue::Bool),
        any::<i64>().prop_map(ParamValue::Integer),
        finite().prop_map(ParamValue::Double),
        text().prop_map(ParamValue::String),
        prop::collection::vec(any::<bool>(), 1..4).prop_map(ParamValue::BoolArray),
        prop::collection::vec(any::<i64>(), 1..4).prop_map(ParamValue::IntegerArray),
        prop::collection::vec(finite(), 1..4).prop_map(ParamValue::DoubleArray),
        prop::collection::vec(text(), 1..4).prop_map(ParamValue::StringArray),
    ]
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Params {
    #[schemars(range(min = -5.0, max = 5.0), extend("step" = 0.5))]
    double: f64,
    #[schemars(range(min = -5, max = 5))]
    integer: i64,
    small: u8,
    text: String,
    list: Vec<f64>,
    #[schemars(length(max = 2))]
    words: Vec<String>,
    fixed: [i64; 2],
    nested: Nested,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Nested {
    flag: bool,
}

const NAMES: [&str; 9] =
    ["double", "integer", "small", "text", "list", "words", "fixed", "nested.flag", "no_such_parameter"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_back_the_same(
        values in prop::collection::btree_map("[a-z][a-z_]{0,4}[0-9](\\.[a-z][a-z]{0,2}[0-9]){0,2}x", value(), 0..6),
    ) {
        let yaml = yaml_dump("/ns/node", values.iter().map(|(name, value)| (name.as_str(), value)));
        let mut overrides = Overrides::default();
        overrides.add_yaml("dump.yaml", &yaml).map_err(|e| TestCaseError::fail(format!("{e}\n{yaml}")))?;
        let read: std::collections::BTreeMap<_, _> =
            overrides.for_node("/ns/node").map(|o| (o.name.clone(), o.value.clone())).collect();
        prop_assert_eq!(read, values, "{}", yaml);
    }

    /// After any changes: what was set is what is read, the rest is as before, the struct says the same as
    /// the names, and all of it passes its own checks.
    #[test]
    fn a_store_holds_what_was_set_and_only_that(
        changes in prop::collection::vec((prop::sample::select(NAMES.to_vec()), value()), 1..6),
        atomically in any::<bool>(),
    ) {
        let mut store = ParamStore::<Params>::new("/n", &Overrides::default()).unwrap();
        let changes: Vec<_> = changes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let before = store.to_yaml();
        let results = if atomically { vec![store.set_atomically(&changes); changes.len()] } else { store.set(&changes) };
        if results.iter().all(|r| !r.successful) {
            prop_assert_eq!(store.to_yaml(), before);
        }
        for ((name, value), result) in changes.iter().zip(&results) {
            prop_assert_eq!(result.successful, result.reason.is_empty());
            let overwritten = changes.iter().filter(|(other, _)| other == name).count() > 1;
            if !result.successful || overwritten {
                continue;
            }
            match (value, store.get(name).unwrap()) {
                (ParamValue::Integer(set), ParamValue::Double(read)) => prop_assert_eq!(*set as f64, read),
                (ParamValue::IntegerArray(set), ParamValue::DoubleArray(read)) => prop_assert_eq!(set.len(), read.len()),
                (set, read) => prop_assert_eq!(set, &read),
            }
        }
        for descriptor in store.descriptors() {
            let value = store.get(&descriptor.name).unwrap();
            prop_assert_eq!(descriptor.accept(&value), Ok(value));
        }
        let p = store.node();
        prop_assert_eq!(store.get("double"), Some(ParamValue::Double(p.double)));
        prop_assert_eq!(store.get("words"), Some(ParamValue::StringArray(p.words.clone())));
        prop_assert_eq!(store.get("nested.flag"), Some(ParamValue::Bool(p.nested.flag)));
    }

    /// Against the definition by regular expressions: `/*` is `/\w+`, `/**` is any number of them.
    #[test]
    fn patterns_match_as_their_definition_says(
        parts in prop::collection::vec(prop::sample::select(vec!["a", "b", "*", "**"]), 1..6),
        names in prop::collection::vec(prop::sample::select(vec!["a", "b"]), 1..6),
    ) {
        fn matches(parts: &[&str], names: &[&str]) -> bool {
            match parts.split_first() {
                None => names.is_empty(),
                Some((&"**", rest)) => (0..=names.len()).any(|skip| matches(rest, &names[skip..])),
                Some((part, rest)) => {
                    names.first().is_some_and(|name| *part == "*" || part == name) && matches(rest, &names[1..])
                }
            }
        }
        let pattern = NodePattern::parse(&parts.join("/")).unwrap();
        prop_assert_eq!(pattern.matches(&format!("/{}", names.join("/"))), matches(&parts, &names));
    }
}
