//! Problem documents (RFC 9457): what a caller of the handler gets when it did not ask properly.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use serde::Serialize;

const DETAIL_CHARS_MAX: usize = 300;

/// A problem. `code` is stable and for programs, title and detail are for people.
pub struct Problem {
    pub status: StatusCode,
    pub code: &'static str,
    pub title: &'static str,
    pub detail: String,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: String,
    code: &'a str,
}

impl Problem {
    /// The problem as a document.
    pub fn response(&self) -> Response<Bytes> {
        let document = Document {
            r#type: format!("urn:kernelos:problem:{}", self.code),
            title: self.title,
            status: self.status.as_u16(),
            detail: self.detail.chars().take(DETAIL_CHARS_MAX).collect(),
            code: self.code,
        };
        let mut response = json(self.status, "application/problem+json", &document);
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        }
        response
    }
}

/// `value` as a response that nobody on the way may keep.
pub fn json(status: StatusCode, media_type: &'static str, value: &impl Serialize) -> Response<Bytes> {
    // Plain structs of texts and numbers always have a JSON form; were it otherwise, an empty body says that much.
    let body = serde_json::to_vec(value).unwrap_or_default();
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
