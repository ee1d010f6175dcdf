//! YAML as PyYAML's `dump` writes it, with `allow_unicode` and lines of any length.

use std::sync::OnceLock;

use regex::Regex;

use super::Node;
use super::python;

/// Block style, ends with a newline.
pub fn block(node: &Node) -> String {
    let mut out = String::new();
    match node {
        Node::Map(fields) if !fields.is_empty() => map(fields, 0, false, &mut out),
        Node::List(items) if !items.is_empty() => list(items, 0, &mut out),
        other => {
            out.push_str(&flow_text(other, 2));
            out.push('\n');
        }
    }
    out
}

/// Flow style on one line, ends with a newline.
pub fn flow(node: &Node) -> String {
    format!("{}\n", flow_text(node, 2))
}

/// `inline`: the first key goes on the line that is already begun (behind `- `).
fn map(fields: &[(String, Node)], indent: usize, inline: bool, out: &mut String) {
    for (i, (key, value)) in fields.iter().enumerate() {
        if i > 0 || !inline {
            out.extend(std::iter::repeat_n(' ', indent));
        }
        out.push_str(&scalar(key, false, indent + 2));
        out.push(':');
        match value {
            Node::Map(fields) if !fields.is_empty() => {
                out.push('\n');
                map(fields, indent + 2, false, out);
            }
            Node::List(items) if !items.is_empty() => {
                out.push('\n');
                list(items, indent, out);
            }
            leaf => {
                out.push(' ');
                out.push_str(&flow_leaf(leaf, indent + 2));
                out.push('\n');
            }
        }
    }
}

fn list(items: &[Node], indent: usize, out: &mut String) {
    for item in items {
        out.extend(std::iter::repeat_n(' ', indent));
        out.push_str("- ");
        match item {
            Node::Map(fields) if !fields.is_empty() => map(fields, indent + 2, true, out),
            leaf => {
                out.push_str(&flow_leaf(leaf, indent + 2));
                out.push('\n');
            }
        }
    }
}

/// A value that stands on the line of its key.
fn flow_leaf(node: &Node, indent: usize) -> String {
    match node {
        Node::Text(text) => scalar(text, false, indent),
        other => flow_text(other, indent),
    }
}

