//! Every message type against `rosbags`, which shares no code with us: values, bytes and RIHS01 hashes.

// All of this is test code.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::process::Command;

use msgs::dynamic::{Value, decode, encode};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value as Json, json};

use support::{TYPES, Values};

/// Random messages per type.
const SAMPLES: usize = 12;

#[test]
fn rosbags_agrees_on_every_type() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("corpus.jsonl");
    write_corpus(&path);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/check_with_rosbags.py");
    let Ok(output) = Command::new("python3").arg(script).arg(&path).output() else {
        println!("skipped: no python3");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    // 77: the packages are missing, and it has said so.
    assert!(
        matches!(output.status.code(), Some(0 | 77)),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn write_corpus(path: &std::path::Path) {
    let types = msgs::types();
    let mut values = Values::new(types);
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let mut file = BufWriter::new(File::create(path).unwrap());
    for t in TYPES {
        let mut samples = vec![];
        let defaults = decode(types, t.name, &(t.default)()).unwrap();
        let random = (0..SAMPLES).map(|_| values.of(t.name).new_tree(&mut runner).unwrap().current());
        for value in std::iter::once(defaults).chain(random.collect::<Vec<_>>()) {
            let value = quiet(value);
            let cdr = encode(types, t.name, &value).unwrap();
            samples.push(json!({"cdr": hex(&cdr), "value": to_json(&value)}));
        }
        let definition = types.definition(t.name).unwrap();
        let record = json!({"type": t.name, "hash": t.hash, "definition": definition, "samples": samples});
        writeln!(file, "{record}").unwrap();
    }
    for service in msgs::interfaces().filter(|i| i.name.contains("/srv/")) {
        writeln!(file, "{}", json!({"service": service.name, "hash": service.hash})).unwrap();
    }
    file.flush().unwrap();
}

/// Python's floats are float64, which a signalling NaN of float32 does not survive; ours are quiet here.
fn quiet(value: Value) -> Value {
    match value {
        Value::Float32(v) if v.is_nan() => Value::Float32(f32::from_bits(v.to_bits() | 1 << 22)),
        Value::List(items) => Value::List(items.into_iter().map(quiet).collect()),
        Value::Message(fields) => Value::Message(fields.into_iter().map(|(n, v)| (n, quiet(v))).collect()),
        other => other,
    }
}

fn to_json(value: &Value) -> Json {
    match value {
        Value::Bool(v) => json!(v),
        Value::Int(v) => json!(v),
        Value::Uint(v) => json!(v),
        Value::Float32(v) => json!({"f32": v.to_bits()}),
        Value::Float64(v) => json!({"f64": v.to_bits()}),
        Value::String(v) => json!(v),
        Value::Bytes(v) => json!({"hex": hex(v)}),
        Value::List(items) => Json::Array(items.iter().map(to_json).collect()),
        Value::Message(fields) => {
            let fields: serde_json::Map<_, _> = fields.iter().map(|(n, v)| (n.clone(), to_json(v))).collect();
            json!({ "msg": fields })
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
