//! The gateway as a component: every public route but the tick.
//!
//! It holds the streams of those who watch. A stream ends after a while and the client comes back to where it was: hosts
//! bound the time of a request. Pieces of answers that are on their way are not heard here, because whoever says them is
//! in another instance and nothing of them may be stored.

use futures_util::future::{Either, select};
use gateway::limits::BODY_BYTES;
use gateway::{Body, Feed, Gateway, Tokens};
use models_http::HttpModels;
use ports::Problem;
use sequencing_http::ElsewhereSequencing;

use std::pin::pin;
use std::rc::Rc;
use wasi_shared::wasi::exports::http::incoming_handler::Guest;
use wasi_shared::wasi::http::types::{IncomingRequest, ResponseOutparam};
use wasi_shared::{PROVIDER_ROUTER, Sequencers, Silence, Wasi, WasiFetch, read, run, setup, streamed, wake, whole};

/// How long a stream goes on. Hosts let a request take a little longer.
const STREAM_MS: u64 = 55_000;

/// How long is waited until the runtime says that it woke. If it does not, the next tick wakes it.
const WAKE_MS: u64 = 5_000;

/// What a request is answered with.
struct Edge {
    sequencers: Rc<Sequencers>,
    sequencing: Rc<ElsewhereSequencing>,
    feed: Feed,
    models: HttpModels,
    tokens: Tokens,
    device: kernel::id::DeviceId,
    public_key: kernel::hash::HashText,
    hosts: Vec<String>,
}

struct Component;

impl Guest for Component {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        run(serve(request, out));
    }
}

wasi_shared::wasi::http::proxy::export!(Component with_types_in wasi_shared::wasi);

/// Answer one request.
async fn serve(request: IncomingRequest, out: ResponseOutparam) {
    let (request, edge) = match (read(request, BODY_BYTES).await, Edge::open()) {
        (Ok(request), Ok(edge)) => (request, edge),
        (Err(problem), _) | (_, Err(problem)) => return whole(out, problem.response()).await,
    };
    let (head, body) = gateway::handle(request, &edge.gateway()).await.into_parts();
    match body {
        Body::Whole(bytes) => whole(out, http::Response::from_parts(head, bytes)).await,
        Body::Stream(chunks) => streamed(out, &head, chunks, STREAM_MS).await,
    }
    edge.wake().await;
}

impl Edge {
    fn open() -> Result<Self, Problem> {
        let (device, public_key) = setup::device()?;
        let sequencers = Rc::new(Sequencers::default());
        let sequencing = Rc::new(ElsewhereSequencing {
            call: Rc::<Sequencers>::clone(&sequencers),
            directory: Rc::<Sequencers>::clone(&sequencers),
        });
        let feed = Feed {
            sequencing: Rc::<ElsewhereSequencing>::clone(&sequencing),
            live: Rc::new(Silence),
            timer: Rc::new(Wasi),
        };
        let hosts = setup::optional(setup::HOSTS).unwrap_or_default().to_ascii_lowercase();
        Ok(Self {
            sequencers,
            sequencing,
            feed,
            models: HttpModels::new(Rc::new(WasiFetch), PROVIDER_ROUTER),
            tokens: Tokens::new().with(&setup::required(setup::TOKEN)?, "owner"),
            device,
            public_key,
            hosts: hosts.split(',').map(str::trim).filter(|host| !host.is_empty()).map(str::to_owned).collect(),
        })
    }

    fn gateway(&self) -> Gateway<'_> {
        Gateway {
            sequencing: &*self.sequencing,
            feed: &self.feed,
            verifier: &self.models,
            tokens: &self.tokens,
            clock: &Wasi,
            device: self.device,
            incarnation: 0,
            public_key: self.public_key,
            allowed_hosts: &self.hosts,
        }
    }

    /// Wake the runtime, if an answer said that work waits. The client has its answer already.
    async fn wake(&self) {
        let Some(workspace) = self.sequencers.work_waits() else { return };
        let waited = ports::Timer::sleep(&Wasi, WAKE_MS);
        if let Either::Left(_) = select(pin!(wake(workspace)), waited).await {}
    }
}
