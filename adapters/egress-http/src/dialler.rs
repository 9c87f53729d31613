//! Connections to addresses.

use crate::chain;
use crate::connection::HttpConnection;
use crate::line::Line;
use crate::pool::Pool;
use async_trait::async_trait;
use hyper_util::rt::TokioIo;
use ports::Dial;
use ports::egress::{Connection, Peer};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Connects by TCP, speaks TLS where it is asked to, and keeps connections that can serve again.
///
/// Connections are tasks of the executor they were made on, so a dialler belongs to one executor.
#[derive(Clone)]
pub struct HttpDialler {
    pub(crate) tls: TlsConnector,
    pub(crate) pool: Pool,
}

impl std::fmt::Debug for HttpDialler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HttpDialler")
    }
}

impl HttpDialler {
    /// A dialler that trusts the public certificate authorities. The error says why TLS cannot be set up.
    pub fn new() -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        Self::trusting(roots)
    }

    /// A dialler that trusts `roots`. Cryptography is chosen here and not taken from a process-wide default.
    pub(crate) fn trusting(roots: RootCertStore) -> Result<Self, String> {
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS cannot be set up: {error}"))?;
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { tls: TlsConnector::from(Arc::new(config)), pool: Pool::default() })
    }

    /// A new connection.
    pub(crate) async fn dial(&self, peer: &Peer) -> Result<Line, String> {
        let stream = TcpStream::connect(peer.address).await.map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        if !peer.secure {
            return Line::on(TokioIo::new(stream)).await;
        }
        let name = ServerName::try_from(peer.name.clone()).map_err(|error| error.to_string())?;
        let stream = self.tls.connect(name, stream).await.map_err(|error| chain(&error))?;
        Line::on(TokioIo::new(stream)).await
    }

    fn connection(&self, peer: &Peer, line: Line, used: bool) -> Box<dyn Connection> {
        Box::new(HttpConnection { dialler: self.clone(), peer: peer.clone(), line, used })
    }
}

#[async_trait(?Send)]
impl Dial for HttpDialler {
    async fn connect(&self, peer: &Peer) -> Result<Box<dyn Connection>, String> {
        while let Some(mut line) = self.pool.take(peer) {
            if line.is_ready().await {
                return Ok(self.connection(peer, line, true));
            }
        }
        Ok(self.connection(peer, self.dial(peer).await?, false))
    }
}
