//! Messages of types that are known only at run time: as trees of values, from and to CDR bytes.

use bytes::Bytes;
use rosidl::{Array, Base, Field, FieldType, Literal, MessageDef, Primitive, TypeSet};

use crate::cdr::{Cdr, CdrError, CdrReader, CdrWriter};

/// A value of any type.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `bool`.
    Bool(bool),
    /// Any signed integer.
    Int(i64),
    /// Any unsigned integer.
    Uint(u64),
    /// `float32`.
    Float32(f32),
    /// `float64`.
    Float64(f64),
    /// `string`.
    String(String),
    /// `uint8[]`, `byte[]` of any length.
    Bytes(Bytes),
    /// Any other array or sequence.
    List(Vec<Value>),
    /// A message: its fields in wire order.
    Message(Vec<(String, Value)>),
}

/// Why a message can't be decoded or encoded.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum DynamicError {
    /// The bytes are wrong.
    #[error(transparent)]
    Cdr(#[from] CdrError),
    /// A type is not known.
    #[error("type {0} is not known")]
    UnknownType(String),
    /// A field has another type, or does not exist.
    #[error("{field}: {what}")]
    Field {
        /// Path of the field, e.g. `pose.position.x`.
        field: String,
        /// What is wrong with it.
        what: String,
    },
    /// The message has too many values to be held as a tree.
    #[error("the message has more than {MAX_VALUES} values")]
    TooLarge,
    /// A definition from outside nests deeper than any of ROS, or without end.
    #[error("type {0} is nested more than {MAX_DEPTH} levels deep")]
    TooDeep(String),
}

/// Most values in one tree; bounds memory to about 1 GiB whatever the bytes say.
pub const MAX_VALUES: usize = 8 << 20;

/// Deepest nesting of messages; a type that contains itself ends here.
const MAX_DEPTH: usize = 64;

/// What is left of the limits while a tree is walked.
struct Budget {
    values: usize,
    depth: usize,
}

impl Budget {
    fn new() -> Self {
        Self { values: MAX_VALUES, depth: MAX_DEPTH }
    }

    fn take_value(&mut self) -> Result<(), DynamicError> {
        self.values = self.values.checked_sub(1).ok_or(DynamicError::TooLarge)?;
        Ok(())
    }

    /// Goes one message deeper; the caller gives the level back.
    fn descend(&mut self, name: &str) -> Result<(), DynamicError> {
        self.depth = self.depth.checked_sub(1).ok_or_else(|| DynamicError::TooDeep(name.into()))?;
        Ok(())
    }
}

/// Decodes a message of type `name`, with its CDR header.
pub fn decode(types: &TypeSet, name: &str, bytes: &Bytes) -> Result<Value, DynamicError> {
    let mut reader = CdrReader::shared(bytes)?;
    Decoder { types, budget: Budget::new() }.message(name, &mut reader)
}

struct Decoder<'a> {
    types: &'a TypeSet,
    budget: Budget,
}

impl Decoder<'_> {
    fn message(&mut self, name: &str, r: &mut CdrReader<'_>) -> Result<Value, DynamicError> {
        let def = self.types.get(name).ok_or_else(|| DynamicError::UnknownType(name.into()))?;
        self.budget.descend(name)?;
        if def.fields.is_empty() {
            r.read_placeholder()?;
        }
        let mut fields = Vec::with_capacity(def.fields.len());
        for field in &def.fields {
            fields.push((field.name.clone(), self.field(field, r)?));
        }
        self.budget.depth += 1;
        Ok(Value::Message(fields))
    }

    fn field(&mut self, field: &Field, r: &mut CdrReader<'_>) -> Result<Value, DynamicError> {
        let (ty, name) = (&field.ty, field.name.as_str());
        let is_byte = matches!(ty.base, Base::Primitive(Primitive::Uint8 | Primitive::Byte));
        let bound = match ty.array {
            Array::Bounded(n) => Some(n),
            _ => None,
        };
        let n = match ty.array {
            Array::Single => return self.element(&ty.base, name, r),
            Array::Unbounded | Array::Bounded(_) if is_byte => {
                let bytes = Bytes::read(r)?;
                check_bound(name, bytes.len(), bound)?;
                return Ok(Value::Bytes(bytes));
            }
            Array::Unbounded | Array::Bounded(_) => r.length(min_size(&ty.base))?,
            Array::Fixed(n) => n as usize,
        };
        check_bound(name, n, bound)?;
        (0..n).map(|_| self.element(&ty.base, name, r)).collect::<Result<_, _>>().map(Value::List)
    }

    fn element(&mut self, base: &Base, field: &str, r: &mut CdrReader<'_>) -> Result<Value, DynamicError> {
        self.budget.take_value()?;
        Ok(match base {
            Base::Message(name) => self.message(name, r)?,
            Base::String { bound } => {
                let text = String::read(r)?;
                check_bound(field, text.len(), *bound)?;
                Value::String(text)
            }
            Base::WString { .. } => {
                return Err(DynamicError::UnknownType("wstring".into()));
            }
            Base::Primitive(p) => match p {
                Primitive::Bool => Value::Bool(Cdr::read(r)?),
                Primitive::Byte | Primitive::Uint8 => Value::Uint(u8::read(r)?.into()),
                Primitive::Uint16 => Value::Uint(u16::read(r)?.into()),
                Primitive::Uint32 => Value::Uint(u32::read(r)?.into()),
                Primitive::Uint64 => Value::Uint(u64::read(r)?),
                Primitive::Int8 => Value::Int(i8::read(r)?.into()),
                Primitive::Int16 => Value::Int(i16::read(r)?.into()),
                Primitive::Int32 => Value::Int(i32::read(r)?.into()),
                Primitive::Int64 => Value::Int(i64::read(r)?),
                Primitive::Float32 => Value::Float32(Cdr::read(r)?),
                Primitive::Float64 => Value::Float64(Cdr::read(r)?),
            },
        })
    }
}

