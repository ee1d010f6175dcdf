//! Values from parameter files and the command line, for all nodes.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::{NodePattern, Origin, ParamError, ParamValue, yaml};

/// Largest parameter file, bytes.
const MAX_FILE: u64 = 1 << 20;

/// One value for one parameter of the nodes that a pattern fits.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    /// The nodes it is for.
    pub node: Arc<NodePattern>,
    /// The parameter's name, dotted.
    pub name: String,
    /// The value as written, not yet checked.
    pub value: ParamValue,
    /// Where its name was written.
    pub origin: Origin,
}

impl Override {
    /// From the argument of `-p`: `name:=value`, or `node:name:=value` for one node below the root namespace.
    pub fn parse_argument(text: &str) -> Result<Self, ParamError> {
        let origin = Origin::Argument { text: text.into() };
        let fail = |problem: String| ParamError::Syntax { origin: origin.clone(), problem };
        let (left, value) = text.split_once(":=").ok_or_else(|| fail("write it as `name:=value`".into()))?;
        let (node, name) = match left.split_once(':') {
            Some((node, name)) => {
                crate::names::validate_node_name(node).map_err(|e| fail(e.to_string()))?;
                (NodePattern::parse(node).map_err(fail)?, name)
            }
            None => (NodePattern::all(), left),
        };
        let word = |part: &str| {
            part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '/')
                && part.starts_with(|c: char| !c.is_ascii_digit())
        };
        if !name.split('.').all(word) {
            return Err(fail(format!("`{name}` is not a parameter name; use words with `.` in between")));
        }
        let value = yaml::read_value(&origin, value)?;
        Ok(Self { node: Arc::new(node), name: name.to_owned(), value, origin })
    }
}

/// Values from parameter files and `-p`, in order: of several for one parameter, the last one added counts.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    list: Vec<Override>,
}

impl Overrides {
    /// Adds the values of a parameter file.
    pub fn add_file(&mut self, path: &Path) -> Result<(), ParamError> {
        let failed = |source| ParamError::Read { path: path.into(), source };
        let mut bytes = Vec::new();
        File::open(path).and_then(|f| f.take(MAX_FILE + 1).read_to_end(&mut bytes)).map_err(failed)?;
        if bytes.len() as u64 > MAX_FILE {
            return Err(ParamError::TooLarge { path: path.into(), limit: MAX_FILE });
        }
        let text = String::from_utf8(bytes).map_err(|e| ParamError::Syntax {
            origin: {
                let before = &e.as_bytes()[..e.utf8_error().valid_up_to()];
                let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
                let line = before.iter().filter(|b| **b == b'\n').count() + 1;
                Origin::File { path: path.into(), line, column: before.len() - start + 1 }
            },
            problem: "the file is not UTF-8 text".into(),
        })?;
        self.add_yaml(path, &text)
    }

    /// Adds the values of a parameter file's text; `path` is for messages.
    pub fn add_yaml(&mut self, path: impl AsRef<Path>, text: &str) -> Result<(), ParamError> {
        self.list.extend(yaml::read_file(&path.as_ref().into(), text)?);
        Ok(())
    }

    /// Adds one value.
    pub fn add(&mut self, value: Override) {
        self.list.push(value);
    }

    /// All values, in order; of use to find those that fit no node of a process.
    pub fn iter(&self) -> impl Iterator<Item = &Override> {
        self.list.iter()
    }

    /// The values for one node, in order.
    pub fn for_node(&self, node_fqn: &str) -> impl Iterator<Item = &Override> {
        self.list.iter().filter(move |o| o.node.matches(node_fqn))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cases of rcl's `test_arguments.cpp`: `test_param_*`.
    #[test]
    fn arguments_as_rcl() {
        let parse = |text: &str| {
            Override::parse_argument(text).map(|o| (o.node.to_string(), o.name)).map_err(|e| e.to_string())
        };
        let ok = |node: &str, name: &str| Ok((node.to_owned(), name.to_owned()));
        assert_eq!(parse("string_param:=bar"), ok("/**", "string_param"));
        assert_eq!(parse("some_node:int_param:=4"), ok("/some_node", "int_param"));
        assert_eq!(parse("a.b_2.c:=[1.0, 2.0]"), ok("/**", "a.b_2.c"));
        assert_eq!(
            parse("qos_overrides./tf.publisher.depth:=4"),
            ok("/**", "qos_overrides./tf.publisher.depth")
        );
        assert_eq!(parse("url:=http://a:=b"), ok("/**", "url"));
        for bad in [
            "a", "a:1", ":=1", "a:=", ":a:=1", "n:o:a:=1", "a..b:=1", "a b:=1", "2a:=1", "~a:=1", "a:={}",
            "a:=[1",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn files_that_cannot_be_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.yaml");
        let mut overrides = Overrides::default();
        assert!(matches!(overrides.add_file(&path), Err(ParamError::Read { .. })));
        assert!(matches!(overrides.add_file(dir.path()), Err(ParamError::Read { .. })));
        std::fs::write(&path, b"n:\n  a\xff").unwrap();
        let text = overrides.add_file(&path).unwrap_err().to_string();
        assert!(text.ends_with("p.yaml:2:4: the file is not UTF-8 text"), "{text}");
        std::fs::write(&path, vec![b'#'; 1 + MAX_FILE as usize]).unwrap();
        assert!(matches!(overrides.add_file(&path), Err(ParamError::TooLarge { .. })));
    }
}
