//! Keeps what others say within bounds.

use msgs::diagnostic_msgs::msg::{DiagnosticStatus, KeyValue};
use runtime::ports::Level;

/// Longest name that is kept, bytes.
pub const MAX_NAME: usize = 128;
/// Longest message, key or value that is kept, bytes.
pub const MAX_TEXT: usize = 256;
/// Most values of one status that are kept.
pub const MAX_VALUES: usize = 32;

/// The beginning of `text`, at most `limit` bytes.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

/// Node and status in the name of a status: `<node>: <status>`, either without the slashes that would be taken for
/// levels of the tree. A name without colon is a status of a node of the same name.
pub(crate) fn split_name(name: &str) -> (String, String) {
    let name = cut(name, MAX_NAME);
    let clean = |part: &str| part.trim_matches(|c: char| c == '/' || c.is_whitespace()).replace('/', " ");
    let (node, status) = name.split_once(':').unwrap_or((name, name));
    let or_unnamed = |part: String| if part.is_empty() { "unnamed".into() } else { part };
    (or_unnamed(clean(node)), or_unnamed(clean(status)))
}

/// The level of a message and, where it is none of the known ones, ERROR.
pub(crate) fn level_of(level: u8) -> Level {
    match level {
        0 => Level::Ok,
        1 => Level::Warn,
        3 => Level::Stale,
        _ => Level::Error,
    }
}

/// The status within bounds.
pub(crate) fn bounded(status: &DiagnosticStatus) -> DiagnosticStatus {
    let text = |t: &str| cut(t, MAX_TEXT).to_string();
    let level = level_of(status.level);
    let unknown = level as u8 != status.level;
    let message = if unknown {
        cut(&format!("unknown level {}: {}", status.level, status.message), MAX_TEXT).to_string()
    } else {
        text(&status.message)
    };
    DiagnosticStatus {
        level: level as u8,
        name: String::new(),
        message,
        hardware_id: cut(&status.hardware_id, MAX_NAME).to_string(),
        values: status
            .values
            .iter()
            .take(MAX_VALUES)
            .map(|v| KeyValue { key: text(&v.key), value: text(&v.value) })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_at_the_first_colon() {
        let split = |name| split_name(name);
        let pair = |a: &str, b: &str| (a.to_string(), b.to_string());
        assert_eq!(
            split("/control_node: control_loop_latency"),
            pair("control_node", "control_loop_latency")
        );
        assert_eq!(split("/av1/control_node: a/b: c"), pair("av1 control_node", "a b: c"));
        assert_eq!(split("battery"), pair("battery", "battery"));
        assert_eq!(split(""), pair("unnamed", "unnamed"));
        assert_eq!(split("/: "), pair("unnamed", "unnamed"));
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let long = "ä".repeat(MAX_NAME);
        assert_eq!(cut(&long, MAX_NAME).len(), MAX_NAME);
        assert_eq!(cut(&long, MAX_NAME - 1).len(), MAX_NAME - 2);
        let status = DiagnosticStatus {
            level: 77,
            message: long.repeat(4),
            values: vec![KeyValue::default(); 1000],
            ..DiagnosticStatus::default()
        };
        let kept = bounded(&status);
        assert_eq!(kept.level, Level::Error as u8);
        assert!(kept.message.starts_with("unknown level 77") && kept.message.len() <= MAX_TEXT);
        assert_eq!(kept.values.len(), MAX_VALUES);
    }
}