fn check_bound(field: &str, len: usize, bound: Option<u64>) -> Result<(), DynamicError> {
    match bound {
        Some(bound) if len as u64 > bound => {
            Err(wrong(field, format!("{len} elements, at most {bound} are allowed")))
        }
        _ => Ok(()),
    }
}

fn min_size(base: &Base) -> usize {
    match base {
        Base::Primitive(p) => p.size(),
        Base::String { .. } | Base::WString { .. } => 4,
        Base::Message(_) => 1,
    }
}

/// Encodes a message of type `name`. Fields that `value` does not have get their defaults; a field that the type
/// does not have is an error. Numbers are converted where no value is lost.
pub fn encode(types: &TypeSet, name: &str, value: &Value) -> Result<Bytes, DynamicError> {
    let mut writer = CdrWriter::with_capacity(256);
    Encoder { types, budget: Budget::new() }.message(name, Some(value), "", &mut writer)?;
    Ok(writer.finish()?.into())
}

/// A message of type `name` with all defaults, as a template to fill in.
pub fn default_value(types: &TypeSet, name: &str) -> Result<Value, DynamicError> {
    decode(types, name, &encode(types, name, &Value::Message(vec![]))?)
}

struct Encoder<'a> {
    types: &'a TypeSet,
    budget: Budget,
}

impl Encoder<'_> {
    fn message(
        &mut self,
        name: &str,
        value: Option<&Value>,
        path: &str,
        w: &mut CdrWriter,
    ) -> Result<(), DynamicError> {
        let types = self.types;
        let def = types.get(name).ok_or_else(|| DynamicError::UnknownType(name.into()))?;
        let given = match value {
            None => &[][..],
            Some(Value::Message(fields)) => &fields[..],
            // As in ROS's tools, a list gives the fields in order.
            Some(Value::List(items)) if items.len() <= def.fields.len() => {
                let named = def.fields.iter().zip(items).map(|(f, v)| (f.name.clone(), v.clone())).collect();
                return self.message(name, Some(&Value::Message(named)), path, w);
            }
            Some(other) => return Err(wrong(path, format!("{} expected, not {}", name, kind(other)))),
        };
        check_names(def, given, path)?;
        self.budget.descend(name)?;
        if def.fields.is_empty() {
            0_u8.write(w);
        }
        for field in &def.fields {
            let value = given.iter().find(|(n, _)| *n == field.name).map(|(_, v)| v);
            let default = field.default.as_ref().filter(|_| value.is_none()).map(from_literal);
            let path = if path.is_empty() { field.name.clone() } else { format!("{path}.{}", field.name) };
            self.field(&field.ty, value.or(default.as_ref()), &path, w)?;
        }
        self.budget.depth += 1;
        Ok(())
    }

    fn field(
        &mut self,
        ty: &FieldType,
        value: Option<&Value>,
        path: &str,
        w: &mut CdrWriter,
    ) -> Result<(), DynamicError> {
        if ty.array == Array::Single {
            return self.element(&ty.base, value, path, w);
        }
        let from_bytes;
        let items = match value {
            None => &[][..],
            Some(Value::List(items)) => &items[..],
            Some(Value::Bytes(bytes)) => {
                from_bytes = bytes.iter().map(|b| Value::Uint((*b).into())).collect::<Vec<_>>();
                &from_bytes[..]
            }
            Some(other) => return Err(wrong(path, format!("a list expected, not {}", kind(other)))),
        };
        match ty.array {
            Array::Fixed(n) => {
                if !items.is_empty() && items.len() as u64 != n {
                    return Err(wrong(path, format!("{n} elements expected, not {}", items.len())));
                }
                for i in 0..n as usize {
                    self.element(&ty.base, items.get(i), path, w)?;
                }
                return Ok(());
            }
            Array::Bounded(n) if items.len() as u64 > n => {
                return Err(wrong(path, format!("at most {n} elements allowed, not {}", items.len())));
            }
            _ => w.length(items.len()),
        }
        items.iter().try_for_each(|item| self.element(&ty.base, Some(item), path, w))
    }

    fn element(
        &mut self,
        base: &Base,
        value: Option<&Value>,
        path: &str,
        w: &mut CdrWriter,
    ) -> Result<(), DynamicError> {
        self.budget.take_value()?;
        match base {
            Base::Message(name) => self.message(name, value, path, w)?,
            Base::String { bound } => {
                let text = match value {
                    None => "",
                    Some(Value::String(s)) => s,
                    Some(other) => {
                        return Err(wrong(path, format!("a string expected, not {}", kind(other))));
                    }
                };
                if bound.is_some_and(|n| text.len() as u64 > n) {
                    return Err(wrong(path, format!("at most {} bytes allowed", bound.unwrap_or_default())));
                }
                text.to_string().write(w);
            }
            Base::WString { .. } => return Err(DynamicError::UnknownType("wstring".into())),
            Base::Primitive(p) => primitive(*p, value.unwrap_or(&Value::Int(0)), path, w)?,
        }
        Ok(())
    }
}

