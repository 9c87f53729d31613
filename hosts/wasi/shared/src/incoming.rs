//! Requests as functions read them.

use crate::fetch::headers;
use crate::io::Incoming;
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, HOST, HeaderValue};
use http::{Request, Uri};
use ports::Problem;
use ports::problem::Fault;
use wasi::http::types::{IncomingRequest, Method};

/// The request, read to its end, if its body has at most `most` bytes. Reading stops there.
pub async fn read(incoming: IncomingRequest, most: usize) -> Result<Request<Bytes>, Problem> {
    let mut headers = headers(&incoming.headers());
    // Hosts keep this header to themselves and say apart whom the request was addressed to.
    if let Some(authority) = incoming.authority().and_then(|authority| HeaderValue::try_from(authority).ok()) {
        headers.insert(HOST, authority);
    }
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|announced| announced > most) {
        return Err(too_large(most));
    }
    let method = method(&incoming.method())?;
    let path = incoming.path_with_query().unwrap_or_else(|| "/".to_owned());
    let uri: Uri = path.parse().map_err(|_| Fault::UnknownRoute.because("the path cannot be read"))?;
    let mut read = Request::new(body(incoming, most).await?);
    (*read.method_mut(), *read.uri_mut(), *read.headers_mut()) = (method, uri, headers);
    Ok(read)
}

async fn body(incoming: IncomingRequest, most: usize) -> Result<Bytes, Problem> {
    let broken_off = |_: String| Fault::MalformedJson.because("the body ended before its length");
    let coming = incoming.consume().map_err(|()| broken_off(String::new()))?;
    let mut pieces = Incoming::of(coming).map_err(broken_off)?;
    let mut body = BytesMut::new();
    while let Some(piece) = pieces.next().await.map_err(broken_off)? {
        if body.len() + piece.len() > most {
            return Err(too_large(most));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}

fn method(method: &Method) -> Result<http::Method, Problem> {
    let known = match method {
        Method::Get => http::Method::GET,
        Method::Head => http::Method::HEAD,
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
        Method::Delete => http::Method::DELETE,
        Method::Connect => http::Method::CONNECT,
        Method::Options => http::Method::OPTIONS,
        Method::Trace => http::Method::TRACE,
        Method::Patch => http::Method::PATCH,
        Method::Other(other) => http::Method::from_bytes(other.as_bytes())
            .map_err(|_| Fault::MethodNotAllowed.because("the method cannot be read"))?,
    };
    Ok(known)
}

fn too_large(most: usize) -> Problem {
    Fault::BodyTooLarge.because(format!("at most {most} bytes are read"))
}
