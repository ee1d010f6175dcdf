//! Values of parameters: on the wire, as `runtime` has them, as text and as JSON.

use msgs::rcl_interfaces::msg::ParameterValue;
use runtime::params::{Override, ParamValue};
use serde_json::{Value, json};

use crate::render::{python_float, python_value};

/// What was written on the command line, in YAML; what is no value of YAML is a text.
pub fn parse(text: &str) -> ParamValue {
    Override::parse_argument(&format!("value:={text}"))
        .map_or_else(|_| ParamValue::String(text.into()), |o| o.value)
}

/// From the wire; `None` if the type is not known.
pub fn from_wire(v: &ParameterValue) -> Option<ParamValue> {
    Some(match v.r#type {
        0 => ParamValue::NotSet,
        1 => ParamValue::Bool(v.bool_value),
        2 => ParamValue::Integer(v.integer_value),
        3 => ParamValue::Double(v.double_value),
        4 => ParamValue::String(v.string_value.clone()),
        5 => ParamValue::ByteArray(v.byte_array_value.to_vec()),
        6 => ParamValue::BoolArray(v.bool_array_value.clone()),
        7 => ParamValue::IntegerArray(v.integer_array_value.clone()),
        8 => ParamValue::DoubleArray(v.double_array_value.clone()),
        9 => ParamValue::StringArray(v.string_array_value.clone()),
        _ => return None,
    })
}

/// For the wire.
pub fn to_wire(v: &ParamValue) -> ParameterValue {
    let mut wire = ParameterValue::default();
    wire.r#type = match v.clone() {
        ParamValue::NotSet => 0,
        ParamValue::Bool(v) => {
            wire.bool_value = v;
            1
        }
        ParamValue::Integer(v) => {
            wire.integer_value = v;
            2
        }
        ParamValue::Double(v) => {
            wire.double_value = v;
            3
        }
        ParamValue::String(v) => {
            wire.string_value = v;
            4
        }
        ParamValue::ByteArray(v) => {
            wire.byte_array_value = v.into();
            5
        }
        ParamValue::BoolArray(v) => {
            wire.bool_array_value = v;
            6
        }
        ParamValue::IntegerArray(v) => {
            wire.integer_array_value = v;
            7
        }
        ParamValue::DoubleArray(v) => {
            wire.double_array_value = v;
            8
        }
        ParamValue::StringArray(v) => {
            wire.string_array_value = v;
            9
        }
    };
    wire
}

/// The words of `ros2 param get`, and the value as Python prints it.
pub fn label_and_text(v: &ParamValue) -> (&'static str, String) {
    let list = |items: Vec<String>| format!("[{}]", items.join(", "));
    let string = |s: &String| python_value(msgs::types(), None, &msgs::dynamic::Value::String(s.clone()));
    match v {
        ParamValue::NotSet => ("Parameter not set.", String::new()),
        ParamValue::Bool(v) => ("Boolean value is:", python_bool(*v)),
        ParamValue::Integer(v) => ("Integer value is:", v.to_string()),
        ParamValue::Double(v) => ("Double value is:", python_float(*v)),
        ParamValue::String(v) => ("String value is:", v.clone()),
        ParamValue::ByteArray(v) => {
            ("Byte values are:", list(v.iter().map(|b| format!("b'\\x{b:02x}'")).collect()))
        }
        ParamValue::BoolArray(v) => {
            ("Boolean values are:", list(v.iter().map(|b| python_bool(*b)).collect()))
        }
        ParamValue::IntegerArray(v) => ("Integer values are:", list(v.iter().map(i64::to_string).collect())),
        ParamValue::DoubleArray(v) => {
            ("Double values are:", list(v.iter().map(|v| python_float(*v)).collect()))
        }
        ParamValue::StringArray(v) => ("String values are:", list(v.iter().map(string).collect())),
    }
}

fn python_bool(v: bool) -> String {
    if v { "True".into() } else { "False".into() }
}

/// As JSON; numbers that JSON lacks are null.
pub fn to_json(v: &ParamValue) -> Value {
    match v {
        ParamValue::NotSet => Value::Null,
        ParamValue::Bool(v) => json!(v),
        ParamValue::Integer(v) => json!(v),
        ParamValue::Double(v) => json!(v),
        ParamValue::String(v) => json!(v),
        ParamValue::ByteArray(v) => json!(v),
        ParamValue::BoolArray(v) => json!(v),
        ParamValue::IntegerArray(v) => json!(v),
        ParamValue::DoubleArray(v) => json!(v),
        ParamValue::StringArray(v) => json!(v),
    }
}

/// The words of `ros2 param describe`.
pub fn type_word(type_id: u8) -> &'static str {
    match type_id {
        0 => "not set",
        1 => "boolean",
        2 => "integer",
        3 => "double",
        4 => "string",
        5 => "byte array",
        6 => "boolean array",
        7 => "integer array",
        8 => "double array",
        9 => "string array",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_values() {
        assert_eq!(parse("5.0"), ParamValue::Double(5.0));
        assert_eq!(parse("-5"), ParamValue::Integer(-5));
        assert_eq!(parse("true"), ParamValue::Bool(true));
        assert_eq!(parse("slow and safe"), ParamValue::String("slow and safe".into()));
        assert_eq!(parse("[1, 2]"), ParamValue::IntegerArray(vec![1, 2]));
        assert_eq!(parse("{a: 1}"), ParamValue::String("{a: 1}".into()));
        assert_eq!(parse("'5'"), ParamValue::String("5".into()));
    }

    #[test]
    fn the_wire_keeps_values() {
        for text in ["true", "5", "0.5", "x", "[true]", "[1]", "[0.5]", "[a, b]"] {
            let value = parse(text);
            assert_eq!(from_wire(&to_wire(&value)), Some(value));
        }
        assert_eq!(label_and_text(&parse("[a, b]")), ("String values are:", "['a', 'b']".into()));
        assert_eq!(label_and_text(&parse("1.0")), ("Double value is:", "1.0".into()));
    }
}