fn primitive(p: Primitive, value: &Value, path: &str, w: &mut CdrWriter) -> Result<(), DynamicError> {
    let integer = || match value {
        Value::Int(v) => Some(i128::from(*v)),
        Value::Uint(v) => Some(i128::from(*v)),
        Value::Float64(v) if v.fract() == 0.0 && v.abs() < 9e15 => Some(*v as i128),
        _ => None,
    };
    let float = || match value {
        Value::Int(v) => Some(*v as f64),
        Value::Uint(v) => Some(*v as f64),
        Value::Float32(v) => Some((*v).into()),
        Value::Float64(v) => Some(*v),
        _ => None,
    };
    let bad = || wrong(path, format!("{p:?} expected, not {}", kind(value)));
    macro_rules! int {
        ($t:ty) => {
            <$t>::try_from(integer().ok_or_else(bad)?)
                .map_err(|_| wrong(path, format!("value is outside {}..={}", <$t>::MIN, <$t>::MAX)))?
                .write(w)
        };
    }
    match p {
        Primitive::Bool => match (value, integer()) {
            (Value::Bool(v), _) => v.write(w),
            (_, Some(0)) => false.write(w),
            (_, Some(1)) => true.write(w),
            _ => return Err(bad()),
        },
        Primitive::Byte | Primitive::Uint8 => int!(u8),
        Primitive::Int8 => int!(i8),
        Primitive::Int16 => int!(i16),
        Primitive::Uint16 => int!(u16),
        Primitive::Int32 => int!(i32),
        Primitive::Uint32 => int!(u32),
        Primitive::Int64 => int!(i64),
        Primitive::Uint64 => int!(u64),
        // Not through f64, which would quiet a signalling NaN.
        Primitive::Float32 => match value {
            Value::Float32(v) => v.write(w),
            _ => (float().ok_or_else(bad)? as f32).write(w),
        },
        Primitive::Float64 => float().ok_or_else(bad)?.write(w),
    }
    Ok(())
}

fn check_names(def: &MessageDef, given: &[(String, Value)], path: &str) -> Result<(), DynamicError> {
    for (name, _) in given {
        if !def.fields.iter().any(|f| f.name == *name) {
            let known: Vec<_> = def.fields.iter().map(|f| f.name.as_str()).collect();
            let field = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            return Err(wrong(
                &field,
                format!("{} has no such field; it has {}", def.name, known.join(", ")),
            ));
        }
    }
    Ok(())
}

fn from_literal(literal: &Literal) -> Value {
    match literal {
        Literal::Bool(v) => Value::Bool(*v),
        Literal::Int(v) => i64::try_from(*v).map_or(Value::Uint(*v as u64), Value::Int),
        Literal::Float(v) => Value::Float64(*v),
        Literal::String(v) => Value::String(v.clone()),
        Literal::List(items) => Value::List(items.iter().map(from_literal).collect()),
    }
}

