//! The router behind HTTP, for hosts where it is a function of its own.
//!
//! Whoever may call this can have any key of the vault sent to any address, so it must be reachable for the host's own
//! functions only; it authenticates nobody.

use ports::provider::ProviderEntry;
use crate::problem::{Problem, json};
use crate::router::Router;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use ports::provider::{ModelFailure, ModelRequest, ModelResponse};
use serde::{Deserialize, Serialize};

/// Where the handler answers.
pub const PATH: &str = "/call";

/// Most bytes of a call.
const CALL_BYTES_MAX: usize = 8 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    provider: ProviderEntry,
    request: ModelRequest,
    idempotency_key: String,
}

/// How a call ended. A failed call is an answered request: status 200, because the problem is not the caller's.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Ok(ModelResponse),
    Failure(ModelFailure),
}

/// Answer one request: `POST /call` with `{provider, request, idempotency_key}` gets `{"ok": …}` or `{"failure": …}`,
/// everything else a problem document.
pub async fn handle(request: Request<Bytes>, router: &Router<'_>) -> Response<Bytes> {
    let call = match read(&request) {
        Ok(call) => call,
        Err(problem) => return problem.response(),
    };
    let outcome = match router.call(&call.provider, &call.idempotency_key, &call.request).await {
        Ok(response) => Outcome::Ok(response),
        Err(failure) => Outcome::Failure(failure),
    };
    json(StatusCode::OK, "application/json", &outcome)
}

/// The call in `request`, or the problem with it.
fn read(request: &Request<Bytes>) -> Result<Call, Problem> {
    let problem = |status, code, title, detail| Err(Problem { status, code, title, detail });
    if request.uri().path() != PATH {
        return problem(StatusCode::NOT_FOUND, "not-found", "Not found", format!("calls are made at {PATH}"));
    }
    if request.method() != Method::POST {
        let detail = "calls are made by POST".to_owned();
        return problem(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed", detail);
    }
    if request.body().len() > CALL_BYTES_MAX {
        let detail = format!("a call has at most {CALL_BYTES_MAX} bytes");
        return problem(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large", detail);
    }
    serde_json::from_slice(request.body()).or_else(|error| {
        let detail = format!("the body is not a call {{provider, request, idempotency_key}}: {error}");
        problem(StatusCode::BAD_REQUEST, "malformed-body", "The body cannot be read", detail)
    })
}
