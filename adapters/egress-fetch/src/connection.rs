//! One exchange, by one `fetch`.

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HOST};
use http::uri::{Authority, Scheme, Uri};
use http::{Request, Response};
use ports::egress::{Connection, ConnectionBody, ExchangeError, Peer};
use ports::{Dial, Fetch};
use std::net::IpAddr;
use std::rc::Rc;

/// Leaves connecting to the platform: what is called a connection here is the right to one exchange with one origin.
#[derive(Clone)]
pub struct FetchDialler {
    fetch: Rc<dyn Fetch>,
}

impl std::fmt::Debug for FetchDialler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FetchDialler")
    }
}

impl FetchDialler {
    /// By `fetch`.
    pub fn new(fetch: Rc<dyn Fetch>) -> Self {
        Self { fetch }
    }
}

#[async_trait(?Send)]
impl Dial for FetchDialler {
    async fn connect(&self, peer: &Peer) -> Result<Box<dyn Connection>, String> {
        Ok(Box::new(Origin { fetch: Rc::clone(&self.fetch), authority: authority(peer)?, secure: peer.secure }))
    }
}

/// Name and port of a peer, as they stand in a URL; the scheme's own port is left out, as `fetch` itself would.
fn authority(peer: &Peer) -> Result<Authority, String> {
    let name = match peer.name.parse() {
        Ok(IpAddr::V6(address)) => format!("[{address}]"),
        _ => peer.name.clone(),
    };
    let own = if peer.secure { 443 } else { 80 };
    let port = peer.address.port();
    let text = if port == own { name } else { format!("{name}:{port}") };
    text.parse().map_err(|_| "its name cannot stand in a URL".to_owned())
}

struct Origin {
    fetch: Rc<dyn Fetch>,
    authority: Authority,
    secure: bool,
}

#[async_trait(?Send)]
impl Connection for Origin {
    async fn exchange(
        self: Box<Self>,
        mut request: Request<Bytes>,
    ) -> Result<Response<Box<dyn ConnectionBody>>, ExchangeError> {
        let scheme = if self.secure { Scheme::HTTPS } else { Scheme::HTTP };
        let path = request.uri().path_and_query().cloned();
        let uri = Uri::builder().scheme(scheme).authority(self.authority);
        let uri = uri.path_and_query(path.map_or_else(|| "/".to_owned(), |path| path.as_str().to_owned())).build();
        *request.uri_mut() = uri.map_err(|why| ExchangeError::Unsent(why.to_string()))?;
        // The platform writes it, from the URL.
        request.headers_mut().remove(HOST);
        let mut response = self.fetch.fetch(request).await.map_err(ExchangeError::Interrupted)?;
        // A body that was encoded was decoded on the way: what the head says of it is not true any more.
        if response.headers_mut().remove(CONTENT_ENCODING).is_some() {
            response.headers_mut().remove(CONTENT_LENGTH);
        }
        Ok(response)
    }
}