fn flow_text(node: &Node, indent: usize) -> String {
    match node {
        Node::Bool(v) => v.to_string(),
        Node::Int(v) => v.to_string(),
        Node::Float(v) => float(*v),
        Node::Text(v) => scalar(v, true, indent),
        Node::List(items) => {
            let items: Vec<_> = items.iter().map(|i| flow_text(i, indent + 2)).collect();
            format!("[{}]", items.join(", "))
        }
        Node::Map(fields) => {
            let fields: Vec<_> = fields
                .iter()
                .map(|(k, v)| format!("{}: {}", scalar(k, true, indent + 2), flow_text(v, indent + 2)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
    }
}

/// `.inf`, `.nan`, and always a point.
pub fn float(v: f64) -> String {
    let text = python::float(v);
    match text.as_str() {
        "inf" => ".inf".into(),
        "-inf" => "-.inf".into(),
        "nan" => ".nan".into(),
        t if !t.contains('.') && t.contains('e') => t.replacen('e', ".0e", 1),
        _ => text,
    }
}

/// What plain text would be read as something else than text (YAML 1.1, as PyYAML resolves it).
fn is_other_type(text: &str) -> bool {
    static PATTERN: OnceLock<Option<Regex>> = OnceLock::new();
    let pattern = PATTERN.get_or_init(|| {
        Regex::new(concat!(
            r"^(?:|~|null|Null|NULL|=|<<",
            r"|yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF",
            r"|[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?",
            r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
            r"|[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+",
            r"|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+|[0-9]{4}-[0-9]{2}-[0-9]{2}",
            r"|[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?(?:[Tt]|[ \t]+)[0-9][0-9]?:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?",
            r"(?:[ \t]*(?:Z|[-+][0-9][0-9]?(?::[0-9][0-9])?))?)$"
        ))
        .ok()
    });
    pattern.as_ref().is_none_or(|p| p.is_match(text))
}

/// What PyYAML's emitter finds out about a text (`Emitter.analyze_scalar`).
struct Analysis {
    plain_in_flow: bool,
    plain_in_block: bool,
    single_quoted: bool,
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_space_or_break(c: char) -> bool {
    is_break(c) || matches!(c, '\0' | ' ' | '\t' | '\r')
}

fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}'
        | '\u{10000}'..='\u{10fffe}')
}

fn analyze(text: &str) -> Analysis {
    let chars: Vec<char> = text.chars().collect();
    let (Some(&first), Some(&last)) = (chars.first(), chars.last()) else {
        return Analysis { plain_in_flow: false, plain_in_block: true, single_quoted: true };
    };
    let marker = text.starts_with("---") || text.starts_with("...");
    let (mut flow, mut block) = (marker, marker);
    let (mut special, mut breaks, mut break_space, mut space_break) = (false, false, false, false);
    let mut before = ' ';
    for (i, &c) in chars.iter().enumerate() {
        let followed_by_space = chars.get(i + 1).is_none_or(|c| is_space_or_break(*c));
        if i == 0 {
            let indicator = "#,[]{}&*!|>'\"%@`".contains(c) || (c == '-' && followed_by_space);
            flow |= indicator || c == '?' || c == ':';
            block |= indicator || ((c == '?' || c == ':') && followed_by_space);
        } else {
            let comment = c == '#' && is_space_or_break(before);
            flow |= ",?[]{}:".contains(c) || comment;
            block |= (c == ':' && followed_by_space) || comment;
        }
        breaks |= is_break(c);
        special |= c != '\n' && !is_printable(c) && c != '\u{85}';
        break_space |= c == ' ' && i > 0 && is_break(before);
        space_break |= is_break(c) && i > 0 && before == ' ';
        before = c;
    }
    let edge = |c: char| c == ' ' || is_break(c);
    let no_plain = edge(first) || edge(last) || break_space || space_break || special || breaks;
    Analysis {
        plain_in_flow: !no_plain && !flow,
        plain_in_block: !no_plain && !block,
        single_quoted: !(break_space || space_break || special),
    }
}

/// A text in the style that PyYAML chooses. `indent`: of lines that continue it.
fn scalar(text: &str, in_flow: bool, indent: usize) -> String {
    let analysis = analyze(text);
    let plain = if in_flow { analysis.plain_in_flow } else { analysis.plain_in_block };
    if plain && !is_other_type(text) {
        text.into()
    } else if analysis.single_quoted {
        single_quoted(text, indent)
    } else {
        double_quoted(text)
    }
}

fn single_quoted(text: &str, indent: usize) -> String {
    let mut out = String::from("'");
    let mut in_breaks = false;
    for c in text.chars() {
        if is_break(c) {
            // One line break alone would be read as a space.
            if !in_breaks && c == '\n' {
                out.push('\n');
            }
            out.push(c);
        } else {
            if in_breaks {
                out.extend(std::iter::repeat_n(' ', indent));
            }
            out.push(c);
            if c == '\'' {
                out.push('\'');
            }
        }
        in_breaks = is_break(c);
    }
    if in_breaks {
        out.extend(std::iter::repeat_n(' ', indent));
    }
    out.push('\'');
    out
}

fn double_quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        let short = match c {
            '\0' => '0',
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{b}' => 'v',
            '\u{c}' => 'f',
            '\r' => 'r',
            '\u{1b}' => 'e',
            '"' => '"',
            '\\' => '\\',
            '\u{85}' => 'N',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            c if is_printable(c) && c <= '\u{fffd}' => {
                out.push(c);
                continue;
            }
            c => {
                let code = u32::from(c);
                out.push_str(&match code {
                    0..=0xff => format!("\\x{code:02X}"),
                    0x100..=0xffff => format!("\\u{code:04X}"),
                    _ => format!("\\U{code:08X}"),
                });
                continue;
            }
        };
        out.push('\\');
        out.push(short);
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(t: &str) -> Node {
        Node::Text(t.into())
    }

    /// Expected values are what PyYAML 6 prints for the same data.
    #[test]
    fn scalars_as_pyyaml() {
        for (t, yaml) in [
            ("hello", "hello"),
            ("", "''"),
            ("Hello World: 1", "'Hello World: 1'"),
            ("a:b", "a:b"),
            ("12", "'12'"),
            ("1.5", "'1.5'"),
            ("1e3", "1e3"),
            ("yes", "'yes'"),
            ("y", "y"),
            ("null", "'null'"),
            ("it's", "it's"),
            ("'q", "'''q'"),
            ("- x", "'- x'"),
            ("-x", "-x"),
            ("#c", "'#c'"),
            ("a #c", "'a #c'"),
            ("a#c", "a#c"),
            (" lead", "' lead'"),
            ("trail ", "'trail '"),
            ("a\tb", "\"a\\tb\""),
            ("\u{1}", "\"\\x01\""),
            ("grün", "grün"),
            ("2024-01-02", "'2024-01-02'"),
            ("base_link", "base_link"),
            ("...", "'...'"),
            ("a\nb", "'a\n\n  b'"),
            ("a \nb", "\"a \\nb\""),
            ("~", "'~'"),
            ("{a}", "'{a}'"),
            ("x {a}", "x {a}"),
            ("😀", "😀"),
        ] {
            let node = Node::Map(vec![("data".into(), text(t))]);
            assert_eq!(block(&node), format!("data: {yaml}\n"));
        }
    }

    #[test]
    fn nesting_as_pyyaml() {
        let stamp = Node::Map(vec![("sec".into(), Node::Int(1)), ("nanosec".into(), Node::Int(2))]);
        let node = Node::Map(vec![
            (
                "transforms".into(),
                Node::List(vec![Node::Map(vec![("stamp".into(), stamp.clone()), ("n".into(), text("x"))])]),
            ),
            ("covariance".into(), Node::List(vec![Node::Float(0.0), Node::Float(1e-7)])),
            ("empty".into(), Node::List(vec![])),
        ]);
        assert_eq!(
            block(&node),
            "transforms:\n- stamp:\n    sec: 1\n    nanosec: 2\n  n: x\ncovariance:\n- 0.0\n- 1.0e-07\nempty: []\n"
        );
        assert_eq!(
            flow(&node),
            "{transforms: [{stamp: {sec: 1, nanosec: 2}, n: x}], covariance: [0.0, 1.0e-07], empty: []}\n"
        );
        assert_eq!(block(&Node::Map(vec![])), "{}\n");
        assert_eq!([float(f64::INFINITY), float(f64::NAN)], [".inf", ".nan"]);
    }
}
