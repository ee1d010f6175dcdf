//! Random messages of every type survive CDR: the dynamic and the static codec, which share no table of fields but the
//! definition, agree to the byte.

mod support;

use std::collections::BTreeSet;

use msgs::dynamic::{Value, decode, encode};
use msgs::rosidl::TypeSet;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use support::{TYPES, Values, same};

#[test]
fn every_type_survives() {
    let types = msgs::types();
    let mut values = Values::new(types);
    let cases = Config::default().cases.min(64);
    for t in TYPES {
        let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
        let check = |value: Value| {
            let fail = |what: &str| TestCaseError::fail(format!("{}: {what}", t.name));
            let bytes = encode(types, t.name, &value).map_err(|e| fail(&e.to_string()))?;
            let decoded = decode(types, t.name, &bytes).map_err(|e| fail(&e.to_string()))?;
            if !same(&value, &decoded) {
                return Err(fail(&format!("dynamic decode gives {decoded:?}")));
            }
            let again = (t.recode)(&bytes).map_err(|e| fail(&e.to_string()))?;
            if again != bytes {
                return Err(fail("the static type writes other bytes than the dynamic codec"));
            }
            Ok(())
        };
        runner.run(&values.of(t.name), check).unwrap();
    }
    println!("{} types, {cases} messages each", TYPES.len());
}

#[test]
fn the_table_has_every_interface() {
    let have: BTreeSet<_> = TYPES.iter().map(|t| t.name.to_string()).collect();
    assert_eq!(have.len(), TYPES.len());
    let mut want = BTreeSet::new();
    for i in msgs::interfaces() {
        if i.name.contains("/srv/") {
            want.extend([format!("{}_Request", i.name), format!("{}_Response", i.name)]);
        } else {
            want.insert(i.name.to_string());
        }
    }
    assert_eq!(have, want);
}

#[test]
fn defaults_agree() {
    for t in TYPES {
        let dynamic = encode(msgs::types(), t.name, &Value::Message(vec![])).unwrap();
        assert_eq!(dynamic, (t.default)(), "{}", t.name);
        assert_eq!((t.recode)(&dynamic).unwrap(), dynamic, "{}", t.name);
    }
}

/// The schema in a recording is enough to know the type again.
#[test]
fn definitions_are_complete() {
    for t in TYPES {
        let text = msgs::types().definition(t.name).unwrap();
        let mut alone = TypeSet::default();
        alone.add_definition(t.name, &text).unwrap();
        assert_eq!(alone.hash(t.name).unwrap(), t.hash, "{}", t.name);
        let zero = Value::Message(vec![]);
        assert_eq!(encode(&alone, t.name, &zero).unwrap(), (t.default)(), "{}", t.name);
    }
}
