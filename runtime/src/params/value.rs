//! A parameter's value, as `rcl_interfaces/msg/ParameterValue` has it.

use std::fmt;

use serde_json::{Number, Value};

/// The type of a parameter; the numbers are those of `rcl_interfaces/msg/ParameterType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ParamKind {
    /// No value.
    NotSet = 0,
    /// `true` or `false`.
    Bool = 1,
    /// 64-bit signed.
    Integer = 2,
    /// 64-bit floating point.
    Double = 3,
    /// UTF-8 text.
    String = 4,
    /// Bytes. No field has this kind (`Vec<u8>` is an integer array); clients may send it.
    ByteArray = 5,
    /// Any number of booleans.
    BoolArray = 6,
    /// Any number of integers.
    IntegerArray = 7,
    /// Any number of doubles.
    DoubleArray = 8,
    /// Any number of strings.
    StringArray = 9,
}

impl ParamKind {
    /// The kind of an array of this kind, for those that have one.
    pub(super) fn array(self) -> Option<Self> {
        match self {
            Self::Bool => Some(Self::BoolArray),
            Self::Integer => Some(Self::IntegerArray),
            Self::Double => Some(Self::DoubleArray),
            Self::String => Some(Self::StringArray),
            _ => None,
        }
    }
}

impl fmt::Display for ParamKind {
    /// The name that `rclcpp` prints.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotSet => "not set",
            Self::Bool => "bool",
            Self::Integer => "integer",
            Self::Double => "double",
            Self::String => "string",
            Self::ByteArray => "byte_array",
            Self::BoolArray => "bool_array",
            Self::IntegerArray => "integer_array",
            Self::DoubleArray => "double_array",
            Self::StringArray => "string_array",
        })
    }
}

/// A parameter's value. Units are those of the parameter.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the variants are those of ParamKind")]
pub enum ParamValue {
    NotSet,
    Bool(bool),
    Integer(i64),
    Double(f64),
    String(String),
    ByteArray(Vec<u8>),
    BoolArray(Vec<bool>),
    IntegerArray(Vec<i64>),
    DoubleArray(Vec<f64>),
    StringArray(Vec<String>),
}

impl ParamValue {
    /// Its type.
    pub fn kind(&self) -> ParamKind {
        match self {
            Self::NotSet => ParamKind::NotSet,
            Self::Bool(_) => ParamKind::Bool,
            Self::Integer(_) => ParamKind::Integer,
            Self::Double(_) => ParamKind::Double,
            Self::String(_) => ParamKind::String,
            Self::ByteArray(_) => ParamKind::ByteArray,
            Self::BoolArray(_) => ParamKind::BoolArray,
            Self::IntegerArray(_) => ParamKind::IntegerArray,
            Self::DoubleArray(_) => ParamKind::DoubleArray,
            Self::StringArray(_) => ParamKind::StringArray,
        }
    }

    /// How many elements an array has; `None` for the rest.
    pub(super) fn array_len(&self) -> Option<usize> {
        match self {
            Self::ByteArray(v) => Some(v.len()),
            Self::BoolArray(v) => Some(v.len()),
            Self::IntegerArray(v) => Some(v.len()),
            Self::DoubleArray(v) => Some(v.len()),
            Self::StringArray(v) => Some(v.len()),
            _ => None,
        }
    }

