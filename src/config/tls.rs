//! `[listen.tls]`: certificate and key files, checked to the end here, because the proxy library
//! panics on a bad one.

use super::files;
use super::listen::addresses;
use super::reader::{At, Reader, Section};
use rustls::RootCertStore;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::{PemObject, SectionKind};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Where certificate and key lie; both were read, parsed and found to belong together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tls {
    /// PEM, the server's own certificate first, then the chain.
    pub certificate: PathBuf,
    /// PEM: PKCS#8, PKCS#1 or SEC1.
    pub key: PathBuf,
    /// For so long, in seconds, browsers are told to come over https alone; 0 for not at all.
    pub hsts_seconds: u64,
    /// Where plain HTTP is answered with the way to https.
    pub redirect_from: Vec<SocketAddr>,
}

/// Two years: longer is not asked for by anybody (hstspreload.org).
const HSTS_SECONDS_MAX: u64 = 2 * 365 * 24 * 3_600;

pub(super) fn read(reader: &mut Reader, listen: &Section) -> Option<Tls> {
    let section = listen.inner("tls");
    let certificate = reader.path(&section, "certificate");
    let key = reader.path(&section, "key");
    let hsts_seconds = reader.number(&section, "hsts_seconds", 0, 0..=HSTS_SECONDS_MAX);
    let redirect_from = reader.texts(&section, "redirect_from");
    let redirect_from = addresses(reader, &redirect_from.unwrap_or_default());
    let (certificate, key) = match (certificate, key) {
        (Some(certificate), Some(key)) => (certificate, key),
        (Some(certificate), None) if reader.written(&section, "key").is_none() => {
            reader.problem(&certificate.place, "stands alone; `key` is missing");
            return None;
        }
        (None, Some(key)) if reader.written(&section, "certificate").is_none() => {
            reader.problem(&key.place, "stands alone; `certificate` is missing");
            return None;
        }
        (None, None) => {
            for name in ["hsts_seconds", "redirect_from"] {
                if let Some(place) = reader.written(&section, name) {
                    reader.problem(&place, "stands alone; `certificate` and `key` are missing");
                }
            }
            return None;
        }
        _ => return None,
    };
    let chain = read_chain(reader, &certificate);
    let secret = read_key(reader, &key);
    if let (Some(chain), Some(secret)) = (chain, secret) {
        let provider = rustls::crypto::ring::default_provider();
        if let Err(error) = CertifiedKey::from_der(chain, secret, &provider) {
            reader.problem(
                &key.place,
                match error {
                    rustls::Error::InconsistentKeys(_) => {
                        format!(
                            "is not the key of the certificate {}",
                            certificate.value.display()
                        )
                    }
                    rustls::Error::InvalidCertificate(_) => {
                        format!(
                            "cannot be used with {}: bad certificate",
                            certificate.value.display()
                        )
                    }
                    _ => format!("{}: no kind of key that TLS can use", key.value.display()),
                },
            );
        }
    }
    Some(Tls {
        certificate: certificate.value,
        key: key.value,
        hsts_seconds,
        redirect_from,
    })
}

impl Tls {
    /// The same with the files of another.
    pub(super) fn with_files_of(&self, other: &Self) -> Self {
        Self {
            certificate: other.certificate.clone(),
            key: other.key.clone(),
            ..self.clone()
        }
    }

    /// Reads both files, for the handshakes to come.
    ///
    /// # Errors
    /// Why they cannot be used, without a word of what stands in them.
    pub fn load(&self) -> Result<CertifiedKey, String> {
        let shown = |path: &Path, why: &str| format!("{}: {why}", path.display());
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|_| shown(&self.certificate, "cannot be read as PEM"))?;
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|_| shown(&self.key, "holds no private key in PEM form"))?;
        let provider = rustls::crypto::ring::default_provider();
        CertifiedKey::from_der(chain, key, &provider)
            .map_err(|_| shown(&self.key, "does not belong to the certificate"))
    }
}

/// Whether the certificate is made for a host; `None` when it cannot be read.
pub(super) fn covers(certificate: &Path, host: &str) -> Option<bool> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(bare).ok()?;
    let own = CertificateDer::from_pem_file(certificate).ok()?;
    let parsed = rustls::server::ParsedCertificate::try_from(&own).ok()?;
    Some(rustls::client::verify_server_name(&parsed, &name).is_ok())
}

/// Looks at a file of certificates that are to be trusted.
///
/// # Errors
/// Why it cannot be used, without a word of what stands in it.
pub(super) fn read_roots(path: &Path) -> Result<(), String> {
    let refuse = |why: &str| Err(format!("{}: {why}", path.display()));
    let bytes = match files::read(path, files::MIB) {
        Ok(bytes) => bytes,
        Err(why) => return refuse(&why),
    };
    let items = <(SectionKind, Vec<u8>)>::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>();
    let Ok(items) = items else {
        return refuse("broken PEM");
    };
    if items.is_empty() {
        return refuse("holds no certificate in PEM form");
    }
    let mut store = RootCertStore::empty();
    for (kind, der) in items {
        if kind != SectionKind::Certificate {
            return refuse("holds something besides certificates");
        }
        if store.add(CertificateDer::from(der)).is_err() {
            return refuse("holds a certificate that cannot be trusted");
        }
    }
    Ok(())
}

fn read_file(reader: &mut Reader, path: &At<PathBuf>) -> Option<Vec<u8>> {
    match files::read(&path.value, files::MIB) {
        Ok(bytes) => Some(bytes),
        Err(why) => {
            let message = format!("{}: {why}", path.value.display());
            reader.problem(&path.place, message);
            None
        }
    }
}

fn read_chain(reader: &mut Reader, path: &At<PathBuf>) -> Option<Vec<CertificateDer<'static>>> {
    let bytes = read_file(reader, path)?;
    let shown = path.value.display();
    // What the parser says may quote the file; the operator gets our words instead.
    let message = match CertificateDer::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>() {
        Err(_) => format!("{shown}: broken PEM"),
        Ok(chain) if chain.is_empty() => format!("{shown}: holds no certificate in PEM form"),
        Ok(chain) => {
            let own = chain
                .first()
                .map(rustls::server::ParsedCertificate::try_from);
            if matches!(own, Some(Ok(_))) {
                return Some(chain);
            }
            format!("{shown}: its first certificate cannot be read")
        }
    };
    reader.problem(&path.place, message);
    None
}

fn read_key(reader: &mut Reader, path: &At<PathBuf>) -> Option<PrivateKeyDer<'static>> {
    let bytes = zeroize::Zeroizing::new(read_file(reader, path)?);
    files::warn_if_open(reader, path);
    let message = match PrivateKeyDer::from_pem_slice(&bytes) {
        Ok(key) => return Some(key),
        Err(rustls_pki_types::pem::Error::NoItemsFound) => {
            "holds no private key in PEM form (one with a passphrase cannot be used)"
        }
        Err(_) => "broken PEM",
    };
    reader.problem(&path.place, format!("{}: {message}", path.value.display()));
    None
}