fn wrong(field: &str, what: String) -> DynamicError {
    DynamicError::Field { field: if field.is_empty() { "message".into() } else { field.into() }, what }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "a bool",
        Value::Int(_) | Value::Uint(_) => "an integer",
        Value::Float32(_) | Value::Float64(_) => "a float",
        Value::String(_) => "a string",
        Value::Bytes(_) => "bytes",
        Value::List(_) => "a list",
        Value::Message(_) => "a map",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Message;

    #[test]
    fn agrees_with_static_types() {
        let mut imu = crate::sensor_msgs::msg::Imu::default();
        imu.header.frame_id = "imu".into();
        imu.linear_acceleration.z = 9.81;
        let bytes = imu.encode(0).unwrap();
        let value = decode(crate::types(), "sensor_msgs/msg/Imu", &bytes).unwrap();
        assert_eq!(encode(crate::types(), "sensor_msgs/msg/Imu", &value).unwrap(), bytes);
    }

    #[test]
    fn defaults_of_every_type_agree_with_static_types() {
        // Quaternion has w = 1 by default, for one.
        let q = encode(crate::types(), "geometry_msgs/msg/Quaternion", &Value::Message(vec![])).unwrap();
        assert_eq!(q, crate::geometry_msgs::msg::Quaternion::default().encode(0).unwrap());
        assert_eq!(crate::geometry_msgs::msg::Quaternion::default().w, 1.0);
    }

    #[test]
    fn types_from_outside_have_limits() {
        let mut types = TypeSet::default();
        types.add_msg("p/msg/Endless", "Endless next").unwrap();
        types.add_msg("p/msg/List", "List[] next").unwrap();
        types.add_msg("p/msg/Wide", "Wide2[16777216] w").unwrap();
        types.add_msg("p/msg/Wide2", "float64[16777216] w").unwrap();
        let bytes = Bytes::from([&crate::cdr::HEADER[..], &[1, 0, 0, 0].repeat(10_000)].concat());
        for name in ["p/msg/Endless", "p/msg/List"] {
            assert_eq!(decode(&types, name, &bytes), Err(DynamicError::TooDeep(name.into())));
        }
        let empty = Value::Message(vec![]);
        assert_eq!(
            encode(&types, "p/msg/Endless", &empty),
            Err(DynamicError::TooDeep("p/msg/Endless".into()))
        );
        assert_eq!(encode(&types, "p/msg/Wide", &empty), Err(DynamicError::TooLarge));
        assert!(matches!(decode(&types, "p/msg/Wide", &bytes), Err(DynamicError::Cdr(_))));
    }

    #[test]
    fn bounds_hold_both_ways() {
        let mut types = TypeSet::default();
        types.add_msg("p/msg/Free", "string a\nuint8[] b\nint32[] c\nstring[] d").unwrap();
        types.add_msg("p/msg/Bound", "string<=2 a\nuint8[<=2] b\nint32[<=2] c\nstring<=2[] d").unwrap();
        let text = |n| Value::String("x".repeat(n));
        let list = |n| Value::List(vec![Value::Int(1); n]);
        let message = |a, b, c, d| {
            Value::Message(vec![
                ("a".into(), text(a)),
                ("b".into(), list(b)),
                ("c".into(), list(c)),
                ("d".into(), Value::List(vec![text(d)])),
            ])
        };
        let free = |v| encode(&types, "p/msg/Free", &v).unwrap();
        let fits = message(2, 2, 2, 2);
        assert_eq!(encode(&types, "p/msg/Bound", &fits).unwrap(), free(fits.clone()));
        assert!(decode(&types, "p/msg/Bound", &free(fits)).is_ok());
        for (field, v) in [
            ("a", message(3, 0, 0, 0)),
            ("b", message(0, 3, 0, 0)),
            ("c", message(0, 0, 3, 0)),
            ("d", message(0, 0, 0, 3)),
        ] {
            let written = encode(&types, "p/msg/Bound", &v).unwrap_err();
            let read = decode(&types, "p/msg/Bound", &free(v)).unwrap_err();
            for error in [written, read] {
                assert!(matches!(&error, DynamicError::Field { field: f, .. } if f == field), "{error}");
            }
        }
    }

    #[test]
    fn errors_name_the_field() {
        let point = |v| Value::Message(vec![("point".into(), Value::Message(vec![("x".into(), v)]))]);
        let error =
            encode(crate::types(), "geometry_msgs/msg/PointStamped", &point(Value::String("a".into())));
        assert!(error.unwrap_err().to_string().starts_with("point.x: Float64 expected"));
        let error = encode(crate::types(), "geometry_msgs/msg/Point", &point(Value::Int(1))).unwrap_err();
        assert!(error.to_string().contains("it has x, y, z"), "{error}");
    }
}