    /// The value as `kind`, if that loses nothing: an integer as a double that equals it, bytes as
    /// integers, an empty array as any array.
    ///
    /// `rclcpp` refuses an integer for a double; `max_speed: 20` in a file and `ros2 param set … max_speed 20`
    /// are too easily written for that.
    pub(super) fn fit(&self, kind: ParamKind) -> Option<Self> {
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "checked by the way back"
        )]
        fn exact(v: i64) -> Option<f64> {
            let double = v as f64;
            (double as i128 == i128::from(v)).then_some(double)
        }
        Some(match (self, kind) {
            (value, kind) if value.kind() == kind => value.clone(),
            (Self::Integer(v), ParamKind::Double) => Self::Double(exact(*v)?),
            (Self::ByteArray(v), ParamKind::IntegerArray) => {
                Self::IntegerArray(v.iter().map(|b| i64::from(*b)).collect())
            }
            (Self::IntegerArray(v), ParamKind::DoubleArray) => {
                Self::DoubleArray(v.iter().map(|v| exact(*v)).collect::<Option<_>>()?)
            }
            (value, kind) if value.array_len() == Some(0) => match kind {
                ParamKind::BoolArray => Self::BoolArray(Vec::new()),
                ParamKind::IntegerArray => Self::IntegerArray(Vec::new()),
                ParamKind::DoubleArray => Self::DoubleArray(Vec::new()),
                ParamKind::StringArray => Self::StringArray(Vec::new()),
                _ => return None,
            },
            _ => return None,
        })
    }

    /// As serde takes it. Doubles must be finite: JSON has no others.
    pub(super) fn to_json(&self) -> Value {
        fn number(v: f64) -> Value {
            Number::from_f64(v).map_or(Value::Null, Value::Number)
        }
        match self {
            Self::NotSet => Value::Null,
            Self::Bool(v) => Value::from(*v),
            Self::Integer(v) => Value::from(*v),
            Self::Double(v) => number(*v),
            Self::String(v) => Value::from(v.as_str()),
            Self::ByteArray(v) => Value::from(v.as_slice()),
            Self::BoolArray(v) => Value::from(v.as_slice()),
            Self::IntegerArray(v) => Value::from(v.as_slice()),
            Self::DoubleArray(v) => v.iter().copied().map(number).collect(),
            Self::StringArray(v) => Value::from(v.as_slice()),
        }
    }

    /// From what serde gives, for a field of `kind`.
    pub(super) fn from_json(kind: ParamKind, json: &Value) -> Option<Self> {
        fn list<T>(json: &Value, element: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
            json.as_array()?.iter().map(element).collect()
        }
        fn text(json: &Value) -> Option<String> {
            json.as_str().map(str::to_owned)
        }
        Some(match kind {
            ParamKind::Bool => Self::Bool(json.as_bool()?),
            ParamKind::Integer => Self::Integer(json.as_i64()?),
            ParamKind::Double => Self::Double(json.as_f64()?),
            ParamKind::String => Self::String(text(json)?),
            ParamKind::BoolArray => Self::BoolArray(list(json, Value::as_bool)?),
            ParamKind::IntegerArray => Self::IntegerArray(list(json, Value::as_i64)?),
            ParamKind::DoubleArray => Self::DoubleArray(list(json, Value::as_f64)?),
            ParamKind::StringArray => Self::StringArray(list(json, text)?),
            ParamKind::NotSet | ParamKind::ByteArray => return None,
        })
    }
}

/// For messages: strings in quotes, a long array cut short.
impl fmt::Display for ParamValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn list<T: fmt::Debug>(f: &mut fmt::Formatter<'_>, values: &[T]) -> fmt::Result {
            const SHOWN: usize = 8;
            f.write_str("[")?;
            for (i, value) in values.iter().take(SHOWN).enumerate() {
                write!(f, "{}{value:?}", if i == 0 { "" } else { ", " })?;
            }
            f.write_str(if values.len() > SHOWN { ", …]" } else { "]" })
        }
        match self {
            Self::NotSet => f.write_str("(not set)"),
            Self::Bool(v) => write!(f, "{v}"),
            Self::Integer(v) => write!(f, "{v}"),
            Self::Double(v) => write!(f, "{v:?}"),
            Self::String(v) => write!(f, "{v:?}"),
            Self::ByteArray(v) => list(f, v),
            Self::BoolArray(v) => list(f, v),
            Self::IntegerArray(v) => list(f, v),
            Self::DoubleArray(v) => list(f, v),
            Self::StringArray(v) => list(f, v),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_the_numbers_of_rcl_interfaces() {
        let kinds = [
            ParamValue::NotSet,
            ParamValue::Bool(true),
            ParamValue::Integer(1),
            ParamValue::Double(1.0),
            ParamValue::String(String::new()),
            ParamValue::ByteArray(vec![]),
            ParamValue::BoolArray(vec![]),
            ParamValue::IntegerArray(vec![]),
            ParamValue::DoubleArray(vec![]),
            ParamValue::StringArray(vec![]),
        ];
        for (number, value) in kinds.iter().enumerate() {
            assert_eq!(value.kind() as usize, number);
        }
    }

    #[test]
    fn an_integer_fits_a_double_only_if_exact() {
        let fit = |v| ParamValue::Integer(v).fit(ParamKind::Double);
        assert_eq!(fit(5), Some(ParamValue::Double(5.0)));
        assert_eq!(fit((1 << 53) + 1), None);
        assert_eq!(fit(i64::MAX), None);
        assert_eq!(fit(i64::MIN), Some(ParamValue::Double(-9_223_372_036_854_775_808.0)));
        assert_eq!(ParamValue::Double(5.0).fit(ParamKind::Integer), None);
        assert_eq!(
            ParamValue::StringArray(vec![]).fit(ParamKind::DoubleArray),
            Some(ParamValue::DoubleArray(vec![]))
        );
        assert_eq!(ParamValue::StringArray(vec!["a".into()]).fit(ParamKind::DoubleArray), None);
    }
}
