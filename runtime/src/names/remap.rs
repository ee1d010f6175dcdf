//! Remap rules, as `-r from:=to` gives them.

use std::str::FromStr;

use super::validate::{self, NameError};
use super::{expand, validate_namespace, validate_node_name};

/// A remap rule that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid remap rule `{rule}`: {problem}")]
pub struct RemapError {
    /// The rule as written.
    pub rule: String,
    /// What is wrong and what to write instead.
    pub problem: String,
}

/// One rule: `from:=to`, `rostopic://from:=to`, `rosservice://from:=to`, `__node:=name`, `__name:=name` or
/// `__ns:=/namespace`, each optionally for one node only: `node:from:=to`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemapRule {
    /// The only node the rule is for.
    node: Option<String>,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Name { scope: Scope, from: String, to: String },
    Node(String),
    Namespace(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    TopicsAndServices,
    Topics,
    Services,
}

impl FromStr for RemapRule {
    type Err = RemapError;

    fn from_str(rule: &str) -> Result<Self, RemapError> {
        parse(rule).map_err(|problem| RemapError { rule: rule.to_owned(), problem })
    }
}

fn parse(rule: &str) -> Result<RemapRule, String> {
    let (left, to) = rule.split_once(":=").ok_or("write it as `from:=to`")?;
    let (node, from) = match left.split_once(':') {
        Some((node, from)) if !from.starts_with("//") => {
            validate_node_name(node).map_err(|e| e.to_string())?;
            (Some(node.to_owned()), from)
        }
        _ => (None, left),
    };
    let kind = match from {
        "__node" | "__name" => {
            validate_node_name(to).map_err(|e| e.to_string())?;
            Kind::Node(to.to_owned())
        }
        "__ns" => {
            let namespace = if to.len() > 1 { to.strip_suffix('/').unwrap_or(to) } else { to };
            validate_namespace(namespace).map_err(|e| e.to_string())?;
            Kind::Namespace(namespace.to_owned())
        }
        _ => {
            let (scope, from) = if let Some(name) = from.strip_prefix("rostopic://") {
                (Scope::Topics, name)
            } else if let Some(name) = from.strip_prefix("rosservice://") {
                (Scope::Services, name)
            } else {
                (Scope::TopicsAndServices, from)
            };
            check_side(from)?;
            check_side(to)?;
            Kind::Name { scope, from: from.to_owned(), to: to.to_owned() }
        }
    };
    Ok(RemapRule { node, kind })
}

/// Checks one side of a name rule: an optional `/` or `~/`, then words between slashes.
fn check_side(name: &str) -> Result<(), String> {
    if name.contains('*') {
        return Err(
            "wildcards are not implemented in remap rules, as in ROS 2; write one rule per name".into()
        );
    }
    if name.contains('\\') {
        return Err("back references are not implemented in remap rules, as in ROS 2".into());
    }
    let rest = name.strip_prefix("~/").or_else(|| name.strip_prefix('/')).unwrap_or(name);
    let mut at = name.len() - rest.len();
    for word in rest.split('/') {
        if word.starts_with("__") {
            return Err(format!("`{word}` is not known; special names are `__node`, `__name` and `__ns`"));
        }
        validate::validate_word("topic or service name", word)
            .map_err(|e| NameError { name: name.to_owned(), index: at + e.index, ..e }.to_string())?;
        at += word.len() + 1;
    }
    Ok(())
}

/// Remap rules in order; of those that fit, the first wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remaps {
    rules: Vec<RemapRule>,
}

impl Remaps {
    /// Adds a rule after the others.
    pub fn push(&mut self, rule: RemapRule) {
        self.rules.push(rule);
    }

    /// The rules in order.
    pub fn rules(&self) -> &[RemapRule] {
        &self.rules
    }

