//! Properties of ROS names that hold for all of them.

use proptest::prelude::*;
use runtime::names::{
    RemapRule, Remaps, expand, node_fqn, validate_namespace, validate_node_name, validate_topic_name,
};

const NODE: &str = "[a-zA-Z_][a-zA-Z0-9_]{0,6}";
const NAMESPACE: &str = "/|(/[a-zA-Z][a-zA-Z0-9_]{0,4}){1,3}";
/// Names as people write them.
const WRITTEN: &str =
    "(~/|/|\\{node\\}/)?[a-zA-Z][a-zA-Z0-9_]{0,4}(/[a-zA-Z][a-zA-Z0-9]{0,4}|/\\{node\\}){0,2}";
/// The sides of remap rules: no substitutions.
const SIDE: &str = "(~/|/)?[ab](/[ab]){0,1}";

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn written_names_expand_to_valid_ones(name in WRITTEN, node in NODE, namespace in NAMESPACE) {
        let full = expand(&name, &node, &namespace).unwrap();
        prop_assert_eq!(validate_topic_name(&full), Ok(()));
        prop_assert_eq!(expand(&full, &node, &namespace), Ok(full.clone()));
        // A full name does not depend on who uses it.
        prop_assert_eq!(expand(&full, "other", "/elsewhere"), Ok(full));
    }

    #[test]
    fn any_text_expands_to_a_valid_name_or_an_error_within_it(
        name in any::<String>(), node in any::<String>(), namespace in any::<String>(),
    ) {
        match expand(&name, "n", "/ns") {
            Ok(full) => prop_assert_eq!(validate_topic_name(&full), Ok(())),
            Err(e) => prop_assert!(e.index <= e.name.chars().count()),
        }
        if expand("x", &node, &namespace).is_ok() {
            prop_assert_eq!(validate_node_name(&node), Ok(()));
            prop_assert_eq!(validate_namespace(&namespace), Ok(()));
        }
    }

    #[test]
    fn full_node_names_are_valid(node in NODE, namespace in NAMESPACE) {
        let fqn = node_fqn(&namespace, &node);
        prop_assert_eq!(validate_topic_name(&fqn), Ok(()));
        prop_assert_eq!(expand("~", &node, &namespace), Ok(fqn));
    }

    /// Against the definition: the first rule whose left side means the same name gives its right side.
    #[test]
    fn the_first_rule_that_fits_wins(
        rules in prop::collection::vec((SIDE, SIDE), 0..5), name in SIDE, namespace in "/|/[ab]",
    ) {
        let remaps: Remaps =
            rules.iter().map(|(from, to)| format!("{from}:={to}").parse::<RemapRule>().unwrap()).collect();
        let full = |name: &str| expand(name, "a", &namespace).unwrap();
        let expected = rules.iter().find(|(from, _)| full(from) == full(&name)).map_or(full(&name), |(_, to)| full(to));
        prop_assert_eq!(remaps.topic("a", &namespace, &name), Ok(expected.clone()));
        prop_assert_eq!(remaps.service("a", &namespace, &name), Ok(expected));
    }
}
