//! Requests as functions read them.

use crate::headers::plain;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http::header::CONTENT_LENGTH;
use http::{Method, Request, Uri};
use ports::Problem;
use ports::problem::Fault;

/// The request, read to its end, if its body has at most `most` bytes. Reading stops there.
pub async fn read(mut request: worker::Request, most: usize) -> Result<Request<Bytes>, Problem> {
    let headers = plain(request.headers());
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|announced| announced > most) {
        return Err(too_large(most));
    }
    let method = request.inner().method();
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| unreadable("the method"))?;
    let url = request.url().map_err(|_| unreadable("the URL"))?;
    let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let uri: Uri = path.parse().map_err(|_| unreadable("the path"))?;
    let body = match announced {
        // The platform delivers no more than was announced, and all at once is cheaper than piece by piece.
        Some(_) => body(&mut request, most).await?,
        None => pieces(&mut request, most).await?,
    };
    let mut read = Request::new(body);
    (*read.method_mut(), *read.uri_mut(), *read.headers_mut()) = (method, uri, headers);
    Ok(read)
}

/// The body of a request, all at once: for those that say how long they are, and those of this host's own Workers.
pub async fn body(request: &mut worker::Request, most: usize) -> Result<Bytes, Problem> {
    let body = request.bytes().await.map_err(|_| broken_off())?;
    if body.len() > most { Err(too_large(most)) } else { Ok(body.into()) }
}

/// The body of a request that does not say how long it is. What is too long is not read to its end.
async fn pieces(request: &mut worker::Request, most: usize) -> Result<Bytes, Problem> {
    if request.inner().body().is_none() {
        return Ok(Bytes::new());
    }
    let mut pieces = request.stream().map_err(|_| broken_off())?;
    let mut body = BytesMut::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| broken_off())?;
        if body.len() + piece.len() > most {
            return Err(too_large(most));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}

fn too_large(most: usize) -> Problem {
    Fault::BodyTooLarge.because(format!("at most {most} bytes are read"))
}

fn broken_off() -> Problem {
    Fault::MalformedJson.because("the body ended before its length")
}

fn unreadable(what: &str) -> Problem {
    Fault::UnknownRoute.because(format!("{what} cannot be read"))
}
