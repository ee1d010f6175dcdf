//! What can be wrong with given parameters, and where they came from.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::{Refusal, SchemaError};

/// Where a value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In a parameter file.
    File {
        /// The file.
        path: Arc<Path>,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// After `-p` on the command line.
    Argument {
        /// The argument.
        text: Arc<str>,
    },
}

/// `planning.yaml:12:16` or `-p max_speed:=55`.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Argument { text } => write!(f, "-p {text}"),
        }
    }
}

/// A parameter file, argument or value that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParamError {
    /// The file cannot be read.
    #[error("cannot read the parameter file {path}", path = path.display())]
    Read {
        /// The file.
        path: Arc<Path>,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is larger than any parameter file should be.
    #[error("{path}: the parameter file has more than {limit} bytes; split it or check that it is one", path = path.display())]
    TooLarge {
        /// The file.
        path: Arc<Path>,
        /// The limit, bytes.
        limit: u64,
    },
    /// It is not YAML, or not the YAML of a parameter file.
    #[error("{origin}: {problem}")]
    Syntax {
        /// Where.
        origin: Origin,
        /// What is wrong and what to write instead.
        problem: String,
    },
    /// The node has no such parameter.
    #[error(transparent)]
    Unknown(#[from] UnknownParameter),
    /// The value is not allowed.
    #[error("{origin}: {refusal}")]
    Refused {
        /// Where it is set.
        origin: Origin,
        /// Why.
        refusal: Box<Refusal>,
    },
    /// Each value is allowed, but not all of them together.
    #[error("the parameters of {node} do not go together: {problem}")]
    Rejected {
        /// The node's full name.
        node: String,
        /// What its `Deserialize` says.
        problem: String,
    },
    /// The struct cannot be a node's parameters: a mistake in the program.
    #[error(transparent)]
    Schema(#[from] SchemaError),
}

/// A value for a parameter that the node does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin}: unknown parameter {name}{}", did_you_mean(suggestion.as_deref()))]
pub struct UnknownParameter {
    /// Where it is set.
    pub origin: Origin,
    /// The name as written.
    pub name: String,
    /// The name that may have been meant.
    pub suggestion: Option<String>,
}

/// `; did you mean max_speed?`, or nothing.
pub(super) fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map(|name| format!("; did you mean {name}?")).unwrap_or_default()
}
