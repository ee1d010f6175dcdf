//! What is wrong with a map file, and where.

use std::fmt;
use std::path::PathBuf;

/// A place in a map file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// Line, from 1; 0 if not known.
    pub line: u32,
    /// Id of the road, as in the file.
    pub road: Option<String>,
    /// Id of the lane, as in the file.
    pub lane: Option<i32>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if let Some(road) = &self.road {
            write!(f, ", road {road}")?;
        }
        if let Some(lane) = self.lane {
            write!(f, ", lane {lane}")?;
        }
        Ok(())
    }
}

/// Why a map can't be loaded.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// The file can't be read.
    #[error("{file}: {source}")]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What is in it is not what it should be.
    #[error("{place}: {what}")]
    Content {
        /// Where.
        place: Place,
        /// What is wrong, and what is expected.
        what: String,
    },
}

/// Something in a map file that is not right but can be lived with, e.g. a link to a lane that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Where.
    pub place: Place,
    /// What, and what was made of it.
    pub what: String,
}
