//! What a valid node name, namespace, and topic or service name is.

/// Longest node name, in characters, as in `rmw`.
const MAX_NODE_NAME: usize = 255;
/// Longest topic or service name, in characters: 255 less 8 for the prefixes of the middleware, as in `rmw`.
const MAX_TOPIC_NAME: usize = 255 - 8;
/// Longest namespace, in characters: leaves room for a `/` and one character, as in `rmw`.
const MAX_NAMESPACE: usize = MAX_TOPIC_NAME - 2;

/// A name that ROS 2 does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid {what} `{name}`: {problem} (at character {index})")]
pub struct NameError {
    /// What the name was meant to be, such as `node name`.
    pub what: &'static str,
    /// The name as it was checked; for an expanded name, the expansion.
    pub name: String,
    /// Which character is at fault, counted from 0.
    pub index: usize,
    /// What is wrong with it.
    pub problem: NameProblem,
}

/// What is wrong with a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameProblem {
    /// Nothing there.
    #[error("it must not be empty")]
    Empty,
    /// A namespace or full name without the leading slash.
    #[error("it must start with `/`")]
    NotAbsolute,
    /// `/foo/`.
    #[error("it must not end with `/`")]
    TrailingSlash,
    /// `/foo//bar`.
    #[error("it must not repeat `/`")]
    RepeatedSlash,
    /// A character outside the allowed set.
    #[error("character {found:?} is not allowed, use {allowed}")]
    Character {
        /// The character found.
        found: char,
        /// The allowed characters, in words.
        allowed: &'static str,
    },
    /// `/foo/7bar`.
    #[error("a part of a name must not start with a digit")]
    StartsWithDigit,
    /// Longer than the middleware can carry.
    #[error("it must not be longer than {max} characters")]
    TooLong {
        /// The longest allowed, in characters.
        max: usize,
    },
    /// `foo/~/bar`.
    #[error("`~` is only allowed as the first character")]
    MisplacedTilde,
    /// `~foo`.
    #[error("`~` must be followed by `/`")]
    TildeWithoutSlash,
    /// `{foo` or `foo}`.
    #[error("curly braces must come in pairs")]
    UnbalancedBraces,
    /// `{bar}` with a name that nothing replaces.
    #[error("unknown substitution `{{{0}}}`, the known ones are `{{node}}`, `{{ns}}` and `{{namespace}}`")]
    UnknownSubstitution(String),
}

/// Letters, digits and `_`: what parts of every name are made of.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The error for `name` at the character that starts at byte `at`.
pub(super) fn error(what: &'static str, name: &str, at: usize, problem: NameProblem) -> NameError {
    let index = name.char_indices().take_while(|(i, _)| *i < at).count();
    NameError { what, name: name.to_owned(), index, problem }
}

/// Checks the base name of a node, such as `planning_node`.
pub fn validate_node_name(name: &str) -> Result<(), NameError> {
    validate_word("node name", name)?;
    if name.len() > MAX_NODE_NAME {
        return Err(error("node name", name, MAX_NODE_NAME - 1, NameProblem::TooLong { max: MAX_NODE_NAME }));
    }
    Ok(())
}

/// Checks one part of a name: a letter or `_`, then letters, digits and `_`.
pub(super) fn validate_word(what: &'static str, word: &str) -> Result<(), NameError> {
    if word.is_empty() {
        return Err(error(what, word, 0, NameProblem::Empty));
    }
    if let Some((at, found)) = word.char_indices().find(|(_, c)| !is_word(*c)) {
        let allowed = "letters, digits and `_`";
        return Err(error(what, word, at, NameProblem::Character { found, allowed }));
    }
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(error(what, word, 0, NameProblem::StartsWithDigit));
    }
    Ok(())
}

/// Checks a namespace, such as `/` or `/fleet/av_1`.
pub fn validate_namespace(namespace: &str) -> Result<(), NameError> {
    if namespace == "/" {
        return Ok(());
    }
    validate_absolute("namespace", namespace, MAX_NAMESPACE)
}

