//! The certificate of the gateway's own TLS, which may be renewed while it serves.

use crate::config::Tls;
use arc_swap::ArcSwap;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::fmt;
use std::sync::Arc;

/// What is shown to whoever connects from now on; connections that are open keep theirs.
pub struct Certificate(ArcSwap<CertifiedKey>);

impl Certificate {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// Why they cannot be used.
    pub fn read(tls: &Tls) -> Result<Self, String> {
        tls.load().map(|key| Self(ArcSwap::from_pointee(key)))
    }

    /// Reads them again; what is bad changes nothing.
    ///
    /// # Errors
    /// Why they cannot be used.
    pub fn renew(&self, tls: &Tls) -> Result<(), String> {
        self.0.store(Arc::new(tls.load()?));
        Ok(())
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificate(..)")
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}
