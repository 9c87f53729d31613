//! Requests that components make: to siblings within this process, to the outside where the manifest lets them.

use crate::app::{App, Part};
use crate::call::{Refused, call};
use crate::outbound::SIBLINGS;
use http::header::{HOST, HeaderValue};
use http_body_util::BodyExt;
use std::sync::Arc;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks, default_send_request};

/// Most components that wait for one another.
const DEPTH_MAX: usize = 32;

/// The ways of one instance.
pub struct Ways {
    /// The application.
    pub app: Arc<App>,
    /// The component.
    pub part: Arc<Part>,
    /// How many are before it in the chain.
    pub depth: usize,
}

type Done = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Exchange = Box<dyn Future<Output = Result<(http::Response<WasiBody>, Done), Error>> + Send>;

impl WasiHttpHooks for Ways {
    fn send_request(&mut self, request: http::Request<WasiBody>, options: Option<RequestOptions>, _: Done) -> Exchange {
        let uri = request.uri();
        let (scheme, host, port) =
            (uri.scheme_str().unwrap_or_default(), uri.host().unwrap_or_default(), uri.port_u16());
        if !self.part.allowed.iter().any(|entry| entry.lets(scheme, host, port)) {
            return Box::new(async { Err(Error::HttpRequestDenied) });
        }
        match host.strip_suffix(SIBLINGS).map(str::to_owned) {
            Some(name) => self.sibling(name, request),
            None => Box::new(async move {
                let (response, io) = default_send_request(request, options).await?;
                Ok((response.map(BodyExt::boxed_unsync), Box::new(io) as Done))
            }),
        }
    }
}

impl Ways {
    fn sibling(&self, name: String, mut request: http::Request<WasiBody>) -> Exchange {
        let (app, depth) = (Arc::clone(&self.app), self.depth + 1);
        Box::new(async move {
            if depth > DEPTH_MAX {
                return Err(Error::LoopDetected);
            }
            if !request.headers().contains_key(HOST)
                && let Ok(host) = HeaderValue::try_from(format!("{name}{SIBLINGS}"))
            {
                request.headers_mut().insert(HOST, host);
            }
            let response = call(&app, &name, request, depth, None).await.map_err(|why| match why {
                Refused::Unknown => Error::DestinationNotFound,
                Refused::Busy => Error::ConnectionLimitReached,
                Refused::Failed(why) => Error::InternalError(Some(why)),
            })?;
            Ok((response, Box::new(async { Ok(()) }) as Done))
        })
    }
}