/// Checks a fully qualified topic or service name, such as `/planning/route`.
pub fn validate_topic_name(name: &str) -> Result<(), NameError> {
    validate_absolute("topic or service name", name, MAX_TOPIC_NAME)
}

fn validate_absolute(what: &'static str, name: &str, max: usize) -> Result<(), NameError> {
    let fail = |at, problem| Err(error(what, name, at, problem));
    if name.is_empty() {
        return fail(0, NameProblem::Empty);
    }
    if !name.starts_with('/') {
        return fail(0, NameProblem::NotAbsolute);
    }
    if name.ends_with('/') {
        return fail(name.len() - 1, NameProblem::TrailingSlash);
    }
    if let Some((at, found)) = name.char_indices().find(|(_, c)| !is_word(*c) && *c != '/') {
        return fail(at, NameProblem::Character { found, allowed: "letters, digits, `_` and `/`" });
    }
    for (at, pair) in name.as_bytes().windows(2).enumerate() {
        match pair {
            b"//" => return fail(at + 1, NameProblem::RepeatedSlash),
            [b'/', b'0'..=b'9'] => return fail(at + 1, NameProblem::StartsWithDigit),
            _ => {}
        }
    }
    if name.len() > max {
        return fail(max - 1, NameProblem::TooLong { max });
    }
    Ok(())
}

