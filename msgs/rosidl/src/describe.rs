//! Type descriptions and their RIHS01 hash (REP-2016,
//! <https://github.com/ros-infrastructure/rep/pull/381>; `type_description_interfaces/msg/FieldType`).

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::model::{Array, Base, Field, FieldType, MessageDef, Primitive};

/// A field's type as `type_description_interfaces/msg/FieldType` has it.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldTypeId {
    /// Element type plus 48 for an array, 96 for a bounded and 144 for an unbounded sequence.
    pub type_id: u8,
    /// Length of an array, bound of a bounded sequence, else 0.
    pub capacity: u64,
    /// Bound of a bounded string, else 0.
    pub string_capacity: u64,
    /// Full name of the nested type, else empty.
    pub nested_type_name: String,
}

/// The member that ROS gives to messages without fields.
pub(crate) const EMPTY_MEMBER: &str = "structure_needs_at_least_one_member";

impl FieldType {
    /// As in a type description.
    pub fn type_id(&self) -> FieldTypeId {
        let (element, string_capacity, nested) = match &self.base {
            Base::Message(name) => (1, 0, name.as_str()),
            Base::String { bound: None } => (17, 0, ""),
            Base::WString { bound: None } => (18, 0, ""),
            Base::String { bound: Some(n) } => (21, *n, ""),
            Base::WString { bound: Some(n) } => (22, *n, ""),
            Base::Primitive(p) => (
                match p {
                    Primitive::Int8 => 2,
                    Primitive::Uint8 => 3,
                    Primitive::Int16 => 4,
                    Primitive::Uint16 => 5,
                    Primitive::Int32 => 6,
                    Primitive::Uint32 => 7,
                    Primitive::Int64 => 8,
                    Primitive::Uint64 => 9,
                    Primitive::Float32 => 10,
                    Primitive::Float64 => 11,
                    Primitive::Bool => 15,
                    Primitive::Byte => 16,
                },
                0,
                "",
            ),
        };
        let (offset, capacity) = match self.array {
            Array::Single => (0, 0),
            Array::Fixed(n) => (48, n),
            Array::Bounded(n) => (96, n),
            Array::Unbounded => (144, 0),
        };
        FieldTypeId { type_id: element + offset, capacity, string_capacity, nested_type_name: nested.into() }
    }

    /// From a type description; `None` for ids that ROS messages do not have (long double, fixed strings, wchar).
    pub fn from_type_id(id: &FieldTypeId) -> Option<Self> {
        let array = match id.type_id {
            0..=48 => Array::Single,
            49..=96 => Array::Fixed(id.capacity),
            97..=144 => Array::Bounded(id.capacity),
            _ => Array::Unbounded,
        };
        let element = id.type_id
            - match array {
                Array::Single => 0,
                Array::Fixed(_) => 48,
                Array::Bounded(_) => 96,
                Array::Unbounded => 144,
            };
        let primitive = |p| Some(Base::Primitive(p));
        let base = match element {
            1 => Some(Base::Message(id.nested_type_name.clone())),
            2 => primitive(Primitive::Int8),
            3 | 13 => primitive(Primitive::Uint8),
            4 => primitive(Primitive::Int16),
            5 => primitive(Primitive::Uint16),
            6 => primitive(Primitive::Int32),
            7 => primitive(Primitive::Uint32),
            8 => primitive(Primitive::Int64),
            9 => primitive(Primitive::Uint64),
            10 => primitive(Primitive::Float32),
            11 => primitive(Primitive::Float64),
            15 => primitive(Primitive::Bool),
            16 => primitive(Primitive::Byte),
            17 => Some(Base::String { bound: None }),
            18 => Some(Base::WString { bound: None }),
            21 => Some(Base::String { bound: Some(id.string_capacity) }),
            22 => Some(Base::WString { bound: Some(id.string_capacity) }),
            _ => None,
        }?;
        Some(Self { base, array })
    }
}

/// The RIHS01 hash, e.g. `RIHS01_df66…`, of a type and all types it refers to (sorted by name, without itself).
pub fn rihs01(def: &MessageDef, referenced: &[&MessageDef]) -> String {
    let mut json = String::from("{\"type_description\": ");
    write_type(&mut json, def);
    json.push_str(", \"referenced_type_descriptions\": [");
    for (i, other) in referenced.iter().enumerate() {
        if i > 0 {
            json.push_str(", ");
        }
        write_type(&mut json, other);
    }
    json.push_str("]}");
    let mut hash = String::from("RIHS01_");
    for byte in Sha256::digest(json.as_bytes()) {
        let _ = write!(hash, "{byte:02x}");
    }
    hash
}

/// The canonical JSON of REP-2016; names are identifiers, so nothing needs escaping.
fn write_type(json: &mut String, def: &MessageDef) {
    let _ = write!(json, "{{\"type_name\": \"{}\", \"fields\": [", def.name);
    let empty = [Field {
        name: EMPTY_MEMBER.into(),
        ty: FieldType { base: Base::Primitive(Primitive::Uint8), array: Array::Single },
        default: None,
        doc: String::new(),
    }];
    let fields = if def.fields.is_empty() { &empty[..] } else { &def.fields[..] };
    for (i, field) in fields.iter().enumerate() {
        let id = field.ty.type_id();
        let comma = if i > 0 { ", " } else { "" };
        let _ = write!(
            json,
            "{comma}{{\"name\": \"{}\", \"type\": {{\"type_id\": {}, \"capacity\": {}, \"string_capacity\": {}, \
             \"nested_type_name\": \"{}\"}}}}",
            field.name, id.type_id, id.capacity, id.string_capacity, id.nested_type_name
        );
    }
    json.push_str("]}");
}
