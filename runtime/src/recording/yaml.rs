//! Scalars in the YAML style of `yaml-cpp`, which writes rosbag2's metadata.

use std::fmt::{self, Write};

/// A string as a YAML scalar: plain where that is safe, otherwise in double quotes.
pub(super) struct Scalar<'a>(pub &'a str);

impl fmt::Display for Scalar<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_plain(self.0) {
            return out.write_str(self.0);
        }
        out.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' => out.write_str("\\\"")?,
                '\\' => out.write_str("\\\\")?,
                '\n' => out.write_str("\\n")?,
                '\r' => out.write_str("\\r")?,
                '\t' => out.write_str("\\t")?,
                c if c.is_control() => write!(out, "\\U{:08x}", u32::from(c))?,
                c => out.write_char(c)?,
            }
        }
        out.write_char('"')
    }
}

fn is_plain(text: &str) -> bool {
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '_');
    let reserved = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    starts_well
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "/_.-".contains(c))
        && !reserved.iter().any(|word| word.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::Scalar;

    #[test]
    fn plain_and_quoted() {
        assert_eq!(Scalar("/a/b_1.mcap").to_string(), "/a/b_1.mcap");
        assert_eq!(Scalar("").to_string(), "\"\"");
        assert_eq!(Scalar("no").to_string(), "\"no\"");
        assert_eq!(Scalar("12").to_string(), "\"12\"");
        assert_eq!(Scalar("a: \"b\"\n\u{1}").to_string(), "\"a: \\\"b\\\"\\n\\U00000001\"");
    }
}
