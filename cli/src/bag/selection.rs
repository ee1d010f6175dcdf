//! Which topics, by name and by expression.

use anyhow::{Context, Result};
use regex::Regex;

use crate::graph_names::absolute;

/// Topics that are wanted.
pub struct Selection {
    names: Option<Vec<String>>,
    regex: Option<Regex>,
    excluded: Vec<String>,
    exclude_regex: Option<Regex>,
}

impl Selection {
    /// With neither names nor an expression, all are wanted.
    pub fn new(
        names: &[String],
        regex: Option<&str>,
        excluded: &[String],
        exclude_regex: Option<&str>,
    ) -> Result<Self> {
        let full = |names: &[String]| names.iter().map(|n| absolute(n)).collect::<Result<Vec<_>>>();
        let compile = |r: Option<&str>| {
            r.map(|r| Regex::new(r).with_context(|| format!("`{r}` is not a regular expression"))).transpose()
        };
        Ok(Self {
            names: if names.is_empty() { None } else { Some(full(names)?) },
            regex: compile(regex)?,
            excluded: full(excluded)?,
            exclude_regex: compile(exclude_regex)?,
        })
    }

    /// The topics that are wanted by name.
    pub fn names(&self) -> &[String] {
        self.names.as_deref().unwrap_or_default()
    }

    /// Whether a topic is wanted.
    pub fn wants(&self, topic: &str) -> bool {
        let by_name = self.names.as_ref().is_some_and(|n| n.iter().any(|n| n == topic));
        let by_regex = self.regex.as_ref().is_some_and(|r| r.is_match(topic));
        let wanted = by_name || by_regex || (self.names.is_none() && self.regex.is_none());
        let excluded = self.excluded.iter().any(|n| n == topic)
            || self.exclude_regex.as_ref().is_some_and(|r| r.is_match(topic));
        wanted && !excluded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_expressions() {
        let own = |list: &[&str]| list.iter().map(|s| (*s).to_string()).collect::<Vec<_>>();
        let all = Selection::new(&[], None, &own(&["/a"]), Some("^/x/")).unwrap();
        assert!(all.wants("/b") && !all.wants("/a") && !all.wants("/x/y"));
        let some = Selection::new(&own(&["a"]), Some("/cam"), &[], None).unwrap();
        assert!(some.wants("/a") && some.wants("/front/cam") && !some.wants("/b"));
        assert!(Selection::new(&[], Some("("), &[], None).is_err());
    }
}
