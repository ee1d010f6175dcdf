//! Reads ROS parameter files and the values of `-p`, event by event, as `rcl_yaml_param_parser` does.
//!
//! Memory is bounded: no aliases, nesting and lengths of names are limited, and nothing but the values is kept.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use super::{NodePattern, Origin, Override, ParamError, ParamValue};

/// The key below a node's name, above its parameters.
const PARAMS_KEY: &str = "ros__parameters";
/// Deepest nesting of maps.
const MAX_DEPTH: usize = 32;
/// Longest dotted parameter name or node name, bytes.
const MAX_NAME: usize = 255;

/// Reads a parameter file's text.
pub(super) fn read_file(path: &Arc<Path>, text: &str) -> Result<Vec<Override>, ParamError> {
    let mut reader = Reader::new(text, Source::File(path));
    let mut out = Vec::new();
    loop {
        let (event, span) = reader.next()?;
        match event {
            Event::StreamEnd => return Ok(out),
            Event::MappingStart(..) => reader.nodes("", &mut out, 0)?,
            Event::Scalar(text, style, ..) if is_null(&text, style) => {}
            Event::Scalar(..) | Event::SequenceStart(..) => {
                return Err(reader.error(span, "expected a map of node names, such as `/planning_node:`"));
            }
            _ => {}
        }
    }
}

/// Reads the value of `-p`: a scalar or a list.
pub(super) fn read_value(origin: &Origin, text: &str) -> Result<ParamValue, ParamError> {
    let mut reader = Reader::new(text, Source::Argument(origin));
    let mut value = None;
    loop {
        let (event, span) = reader.next()?;
        match event {
            Event::StreamEnd => {
                return value
                    .ok_or_else(|| reader.error(span, "there is no value; write '' for an empty string"));
            }
            Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd => {}
            _ if value.is_some() => return Err(reader.error(span, "there is more than one value")),
            event => value = Some(reader.value(event, span)?),
        }
    }
}

