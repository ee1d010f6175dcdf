//! The node names of parameter files, with wildcards.

use std::fmt;

use crate::names::validate_node_name;

/// The full name of a node with wildcards: `*` for one part, `**` for any number of parts, also none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodePattern {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Name(String),
    One,
    Any,
}

impl NodePattern {
    /// Every node: `/**`.
    pub fn all() -> Self {
        Self { parts: vec![Part::Any] }
    }

    /// From the key of a parameter file; a missing leading slash is added, as `rclcpp` does. The error says
    /// what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts = text.strip_prefix('/').unwrap_or(text).split('/').map(|part| match part {
            "*" => Ok(Part::One),
            "**" => Ok(Part::Any),
            "" => Err(format!("node name `{text}` has an empty part")),
            name if name.contains('*') => {
                Err(format!("node name `{text}`: a wildcard must stand alone between slashes: `*` or `**`"))
            }
            name => validate_node_name(name)
                .map(|()| Part::Name(name.to_owned()))
                .map_err(|e| format!("node name `{text}`: {e}")),
        });
        Ok(Self { parts: parts.collect::<Result<_, _>>()? })
    }

    /// Whether it has no wildcard, so that it can only mean one node.
    pub fn is_exact(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Name(_)))
    }

    /// Whether it fits the full name of a node.
    pub fn matches(&self, node_fqn: &str) -> bool {
        let names: Vec<&str> = node_fqn.trim_start_matches('/').split('/').collect();
        // The usual glob match: on a mismatch go back to the last `**` and let it take one more.
        let (mut part, mut name, mut retry) = (0, 0, None);
        while name < names.len() {
            match self.parts.get(part) {
                Some(Part::Any) => {
                    retry = Some((part + 1, name));
                    part += 1;
                    continue;
                }
                Some(Part::One) => {
                    part += 1;
                    name += 1;
                    continue;
                }
                Some(Part::Name(text)) if text == names[name] => {
                    part += 1;
                    name += 1;
                    continue;
                }
                _ => {}
            }
            let Some((after, from)) = retry else { return false };
            (part, name, retry) = (after, from + 1, Some((after, from + 1)));
        }
        self.parts[part..].iter().all(|rest| *rest == Part::Any)
    }
}

impl fmt::Display for NodePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Name(name) => write!(f, "/{name}"),
            Part::One => f.write_str("/*"),
            Part::Any => f.write_str("/**"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the regular expressions of rclcpp's `parameter_map_from` match.
    #[test]
    fn matches_as_rclcpp() {
        let table = [
            ("/**", "/n", true),
            ("/**", "/a/b/n", true),
            ("**", "/a/n", true),
            ("/*", "/n", true),
            ("/*", "/a/n", false),
            ("n", "/n", true),
            ("/n", "/n", true),
            ("n", "/a/n", false),
            ("a/n", "/a/n", true),
            ("/*/n", "/a/n", true),
            ("/*/n", "/n", false),
            ("/**/n", "/n", true),
            ("/**/n", "/a/b/n", true),
            ("/**/n", "/a/b/m", false),
            ("/a/**", "/a", true),
            ("/a/**", "/a/b/n", true),
            ("/a/*", "/a/b/n", false),
            ("/a/**/c/*", "/a/b/c/c/n", true),
            ("/**/**/n", "/n", true),
        ];
        for (pattern, node, expected) in table {
            assert_eq!(NodePattern::parse(pattern).unwrap().matches(node), expected, "{pattern} {node}");
        }
    }

    /// The cases of rcl_yaml_param_parser's `wildcards_partial_*.yaml`, `empty_name_in_ns.yaml`.
    #[test]
    fn refuses_as_rcl() {
        for bad in
            ["/foo**", "/**foo", "/f*oo", "/**/node*", "a//b", "//a", "", "/", "a/", "a b", "/2a", "~/a"]
        {
            assert!(NodePattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn many_wildcards_take_no_time() {
        let pattern = NodePattern::parse("**/a/".repeat(200).trim_end_matches('/')).unwrap();
        assert!(!pattern.matches(&("/a".repeat(2000) + "/b")));
    }
}
