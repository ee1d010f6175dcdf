//! Certificates of the vehicle link: where they lie in a folder, and how a development CA issues them.
//!
//! ```text
//! DIR/ca.crt  DIR/ca.key                            the authority; the key stays with who issues
//! DIR/cloud.crt  DIR/cloud.key                      of the cloud's router
//! DIR/vehicles/TENANT/VEHICLE.crt  .key             of a vehicle: goes there with ca.crt, in the same places
//! DIR/fleets/TENANT.crt  .key                       of a process that stands for many vehicles
//! ```

mod issue;

use std::path::{Path, PathBuf};

use bridge_proto::Holder;

pub use issue::Authority;

/// Why a certificate can't be found or made.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// A file that is needed is not there.
    #[error("{what} is missing: {}; {hint}", path.display())]
    Missing {
        /// Which.
        what: &'static str,
        /// Where it is looked for.
        path: PathBuf,
        /// How to get it.
        hint: &'static str,
    },
    /// A file that would be overwritten.
    #[error("{} is there already, and nothing is overwritten: remove it first, or take another folder", .0.display())]
    Exists(PathBuf),
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Longer than X.509 allows.
    #[error(
        "{0:?} is too long for a certificate: tenant and vehicle have to be at most 63 characters together"
    )]
    NameTooLong(String),
    /// The library refuses.
    #[error("{what}: {source}")]
    Certificate {
        /// What was to be made or read.
        what: String,
        /// Why not.
        source: rcgen::Error,
    },
}

/// A certificate with its private key, as PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPair {
    /// Certificate.
    pub certificate: PathBuf,
    /// Private key, PKCS #8.
    pub key: PathBuf,
}

impl KeyPair {
    /// It, if both files are there. `hint` says how to get them.
    pub fn checked(self, what: &'static str, hint: &'static str) -> Result<Self, PkiError> {
        for path in [&self.certificate, &self.key] {
            existing(path, what, hint)?;
        }
        Ok(self)
    }
}

/// A folder of certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PkiDir(PathBuf);

impl PkiDir {
    /// At a path; nothing is looked at yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The authority's certificate and key.
    pub fn ca(&self) -> KeyPair {
        self.pair("ca")
    }

    /// Those of the cloud's router.
    pub fn cloud(&self) -> KeyPair {
        self.pair("cloud")
    }

    /// Those of a vehicle or of a fleet.
    pub fn holder(&self, holder: &Holder) -> KeyPair {
        match holder {
            Holder::Vehicle(scope) => self.pair(&format!("vehicles/{}/{}", scope.tenant(), scope.vehicle())),
            Holder::Fleet { tenant } => self.pair(&format!("fleets/{tenant}")),
        }
    }

    fn pair(&self, stem: &str) -> KeyPair {
        // Not `with_extension`: names may have dots.
        KeyPair { certificate: self.0.join(format!("{stem}.crt")), key: self.0.join(format!("{stem}.key")) }
    }

    /// The authority's certificate, which both ends need.
    pub fn ca_certificate(&self) -> Result<PathBuf, PkiError> {
        let path = self.ca().certificate;
        existing(&path, "the certificate of the authority", "`atlas pki init` makes one; copy it here")?;
        Ok(path)
    }
}

fn existing(path: &Path, what: &'static str, hint: &'static str) -> Result<(), PkiError> {
    if path.is_file() { Ok(()) } else { Err(PkiError::Missing { what, path: path.to_owned(), hint }) }
}