enum Source<'a> {
    File(&'a Arc<Path>),
    Argument(&'a Origin),
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    source: Source<'a>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, source: Source<'a>) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self { parser: Parser::new_from_str(text), source }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), ParamError> {
        match self.parser.next_event() {
            Some(Ok((Event::Alias(_), span))) => {
                Err(self.error(span, "aliases (`*name`) are not supported, as in ROS 2; write the value out"))
            }
            Some(Ok(event)) => Ok(event),
            Some(Err(e)) => Err(self.syntax(&e)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn origin(&self, line: usize, column: usize) -> Origin {
        match self.source {
            // The parser counts columns from 0.
            Source::File(path) => Origin::File { path: Arc::clone(path), line, column: column + 1 },
            Source::Argument(origin) => origin.clone(),
        }
    }

    fn at(&self, span: Span) -> Origin {
        self.origin(span.start.line(), span.start.col())
    }

    fn error(&self, span: Span, problem: impl Into<String>) -> ParamError {
        ParamError::Syntax { origin: self.at(span), problem: problem.into() }
    }

    fn syntax(&self, e: &ScanError) -> ParamError {
        let origin = self.origin(e.marker().line(), e.marker().col());
        ParamError::Syntax { origin, problem: format!("not valid YAML: {}", e.info()) }
    }

    /// The next key of a map, or `None` at its end.
    fn key(&mut self) -> Result<Option<(Cow<'a, str>, Span)>, ParamError> {
        match self.next()? {
            (Event::MappingEnd, _) => Ok(None),
            (Event::Scalar(key, ..), span) if !key.is_empty() => Ok(Some((key, span))),
            (_, span) => Err(self.error(span, "a key must be a name")),
        }
    }

    /// `prefix` and `key` with `separator` in between, if the name and the nesting are within limits.
    fn join(
        &self,
        prefix: &str,
        separator: char,
        key: &str,
        span: Span,
        depth: usize,
    ) -> Result<String, ParamError> {
        if depth >= MAX_DEPTH {
            return Err(self.error(span, format!("maps are nested deeper than {MAX_DEPTH}")));
        }
        if prefix.len() + key.len() >= MAX_NAME {
            return Err(self.error(span, format!("the full name is longer than {MAX_NAME} bytes")));
        }
        Ok(if prefix.is_empty() || prefix.ends_with(separator) {
            format!("{prefix}{key}")
        } else {
            format!("{prefix}{separator}{key}")
        })
    }

    /// A map of namespaces and nodes, up to its end.
    fn nodes(&mut self, prefix: &str, out: &mut Vec<Override>, depth: usize) -> Result<(), ParamError> {
        while let Some((key, span)) = self.key()? {
            if key != PARAMS_KEY {
                let name = self.join(prefix, '/', &key, span, depth)?;
                match self.next()? {
                    (Event::MappingStart(..), _) => self.nodes(&name, out, depth + 1)?,
                    (_, span) => {
                        return Err(self.error(span, format!("expected `{PARAMS_KEY}:` below `{name}`")));
                    }
                }
                continue;
            }
            if prefix.is_empty() {
                return Err(
                    self.error(span, format!("`{PARAMS_KEY}` must be below a node name, such as `/**:`"))
                );
            }
            let node = Arc::new(NodePattern::parse(prefix).map_err(|problem| self.error(span, problem))?);
            match self.next()? {
                (Event::MappingStart(..), _) => {
                    self.parameters(&node, "", &mut HashMap::new(), out, 0)?;
                }
                (Event::Scalar(text, style, ..), _) if is_null(&text, style) => {}
                (_, span) => return Err(self.error(span, "expected a map of parameters: `name: value`")),
            }
        }
        Ok(())
    }

    /// A map of parameters, up to its end. `seen` has the line of each name of this node so far.
    fn parameters(
        &mut self,
        node: &Arc<NodePattern>,
        prefix: &str,
        seen: &mut HashMap<String, usize>,
        out: &mut Vec<Override>,
        depth: usize,
    ) -> Result<(), ParamError> {
        while let Some((key, span)) = self.key()? {
            let name = self.join(prefix, '.', &key, span, depth)?;
            let (event, value_span) = self.next()?;
            if let Event::MappingStart(..) = event {
                self.parameters(node, &name, seen, out, depth + 1)?;
                continue;
            }
            let value = self.value(event, value_span)?;
            if let Some(line) = seen.insert(name.clone(), span.start.line()) {
                return Err(self.error(span, format!("parameter {name} is already set in line {line}")));
            }
            out.push(Override { node: Arc::clone(node), name, value, origin: self.at(span) });
        }
        Ok(())
    }

    /// A scalar or a list of scalars of one type.
    fn value(&mut self, event: Event<'a>, span: Span) -> Result<ParamValue, ParamError> {
        match event {
            Event::Scalar(text, style, _, tag) => self.scalar(&text, style, tag.as_deref(), span),
            Event::SequenceStart(..) => self.list(),
            _ => Err(self.error(span, "expected a value or a list of values, not a map")),
        }
    }

    fn scalar(
        &self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<ParamValue, ParamError> {
        if tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str") {
            return Ok(ParamValue::String(text.to_owned()));
        }
        if is_null(text, style) {
            return Err(self.error(span, "there is no value; write '' for an empty string"));
        }
        let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
        Ok(if quoted { ParamValue::String(text.to_owned()) } else { resolve(text) })
    }

    fn list(&mut self) -> Result<ParamValue, ParamError> {
        let mut list: Option<ParamValue> = None;
        loop {
            let (event, span) = self.next()?;
            let element = match event {
                Event::SequenceEnd => return Ok(list.unwrap_or(ParamValue::StringArray(Vec::new()))),
                Event::Scalar(text, style, _, tag) => self.scalar(&text, style, tag.as_deref(), span)?,
                _ => return Err(self.error(span, "a list can only have plain values, no lists or maps")),
            };
            use ParamValue as V;
            match (&mut list, element) {
                (None, V::Bool(v)) => list = Some(V::BoolArray(vec![v])),
                (None, V::Integer(v)) => list = Some(V::IntegerArray(vec![v])),
                (None, V::Double(v)) => list = Some(V::DoubleArray(vec![v])),
                (None, V::String(v)) => list = Some(V::StringArray(vec![v])),
                (Some(V::BoolArray(list)), V::Bool(v)) => list.push(v),
                (Some(V::IntegerArray(list)), V::Integer(v)) => list.push(v),
                (Some(V::DoubleArray(list)), V::Double(v)) => list.push(v),
                (Some(V::StringArray(list)), V::String(v)) => list.push(v),
                (list, element) => {
                    let kinds = list.as_ref().map_or(String::new(), |list| format!(" in a {}", list.kind()));
                    let problem = format!(
                        "a list must have values of one type, but {element} is a {}{kinds}; write 1.0 for a \
                         double, '1' for a string",
                        element.kind()
                    );
                    return Err(self.error(span, problem));
                }
            }
        }
    }
}

/// Whether a scalar is no value: nothing at all, which the parser gives as `~` or an empty text, or `null`.
fn is_null(text: &str, style: ScalarStyle) -> bool {
    style == ScalarStyle::Plain && matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// The value of an unquoted scalar by the rules of `rcl_yaml_param_parser`: YAML 1.1 booleans, integers as
/// C's `strtoll` reads them with base 0 (`0x1F`, and `010` is 8), doubles, else a string.
pub(super) fn resolve(text: &str) -> ParamValue {
    match text {
        "Y" | "y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return ParamValue::Bool(true);
        }
        "N" | "n" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return ParamValue::Bool(false);
        }
        ".nan" | ".NaN" | ".NAN" => return ParamValue::Double(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return ParamValue::Double(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return ParamValue::Double(f64::NEG_INFINITY),
        _ => {}
    }
    if let Some(integer) = integer(text) {
        return ParamValue::Integer(integer);
    }
    match text.parse::<f64>() {
        // Too large for a double: `strtod` fails, and the text stays a string.
        Ok(v) if v.is_infinite() && text.contains(|c: char| c.is_ascii_digit()) => {}
        Ok(v) => return ParamValue::Double(v),
        Err(_) => {}
    }
    ParamValue::String(text.to_owned())
}

fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let (digits, radix) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&digits[2..], 16),
        [b'0', _, ..] => (&digits[1..], 8),
        _ => (digits, 10),
    };
    if !digits.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    i64::from_str_radix(&format!("{sign}{digits}"), radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ParamValue as V;

    fn read(text: &str) -> Result<Vec<(String, String, V)>, String> {
        let path: Arc<Path> = Path::new("f.yaml").into();
        read_file(&path, text)
            .map(|list| list.into_iter().map(|o| (o.node.to_string(), o.name, o.value)).collect())
            .map_err(|e| e.to_string())
    }

    fn fails(text: &str) -> String {
        read(text).unwrap_err()
    }

    fn string(text: &str) -> V {
        V::String(text.into())
    }

    /// `get_value` of rcl_yaml_param_parser and its `test_parse.cpp`.
    #[test]
    fn scalars_as_rcl() {
        for yes in ["Y", "y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"] {
            assert_eq!(resolve(yes), V::Bool(true));
        }
        for no in ["N", "n", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"] {
            assert_eq!(resolve(no), V::Bool(false));
        }
        let table = [
            ("0", V::Integer(0)),
            ("-12", V::Integer(-12)),
            ("+12", V::Integer(12)),
            ("0x1F", V::Integer(31)),
            ("-0x10", V::Integer(-16)),
            ("010", V::Integer(8)),
            ("08", V::Double(8.0)),
            ("9223372036854775807", V::Integer(i64::MAX)),
            ("-9223372036854775808", V::Integer(i64::MIN)),
            ("9223372036854775808", V::Double(9_223_372_036_854_775_808.0)),
            ("1.0", V::Double(1.0)),
            ("5.", V::Double(5.0)),
            (".5", V::Double(0.5)),
            ("1e3", V::Double(1000.0)),
            ("-2.5E-3", V::Double(-0.0025)),
            ("inf", V::Double(f64::INFINITY)),
            ("-.INF", V::Double(f64::NEG_INFINITY)),
            ("1e999", string("1e999")),
            ("0x", string("0x")),
            ("--5", string("--5")),
            ("+-5", string("+-5")),
            ("0+5", string("0+5")),
            ("1_000", string("1_000")),
            ("2:1", string("2:1")),
            ("0o17", string("0o17")),
            ("-", string("-")),
            (".nananan", string(".nananan")),
            (".nAN", string(".nAN")),
            (".infinity", string(".infinity")),
        ];
        for (text, expected) in table {
            assert_eq!(resolve(text), expected, "{text}");
        }
        assert!(matches!(resolve(".NaN"), V::Double(v) if v.is_nan()));
    }

    /// The files of rcl_yaml_param_parser's tests: `correct_config`, `root_ns`, `wildcards`, `special_float`,
    /// `string_array_with_quoted_number`.
    #[test]
    fn files_as_rcl() {
        let text = r#"
# a comment
---
lidar_ns:
  lidar_1:
    ros__parameters:
      id: 10
      name: front_lidar
      ports: [2438, 2439, 2440]
      driver1:
        dx: 4.56
        bk_sensor_specs: [12.1, -2.3]
      is_front: true
  lidar_2:
    ros__parameters:
      is_back: n
camera:
  ros__parameters:
    cam_spec: {angle: 2.34, deep: {supported_brands: ["Bosch", '7']}}
    text: !!str 1234
    flags:
    - yes
    - off
/:
  my_node:
    ros__parameters: {param_name: 'value'}
/**:
  some_node3:
    ros__parameters: {a.b: 1}
/foo8/**/bar:
  bar1/*:
    ros__parameters: {"e": [], empty: ""}
"/**":
  ros__parameters:
"#;
        let expected: Vec<(&str, &str, V)> = vec![
            ("/lidar_ns/lidar_1", "id", V::Integer(10)),
            ("/lidar_ns/lidar_1", "name", string("front_lidar")),
            ("/lidar_ns/lidar_1", "ports", V::IntegerArray(vec![2438, 2439, 2440])),
            ("/lidar_ns/lidar_1", "driver1.dx", V::Double(4.56)),
            ("/lidar_ns/lidar_1", "driver1.bk_sensor_specs", V::DoubleArray(vec![12.1, -2.3])),
            ("/lidar_ns/lidar_1", "is_front", V::Bool(true)),
            ("/lidar_ns/lidar_2", "is_back", V::Bool(false)),
            ("/camera", "cam_spec.angle", V::Double(2.34)),
            ("/camera", "cam_spec.deep.supported_brands", V::StringArray(vec!["Bosch".into(), "7".into()])),
            ("/camera", "text", string("1234")),
            ("/camera", "flags", V::BoolArray(vec![true, false])),
            ("/my_node", "param_name", string("value")),
            ("/**/some_node3", "a.b", V::Integer(1)),
            ("/foo8/**/bar/bar1/*", "e", V::StringArray(vec![])),
            ("/foo8/**/bar/bar1/*", "empty", string("")),
        ];
        let expected: Vec<_> =
            expected.into_iter().map(|(n, p, v)| (n.to_owned(), p.to_owned(), v)).collect();
        assert_eq!(read(text).unwrap(), expected);
        assert_eq!(read("").unwrap(), vec![]);
        assert_eq!(read("---\n# nothing\n").unwrap(), vec![]);
    }

    #[test]
    fn errors_name_the_place_and_the_way_out() {
        let table = [
            ("a: &x {ros__parameters: {b: 1}}\nc: *x\n", "f.yaml:2:4: aliases (`*name`) are not supported"),
            ("ros__parameters: {a: 1}", "f.yaml:1:1: `ros__parameters` must be below a node name"),
            ("n:\n  a: 1\n", "f.yaml:2:6: expected `ros__parameters:` below `n/a`"),
            (
                "n:\n  ros__parameters:\n    a:\n",
                "f.yaml:3:6: there is no value; write '' for an empty string",
            ),
            ("n:\n  ros__parameters:\n    a: ~\n", "f.yaml:3:8: there is no value"),
            (
                "n: {ros__parameters: {a: [1, 2.0]}}",
                "f.yaml:1:30: a list must have values of one type, but 2.0",
            ),
            ("n: {ros__parameters: {a: [[1]]}}", "f.yaml:1:27: a list can only have plain values"),
            ("n: {ros__parameters: [1]}", "f.yaml:1:22: expected a map of parameters"),
            ("n: {ros__parameters: {a: 1, b: 2, a: 3}}", "f.yaml:1:35: parameter a is already set in line 1"),
            (
                "n: {ros__parameters: {a.b: 1, a: {b: 2}}}",
                "f.yaml:1:35: parameter a.b is already set in line 1",
            ),
            (
                "/no*de: {ros__parameters: {a: 1}}",
                "f.yaml:1:10: node name `/no*de`: a wildcard must stand alone",
            ),
            ("a//b: {ros__parameters: {a: 1}}", "f.yaml:1:8: node name `a//b` has an empty part"),
            ("/foo: {/*: {ros__parameters: {a: 1}}}", "f.yaml:1:13: node name `/foo//*` has an empty part"),
            ("[1]", "f.yaml:1:1: expected a map of node names"),
            ("n: {ros__parameters: {? [a] : 1}}", "f.yaml:1:25: a key must be a name"),
        ];
        for (text, expected) in table {
            let found = fails(text);
            assert!(found.starts_with(expected), "{text}\n  {found}");
        }
        assert!(fails("n: {ros__parameters: {a: 1").contains("not valid YAML"));
        let deep = format!("n: {{ros__parameters: {}", "{a: ".repeat(100));
        assert!(fails(&deep).contains("maps are nested deeper than 32"));
        let long = format!("n: {{ros__parameters: {{ {}: {{b: 1}}}}}}", "a".repeat(254));
        assert!(fails(&long).contains("the full name is longer than 255 bytes"));
    }

    /// The values of `-p` in rcl's `test_arguments.cpp`.
    #[test]
    fn values_of_arguments() {
        let origin = Origin::Argument { text: "x".into() };
        let value = |text: &str| read_value(&origin, text).map_err(|e| e.to_string());
        assert_eq!(value("bar"), Ok(string("bar")));
        assert_eq!(value("'1'"), Ok(string("1")));
        assert_eq!(value(" 1.5 "), Ok(V::Double(1.5)));
        assert_eq!(value("[1, 2]"), Ok(V::IntegerArray(vec![1, 2])));
        assert_eq!(value("[]"), Ok(V::StringArray(vec![])));
        assert_eq!(value("''"), Ok(string("")));
        assert_eq!(value(""), Err("-p x: there is no value; write '' for an empty string".into()));
        assert!(value("{a: 1}").is_err());
        assert!(value("*a").is_err());
        assert!(value("--- 1\n--- 2").unwrap_err().ends_with("there is more than one value"));
    }
}
