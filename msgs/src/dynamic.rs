//! Messages of types that are known only at run time: as trees of values, from and to CDR bytes.

use bytes::Bytes;
use rosidl::{Array, Base, FieldType, Literal, MessageDef, Primitive, TypeSet};

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
}

/// Most values in one tree; bounds memory to about 1 GiB whatever the bytes say.
pub const MAX_VALUES: usize = 8 << 20;

/// Decodes a message of type `name`, with its CDR header.
pub fn decode(types: &TypeSet, name: &str, bytes: &Bytes) -> Result<Value, DynamicError> {
    let mut reader = CdrReader::shared(bytes)?;
    Decoder { types, values_left: MAX_VALUES }.message(name, &mut reader)
}

struct Decoder<'a> {
    types: &'a TypeSet,
    values_left: usize,
}

impl Decoder<'_> {
    fn message(&mut self, name: &str, r: &mut CdrReader<'_>) -> Result<Value, DynamicError> {
        let def = self.types.get(name).ok_or_else(|| DynamicError::UnknownType(name.into()))?;
        if def.fields.is_empty() {
            u8::read(r)?;
        }
        let mut fields = Vec::with_capacity(def.fields.len());
        for field in &def.fields {
            fields.push((field.name.clone(), self.field(&field.ty, r)?));
        }
        Ok(Value::Message(fields))
    }

    fn field(&mut self, ty: &FieldType, r: &mut CdrReader<'_>) -> Result<Value, DynamicError> {
        let is_byte = matches!(ty.base, Base::Primitive(Primitive::Uint8 | Primitive::Byte));
        let n = match ty.array {
            Array::Single => return self.element(&ty.base, r),
            Array::Unbounded | Array::Bounded(_) if is_byte => return Ok(Value::Bytes(Bytes::read(r)?)),
            Array::Unbounded | Array::Bounded(_) => r.length(min_size(&ty.base))?,
            Array::Fixed(n) => n as usize,
        };
        if n > r.remaining() {
            return Err(CdrError::Truncated { at: 0, missing: n - r.remaining() }.into());
        }
        (0..n).map(|_| self.element(&ty.base, r)).collect::<Result<_, _>>().map(Value::List)
    }

    fn element(&mut self, base: &Base, r: &mut CdrReader<'_>) -> Result<Value, DynamicError> {
        self.values_left = self.values_left.checked_sub(1).ok_or(DynamicError::TooLarge)?;
        Ok(match base {
            Base::Message(name) => self.message(name, r)?,
            Base::String { .. } => Value::String(Cdr::read(r)?),
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
    Encoder { types }.message(name, Some(value), "", &mut writer)?;
    Ok(writer.finish()?.into())
}

/// A message of type `name` with all defaults, as a template to fill in.
pub fn default_value(types: &TypeSet, name: &str) -> Result<Value, DynamicError> {
    decode(types, name, &encode(types, name, &Value::Message(vec![]))?)
}

struct Encoder<'a> {
    types: &'a TypeSet,
}

impl Encoder<'_> {
    fn message(
        &self,
        name: &str,
        value: Option<&Value>,
        path: &str,
        w: &mut CdrWriter,
    ) -> Result<(), DynamicError> {
        let def = self.types.get(name).ok_or_else(|| DynamicError::UnknownType(name.into()))?;
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
        if def.fields.is_empty() {
            0_u8.write(w);
        }
        for field in &def.fields {
            let value = given.iter().find(|(n, _)| *n == field.name).map(|(_, v)| v);
            let default = field.default.as_ref().filter(|_| value.is_none()).map(from_literal);
            let path = if path.is_empty() { field.name.clone() } else { format!("{path}.{}", field.name) };
            self.field(&field.ty, value.or(default.as_ref()), &path, w)?;
        }
        Ok(())
    }

    fn field(
        &self,
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
        &self,
        base: &Base,
        value: Option<&Value>,
        path: &str,
        w: &mut CdrWriter,
    ) -> Result<(), DynamicError> {
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
        Primitive::Float32 => (float().ok_or_else(bad)? as f32).write(w),
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
    fn errors_name_the_field() {
        let point = |v| Value::Message(vec![("point".into(), Value::Message(vec![("x".into(), v)]))]);
        let error =
            encode(crate::types(), "geometry_msgs/msg/PointStamped", &point(Value::String("a".into())));
        assert!(error.unwrap_err().to_string().starts_with("point.x: Float64 expected"));
        let error = encode(crate::types(), "geometry_msgs/msg/Point", &point(Value::Int(1))).unwrap_err();
        assert!(error.to_string().contains("it has x, y, z"), "{error}");
    }
}
