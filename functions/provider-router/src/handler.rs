//! The router behind HTTP, for hosts where it is a function of its own.
//!
//! Whoever may call this can have any key of the vault sent to any address, so it must be reachable for the host's own
//! functions only; it authenticates nobody.

use crate::stream::{Form, stream};
use crate::verify::Prober;
use bytes::Bytes;
use futures_util::stream::LocalBoxStream;
use http::header::{ALLOW, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use ports::calls::{CALL, ModelCall, Said, VERIFY};
use ports::problem::{Fault, Problem, json, unreadable};
use ports::provider::{Models as _, ProviderEntry, Silent};
use ports::verification::Verifier as _;
use serde::de::DeserializeOwned;

/// Most bytes of a call. A host that reads bodies stops reading there.
pub const CALL_BYTES_MAX: usize = 8 << 20;

/// What an answer carries.
pub enum Body<'a> {
    /// All there is.
    Whole(Bytes),
    /// Pieces while they come, and the outcome. Dropping it gives the call up.
    Stream(LocalBoxStream<'a, Bytes>),
}

/// Answer one request: what is asked and how it is answered stands in [`ports::calls`]; everything else gets a problem
/// document.
pub async fn handle<'a>(request: Request<Bytes>, prober: Prober<'a>) -> Response<Body<'a>> {
    answer(&request, prober).await.unwrap_or_else(|problem| refusal(&problem).map(Body::Whole))
}

async fn answer<'a>(request: &Request<Bytes>, prober: Prober<'a>) -> Result<Response<Body<'a>>, Problem> {
    let path = request.uri().path();
    if ![CALL, VERIFY].contains(&path) {
        return Err(Fault::UnknownRoute.because(format!("calls are made at {CALL}, and entries verified at {VERIFY}")));
    }
    if request.method() != Method::POST {
        return Err(Fault::MethodNotAllowed.because("calls are made by POST"));
    }
    if path == VERIFY {
        let entry: ProviderEntry = read(request, "the body is not the entry of a provider")?;
        return Ok(json(StatusCode::OK, &prober.verify(&entry).await).map(Body::Whole));
    }
    let ModelCall { provider, request: asked, idempotency_key } =
        read(request, "the body is not a call {provider, request, idempotency_key}")?;
    if let Some(form) = Form::wanted(request.headers()) {
        return Ok(stream(ModelCall { provider, request: asked, idempotency_key }, prober.router, form));
    }
    let outcome = prober.router.call(&provider, &idempotency_key, &asked, &Silent).await;
    Ok(json(StatusCode::OK, &Said::from(outcome)).map(Body::Whole))
}

/// The body of `request`, or the problem with it.
fn read<T: DeserializeOwned>(request: &Request<Bytes>, wanted: &str) -> Result<T, Problem> {
    if request.body().len() > CALL_BYTES_MAX {
        return Err(Fault::BodyTooLarge.because(format!("a call has at most {CALL_BYTES_MAX} bytes")));
    }
    serde_json::from_slice(request.body()).map_err(|error| unreadable(&error).within(wanted))
}

fn refusal(problem: &Problem) -> Response<Bytes> {
    let mut response = problem.response();
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    }
    response
}
