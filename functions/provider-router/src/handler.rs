//! The router behind HTTP, for hosts where it is a function of its own.
//!
//! Whoever may call this can have any key of the vault sent to any address, so it must be reachable for the host's own
//! functions only; it authenticates nobody.

use crate::router::Router;
use bytes::Bytes;
use http::header::{ALLOW, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use ports::problem::{Fault, Problem, json, unreadable};
use ports::provider::{ModelFailure, ModelRequest, ModelResponse, Models, ProviderEntry, Silent};
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
        Err(problem) => return refusal(&problem),
    };
    let outcome = match router.call(&call.provider, &call.idempotency_key, &call.request, &Silent).await {
        Ok(response) => Outcome::Ok(response),
        Err(failure) => Outcome::Failure(failure),
    };
    json(StatusCode::OK, &outcome)
}

/// The call in `request`, or the problem with it.
fn read(request: &Request<Bytes>) -> Result<Call, Problem> {
    if request.uri().path() != PATH {
        return Err(Fault::UnknownRoute.because(format!("calls are made at {PATH}")));
    }
    if request.method() != Method::POST {
        return Err(Fault::MethodNotAllowed.because("calls are made by POST"));
    }
    if request.body().len() > CALL_BYTES_MAX {
        return Err(Fault::BodyTooLarge.because(format!("a call has at most {CALL_BYTES_MAX} bytes")));
    }
    let wanted = "the body is not a call {provider, request, idempotency_key}";
    serde_json::from_slice(request.body()).map_err(|error| unreadable(&error).within(wanted))
}

fn refusal(problem: &Problem) -> Response<Bytes> {
    let mut response = problem.response();
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    }
    response
}
