//! A way by TLS for a browser that speaks plain HTTP: what it sends to the tunnel goes on encrypted.

use super::servers::{HOST, Paper};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

/// Runs as long as the test.
pub(super) struct Tunnel {
    addr: SocketAddr,
}

impl Tunnel {
    pub(super) async fn start(server: SocketAddr, paper: &Paper) -> Self {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(paper.certificate()).unwrap() {
            roots.add(certificate.unwrap()).unwrap();
        }
        let config =
            ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let connector = connector.clone();
                tokio::spawn(async move {
                    let far = TcpStream::connect(server).await.unwrap();
                    let name = ServerName::try_from(HOST).unwrap();
                    // A server that ends the connection first is no failure of the tunnel.
                    if let Ok(mut far) = connector.connect(name, far).await {
                        let _ = copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
        });
        Self { addr }
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }
}