    /// The name and namespace a node gets. Rules for one node are matched against its name: for the
    /// namespace, as in `rcl`, the name after remapping. A namespace may come without its leading `/`.
    pub fn node(&self, name: &str, namespace: &str) -> Result<(String, String), NameError> {
        let name = self
            .first(name, |kind| if let Kind::Node(to) = kind { Some(to.as_str()) } else { None })
            .unwrap_or(name)
            .to_owned();
        let namespace = self
            .first(&name, |kind| if let Kind::Namespace(to) = kind { Some(to.as_str()) } else { None })
            .unwrap_or(namespace);
        let namespace =
            if namespace.starts_with('/') { namespace.to_owned() } else { format!("/{namespace}") };
        validate_node_name(&name)?;
        validate_namespace(&namespace)?;
        Ok((name, namespace))
    }

    /// The full name of a topic that `node` in `namespace` (both after remapping) calls `name`.
    pub fn topic(&self, node: &str, namespace: &str, name: &str) -> Result<String, NameError> {
        self.name(Scope::Topics, node, namespace, name)
    }

    /// The full name of a service that `node` in `namespace` (both after remapping) calls `name`.
    pub fn service(&self, node: &str, namespace: &str, name: &str) -> Result<String, NameError> {
        self.name(Scope::Services, node, namespace, name)
    }

    fn name(&self, wanted: Scope, node: &str, namespace: &str, name: &str) -> Result<String, NameError> {
        let full = expand(name, node, namespace)?;
        let to = self.first(node, |kind| match kind {
            Kind::Name { scope, from, to } if *scope == wanted || *scope == Scope::TopicsAndServices => {
                // A rule whose left side does not expand here fits nothing here.
                (expand(from, node, namespace).as_ref() == Ok(&full)).then_some(to.as_str())
            }
            _ => None,
        });
        to.map_or(Ok(full), |to| expand(to, node, namespace))
    }

    fn first<'a>(&'a self, node: &str, fits: impl Fn(&'a Kind) -> Option<&'a str>) -> Option<&'a str> {
        self.rules
            .iter()
            .filter(|rule| rule.node.as_deref().is_none_or(|only| only == node))
            .find_map(|rule| fits(&rule.kind))
    }
}

