//! `[push]`: by whose name phones are woken, and by which services.

use super::contacts::address;
use super::files;
use super::login;
use super::public_url::{HostPort, Scheme};
use super::reader::{At, Reader, Section};
use crate::primitives::EmailAddress;
use rustls::SignatureScheme::ECDSA_NISTP256_SHA256;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// Name of the systemd credential with the key.
const KEY_CREDENTIAL: &str = "gerbang-push-key";
/// How long a push service may take for one message, in seconds.
const TIMEOUT_SECONDS: u64 = 10;

/// How phones are woken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Push {
    /// PEM, PKCS#8: a private key on the curve P-256 (RFC 8292 section 2).
    pub key_file: PathBuf,
    /// Whom a push service writes to when something is wrong (RFC 8292 section 2.1).
    pub contact: EmailAddress,
    /// Services besides those of the browsers: host, and port where it is not 443.
    pub hosts: Vec<String>,
    /// Certificates (PEM) by which the services of `hosts` prove themselves; all others do by the system's.
    pub ca_file: Option<PathBuf>,
    /// How long one message may take.
    pub timeout: Duration,
}

impl Push {
    /// Reads the key: PKCS#8 in DER.
    ///
    /// # Errors
    /// Why it cannot be used, without a word of what stands in the file.
    pub fn key(&self) -> Result<Zeroizing<Vec<u8>>, String> {
        read_key(&self.key_file)
    }
}

/// Reads `[push]`; without a key no phone is woken.
pub(super) fn read(
    reader: &mut Reader,
    environment: &BTreeMap<OsString, OsString>,
) -> Option<Push> {
    let section = Section::named("push");
    let contact = address(reader, &section, "contact");
    let key_file = reader.path(&section, "key_file");
    let hosts = read_hosts(reader, &section);
    let ca_file = login::read_ca(reader, &section);
    if ca_file.is_some()
        && reader.written(&section, "hosts").is_none()
        && let Some(place) = reader.written(&section, "ca_file")
    {
        reader.problem(&place, "is for services of `hosts`, and there are none");
    }
    let timeout = reader.number(&section, "timeout_seconds", TIMEOUT_SECONDS, 1..=60);
    let credential = files::credential(environment, KEY_CREDENTIAL);
    let key_file = key_file.or_else(|| {
        let value = credential?;
        let place = section.place("key_file");
        // The credential alone switches nothing on.
        contact.as_ref().map(|_| At { value, place })
    });
    let Some(key_file) = key_file else {
        let keys = ["contact", "hosts", "ca_file", "timeout_seconds"];
        let other = keys.iter().find_map(|key| reader.written(&section, key));
        if let (Some(place), None) = (other, reader.written(&section, "key_file")) {
            reader.problem(&place, "stands in [push] without its `key_file`");
        }
        return None;
    };
    if contact.is_none() && reader.written(&section, "contact").is_none() {
        let message =
            "has no `contact` beside it: push services write there when something is wrong";
        reader.problem(&key_file.place, message);
    }
    match read_key(&key_file.value) {
        Err(why) => reader.problem(&key_file.place, why),
        Ok(_) => files::warn_if_open(reader, &key_file),
    }
    Some(Push {
        key_file: key_file.value,
        contact: contact?.value,
        hosts,
        ca_file,
        timeout: Duration::from_secs(timeout),
    })
}

fn read_hosts(reader: &mut Reader, section: &Section) -> Vec<String> {
    let mut hosts = Vec::new();
    for text in reader.texts(section, "hosts").unwrap_or_default() {
        match HostPort::parse(&text.value, Scheme::Https) {
            Some(host) => hosts.push(host.to_string()),
            None => {
                let message = format!(
                    "{:?} is no host; write it like push.example.go.id, with its port where that is not 443",
                    text.value
                );
                reader.problem(&text.place, message);
            }
        }
    }
    hosts
}

fn read_key(file: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    let refuse = |why: &str| Err(format!("{}: {why}", file.display()));
    let bytes = match files::read(file, files::KIB_4) {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(why) => return refuse(&why),
    };
    let Ok(key) = PrivatePkcs8KeyDer::from_pem_slice(&bytes) else {
        return refuse("holds no private key as PKCS#8 in PEM form");
    };
    let key = Zeroizing::new(PrivateKeyDer::Pkcs8(key));
    let signer = rustls::crypto::ring::sign::any_ecdsa_type(&key);
    let fits = signer.is_ok_and(|one| one.choose_scheme(&[ECDSA_NISTP256_SHA256]).is_some());
    if !fits {
        return refuse("its key is not on the curve P-256");
    }
    Ok(Zeroizing::new(key.secret_der().to_vec()))
}
