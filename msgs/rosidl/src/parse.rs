//! Parser of `.msg` and `.srv` text (<https://docs.ros.org/en/jazzy/Concepts/Basic/About-Interfaces.html>).

use crate::model::{Array, Base, Constant, Field, FieldType, Literal, MessageDef, Primitive, ServiceDef};

/// What is wrong in a definition, and where.
#[derive(Debug, thiserror::Error, PartialEq)]
#[error("{name}, line {line}: {what}")]
pub struct ParseError {
    /// Full name of the interface.
    pub name: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

/// Longest array or string bound accepted, so that a definition from outside cannot ask for absurd memory.
const MAX_BOUND: u64 = 1 << 24;

/// Parses the text of a `.msg`; `name` is the full name, e.g. `std_msgs/msg/String`.
pub fn parse_msg(name: &str, source: &str) -> Result<MessageDef, ParseError> {
    parse_lines(name, source, 0)
}

/// Parses the text of a `.srv`; `name` is the full name, e.g. `std_srvs/srv/Trigger`.
pub fn parse_srv(name: &str, source: &str) -> Result<ServiceDef, ParseError> {
    let error = |line, what: &str| ParseError { name: name.into(), line, what: what.into() };
    let mut separators = source.lines().enumerate().filter(|(_, l)| l.trim_end() == "---");
    let (at, _) = separators.next().ok_or_else(|| error(1, "no `---` between request and response"))?;
    if let Some((second, _)) = separators.next() {
        return Err(error(second + 1, "a second `---`; a service has a request and a response only"));
    }
    let lines: Vec<&str> = source.lines().collect();
    let request = lines[..at].join("\n");
    let response = lines[at + 1..].join("\n");
    Ok(ServiceDef {
        name: name.into(),
        request: parse_lines(&format!("{name}_Request"), &request, 0)?,
        response: parse_lines(&format!("{name}_Response"), &response, at + 1)?,
        source: source.into(),
    })
}

fn parse_lines(name: &str, source: &str, first_line: usize) -> Result<MessageDef, ParseError> {
    let package = name.split('/').next().unwrap_or_default();
    let mut def = MessageDef {
        name: name.into(),
        doc: String::new(),
        fields: vec![],
        constants: vec![],
        source: source.into(),
    };
    // Comments above a field belong to it; the first block, if a blank line follows it, to the message.
    let mut comments: Vec<String> = vec![];
    let mut at_head = true;
    for (index, raw) in source.lines().enumerate() {
        let error = |what: String| ParseError { name: name.into(), line: first_line + index + 1, what };
        let (code, comment) = split_comment(raw);
        let code = code.trim();
        if code.is_empty() {
            match comment {
                Some(text) => comments.push(text.trim().into()),
                None => {
                    if at_head && !comments.is_empty() {
                        def.doc = comments.join("\n");
                        at_head = false;
                    }
                    comments.clear();
                }
            }
            continue;
        }
        at_head = false;
        if let Some(text) = comment {
            comments.push(text.trim().into());
        }
        let doc = std::mem::take(&mut comments).join("\n").trim().to_string();
        let (type_word, rest) =
            code.split_once(char::is_whitespace).ok_or_else(|| error(format!("`{code}` has no name")))?;
        let ty = parse_type(type_word, package).map_err(&error)?;
        let rest = rest.trim();
        let name_end = rest.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(rest.len());
        let (item_name, tail) = (&rest[..name_end], rest[name_end..].trim());
        if let Some(value) = tail.strip_prefix('=') {
            if ty.array != Array::Single || matches!(ty.base, Base::Message(_)) {
                return Err(error(format!("constant {item_name} must be a primitive or a string")));
            }
            check_name(item_name, |c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
                .map_err(&error)?;
            let value = parse_literal(&ty, value.trim()).map_err(&error)?;
            def.constants.push(Constant { name: item_name.into(), ty: ty.base, value, doc });
        } else {
            check_name(item_name, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
                .map_err(&error)?;
            if def.fields.iter().any(|f| f.name == item_name) {
                return Err(error(format!("field {item_name} is there twice")));
            }
            let default =
                if tail.is_empty() { None } else { Some(parse_literal(&ty, tail).map_err(&error)?) };
            def.fields.push(Field { name: item_name.into(), ty, default, doc });
        }
    }
    if def.doc.is_empty() && def.fields.is_empty() && def.constants.is_empty() {
        def.doc = comments.join("\n");
    }
    Ok(def)
}

/// Splits a line at the first `#` outside quotes.
fn split_comment(line: &str) -> (&str, Option<&str>) {
    let (mut quote, mut escaped) = (None, false);
    for (i, c) in line.char_indices() {
        match (quote, c) {
            (None, '#') => return (&line[..i], Some(&line[i + 1..])),
            (None, '"' | '\'') => quote = Some(c),
            (Some(q), c) if c == q && !escaped => quote = None,
            _ => {}
        }
        escaped = c == '\\';
    }
    // An apostrophe in a comment-free line may be left open; then nothing is a comment.
    (line, None)
}

fn check_name(name: &str, allowed: impl Fn(char) -> bool) -> Result<(), String> {
    let first_ok = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
    if first_ok && name.chars().all(allowed) {
        Ok(())
    } else {
        Err(format!("`{name}` is not a valid name (fields are snake_case, constants UPPER_CASE)"))
    }
}

/// Parses e.g. `uint8[<=10]`, `string<=5[]`, `geometry_msgs/Point`.
fn parse_type(word: &str, package: &str) -> Result<FieldType, String> {
    let (element, array) = match word.find('[') {
        None => (word, Array::Single),
        Some(open) => {
            let inside = word[open + 1..].strip_suffix(']').ok_or(format!("`{word}` has no closing `]`"))?;
            let array = match inside.strip_prefix("<=") {
                Some(n) => Array::Bounded(parse_bound(n)?),
                None if inside.is_empty() => Array::Unbounded,
                None => Array::Fixed(parse_bound(inside)?),
            };
            (&word[..open], array)
        }
    };
    let (element, bound) = match element.split_once("<=") {
        Some((e, n)) => (e, Some(parse_bound(n)?)),
        None => (element, None),
    };
    let base = match element {
        "string" => Base::String { bound },
        "wstring" => Base::WString { bound },
        _ if bound.is_some() => return Err(format!("only strings have a bound, not `{element}`")),
        _ => match Primitive::parse(element) {
            Some(p) => Base::Primitive(p),
            None => Base::Message(full_name(element, package)?),
        },
    };
    Ok(FieldType { base, array })
}

fn parse_bound(text: &str) -> Result<u64, String> {
    text.parse()
        .ok()
        .filter(|n| (1..=MAX_BOUND).contains(n))
        .ok_or(format!("`{text}` is not a length from 1 to {MAX_BOUND}"))
}

/// Completes `Point`, `geometry_msgs/Point` and `geometry_msgs/msg/Point`.
pub(crate) fn full_name(word: &str, package: &str) -> Result<String, String> {
    let parts: Vec<&str> = word.split('/').collect();
    let ok = |s: &str| {
        !s.is_empty()
            && s.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && s.chars().next().is_some_and(|c| c.is_ascii_alphabetic())
    };
    if !parts.iter().all(|p| ok(p)) {
        return Err(format!("`{word}` is not a type name"));
    }
    match parts[..] {
        ["Header"] => Ok("std_msgs/msg/Header".into()),
        [name] => Ok(format!("{package}/msg/{name}")),
        [package, name] => Ok(format!("{package}/msg/{name}")),
        [_, "msg" | "srv" | "action", _] => Ok(word.into()),
        _ => Err(format!("`{word}` is not a type name")),
    }
}

fn parse_literal(ty: &FieldType, text: &str) -> Result<Literal, String> {
    if ty.array == Array::Single {
        return parse_element(&ty.base, text);
    }
    let inside = text
        .strip_prefix('[')
        .and_then(|t| t.strip_suffix(']'))
        .ok_or(format!("`{text}` is not a list like [1, 2]"))?;
    let items =
        split_list(inside).into_iter().map(|t| parse_element(&ty.base, t)).collect::<Result<Vec<_>, _>>()?;
    let n = items.len() as u64;
    match ty.array {
        Array::Fixed(len) if len != n => Err(format!("{n} values for an array of {len}")),
        Array::Bounded(len) if n > len => Err(format!("{n} values for a sequence of at most {len}")),
        _ => Ok(Literal::List(items)),
    }
}

fn split_list(inside: &str) -> Vec<&str> {
    let (mut items, mut quote, mut escaped, mut start) = (vec![], None, false, 0);
    for (i, c) in inside.char_indices() {
        match (quote, c) {
            (None, ',') => {
                items.push(inside[start..i].trim());
                start = i + 1;
            }
            (None, '"' | '\'') => quote = Some(c),
            (Some(q), c) if c == q && !escaped => quote = None,
            _ => {}
        }
        escaped = c == '\\';
    }
    let last = inside[start..].trim();
    if !last.is_empty() {
        items.push(last);
    }
    items
}

fn parse_element(base: &Base, text: &str) -> Result<Literal, String> {
    let bad = || format!("`{text}` is not a value of that type");
    Ok(match base {
        Base::Message(_) => return Err("a message has no default value".into()),
        Base::String { bound } | Base::WString { bound } => {
            let text = unquote(text)?;
            if let Some(bound) = bound.filter(|n| text.len() as u64 > *n) {
                return Err(format!("`{text}` is longer than {bound} bytes"));
            }
            Literal::String(text)
        }
        Base::Primitive(Primitive::Bool) => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Literal::Bool(true),
            "false" | "0" => Literal::Bool(false),
            _ => return Err(bad()),
        },
        Base::Primitive(Primitive::Float32 | Primitive::Float64) => {
            Literal::Float(text.parse().map_err(|_| bad())?)
        }
        Base::Primitive(p) => {
            let (negative, digits) = match text.strip_prefix('-') {
                Some(d) => (true, d),
                None => (false, text.strip_prefix('+').unwrap_or(text)),
            };
            let radix = |d: &str, r| i128::from_str_radix(d, r).map_err(|_| bad());
            let magnitude = match digits.get(..2) {
                Some("0x" | "0X") => radix(&digits[2..], 16)?,
                Some("0b" | "0B") => radix(&digits[2..], 2)?,
                Some("0o" | "0O") => radix(&digits[2..], 8)?,
                _ => radix(digits, 10)?,
            };
            let value = if negative { -magnitude } else { magnitude };
            let bits = p.size() as u32 * 8;
            let (low, high) = match p {
                Primitive::Int8 | Primitive::Int16 | Primitive::Int32 | Primitive::Int64 => {
                    (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1)
                }
                _ => (0, (1i128 << bits) - 1),
            };
            if !(low..=high).contains(&value) {
                return Err(format!("{value} is outside {low}..={high}"));
            }
            Literal::Int(value)
        }
    })
}

/// Takes the quotes off, if there are any, and the backslash off quotes inside.
fn unquote(text: &str) -> Result<String, String> {
    for quote in ['"', '\''] {
        let Some(inside) = text.strip_prefix(quote).and_then(|t| t.strip_suffix(quote)) else { continue };
        let mut before = ' ';
        for c in inside.chars() {
            if c == quote && before != '\\' {
                return Err(format!("{text}: a {quote} inside needs a backslash"));
            }
            before = c;
        }
        return Ok(inside.replace(&format!("\\{quote}"), &quote.to_string()));
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_constants_defaults_and_docs() {
        let text = "# A pose.\n# Second line.\n\n# metres\nfloat64 x 1.5 # east\nstring<=5[] names\nuint8 A=0x1F\n\
                    string S=\"a#b\"\nint32[3] v [1, -2, 3]\nPoint p\ngeometry_msgs/Point[<=2] q\nchar c 'a'";
        let bad = parse_msg("p/msg/T", text).unwrap_err();
        assert_eq!(bad.line, 12, "{bad}");
        let def = parse_msg("p/msg/T", &text.replace("char c 'a'", "char c 97")).unwrap();
        assert_eq!(def.doc, "A pose.\nSecond line.");
        assert_eq!(def.fields[0].doc, "metres\neast");
        assert_eq!(def.fields[0].default, Some(Literal::Float(1.5)));
        assert_eq!(def.fields[1].ty.base, Base::String { bound: Some(5) });
        assert_eq!(def.constants[0].value, Literal::Int(31));
        assert_eq!(def.constants[1].value, Literal::String("a#b".into()));
        assert_eq!(def.fields[3].ty.base, Base::Message("p/msg/Point".into()));
        assert_eq!(def.fields[4].ty.array, Array::Bounded(2));
        assert_eq!(def.fields[5].ty.base, Base::Primitive(Primitive::Uint8));
    }

    #[test]
    fn errors_name_the_line() {
        for (text, line) in [
            ("int32", 1),
            ("\nint32 Bad", 2),
            ("int8 X=200", 1),
            ("uint8[3 a", 1),
            ("a b\na c!", 2),
            ("int8 a\nint8 a", 2),
        ] {
            assert_eq!(parse_msg("p/msg/T", text).unwrap_err().line, line, "{text}");
        }
        assert!(parse_srv("p/srv/T", "int32 a").is_err());
    }
}
