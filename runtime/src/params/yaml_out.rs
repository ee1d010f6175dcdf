//! Writes parameter files: the present values, and a template with comments.

use super::{ParamDescriptor, ParamValue, yaml};

/// The parameters of a node as `ros2 param dump` prints them: sorted, dotted names as nested maps.
pub fn yaml_dump<'a>(node_fqn: &str, values: impl IntoIterator<Item = (&'a str, &'a ParamValue)>) -> String {
    write_node(node_fqn, values.into_iter().map(|(name, value)| (name, value, Vec::new())).collect())
}

/// A parameter file with the defaults; above each what it means, its unit and what is allowed.
pub fn yaml_template(node_fqn: &str, descriptors: &[ParamDescriptor]) -> String {
    let entries = descriptors.iter().map(|d| {
        let mut comments: Vec<String> = d.description.lines().map(str::to_owned).collect();
        let limits = d.limits();
        comments.push(if limits.is_empty() { d.kind.to_string() } else { format!("{}, {limits}", d.kind) });
        (d.name.as_str(), &d.default, comments)
    });
    write_node(node_fqn, entries.collect())
}

/// Name, value, lines of comment.
type Entry<'a> = (&'a str, &'a ParamValue, Vec<String>);

fn write_node(node_fqn: &str, mut entries: Vec<Entry<'_>>) -> String {
    entries.retain(|(_, value, _)| **value != ParamValue::NotSet);
    entries.sort_by(|a, b| a.0.split('.').cmp(b.0.split('.')));
    let mut out = format!("{}:\n  ros__parameters:", text(node_fqn));
    if entries.is_empty() {
        out.push_str(" {}\n");
        return out;
    }
    out.push('\n');
    let mut open: Vec<&str> = Vec::new();
    for (name, value, comments) in entries {
        let mut parts: Vec<&str> = name.split('.').collect();
        let leaf = parts.pop().unwrap_or(name);
        let shared = open.iter().zip(&parts).take_while(|(a, b)| a == b).count();
        for (depth, part) in parts.iter().enumerate().skip(shared) {
            out.push_str(&format!("{}{}:\n", indent(depth), text(part)));
        }
        let indent = indent(parts.len());
        for line in comments {
            out.push_str(format!("{indent}# {line}").trim_end());
            out.push('\n');
        }
        out.push_str(&format!("{indent}{}:", text(leaf)));
        match elements(value) {
            Elements::One(one) => out.push_str(&format!(" {one}\n")),
            Elements::Many(list) if list.is_empty() => out.push_str(" []\n"),
            Elements::Many(list) => {
                out.push('\n');
                list.iter().for_each(|element| out.push_str(&format!("{indent}- {element}\n")));
            }
        }
        open = parts;
    }
    out
}

fn indent(depth: usize) -> String {
    "  ".repeat(depth + 2)
}

enum Elements {
    One(String),
    Many(Vec<String>),
}

fn elements(value: &ParamValue) -> Elements {
    fn many<T>(list: &[T], write: impl Fn(&T) -> String) -> Elements {
        Elements::Many(list.iter().map(write).collect())
    }
    match value {
        ParamValue::NotSet => Elements::One("null".into()),
        ParamValue::Bool(v) => Elements::One(v.to_string()),
        ParamValue::Integer(v) => Elements::One(v.to_string()),
        ParamValue::Double(v) => Elements::One(double(*v)),
        ParamValue::String(v) => Elements::One(text(v)),
        ParamValue::ByteArray(v) => many(v, u8::to_string),
        ParamValue::BoolArray(v) => many(v, bool::to_string),
        ParamValue::IntegerArray(v) => many(v, i64::to_string),
        ParamValue::DoubleArray(v) => many(v, |v| double(*v)),
        ParamValue::StringArray(v) => many(v, |v| text(v)),
    }
}

/// A double that YAML 1.1 (PyYAML) and 1.2 both read as one: `5.0`, `1.0e-05`, `.nan`.
fn double(v: f64) -> String {
    if v.is_nan() {
        return ".nan".into();
    }
    if v.is_infinite() {
        return if v > 0.0 { ".inf".into() } else { "-.inf".into() };
    }
    let text = format!("{v:?}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let point = if mantissa.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with('-') { "" } else { "+" };
    format!("{mantissa}{point}e{sign}{exponent}")
}

/// A string: bare if that reads back as the same string, else in quotes.
fn text(v: &str) -> String {
    let bare = v.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '/')
        && v.chars().all(|c| c.is_ascii_alphanumeric() || "_/.-+*".contains(c))
        && !matches!(v, "null" | "Null" | "NULL" | "~")
        && matches!(yaml::resolve(v), ParamValue::String(_));
    if bare {
        v.to_owned()
    } else if v.chars().any(|c| c.is_control() || "\u{2028}\u{2029}\u{feff}\u{fffe}\u{ffff}".contains(c)) {
        let escaped: String = v.chars().map(escape).collect();
        format!("\"{escaped}\"")
    } else {
        format!("'{}'", v.replace('\'', "''"))
    }
}

fn escape(c: char) -> String {
    match c {
        '"' => "\\\"".into(),
        '\\' => "\\\\".into(),
        '\n' => "\\n".into(),
        '\t' => "\\t".into(),
        c if c == ' ' || c.is_ascii_graphic() => c.into(),
        c => format!("\\U{:08X}", u32::from(c)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ParamValue as V;

    #[test]
    fn dumps_as_ros2_param_dump() {
        let values = [
            ("use_sim_time", V::Bool(false)),
            ("gains.lateral", V::Double(0.5)),
            ("gains.inner.i", V::Integer(-3)),
            ("gains_b", V::Double(1e-5)),
            ("big", V::Double(1e16)),
            ("name", V::String("front_lidar".into())),
            (
                "list",
                V::StringArray(vec!["a".into(), "yes".into(), "7".into(), "it's".into(), String::new()]),
            ),
            ("empty", V::IntegerArray(vec![])),
            ("nothing", V::NotSet),
        ];
        let dump = yaml_dump("/ns/node", values.iter().map(|(name, value)| (*name, value)));
        let expected = "\
/ns/node:
  ros__parameters:
    big: 1.0e+16
    empty: []
    gains:
      inner:
        i: -3
      lateral: 0.5
    gains_b: 1.0e-5
    list:
    - a
    - 'yes'
    - '7'
    - 'it''s'
    - ''
    name: front_lidar
    use_sim_time: false
";
        assert_eq!(dump, expected);
        assert_eq!(yaml_dump("/n", []), "/n:\n  ros__parameters: {}\n");
    }
}
