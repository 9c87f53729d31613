//! HTTP in front of the components. Load that is too much is refused at once, and what is being served is not touched.

use crate::app::App;
use crate::call::{Refused, call};
use bytes::Bytes;
use http::header::{HeaderValue, RETRY_AFTER};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use ports::Problem;
use ports::problem::Fault;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;

/// How long a client may take to send its headers.
const HEADERS_WITHIN: Duration = Duration::from_secs(30);
/// When a client that was refused may come again, in seconds.
const AGAIN_AFTER: &str = "1";

/// Serve connections, as long as somebody polls this.
pub async fn serve(listener: TcpListener, app: Arc<App>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(connection(stream, Arc::clone(&app)))),
            // Out of file descriptors, most likely: those in use come back.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn connection(stream: TcpStream, app: Arc<App>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let app = Arc::clone(&app);
        async move { Ok::<_, Infallible>(answer(&app, request).await) }
    });
    // A connection that breaks is the client's affair: what it asked for is in the log or is not.
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(app: &Arc<App>, request: Request<Incoming>) -> Response<HyperOutgoingBody> {
    let Some(component) = app.routes.find(request.uri().path()).map(str::to_owned) else {
        return refusal(&Fault::UnknownRoute.because("no component answers this path"));
    };
    let Ok(permit) = Arc::clone(&app.requests).try_acquire_owned() else {
        let most = app.limits.requests;
        return refusal(
            &Fault::Unavailable
                .because(format!("{most} requests are being served, which is all this host serves at once")),
        );
    };
    match call(app, &component, request, 0, Some(permit)).await {
        Ok(response) => response,
        Err(why) => {
            let why = match why {
                Refused::Unknown => format!("there is no component {component}"),
                Refused::Busy => {
                    format!("{} instances are at work, which is all this host runs at once", app.limits.instances)
                }
                Refused::Failed(why) => format!("the component {component} failed: {why}"),
            };
            refusal(&Fault::Unavailable.because(why))
        }
    }
}

fn refusal(problem: &Problem) -> Response<HyperOutgoingBody> {
    let mut response = problem.response();
    if response.status() == http::StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(AGAIN_AFTER));
    }
    response.map(|bytes: Bytes| Full::new(bytes).map_err(|never| match never {}).boxed_unsync())
}
