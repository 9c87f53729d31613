//! The list of models: not part of any call, and asked for only to say what else there is.

use crate::{detail, endpoint, question};
use bytes::Bytes;
use http::Request;
use http::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use serde_json::Value;

/// Most names that are taken from a list.
const NAMES_MAX: usize = 512;
/// Longest name.
const NAME_BYTES_MAX: usize = 256;

/// The request for the list under `base_url`; none when address or key cannot be used.
pub fn encode(base_url: &str, key: Option<&str>) -> Option<Request<Bytes>> {
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = endpoint::models(base_url).ok()?;
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(key) = key {
        request.headers_mut().insert(AUTHORIZATION, question::bearer(key).ok()?);
    }
    Some(request)
}

/// The names in `body`, in its order. What has no name is passed over.
pub fn decode(body: &[u8]) -> Vec<String> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let listed = body.get("data").and_then(Value::as_array).into_iter().flatten();
    let names = listed.filter_map(|model| model.get("id")?.as_str()).filter(|name| name.len() <= NAME_BYTES_MAX);
    names.take(NAMES_MAX).map(detail::harmless).collect()
}
