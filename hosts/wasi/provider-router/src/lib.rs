//! The provider router as a component: the keys of providers are variables of this one and of no other.
//!
//! It has no public route: whoever reaches it is a component of this application.

use egress::Broker;
use egress_fetch::{DNS, FetchDialler, HttpsResolver};
use ports::Fetch;
use provider_openai::ChatCompletions;
use provider_router::{Body, CALL_BYTES_MAX, Prober, Router, handle as route};
use std::rc::Rc;
use wasi_shared::wasi::exports::http::incoming_handler::Guest;
use wasi_shared::wasi::http::types::{IncomingRequest, ResponseOutparam};
use wasi_shared::{VariablesVault, Wasi, WasiFetch, read, run, setup, streamed, whole};

/// How long an answer may be on its way: longer than any entry lets a call take.
const STREAM_MS: u64 = 600_000;

struct Component;

impl Guest for Component {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        run(serve(request, out));
    }
}

wasi_shared::wasi::http::proxy::export!(Component with_types_in wasi_shared::wasi);

/// Answer one request.
async fn serve(request: IncomingRequest, out: ResponseOutparam) {
    let request = match read(request, CALL_BYTES_MAX).await {
        Ok(request) => request,
        Err(problem) => return whole(out, problem.response()).await,
    };
    let fetch: Rc<dyn Fetch> = Rc::new(WasiFetch);
    let dns = setup::optional(setup::DNS).unwrap_or_else(|| DNS.to_owned());
    let broker = Broker {
        resolver: Rc::new(HttpsResolver::new(Rc::clone(&fetch), dns)),
        dial: Rc::new(FetchDialler::new(fetch)),
        vault: Rc::new(VariablesVault),
        timer: Rc::new(Wasi),
    };
    let router = Router { codecs: &[&ChatCompletions], vault: &VariablesVault, egress: &broker };
    let (head, body) = route(request, Prober { router, clock: &Wasi, entropy: &Wasi }).await.into_parts();
    match body {
        Body::Whole(bytes) => whole(out, http::Response::from_parts(head, bytes)).await,
        Body::Stream(chunks) => streamed(out, &head, chunks, STREAM_MS).await,
    }
}
