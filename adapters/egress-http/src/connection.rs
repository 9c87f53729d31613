//! One exchange on a connection, which may serve others before and after it.

use crate::dialler::HttpDialler;
use crate::line::Line;
use crate::{chain, pool::Pool};
use async_trait::async_trait;
use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderMap};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use ports::egress::{Connection, ConnectionBody, ExchangeError, Peer};

/// A connection to a peer that was checked.
pub struct HttpConnection {
    /// Where another connection to the same peer comes from.
    pub dialler: HttpDialler,
    /// The peer.
    pub peer: Peer,
    /// The connection itself.
    pub line: Line,
    /// Whether it served an exchange before, so that the peer may be about to hang up.
    pub used: bool,
}

#[async_trait(?Send)]
impl Connection for HttpConnection {
    async fn exchange(
        self: Box<Self>,
        request: Request<Bytes>,
    ) -> Result<Response<Box<dyn ConnectionBody>>, ExchangeError> {
        let Self { dialler, peer, mut line, used } = *self;
        let keeps = !binds_connection(request.headers());
        let response = match line.sender.try_send_request(request.map(Full::new)).await {
            Ok(response) => response,
            Err(mut failed) => match failed.take_message() {
                // It ended while it waited, and nothing of the request was sent: as good as a connection never made.
                Some(request) if used => {
                    line = dialler.dial(&peer).await.map_err(ExchangeError::Unsent)?;
                    line.sender.send_request(request).await.map_err(|error| broken(&error))?
                }
                Some(_) => return Err(ExchangeError::Unsent(chain(failed.error()))),
                None => return Err(broken(failed.error())),
            },
        };
        let home = keeps.then_some((dialler.pool, peer));
        Ok(response.map(|incoming| -> Box<dyn ConnectionBody> {
            let mut body = HttpBody { incoming, line: Some(line), home };
            if body.incoming.is_end_stream() {
                body.ended();
            }
            Box::new(body)
        }))
    }
}

/// Whether the headers log the whole connection in, and not only the request.
fn binds_connection(headers: &HeaderMap) -> bool {
    let scheme = |value: &http::HeaderValue| value.as_bytes().split(|byte| *byte == b' ').next().map(<[u8]>::to_vec);
    let bound = |scheme: Vec<u8>| scheme.eq_ignore_ascii_case(b"ntlm") || scheme.eq_ignore_ascii_case(b"negotiate");
    headers.get_all(AUTHORIZATION).iter().filter_map(scheme).any(bound)
}

/// A body with the connection it comes on, which is closed when this is dropped before the end.
struct HttpBody {
    incoming: Incoming,
    line: Option<Line>,
    /// Where the connection goes when the body ended.
    home: Option<(Pool, Peer)>,
}

impl HttpBody {
    fn ended(&mut self) {
        if let (Some(line), Some((pool, peer))) = (self.line.take(), self.home.take()) {
            pool.put(peer, line);
        }
    }
}

#[async_trait(?Send)]
impl ConnectionBody for HttpBody {
    fn announced(&self) -> u64 {
        self.incoming.size_hint().lower()
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, String> {
        while let Some(frame) = self.incoming.frame().await {
            // Trailers are not of the body.
            let Ok(data) = frame.map_err(|error| chain(&error))?.into_data() else { continue };
            if !data.is_empty() {
                return Ok(Some(data));
            }
        }
        self.ended();
        Ok(None)
    }
}

fn broken(error: &hyper::Error) -> ExchangeError {
    ExchangeError::Interrupted(chain(error))
}
