//! One request to one component: a new instance, within its limits, and nothing of it afterwards.

use crate::app::App;
use crate::bindings::cron::SpinCronPre;
use crate::bindings::cron::fermyon::spin_cron::cron_types::{Error as Event, Metadata};
use crate::state::State;
use bytes::Bytes;
use hyper::body::Body;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use wasmtime::{Store, UpdateDeadline};
use wasmtime_wasi_http::WasiHttpView as _;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;

/// How often the time of instances is looked at.
pub const SLICE: Duration = Duration::from_millis(10);

/// Why there is no answer.
#[derive(Debug)]
pub enum Refused {
    /// There is no such component.
    Unknown,
    /// As many instances are there as may be.
    Busy,
    /// The component died, or ended without an answer.
    Failed(String),
}

/// What a component answers to `request`. It may go on when its answer is there; `permit` is held until it ends.
pub async fn call<B>(
    app: &Arc<App>,
    name: &str,
    request: http::Request<B>,
    depth: usize,
    permit: Option<OwnedSemaphorePermit>,
) -> Result<http::Response<HyperOutgoingBody>, Refused>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<wasmtime_wasi_http::Error>,
{
    let part = app.parts.get(name).ok_or(Refused::Unknown)?;
    let pre = part.http.clone().ok_or(Refused::Unknown)?;
    let slot = Arc::clone(&app.instances).try_acquire_owned().map_err(|_| Refused::Busy)?;
    let failed = |why: wasmtime::Error| Refused::Failed(reason(&why));
    let mut store = Store::new(&app.engine, State::new(app, part, depth));
    limit(&mut store, app.limits.compute);
    let (sender, receiver) = oneshot::channel();
    let incoming = store.data_mut().http().new_incoming_request(Scheme::Http, request).map_err(failed)?;
    let out = store.data_mut().http().new_response_outparam(sender).map_err(failed)?;
    let time = app.limits.time;
    let task = tokio::spawn(async move {
        let _until_it_ends = (slot, permit);
        let serve = async {
            let proxy = pre.instantiate_async(&mut store).await?;
            proxy.wasi_http_incoming_handler().call_handle(&mut store, incoming, out).await
        };
        tokio::time::timeout(time, serve).await.map_err(|_| format!("it took longer than {} ms", time.as_millis()))
    });
    match receiver.await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(code)) => Err(Refused::Failed(format!("it answered with an error: {code}"))),
        Err(_) => Err(Refused::Failed(match task.await {
            Ok(Ok(Ok(()))) => "it ended without an answer".to_owned(),
            Ok(Ok(Err(why))) => reason(&why),
            Ok(Err(why)) => why,
            Err(why) => why.to_string(),
        })),
    }
}

/// Tell a component that it is time. The error says why that came to nothing.
pub async fn ring(app: &Arc<App>, name: &str) -> Result<(), String> {
    let part = app.parts.get(name).ok_or("there is no such component")?;
    let _slot = app.instances.try_acquire().map_err(|_| "there is no room")?;
    let mut store = Store::new(&app.engine, State::new(app, part, 0));
    limit(&mut store, app.limits.compute);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let rung = async {
        let instance = SpinCronPre::new(part.pre.clone())?.instantiate_async(&mut store).await?;
        instance.call_handle_cron_event(&mut store, Metadata { timestamp: now.as_secs() }).await
    };
    match tokio::time::timeout(app.limits.time, rung).await {
        Ok(Ok(Ok(()))) => Ok(()),
        Ok(Ok(Err(Event::Other(why)))) => Err(why),
        Ok(Err(why)) => Err(reason(&why)),
        Err(_) => Err("it took too long".to_owned()),
    }
}

/// Let the instance compute for `compute` altogether. Between slices others have their turn.
fn limit(store: &mut Store<State>, compute: Duration) {
    store.limiter(|state| &mut state.limits);
    let slices = compute.as_millis() / SLICE.as_millis().max(1);
    let mut used = 0;
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |_| {
        used += 1;
        if used > slices {
            return Err(wasmtime::Error::msg(format!("it computed for longer than {} ms", compute.as_millis())));
        }
        Ok(UpdateDeadline::Yield(1))
    });
}

/// The innermost reason, which is the one that says something: where in the code it happened is nobody's business.
fn reason(why: &wasmtime::Error) -> String {
    why.root_cause().to_string()
}