/// Checks a topic or service name as written, before expansion: `route`, `~/route`, `/route`, `{node}/route`.
pub(super) fn validate_written(name: &str) -> Result<(), NameError> {
    let fail = |at, problem| Err(error("topic or service name", name, at, problem));
    if name.is_empty() {
        return fail(0, NameProblem::Empty);
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        return fail(0, NameProblem::StartsWithDigit);
    }
    if name.ends_with('/') {
        return fail(name.len() - 1, NameProblem::TrailingSlash);
    }
    let mut open: Option<usize> = None;
    for (at, found) in name.char_indices() {
        let problem = match (found, open) {
            ('0'..='9', Some(brace)) if brace + 1 == at => NameProblem::StartsWithDigit,
            (c, _) if is_word(c) => continue,
            ('{', None) => {
                open = Some(at);
                continue;
            }
            ('}', Some(_)) => {
                open = None;
                continue;
            }
            (_, Some(_)) => {
                NameProblem::Character { found, allowed: "letters, digits and `_` within braces" }
            }
            ('/', None) => continue,
            ('~', None) if at == 0 => continue,
            ('~', None) => NameProblem::MisplacedTilde,
            ('}', None) => NameProblem::UnbalancedBraces,
            _ => NameProblem::Character { found, allowed: "letters, digits, `_`, `/`, `~`, `{` and `}`" },
        };
        return fail(at, problem);
    }
    if let Some(at) = open {
        return fail(at, NameProblem::UnbalancedBraces);
    }
    if let Some(at) = name.as_bytes().windows(2).position(|p| p[0] == b'/' && p[1].is_ascii_digit()) {
        return fail(at + 1, NameProblem::StartsWithDigit);
    }
    if name.len() > 1 && name.starts_with('~') && !name.starts_with("~/") {
        return fail(1, NameProblem::TildeWithoutSlash);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use NameProblem as P;

    fn at(result: Result<(), NameError>) -> Option<(usize, NameProblem)> {
        result.err().map(|e| (e.index, e.problem))
    }

    fn bad(found: char, allowed: &'static str) -> NameProblem {
        P::Character { found, allowed }
    }

    /// The cases of rmw's `test_validate_node_name.cpp`.
    #[test]
    fn node_names_as_rmw() {
        let words = "letters, digits and `_`";
        assert_eq!(at(validate_node_name("nodename")), None);
        assert_eq!(at(validate_node_name("_node_2")), None);
        assert_eq!(at(validate_node_name("")), Some((0, P::Empty)));
        assert_eq!(at(validate_node_name("2node")), Some((0, P::StartsWithDigit)));
        assert_eq!(at(validate_node_name("node/name")), Some((4, bad('/', words))));
        assert_eq!(at(validate_node_name("~node")), Some((0, bad('~', words))));
        assert_eq!(at(validate_node_name("no{de")), Some((2, bad('{', words))));
        assert_eq!(at(validate_node_name("nöde-")), Some((1, bad('ö', words))));
        assert_eq!(at(validate_node_name(&"a".repeat(255))), None);
        assert_eq!(at(validate_node_name(&"a".repeat(256))), Some((254, P::TooLong { max: 255 })));
    }

    /// The cases of rmw's `test_validate_namespace.cpp` and `test_validate_full_topic_name.cpp`.
    #[test]
    fn absolute_names_as_rmw() {
        let words = "letters, digits, `_` and `/`";
        assert_eq!(at(validate_namespace("/")), None);
        assert_eq!(at(validate_topic_name("/")), Some((0, P::TrailingSlash)));
        for check in [validate_namespace, validate_topic_name] {
            assert_eq!(at(check("/my_ns/_x2")), None);
            assert_eq!(at(check("")), Some((0, P::Empty)));
            assert_eq!(at(check("not_absolute")), Some((0, P::NotAbsolute)));
            assert_eq!(at(check("/ends/")), Some((5, P::TrailingSlash)));
            assert_eq!(at(check("/unallowed/@chars")), Some((11, bad('@', words))));
            assert_eq!(at(check("/with{sub}")), Some((5, bad('{', words))));
            assert_eq!(at(check("/re//peated")), Some((4, P::RepeatedSlash)));
            assert_eq!(at(check("//repeated")), Some((1, P::RepeatedSlash)));
            assert_eq!(at(check("/token/7start")), Some((7, P::StartsWithDigit)));
        }
        assert_eq!(at(validate_topic_name(&format!("/{}", "a".repeat(246)))), None);
        let long = format!("/{}", "a".repeat(247));
        assert_eq!(at(validate_topic_name(&long)), Some((246, P::TooLong { max: 247 })));
        assert_eq!(at(validate_namespace(&long)), Some((244, P::TooLong { max: 245 })));
    }

    /// The cases of rcl's `test_validate_topic_name.cpp`.
    #[test]
    fn written_names_as_rcl() {
        for good in ["chatter", "{node}/chatter", "~", "~/chatter", "/a/{b_1}", "a_b/_c"] {
            assert_eq!(at(validate_written(good)), None, "{good}");
        }
        let table = [
            ("", 0, P::Empty),
            ("/", 0, P::TrailingSlash),
            ("ends/", 4, P::TrailingSlash),
            ("7starts", 0, P::StartsWithDigit),
            ("a/7b", 2, P::StartsWithDigit),
            ("foo/{4bar}", 5, P::StartsWithDigit),
            ("foo/{bar", 4, P::UnbalancedBraces),
            ("foo/bar}", 7, P::UnbalancedBraces),
            ("foo/{{bar}_baz}", 5, bad('{', "letters, digits and `_` within braces")),
            ("foo/{a/b}", 6, bad('/', "letters, digits and `_` within braces")),
            ("foo/~bar", 4, P::MisplacedTilde),
            ("~bar", 1, P::TildeWithoutSlash),
            ("~b", 1, P::TildeWithoutSlash),
            ("wh at", 2, bad(' ', "letters, digits, `_`, `/`, `~`, `{` and `}`")),
        ];
        for (name, index, problem) in table {
            assert_eq!(at(validate_written(name)), Some((index, problem)), "{name}");
        }
    }

    #[test]
    fn the_message_names_the_place() {
        let text = validate_node_name("my-node").unwrap_err().to_string();
        assert_eq!(
            text,
            "invalid node name `my-node`: character '-' is not allowed, use letters, digits and `_` (at character 2)"
        );
    }
}
