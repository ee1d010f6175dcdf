//! A message as a tree of plain values, shortened on request: what `message_to_ordereddict` of
//! `rosidl_runtime_py` makes.

use msgs::dynamic::Value;
use rosidl::{Array, Base, FieldType, Primitive, TypeSet};

/// What is shortened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Longest array or string that is shown whole; none means any.
    pub length: Option<usize>,
    /// Show only type and length of arrays.
    pub no_arrays: bool,
    /// Show only the length of strings.
    pub no_strings: bool,
}

/// A plain value.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A bool.
    Bool(bool),
    /// An integer of any type.
    Int(i128),
    /// A number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map in order.
    Map(Vec<(String, Node)>),
}

/// The tree of a message of type `name`.
pub fn to_tree(types: &TypeSet, name: &str, value: &Value, limits: Limits) -> Node {
    let Value::Message(fields) = value else { return Node::Map(vec![]) };
    let def = types.get(name);
    let field = |(field, value): &(String, Value)| {
        let ty = def.and_then(|d| d.fields.iter().find(|f| f.name == *field)).map(|f| &f.ty);
        (field.clone(), field_tree(types, ty, value, limits))
    };
    Node::Map(fields.iter().map(field).collect())
}

/// The tree of a field.
fn field_tree(types: &TypeSet, ty: Option<&FieldType>, value: &Value, limits: Limits) -> Node {
    let base = ty.map(|t| &t.base);
    let (len, item): (usize, Box<dyn Fn(usize) -> Node + '_>) = match value {
        Value::List(items) => (items.len(), Box::new(|i| element(types, base, &items[i], limits))),
        Value::Bytes(bytes) => {
            (bytes.len(), Box::new(|i| element(types, base, &Value::Uint(bytes[i].into()), limits)))
        }
        other => return element(types, base, other, limits),
    };
    if let (true, Some(ty)) = (limits.no_arrays, ty) {
        return Node::Text(abbreviated(ty, len));
    }
    let shown = limits.length.map_or(len, |n| n.min(len));
    let mut items: Vec<_> = (0..shown).map(item).collect();
    if shown < len {
        items.push(Node::Text("...".into()));
    }
    Node::List(items)
}

fn element(types: &TypeSet, base: Option<&Base>, value: &Value, limits: Limits) -> Node {
    match (value, base) {
        (Value::Bool(v), _) => Node::Bool(*v),
        // As in Python, a `byte` is a character.
        (Value::Uint(v), Some(Base::Primitive(Primitive::Byte))) => {
            Node::Text(u8::try_from(*v).map(char::from).unwrap_or_default().into())
        }
        (Value::Uint(v), _) => Node::Int((*v).into()),
        (Value::Int(v), _) => Node::Int((*v).into()),
        (Value::Float32(v), _) => Node::Float((*v).into()),
        (Value::Float64(v), _) => Node::Float(*v),
        (Value::String(v), _) => Node::Text(text(v, limits)),
        (Value::Message(_), Some(Base::Message(name))) => to_tree(types, name, value, limits),
        (other, _) => field_tree(types, None, other, limits),
    }
}

fn text(text: &str, limits: Limits) -> String {
    let length = text.chars().count();
    match limits.length {
        _ if limits.no_strings => format!("<string length: <{length}>>"),
        Some(n) if length > n => text.chars().take(n).chain("...".chars()).collect(),
        _ => text.into(),
    }
}

/// E.g. `<sequence type: uint8, length: 9>`.
pub fn abbreviated(ty: &FieldType, len: usize) -> String {
    let name = match &ty.base {
        Base::Primitive(p) => python_type(*p).to_string(),
        Base::String { .. } => "string".into(),
        Base::WString { .. } => "wstring".into(),
        Base::Message(name) => name.clone(),
    };
    match ty.array {
        Array::Fixed(n) => format!("<array type: {name}[{n}]>"),
        Array::Bounded(n) => format!("<sequence type: {name}[{n}], length: {len}>"),
        _ => format!("<sequence type: {name}, length: {len}>"),
    }
}

/// The names that `rosidl_parser` has.
fn python_type(p: Primitive) -> &'static str {
    match p {
        Primitive::Bool => "boolean",
        Primitive::Byte => "octet",
        Primitive::Int8 => "int8",
        Primitive::Uint8 => "uint8",
        Primitive::Int16 => "int16",
        Primitive::Uint16 => "uint16",
        Primitive::Int32 => "int32",
        Primitive::Uint32 => "uint32",
        Primitive::Int64 => "int64",
        Primitive::Uint64 => "uint64",
        Primitive::Float32 => "float",
        Primitive::Float64 => "double",
    }
}
