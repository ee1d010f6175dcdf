//! Every message type with its static functions, and random values of it.

// Each test binary uses a part of this; all of it is test code.
#![allow(dead_code, clippy::unwrap_used)]

use std::collections::HashMap;

use bytes::Bytes;
use msgs::dynamic::Value;
use msgs::rosidl::{Array, Base, Field, FieldType, Primitive, TypeSet};
use msgs::{CdrError, Message};
use proptest::collection::vec;
use proptest::prelude::*;

/// What the static type can do, by the name of the type.
pub struct StaticType {
    /// Full name.
    pub name: &'static str,
    /// RIHS01 hash.
    pub hash: &'static str,
    /// Decodes and encodes again.
    pub recode: fn(&Bytes) -> Result<Bytes, CdrError>,
    /// Only decodes.
    pub decode: fn(&Bytes) -> Result<(), CdrError>,
    /// Encodes `Default::default()`.
    pub default: fn() -> Bytes,
}

macro_rules! table {
    ($($t:ty),* $(,)?) => {
        &[$(StaticType {
            name: <$t as Message>::TYPE_NAME,
            hash: <$t as Message>::TYPE_HASH,
            recode: |bytes| <$t as Message>::decode(bytes)?.encode(0),
            decode: |bytes| <$t as Message>::decode(bytes).map(drop),
            default: || <$t as Message>::encode(&Default::default(), 0).unwrap(),
        }),*]
    };
}

/// All message types of the crate, requests and responses of services included.
pub const TYPES: &[StaticType] = msgs::for_each_message!(table);

/// Strategies for random values, one per message type, each made once.
pub struct Values<'a> {
    types: &'a TypeSet,
    made: HashMap<String, BoxedStrategy<Value>>,
}

impl<'a> Values<'a> {
    /// For the types of a set.
    pub fn new(types: &'a TypeSet) -> Self {
        Self { types, made: HashMap::new() }
    }

    /// Random messages of a type: every bit pattern of numbers, NaN included, text in all planes of Unicode, sequences
    /// from empty to a few elements, and bounded ones up to their bound.
    pub fn of(&mut self, name: &str) -> BoxedStrategy<Value> {
        if let Some(strategy) = self.made.get(name) {
            return strategy.clone();
        }
        let def = self.types.get(name).unwrap();
        let fields: Vec<_> = def.fields.iter().map(|f| self.field(f)).collect();
        let strategy = fields.prop_map(Value::Message).boxed();
        self.made.insert(name.into(), strategy.clone());
        strategy
    }

    fn field(&mut self, field: &Field) -> BoxedStrategy<(String, Value)> {
        let name = field.name.clone();
        self.value(&field.ty).prop_map(move |v| (name.clone(), v)).boxed()
    }

    fn value(&mut self, ty: &FieldType) -> BoxedStrategy<Value> {
        let is_byte = matches!(ty.base, Base::Primitive(Primitive::Uint8 | Primitive::Byte));
        let usual = if matches!(ty.base, Base::Message(_)) { 2 } else { 6 };
        let length = match ty.array {
            Array::Single => return self.element(&ty.base),
            Array::Fixed(n) => n as usize..=n as usize,
            Array::Bounded(n) => 0..=usual.min(n as usize),
            Array::Unbounded => 0..=usual,
        };
        if is_byte && !matches!(ty.array, Array::Fixed(_)) {
            return vec(any::<u8>(), length).prop_map(|b| Value::Bytes(b.into())).boxed();
        }
        vec(self.element(&ty.base), length).prop_map(Value::List).boxed()
    }

    fn element(&mut self, base: &Base) -> BoxedStrategy<Value> {
        match base {
            Base::Message(name) => self.of(name),
            Base::String { bound } | Base::WString { bound } => text(bound.map(|n| n as usize)),
            Base::Primitive(p) => primitive(*p),
        }
    }
}

fn text(bound: Option<usize>) -> BoxedStrategy<Value> {
    // ROS text holds no zero: it would end it for C++.
    let char = any::<char>().prop_filter("zero", |c| *c != '\0');
    let longest = bound.unwrap_or(8).min(12);
    vec(char, 0..=longest)
        .prop_map(move |chars| {
            let mut text: String = chars.into_iter().collect();
            while bound.is_some_and(|n| text.len() > n) {
                text.pop();
            }
            Value::String(text)
        })
        .boxed()
}

fn primitive(p: Primitive) -> BoxedStrategy<Value> {
    macro_rules! number {
        ($t:ty, $make:expr) => {
            prop_oneof![6 => any::<$t>(), 1 => Just(<$t>::MIN), 1 => Just(<$t>::MAX)].prop_map($make).boxed()
        };
    }
    match p {
        Primitive::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Primitive::Byte | Primitive::Uint8 => number!(u8, |v| Value::Uint(v.into())),
        Primitive::Uint16 => number!(u16, |v| Value::Uint(v.into())),
        Primitive::Uint32 => number!(u32, |v| Value::Uint(v.into())),
        Primitive::Uint64 => number!(u64, Value::Uint),
        Primitive::Int8 => number!(i8, |v| Value::Int(v.into())),
        Primitive::Int16 => number!(i16, |v| Value::Int(v.into())),
        Primitive::Int32 => number!(i32, |v| Value::Int(v.into())),
        Primitive::Int64 => number!(i64, Value::Int),
        Primitive::Float32 => any::<u32>().prop_map(|v| Value::Float32(f32::from_bits(v))).boxed(),
        Primitive::Float64 => any::<u64>().prop_map(|v| Value::Float64(f64::from_bits(v))).boxed(),
    }
}

/// Whether two values are the same to the bit.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float32(a), Value::Float32(b)) => a.to_bits() == b.to_bits(),
        (Value::Float64(a), Value::Float64(b)) => a.to_bits() == b.to_bits(),
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Message(a), Value::Message(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((m, a), (n, b))| m == n && same(a, b))
        }
        _ => a == b,
    }
}