impl FromIterator<RemapRule> for Remaps {
    fn from_iter<I: IntoIterator<Item = RemapRule>>(rules: I) -> Self {
        Self { rules: rules.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remaps(rules: &[&str]) -> Remaps {
        rules.iter().map(|r| r.parse::<RemapRule>().unwrap()).collect()
    }

    /// The cases of rcl's `test_remap.cpp` and `test_remap_integration.cpp`.
    #[test]
    fn topics_and_services_as_rcl() {
        /// Rules, node, namespace, name as written, expected topic, expected service.
        type Case =
            (&'static [&'static str], &'static str, &'static str, &'static str, &'static str, &'static str);
        let table: &[Case] = &[
            (&[], "n", "/ns", "chat", "/ns/chat", "/ns/chat"),
            (&["/bar/foo:=/foo/bar"], "n", "/", "/bar/foo", "/foo/bar", "/foo/bar"),
            (&["foo:=bar"], "n", "/ns", "/ns/foo", "/ns/bar", "/ns/bar"),
            (&["foo:=bar"], "n", "/ns", "/foo", "/foo", "/foo"),
            (&["/ns/foo:=/bar"], "n", "/ns", "foo", "/bar", "/bar"),
            (&["~/foo:=~/bar"], "n", "/ns", "~/foo", "/ns/n/bar", "/ns/n/bar"),
            (&["rostopic://foo:=bar"], "n", "/ns", "foo", "/ns/bar", "/ns/foo"),
            (&["rosservice://foo:=bar"], "n", "/ns", "foo", "/ns/foo", "/ns/bar"),
            (&["n:foo:=bar"], "n", "/", "foo", "/bar", "/bar"),
            (&["other:foo:=bar"], "n", "/", "foo", "/foo", "/foo"),
            (&["n:rostopic://foo:=bar"], "n", "/", "foo", "/bar", "/foo"),
            (&["foo:=first", "foo:=second"], "n", "/", "foo", "/first", "/first"),
            // One pass: what a rule gives is not matched again.
            (&["a:=b", "b:=c"], "n", "/", "a", "/b", "/b"),
            (&["__ns:=/x", "__node:=y", "foo:=bar"], "n", "/", "foo", "/bar", "/bar"),
        ];
        for (rules, node, namespace, name, topic, service) in table {
            let remaps = remaps(rules);
            assert_eq!(remaps.topic(node, namespace, name).as_deref(), Ok(*topic), "{rules:?} {name}");
            assert_eq!(remaps.service(node, namespace, name).as_deref(), Ok(*service), "{rules:?} {name}");
        }
    }

    #[test]
    fn node_names_and_namespaces_as_rcl() {
        let table: &[(&[&str], &str, &str)] = &[
            (&[], "n", "/ns"),
            (&["__node:=m"], "m", "/ns"),
            (&["__name:=m", "__node:=k"], "m", "/ns"),
            (&["__ns:=/a/b"], "n", "/a/b"),
            (&["__ns:=/a/b/"], "n", "/a/b"),
            (&["__ns:=/"], "n", "/"),
            (&["n:__node:=m", "n:__ns:=/old", "m:__ns:=/new"], "m", "/new"),
            (&["other:__node:=m"], "n", "/ns"),
        ];
        for (rules, name, namespace) in table {
            let expected = ((*name).to_owned(), (*namespace).to_owned());
            assert_eq!(remaps(rules).node("n", "/ns"), Ok(expected.clone()), "{rules:?}");
            assert_eq!(remaps(rules).node("n", "ns"), Ok(expected), "{rules:?}");
        }
        assert_eq!(Remaps::default().node("n", ""), Ok(("n".into(), "/".into())));
    }

    /// The cases of rcl's `test_arguments.cpp`: `check_valid_vs_invalid_args`.
    #[test]
    fn rules_as_rcl() {
        for good in [
            "__node:=node_name",
            "old_name:__node:=node_name",
            "_:__node:=node_name",
            "_foo:__ns:=/node_ns",
            "nodename:__ns:=/foobar",
            "foo:=bar",
            "~/foo:=~/bar",
            "/foo/bar:=bar",
            "foo:=/bar",
            "/foo123:=/bar123",
            "node:/foo123:=/bar123",
            "rostopic:=/foo/bar",
            "rosservice:=baz",
            "rostopic://rostopic:=rosservice",
            "rostopic:///rosservice:=rostopic",
            "rostopic:///foo/bar:=baz",
        ] {
            assert!(good.parse::<RemapRule>().is_ok(), "{good}");
        }
        for bad in [
            "",
            ":=",
            "foo:=",
            ":=bar",
            "foo",
            "/foo",
            "foo=bar",
            "__ns:=",
            "__node:=",
            "__node:=/foo/bar",
            "__ns:=foo",
            ":__node:=nodename",
            "~:__node:=nodename",
            "}foo:=/bar",
            "f oo:=/bar",
            "foo:=/b ar",
            "f{oo:=/bar",
            "foo:=/b}ar",
            "rostopic://:=rosservice",
            "rostopic::=rosservice",
            "123foo:=bar",
            "foo:=123",
            "rosservice://~:=foo",
            "/*:=b",
            "a:=\\1",
            "__unknown:=foo",
            "a//b:=c",
            "~foo:=b",
            "a:b:c:=d",
        ] {
            assert!(bad.parse::<RemapRule>().is_err(), "{bad}");
        }
        assert_eq!(
            "a/b-c:=d".parse::<RemapRule>().unwrap_err().to_string(),
            "invalid remap rule `a/b-c:=d`: invalid topic or service name `a/b-c`: character '-' is not \
             allowed, use letters, digits and `_` (at character 3)"
        );
    }
}
