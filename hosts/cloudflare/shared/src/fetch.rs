//! Requests to other Workers and to the outside.

use crate::headers::{plain, platform};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::header::CONTENT_LENGTH;
use http::{Request, Response, StatusCode};
use ports::Fetch;
use ports::egress::ConnectionBody;
use worker::js_sys::Uint8Array;
use worker::wasm_bindgen::JsValue;
use worker::{AbortController, ByteStream, Env, Fetcher, Method, RequestInit, RequestRedirect};

/// The outside, by the platform's `fetch`. Nobody but the egress broker's adapter has it.
#[derive(Debug, Clone, Copy)]
pub struct Outside;

/// Another Worker of this host, by a service binding.
#[derive(Debug, Clone)]
pub struct Binding(Fetcher);

impl Binding {
    /// The binding `name`, if it is there.
    pub fn of(env: &Env, name: &str) -> Option<Self> {
        env.service(name).ok().map(Self)
    }
}

#[async_trait(?Send)]
impl Fetch for Outside {
    async fn fetch(&self, request: Request<Bytes>) -> Result<Response<Box<dyn ConnectionBody>>, String> {
        let request = sent(&request)?;
        let controller = AbortController::default();
        let signal = controller.signal();
        let given_up = GivenUp(Some(controller));
        let response =
            worker::Fetch::Request(request).send_with_signal(&signal).await.map_err(|why| why.to_string())?;
        arrived(response, Some(given_up))
    }
}

#[async_trait(?Send)]
impl Fetch for Binding {
    async fn fetch(&self, request: Request<Bytes>) -> Result<Response<Box<dyn ConnectionBody>>, String> {
        let response = self.0.fetch_request(sent(&request)?).await.map_err(|why| why.to_string())?;
        arrived(response, None)
    }
}

/// The request as the platform sends it. It follows nothing.
pub fn sent(request: &Request<Bytes>) -> Result<worker::Request, String> {
    let mut init = RequestInit::new();
    init.with_method(Method::from(request.method().as_str().to_owned()));
    init.with_headers(platform(request.headers())).with_redirect(RequestRedirect::Manual);
    if !request.body().is_empty() {
        init.with_body(Some(JsValue::from(Uint8Array::from(request.body().as_ref()))));
    }
    worker::Request::new_with_init(&request.uri().to_string(), &init).map_err(|why| why.to_string())
}

/// The answer, its body still to come.
fn arrived(
    mut response: worker::Response,
    given_up: Option<GivenUp>,
) -> Result<Response<Box<dyn ConnectionBody>>, String> {
    let headers = plain(response.headers());
    let status = StatusCode::from_u16(response.status_code()).map_err(|why| why.to_string())?;
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    // An encoded body is decoded on the way, and has another length then.
    let announced = announced.filter(|_| !headers.contains_key(http::header::CONTENT_ENCODING));
    // A body that is not there is one of nothing.
    let coming = response.stream().ok();
    let expected = announced.filter(|_| coming.is_some());
    let body: Box<dyn ConnectionBody> = Box::new(Coming { coming, expected, given_up });
    let mut response = Response::new(body);
    (*response.status_mut(), *response.headers_mut()) = (status, headers);
    Ok(response)
}

/// Ends the exchange when it is dropped before it was over.
struct GivenUp(Option<AbortController>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        if let Some(controller) = self.0.take() {
            controller.abort();
        }
    }
}

/// A body that comes.
struct Coming {
    coming: Option<ByteStream>,
    /// How many bytes are still to come, if the head said it.
    expected: Option<u64>,
    given_up: Option<GivenUp>,
}

#[async_trait(?Send)]
impl ConnectionBody for Coming {
    fn announced(&self) -> u64 {
        self.expected.unwrap_or_default()
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, String> {
        while let Some(coming) = &mut self.coming {
            match coming.next().await {
                Some(Ok(piece)) if piece.is_empty() => {}
                Some(Ok(piece)) => {
                    self.expected = self.expected.map(|left| left.saturating_sub(piece.len() as u64));
                    return Ok(Some(piece.into()));
                }
                Some(Err(why)) => {
                    self.coming = None;
                    return Err(why.to_string());
                }
                None => self.coming = None,
            }
        }
        if let Some(GivenUp(controller)) = &mut self.given_up {
            // It is over by itself.
            *controller = None;
        }
        match self.expected.take() {
            Some(left) if left > 0 => Err(format!("it ended {left} bytes before its length")),
            _ => Ok(None),
        }
    }
}
