//! Requests to other components and to the outside, as far as the manifest lets this component.

use crate::io::{Incoming, exchange};
use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use ports::Fetch;
use ports::egress::ConnectionBody;
use wasi::http::types::{Fields, IncomingResponse, Method, OutgoingRequest, Scheme as WasiScheme};

/// The host's way out.
#[derive(Debug, Clone, Copy)]
pub struct WasiFetch;

#[async_trait(?Send)]
impl Fetch for WasiFetch {
    async fn fetch(&self, request: Request<Bytes>) -> Result<Response<Box<dyn ConnectionBody>>, String> {
        let (mut head, body) = request.into_parts();
        if !body.is_empty() || head.method == http::Method::POST || head.method == http::Method::PUT {
            head.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        }
        arrived(exchange(outgoing(&head)?, &body).await?)
    }
}

fn outgoing(head: &http::request::Parts) -> Result<OutgoingRequest, String> {
    let outgoing = OutgoingRequest::new(fields(&head.headers)?);
    let refused = |what: &str| format!("the host takes no such {what}");
    let secure = head.uri.scheme() != Some(&Scheme::HTTP);
    let scheme = if secure { WasiScheme::Https } else { WasiScheme::Http };
    outgoing.set_method(&method(&head.method)).map_err(|()| refused("method"))?;
    outgoing.set_scheme(Some(&scheme)).map_err(|()| refused("scheme"))?;
    outgoing.set_authority(head.uri.authority().map(Authority::as_str)).map_err(|()| refused("host"))?;
    outgoing.set_path_with_query(head.uri.path_and_query().map(PathAndQuery::as_str)).map_err(|()| refused("path"))?;
    Ok(outgoing)
}

/// Headers as the host takes them. It writes that of the host itself.
pub fn fields(headers: &HeaderMap) -> Result<Fields, String> {
    let entries = headers.iter().filter(|(name, _)| *name != HOST);
    let entries: Vec<_> = entries.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
    Fields::from_list(&entries).map_err(|why| format!("the host takes no such header: {why}"))
}

/// Headers of the host. What cannot be a header here is left out.
pub fn headers(fields: &Fields) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields.entries() {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(&value)) {
            headers.append(name, value);
        }
    }
    headers
}

fn method(method: &http::Method) -> Method {
    match *method {
        http::Method::GET => Method::Get,
        http::Method::HEAD => Method::Head,
        http::Method::POST => Method::Post,
        http::Method::PUT => Method::Put,
        http::Method::DELETE => Method::Delete,
        http::Method::PATCH => Method::Patch,
        http::Method::OPTIONS => Method::Options,
        ref other => Method::Other(other.to_string()),
    }
}

/// The answer, its body still to come.
fn arrived(incoming: IncomingResponse) -> Result<Response<Box<dyn ConnectionBody>>, String> {
    let headers = headers(&incoming.headers());
    let status = StatusCode::from_u16(incoming.status()).map_err(|why| why.to_string())?;
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let coming = incoming.consume().map_err(|()| "the answer is read already".to_owned())?;
    let body: Box<dyn ConnectionBody> =
        Box::new(Coming { coming: Incoming::of(coming)?, expected: announced, _exchange: incoming });
    let mut response = Response::new(body);
    (*response.status_mut(), *response.headers_mut()) = (status, headers);
    Ok(response)
}

/// A body that comes. Dropped before its end, it ends the exchange.
struct Coming {
    coming: Incoming,
    /// How many bytes are still to come, if the head said it.
    expected: Option<u64>,
    _exchange: IncomingResponse,
}

#[async_trait(?Send)]
impl ConnectionBody for Coming {
    fn announced(&self) -> u64 {
        self.expected.unwrap_or_default()
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, String> {
        if let Some(piece) = self.coming.next().await? {
            self.expected = self.expected.map(|left| left.saturating_sub(piece.len() as u64));
            return Ok(Some(piece));
        }
        match self.expected.take() {
            Some(left) if left > 0 => Err(format!("it ended {left} bytes before its length")),
            _ => Ok(None),
        }
    }
}
