//! From a name as written to the full name.

use super::validate::{self, NameError, NameProblem};
use super::{validate_namespace, validate_node_name, validate_topic_name};

/// The fully qualified name of a node: `/` and `n` give `/n`, `/a` and `n` give `/a/n`.
pub fn node_fqn(namespace: &str, node: &str) -> String {
    join(namespace, node)
}

fn join(namespace: &str, rest: &str) -> String {
    format!("{}/{rest}", namespace.trim_end_matches('/'))
}

/// Expands a topic or service name as `rcl` does and checks the result.
///
/// `x` is taken below `namespace`, `~/x` below the node, `/x` as it stands; `{node}` stands for the node's
/// name, `{ns}` and `{namespace}` for its namespace. An expanded name expands to itself.
pub fn expand(name: &str, node: &str, namespace: &str) -> Result<String, NameError> {
    validate::validate_written(name)?;
    validate_node_name(node)?;
    validate_namespace(namespace)?;
    let mut full = substitute(name, node, namespace)?;
    if let Some(rest) = full.strip_prefix('~') {
        full = node_fqn(namespace, node) + rest;
    } else if !full.starts_with('/') {
        full = join(namespace, &full);
    }
    validate_topic_name(&full)?;
    Ok(full)
}

/// Replaces the substitutions; `name` is checked, so braces are paired and not nested.
fn substitute(name: &str, node: &str, namespace: &str) -> Result<String, NameError> {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, tail)) = rest.split_once('{') {
        let Some((key, after)) = tail.split_once('}') else { break };
        out.push_str(before);
        out.push_str(match key {
            "node" => node,
            "ns" | "namespace" => namespace,
            _ => {
                let at = name.len() - tail.len() - 1;
                let problem = NameProblem::UnknownSubstitution(key.to_owned());
                return Err(validate::error("topic or service name", name, at, problem));
            }
        });
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cases of rcl's `test_expand_topic_name.cpp`.
    #[test]
    fn expands_as_rcl() {
        let table = [
            ("/chatter", "/my_ns", "/chatter"),
            ("chatter", "/my_ns", "/my_ns/chatter"),
            ("chatter", "/", "/chatter"),
            ("~", "/my_ns", "/my_ns/my_node"),
            ("~", "/", "/my_node"),
            ("~/ping", "/my_ns", "/my_ns/my_node/ping"),
            ("~/ping", "/", "/my_node/ping"),
            ("{node}/chatter", "/my_ns", "/my_ns/my_node/chatter"),
            ("/foo/{node}", "/my_ns", "/foo/my_node"),
            ("{ns}/chatter", "/my_ns", "/my_ns/chatter"),
            ("{namespace}/{node}/chatter", "/my_ns", "/my_ns/my_node/chatter"),
            ("/foo{ns}/{node}", "/my_ns", "/foo/my_ns/my_node"),
            ("ping_{node}_a", "/", "/ping_my_node_a"),
        ];
        for (name, namespace, expected) in table {
            assert_eq!(expand(name, "my_node", namespace).as_deref(), Ok(expected), "{name} in {namespace}");
        }
    }

    #[test]
    fn refuses_as_rcl() {
        assert_eq!(
            expand("/foo/{ping}", "n", "/").unwrap_err().to_string(),
            "invalid topic or service name `/foo/{ping}`: unknown substitution `{ping}`, the known ones are \
             `{node}`, `{ns}` and `{namespace}` (at character 5)"
        );
        assert_eq!(
            expand("a{}", "n", "/").unwrap_err().problem,
            NameProblem::UnknownSubstitution(String::new())
        );
        assert_eq!(expand("a", "bad node", "/").unwrap_err().what, "node name");
        assert_eq!(expand("a", "n", "relative").unwrap_err().what, "namespace");
        // Below the root, rcl's `{ns}/x` gives `//x`, which its own check then refuses.
        assert_eq!(expand("{ns}/x", "n", "/").unwrap_err().problem, NameProblem::RepeatedSlash);
        assert_eq!(expand("a//b", "n", "/").unwrap_err().problem, NameProblem::RepeatedSlash);
    }
}
