//! What a definition says, after parsing.

/// A message, or one half of a service.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageDef {
    /// Full name, e.g. `std_msgs/msg/String`, `std_srvs/srv/Trigger_Request`.
    pub name: String,
    /// Comment at the head of the definition.
    pub doc: String,
    /// Fields in wire order; empty for a message without fields.
    pub fields: Vec<Field>,
    /// Constants in order of definition.
    pub constants: Vec<Constant>,
    /// The text it was parsed from.
    pub source: String,
}

/// A service: a request, a response, and the event that introspection publishes.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceDef {
    /// Full name, e.g. `std_srvs/srv/Trigger`.
    pub name: String,
    /// `…_Request`.
    pub request: MessageDef,
    /// `…_Response`.
    pub response: MessageDef,
    /// The text it was parsed from.
    pub source: String,
}

/// One field of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Name in snake_case.
    pub name: String,
    /// Its type.
    pub ty: FieldType,
    /// Default value, where the definition gives one.
    pub default: Option<Literal>,
    /// Comments above and beside it.
    pub doc: String,
}

/// A constant of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Constant {
    /// Name in UPPER_CASE.
    pub name: String,
    /// Type: a primitive or a string.
    pub ty: Base,
    /// Its value.
    pub value: Literal,
    /// Comments above and beside it.
    pub doc: String,
}

/// Type of a field: an element and how many of it.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldType {
    /// Element type.
    pub base: Base,
    /// How many.
    pub array: Array,
}

/// Element type.
#[derive(Clone, Debug, PartialEq)]
pub enum Base {
    /// A number, a byte or a bool.
    Primitive(Primitive),
    /// UTF-8 text, at most `bound` bytes where given.
    String {
        /// `string<=N`.
        bound: Option<u64>,
    },
    /// UTF-16 text.
    WString {
        /// `wstring<=N`.
        bound: Option<u64>,
    },
    /// Another message, by its full name.
    Message(String),
}

/// How many elements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Array {
    /// One.
    Single,
    /// Exactly N.
    Fixed(u64),
    /// At most N.
    Bounded(u64),
    /// Any number.
    Unbounded,
}

/// The primitive types of ROS 2. `char` is an alias of `uint8` in ROS 2.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Primitive {
    Bool,
    Byte,
    Int8,
    Uint8,
    Int16,
    Uint16,
    Int32,
    Uint32,
    Int64,
    Uint64,
    Float32,
    Float64,
}

impl Primitive {
    /// Size on the wire, bytes; also its alignment.
    pub fn size(self) -> usize {
        match self {
            Self::Bool | Self::Byte | Self::Int8 | Self::Uint8 => 1,
            Self::Int16 | Self::Uint16 => 2,
            Self::Int32 | Self::Uint32 | Self::Float32 => 4,
            Self::Int64 | Self::Uint64 | Self::Float64 => 8,
        }
    }

    /// From the word in a definition.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "bool" => Self::Bool,
            "byte" => Self::Byte,
            "int8" => Self::Int8,
            "uint8" | "char" => Self::Uint8,
            "int16" => Self::Int16,
            "uint16" => Self::Uint16,
            "int32" => Self::Int32,
            "uint32" => Self::Uint32,
            "int64" => Self::Int64,
            "uint64" => Self::Uint64,
            "float32" => Self::Float32,
            "float64" => Self::Float64,
            _ => return None,
        })
    }
}

/// A value in a definition.
#[allow(missing_docs)]
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    Bool(bool),
    Int(i128),
    Float(f64),
    String(String),
    List(Vec<Literal>),
}
