//! A certificate authority for development: enough for TLS with client certificates, kept in files. Production takes
//! certificates with the same names from its own authority.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use bridge_proto::Holder;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyUsagePurpose,
};

use crate::{KeyPair, PkiDir, PkiError};

/// How long the authority is valid, days.
const CA_DAYS: i64 = 3650;
/// How long what it issues is valid, days.
const ISSUED_DAYS: i64 = 397;
/// Longest common name, RFC 5280 ub-common-name.
const MAX_COMMON_NAME: usize = 64;

/// An authority that can issue.
pub struct Authority {
    dir: PkiDir,
    issuer: Issuer<'static, rcgen::KeyPair>,
}

impl Authority {
    /// Makes a new one, and the cloud's certificate for `localhost`, `127.0.0.1` and the given names.
    pub fn init(dir: &PkiDir, cloud_names: &[String]) -> Result<Self, PkiError> {
        for file in [dir.ca(), dir.cloud()].into_iter().flat_map(|pair| [pair.certificate, pair.key]) {
            if file.exists() {
                return Err(PkiError::Exists(file));
            }
        }
        let mut params = params("AtlasMesh development CA", &[], CA_DAYS)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = new_key()?;
        let certificate = params.self_signed(&key).map_err(|e| error("the authority", e))?;
        write_pair(&dir.ca(), &certificate, &key)?;
        let authority = Self { dir: dir.clone(), issuer: Issuer::new(params, key) };
        let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        names.extend(
            cloud_names.iter().filter(|name| !["localhost", "127.0.0.1"].contains(&name.as_str())).cloned(),
        );
        authority.issue("cloud", &names, ExtendedKeyUsagePurpose::ServerAuth, &dir.cloud())?;
        Ok(authority)
    }

    /// The one that [`Self::init`] made.
    pub fn open(dir: &PkiDir) -> Result<Self, PkiError> {
        let ca = dir.ca().checked("the authority", "`atlas pki init` makes it")?;
        let key = rcgen::KeyPair::from_pem(&read(&ca.key)?).map_err(|e| error(ca.key.display(), e))?;
        let issuer = Issuer::from_ca_cert_pem(&read(&ca.certificate)?, key)
            .map_err(|e| error(ca.certificate.display(), e))?;
        Ok(Self { dir: dir.clone(), issuer })
    }

    /// Issues the certificate of a vehicle or a fleet.
    pub fn issue_to(&self, holder: &Holder) -> Result<KeyPair, PkiError> {
        let pair = self.dir.holder(holder);
        self.issue(&holder.common_name(), &[], ExtendedKeyUsagePurpose::ClientAuth, &pair)?;
        Ok(pair)
    }

    fn issue(
        &self,
        common_name: &str,
        names: &[String],
        usage: ExtendedKeyUsagePurpose,
        pair: &KeyPair,
    ) -> Result<(), PkiError> {
        let mut params = params(common_name, names, ISSUED_DAYS)?;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        let key = new_key()?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(|e| error(common_name, e))?;
        write_pair(pair, &certificate, &key)
    }
}

fn params(common_name: &str, names: &[String], days: i64) -> Result<CertificateParams, PkiError> {
    if common_name.len() > MAX_COMMON_NAME {
        return Err(PkiError::NameTooLong(common_name.into()));
    }
    let mut params = CertificateParams::new(names).map_err(|e| error(names.join(", "), e))?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "AtlasMesh");
    params.distinguished_name.push(DnType::CommonName, common_name);
    // From yesterday on, for vehicles whose clock is behind.
    (params.not_before, params.not_after) = (date(-1), date(days));
    Ok(params)
}

/// So many days from now.
fn date(days: i64) -> rcgen_time::OffsetDateTime {
    const SECONDS_PER_DAY: i64 = 86_400;
    let seconds = jiff::Timestamp::now().as_second() + days * SECONDS_PER_DAY;
    rcgen_time::OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(rcgen_time::OffsetDateTime::UNIX_EPOCH)
}

fn new_key() -> Result<rcgen::KeyPair, PkiError> {
    rcgen::KeyPair::generate().map_err(|e| error("a key", e))
}

fn error(what: impl ToString, source: rcgen::Error) -> PkiError {
    PkiError::Certificate { what: what.to_string(), source }
}

fn read(path: &Path) -> Result<String, PkiError> {
    fs::read_to_string(path).map_err(|source| PkiError::Io { path: path.to_owned(), source })
}

fn write_pair(pair: &KeyPair, certificate: &Certificate, key: &rcgen::KeyPair) -> Result<(), PkiError> {
    if let Some(folder) = pair.key.parent() {
        fs::create_dir_all(folder).map_err(|source| PkiError::Io { path: folder.to_owned(), source })?;
    }
    // The key first: its absence would be noticed last.
    write_new(&pair.key, &key.serialize_pem(), 0o600)?;
    write_new(&pair.certificate, &certificate.pem(), 0o644)
}

fn write_new(path: &Path, text: &str, mode: u32) -> Result<(), PkiError> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let written = opened.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    written.map_err(|source| match source.kind() {
        std::io::ErrorKind::AlreadyExists => PkiError::Exists(path.to_owned()),
        _ => PkiError::Io { path: path.to_owned(), source },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bridge_proto::Scope;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn issues_without_overwriting() {
        let folder = tempfile::tempdir().unwrap();
        let dir = PkiDir::new(folder.path());
        assert!(matches!(Authority::open(&dir), Err(PkiError::Missing { .. })));
        Authority::init(&dir, &["fleet.example.org".into(), "10.0.0.5".into()]).unwrap();
        assert!(matches!(Authority::init(&dir, &[]), Err(PkiError::Exists(_))));
        let authority = Authority::open(&dir).unwrap();
        let vehicle = Holder::from(Scope::new("default", "AV.001").unwrap());
        let pair = authority.issue_to(&vehicle).unwrap();
        assert!(pair.certificate.ends_with("vehicles/default/AV.001.crt"));
        assert_eq!(fs::metadata(&pair.key).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(matches!(authority.issue_to(&vehicle), Err(PkiError::Exists(_))));
        assert!(authority.issue_to(&Holder::fleet("default").unwrap()).is_ok());
        let long = Scope::new(&"t".repeat(32), &"v".repeat(32)).unwrap();
        assert!(matches!(authority.issue_to(&long.into()), Err(PkiError::NameTooLong(_))));
    }
}
