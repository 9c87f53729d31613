//! A request whose form was checked, with its secrets still as references.

use crate::failure::{Outcome, fail, shown};
use crate::secrets::mentions_secret;
use crate::target::Target;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, StatusCode};
use ports::EgressRequest;
use ports::egress::EgressClass::{BadRequest, BadUrl};

/// Most headers of a request, and most bytes of their names and values together.
const HEADERS_MAX: usize = 64;
const HEADER_BYTES_MAX: usize = 16 << 10;
/// Most bytes of a body.
const BODY_BYTES_MAX: usize = 8 << 20;

/// What may be asked. CONNECT and TRACE are for proxies and their authors.
const METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];

/// Headers that are about the connection or the message's frame, and therefore not the caller's.
const NOT_THE_CALLERS: [&str; 14] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// Headers that go on to another host. The others stay behind, because nobody can list the names of all credentials.
const FOR_ANYBODY: [HeaderName; 5] =
    [header::ACCEPT, header::ACCEPT_LANGUAGE, header::CONTENT_LANGUAGE, header::CONTENT_TYPE, header::USER_AGENT];

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A request on its way.
#[derive(Debug, Clone)]
pub struct Message {
    /// Where it goes.
    pub target: Target,
    /// Its headers, secrets as references.
    pub headers: HeaderMap,
    method: Method,
    body: Bytes,
}

impl Message {
    /// Check the form of `request`.
    pub fn read(request: EgressRequest) -> Outcome<Self> {
        let target = Target::parse(&request.url)?;
        let method = METHODS.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(&request.method));
        let Some(method) = method else {
            return fail(BadRequest, format!("{} is no method that can be used here", shown(&request.method)));
        };
        let body = request.body.unwrap_or_default();
        if body.len() > BODY_BYTES_MAX {
            return fail(BadRequest, format!("a body has at most {BODY_BYTES_MAX} bytes"));
        }
        let mut headers = read_headers(&request.headers)?;
        if let Some(key) = request.idempotency_key.filter(|_| !headers.contains_key(&IDEMPOTENCY_KEY)) {
            let key = HeaderValue::from_str(&key).or_else(|_| fail(BadRequest, "the idempotency key is no header"))?;
            headers.insert(IDEMPOTENCY_KEY, key);
        }
        Ok(Self { target, headers, method, body })
    }

    /// The request that an answer of `status` with `location` asks for instead of this one.
    pub fn redirected(&self, status: StatusCode, location: &str) -> Outcome<Self> {
        let mut next = Self { target: self.target.follow(location)?, ..self.clone() };
        if !next.target.same_origin(&self.target) {
            next.leave_origin();
        }
        let becomes_get = match status {
            StatusCode::SEE_OTHER => self.method != Method::HEAD,
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => self.method == Method::POST,
            _ => false,
        };
        if becomes_get {
            next.method = Method::GET;
            next.body = Bytes::new();
            let about_body = |name: &HeaderName| name.as_str().starts_with("content-");
            next.retain(|name, _| !about_body(name) && name != IDEMPOTENCY_KEY);
        }
        Ok(next)
    }

    /// The request with `headers`, which are its own with the secrets in them.
    pub fn with(&self, headers: HeaderMap) -> Outcome<Request<Bytes>> {
        let request = Request::builder().method(self.method.clone()).uri(self.target.path());
        let request = request.header(header::HOST, self.target.host_header()).body(self.body.clone());
        let mut request = request.or_else(|_| fail(BadUrl, "the URL cannot be sent"))?;
        request.headers_mut().extend(headers);
        Ok(request)
    }

    /// Leave behind what only the host that was asked first should see.
    fn leave_origin(&mut self) {
        self.retain(|name, value| {
            (FOR_ANYBODY.contains(name) || name == IDEMPOTENCY_KEY) && !mentions_secret(value.as_bytes())
        });
    }

    fn retain(&mut self, keep: impl Fn(&HeaderName, &HeaderValue) -> bool) {
        let headers = std::mem::take(&mut self.headers);
        let kept = headers.iter().filter(|(name, value)| keep(name, value));
        self.headers = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
    }
}

/// Names and values, checked. A refused value is not repeated: it may be a credential.
fn read_headers(headers: &[(String, String)]) -> Outcome<HeaderMap> {
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if headers.len() > HEADERS_MAX || bytes > HEADER_BYTES_MAX {
        return fail(BadRequest, format!("a request has at most {HEADERS_MAX} headers of {HEADER_BYTES_MAX} bytes"));
    }
    let mut read = HeaderMap::new();
    for (name, value) in headers {
        let known = HeaderName::from_bytes(name.as_bytes());
        let known = known.or_else(|_| fail(BadRequest, format!("\"{}\" is no name of a header", shown(name))))?;
        if NOT_THE_CALLERS.contains(&known.as_str()) {
            return fail(BadRequest, format!("the header {known} is set by whoever sends the request"));
        }
        let value = HeaderValue::from_bytes(value.as_bytes());
        let value = value.or_else(|_| fail(BadRequest, format!("the value of {known} is not one line of text")))?;
        read.append(known, value);
    }
    Ok(read)
}
