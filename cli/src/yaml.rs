//! YAML (and so JSON) from the command line, turned into values of the type that is wanted.

use anyhow::{Context, Result, bail};
use msgs::dynamic::Value;
use rosidl::{Array, Base, FieldType, Primitive, TypeSet};
use saphyr_parser::{Event, Parser, ScalarStyle, StrInput};

/// Deepest nesting.
const MAX_DEPTH: usize = 64;

/// A YAML document as written; what a scalar means depends on the field that it goes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Yaml {
    /// Text, and whether it was in quotes.
    Scalar(String, bool),
    /// A list.
    List(Vec<Yaml>),
    /// A map in order.
    Map(Vec<(String, Yaml)>),
}

impl Yaml {
    /// Reads one document; an empty one is an empty map.
    pub fn parse(text: &str) -> Result<Self> {
        let mut parser = Parser::new_from_str(text);
        loop {
            match next(&mut parser)? {
                Event::StreamEnd => return Ok(Self::Map(vec![])),
                Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
                event => {
                    let value = value(&mut parser, event, 0)?;
                    return Ok(if value.is_null() { Self::Map(vec![]) } else { value });
                }
            }
        }
    }

    fn is_null(&self) -> bool {
        matches!(self, Self::Scalar(text, false) if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// Whether a header is `auto` or a time is `now`: such a message is made anew each time it is sent.
    pub fn has_time(&self) -> bool {
        match self {
            Self::Scalar(text, quoted) => !quoted && (text == "auto" || text == "now"),
            Self::List(items) => items.iter().any(Self::has_time),
            Self::Map(fields) => fields.iter().any(|(_, v)| v.has_time()),
        }
    }
}

fn next<'a>(parser: &mut Parser<'a, StrInput<'a>>) -> Result<Event<'a>> {
    match parser.next_event() {
        None => Ok(Event::StreamEnd),
        Some(Ok((event, _))) => Ok(event),
        Some(Err(e)) => {
            let at = e.marker();
            bail!("not valid YAML, line {} column {}: {}", at.line(), at.col() + 1, e.info())
        }
    }
}

fn value<'a>(parser: &mut Parser<'a, StrInput<'a>>, event: Event<'a>, depth: usize) -> Result<Yaml> {
    if depth > MAX_DEPTH {
        bail!("not usable YAML: nested deeper than {MAX_DEPTH}");
    }
    match event {
        Event::Scalar(text, style, ..) => Ok(Yaml::Scalar(text.into_owned(), style != ScalarStyle::Plain)),
        Event::SequenceStart(..) => {
            let mut items = vec![];
            loop {
                match next(parser)? {
                    Event::SequenceEnd => return Ok(Yaml::List(items)),
                    event => items.push(value(parser, event, depth + 1)?),
                }
            }
        }
        Event::MappingStart(..) => {
            let mut fields: Vec<(String, Yaml)> = vec![];
            loop {
                match next(parser)? {
                    Event::MappingEnd => return Ok(Yaml::Map(fields)),
                    Event::Scalar(key, ..) => {
                        if fields.iter().any(|(k, _)| *k == key) {
                            bail!("not usable YAML: `{key}` is there twice");
                        }
                        let event = next(parser)?;
                        fields.push((key.into_owned(), value(parser, event, depth + 1)?));
                    }
                    _ => bail!("not usable YAML: a key must be a name"),
                }
            }
        }
        Event::Alias(_) => bail!("not usable YAML: write the value out instead of `*name`"),
        _ => bail!("not usable YAML: it ends too early"),
    }
}

/// A message of type `name`. As in `ros2`, a header may be `auto` and a time `now`, which become `now_ns`.
pub fn to_message(types: &TypeSet, name: &str, yaml: &Yaml, now_ns: i64) -> Result<Value> {
    let def = types.get(name).with_context(|| format!("type {name} is not known"))?;
    match yaml {
        Yaml::Map(fields) => {
            let field = |(key, yaml): &(String, Yaml)| {
                let value = match def.fields.iter().find(|f| f.name == *key) {
                    Some(field) => to_field(types, &field.ty, yaml, now_ns).with_context(|| key.clone())?,
                    // The encoder says which fields there are.
                    None => Value::Bool(false),
                };
                Ok((key.clone(), value))
            };
            Ok(Value::Message(fields.iter().map(field).collect::<Result<_>>()?))
        }
        Yaml::List(items) if items.len() <= def.fields.len() => {
            let values = def.fields.iter().zip(items).map(|(f, v)| {
                Ok((f.name.clone(), to_field(types, &f.ty, v, now_ns).with_context(|| f.name.clone())?))
            });
            Ok(Value::Message(values.collect::<Result<_>>()?))
        }
        Yaml::Scalar(text, false) if text == "now" && name == "builtin_interfaces/msg/Time" => {
            Ok(time(now_ns))
        }
        Yaml::Scalar(text, false) if text == "auto" && name == "std_msgs/msg/Header" => {
            Ok(Value::Message(vec![("stamp".into(), time(now_ns))]))
        }
        other if other.is_null() => Ok(Value::Message(vec![])),
        Yaml::Scalar(text, _) => bail!("`{text}` is given where a {name} is needed, such as `{{…}}`"),
        Yaml::List(items) => {
            bail!(
                "a list of {} is given where a {name} of {} fields is needed",
                items.len(),
                def.fields.len()
            )
        }
    }
}

fn time(ns: i64) -> Value {
    Value::Message(vec![
        ("sec".into(), Value::Int(ns.div_euclid(1_000_000_000))),
        ("nanosec".into(), Value::Int(ns.rem_euclid(1_000_000_000))),
    ])
}

fn to_field(types: &TypeSet, ty: &FieldType, yaml: &Yaml, now_ns: i64) -> Result<Value> {
    if ty.array == Array::Single {
        return to_element(types, &ty.base, yaml, now_ns);
    }
    match yaml {
        Yaml::List(items) => {
            let items = items.iter().enumerate();
            let value =
                |(i, y)| to_element(types, &ty.base, y, now_ns).with_context(|| format!("element {i}"));
            Ok(Value::List(items.map(value).collect::<Result<_>>()?))
        }
        other if other.is_null() => Ok(Value::List(vec![])),
        _ => bail!("a list is needed, such as [1, 2]"),
    }
}

fn to_element(types: &TypeSet, base: &Base, yaml: &Yaml, now_ns: i64) -> Result<Value> {
    let primitive = match base {
        Base::Message(name) => return to_message(types, name, yaml, now_ns),
        Base::String { .. } | Base::WString { .. } => {
            return match yaml {
                other if other.is_null() => Ok(Value::String(String::new())),
                Yaml::Scalar(text, _) => Ok(Value::String(text.clone())),
                _ => bail!("text is needed"),
            };
        }
        Base::Primitive(p) => *p,
    };
    let Yaml::Scalar(text, _) = yaml else { bail!("a {primitive:?} is needed") };
    let value = if primitive == Primitive::Bool {
        bool_of(text).map(Value::Bool).or_else(|| integer_of(text))
    } else {
        integer_of(text).or_else(|| float_of(text)).or_else(|| bool_of(text).map(|b| Value::Int(b.into())))
    };
    value.with_context(|| format!("`{text}` is given where a {primitive:?} is needed"))
}

fn bool_of(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => Some(true),
        "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// Decimal, `0x…`, `0o…`, `0b…`, with `_` between digits.
fn integer_of(text: &str) -> Option<Value> {
    let text = text.replace('_', "");
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    let magnitude = match digits.get(..2) {
        Some("0x") => u64::from_str_radix(&digits[2..], 16),
        Some("0o") => u64::from_str_radix(&digits[2..], 8),
        Some("0b") => u64::from_str_radix(&digits[2..], 2),
        _ if digits.starts_with(|c: char| c.is_ascii_digit()) => digits.parse(),
        _ => return None,
    };
    let magnitude = magnitude.ok()?;
    if negative {
        i64::try_from(-i128::from(magnitude)).ok().map(Value::Int)
    } else {
        Some(Value::Uint(magnitude))
    }
}

fn float_of(text: &str) -> Option<Value> {
    let value = match text.to_ascii_lowercase().trim_start_matches('+') {
        ".inf" | "inf" => f64::INFINITY,
        "-.inf" | "-inf" => f64::NEG_INFINITY,
        ".nan" | "nan" => f64::NAN,
        other => other.replace('_', "").parse().ok()?,
    };
    Some(Value::Float64(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(name: &str, text: &str) -> Result<bytes::Bytes> {
        let value = to_message(msgs::types(), name, &Yaml::parse(text)?, 1_500_000_000)?;
        Ok(msgs::dynamic::encode(msgs::types(), name, &value)?)
    }

    fn back(name: &str, text: &str) -> String {
        let bytes = make(name, text).unwrap();
        let value = msgs::dynamic::decode(msgs::types(), name, &bytes).unwrap();
        crate::render::repr(msgs::types(), name, &value)
    }

    #[test]
    fn scalars_go_to_the_type_of_their_field() {
        assert_eq!(back("std_msgs/msg/String", "data: 5"), "std_msgs.msg.String(data='5')");
        assert_eq!(back("std_msgs/msg/String", "{\"data\": \"a: b\"}"), "std_msgs.msg.String(data='a: b')");
        assert_eq!(back("std_msgs/msg/Float64", "data: 5"), "std_msgs.msg.Float64(data=5.0)");
        assert_eq!(back("std_msgs/msg/Float64", "data: -.inf"), "std_msgs.msg.Float64(data=-inf)");
        assert_eq!(back("std_msgs/msg/Int8", "data: -0x10"), "std_msgs.msg.Int8(data=-16)");
        assert_eq!(back("std_msgs/msg/Bool", "data: yes"), "std_msgs.msg.Bool(data=True)");
        assert_eq!(back("std_msgs/msg/Empty", ""), "std_msgs.msg.Empty()");
        assert_eq!(
            back("std_msgs/msg/UInt64", "data: 18446744073709551615"),
            "std_msgs.msg.UInt64(data=18446744073709551615)"
        );
        assert_eq!(
            back("std_msgs/msg/Header", "{stamp: now, frame_id: map}"),
            "std_msgs.msg.Header(stamp=builtin_interfaces.msg.Time(sec=1, nanosec=500000000), frame_id='map')"
        );
        assert!(back("geometry_msgs/msg/PointStamped", "header: auto").contains("nanosec=500000000"));
    }

    #[test]
    fn errors_name_the_field() {
        let error = |name, text| format!("{:#}", make(name, text).unwrap_err());
        assert!(error("std_msgs/msg/Int8", "data: 300").contains("-128..=127"));
        assert!(error("std_msgs/msg/Int8", "data: x").contains("data: `x` is given where a Int8 is needed"));
        assert!(error("std_msgs/msg/Int8", "dta: 3").contains("it has data"));
        assert!(error("std_msgs/msg/Int8", "{data: 3").contains("not valid YAML"));
        assert!(error("geometry_msgs/msg/Twist", "linear: 3").contains("linear: `3` is given where"));
        assert!(Yaml::parse(&"[".repeat(100)).is_err());
    }
}
