//! Messages as JSON: fields in wire order; numbers that JSON lacks are the strings "NaN", "Infinity", "-Infinity".

use msgs::dynamic::Value;
use serde::{Serialize, Serializer};

/// Shows a message as JSON.
pub struct Json<'a>(pub &'a Value);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Bool(v) => s.serialize_bool(*v),
            Value::Int(v) => s.serialize_i64(*v),
            Value::Uint(v) => s.serialize_u64(*v),
            Value::Float32(v) if v.is_finite() => s.serialize_f32(*v),
            Value::Float64(v) if v.is_finite() => s.serialize_f64(*v),
            Value::Float32(v) => s.serialize_str(name(f64::from(*v))),
            Value::Float64(v) => s.serialize_str(name(*v)),
            Value::String(v) => s.serialize_str(v),
            Value::Bytes(v) => s.collect_seq(v.iter()),
            Value::List(v) => s.collect_seq(v.iter().map(Json)),
            Value::Message(v) => s.collect_map(v.iter().map(|(k, v)| (k, Json(v)))),
        }
    }
}

fn name(v: f64) -> &'static str {
    match v {
        v if v.is_nan() => "NaN",
        v if v > 0.0 => "Infinity",
        _ => "-Infinity",
    }
}
