//! The edge thread: HTTP in front of the gateway, and the runtimes.

use super::ambient::Machine;
use super::live::LocalLive;
use super::models::LocalModels;
use super::projecting::Keeping;
use super::sequencing::HostSequencing;
use super::shard::Shard;
use super::{Config, HostError, Identity, Said, runtimes};
use bytes::Bytes;
use futures_util::StreamExt as _;
use gateway::limits::BODY_BYTES;
use gateway::{Chunks, Feed, Gateway, Tokens};
use http_body_util::{BodyExt as _, Either, Full, LengthLimitError, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use ports::problem::Fault;
use ports::{LiveChannel as _, Problem, Sequencing};
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc as queue, oneshot, watch};
use tokio::task::LocalSet;

/// How long a client may take to send its headers.
const HEADERS_WITHIN: Duration = Duration::from_secs(30);

/// How long a host that stops waits for what it is still sending.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What hyper sends: all at once, or as it comes.
type Answer = Either<Full<Bytes>, StreamBody<Frames>>;
type Frames = futures_util::stream::Map<Chunks, fn(Bytes) -> Result<Frame<Bytes>, Infallible>>;

/// Run until `stopped`. Says through `ready` where it listens, or why it does not.
pub fn run(
    config: &Config,
    identity: Identity,
    (shards, keeping): (Vec<Shard>, Keeping),
    said: queue::Receiver<Said>,
    ready: &mpsc::Sender<Result<SocketAddr, HostError>>,
    stopped: oneshot::Receiver<()>,
) {
    let executor = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(executor) => executor,
        Err(why) => return drop(ready.send(Err(HostError::Broken(why.to_string())))),
    };
    LocalSet::new().block_on(&executor, async {
        let (stop, stopping) = watch::channel(false);
        match Edge::begin(config, identity, HostSequencing::new(shards, keeping), stopping).await {
            Err(error) => drop(ready.send(Err(error))),
            Ok((edge, listener, address)) => {
                let _ = ready.send(Ok(address));
                let live = edge.live.clone();
                tokio::task::spawn_local(pass_on(said, live.clone()));
                tokio::select! {
                    () = Rc::new(edge).serve(listener) => {}
                    _ = stopped => {}
                }
                // Streams end, and every connection with the answer it is sending.
                live.close();
                stop.send_replace(true);
                let _ = tokio::time::timeout(LAST_WORDS, stop.closed()).await;
            }
        }
    });
}

/// What is said through the host's handle is heard by those who watch.
async fn pass_on(mut said: queue::Receiver<Said>, live: LocalLive) {
    while let Some((workspace, delta)) = said.recv().await {
        live.publish(workspace, delta);
    }
}

/// What serves requests.
struct Edge {
    sequencing: Rc<HostSequencing>,
    live: LocalLive,
    models: Rc<LocalModels>,
    feed: Feed,
    tokens: Tokens,
    identity: Identity,
    stopping: watch::Receiver<bool>,
}

impl Edge {
    async fn begin(
        config: &Config,
        identity: Identity,
        sequencing: HostSequencing,
        stopping: watch::Receiver<bool>,
    ) -> Result<(Self, TcpListener, SocketAddr), HostError> {
        // Loopback only: anything else needs TLS and scoped tokens.
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, config.port));
        let listener = TcpListener::bind(wanted).await.map_err(|why| HostError::Port(format!("{wanted}: {why}")))?;
        let address = listener.local_addr().map_err(|why| HostError::Port(why.to_string()))?;
        let sequencing = Rc::new(sequencing);
        let live = LocalLive::default();
        let models = Rc::new(LocalModels::new(config)?);
        if config.effects_max > 0 {
            runtimes::start(config, &identity, &sequencing, &live, &models)?;
        }
        let tokens = Tokens::new().with(&identity.token, "owner");
        let shared = Rc::<HostSequencing>::clone(&sequencing) as Rc<dyn Sequencing>;
        let feed = Feed { sequencing: shared, live: Rc::new(live.clone()), timer: Rc::new(Machine) };
        Ok((Self { sequencing, live, models, feed, tokens, identity, stopping }, listener, address))
    }

    /// Answer one request.
    async fn answer(&self, request: http::Request<Incoming>) -> http::Response<Answer> {
        let (head, body) = request.into_parts();
        let body = match Limited::new(body, BODY_BYTES).collect().await {
            Ok(body) => body.to_bytes(),
            Err(why) => return refused(why.is::<LengthLimitError>()).response().map(whole),
        };
        let gateway = Gateway {
            sequencing: &*self.sequencing,
            feed: &self.feed,
            verifier: &*self.models,
            tokens: &self.tokens,
            clock: &Machine,
            device: self.identity.device(),
            incarnation: 0,
            public_key: self.identity.public_key_text(),
            allowed_hosts: &[],
        };
        gateway::handle(http::Request::from_parts(head, body), &gateway).await.map(|body| match body {
            gateway::Body::Whole(bytes) => whole(bytes),
            gateway::Body::Stream(chunks) => Either::Right(StreamBody::new(chunks.map(frame as fn(_) -> _))),
        })
    }

    async fn serve(self: Rc<Self>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => drop(tokio::task::spawn_local(connection(stream, Rc::clone(&self)))),
                // Out of file descriptors, most likely: those in use come back.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }
}

fn whole(bytes: Bytes) -> Answer {
    Either::Left(Full::new(bytes))
}

fn frame(chunk: Bytes) -> Result<Frame<Bytes>, Infallible> {
    Ok(Frame::data(chunk))
}

/// Serve one connection until either side ends it. What it streams is dropped with it.
async fn connection(stream: TcpStream, edge: Rc<Edge>) {
    let _ = stream.set_nodelay(true);
    let mut stopping = edge.stopping.clone();
    let service = service_fn(move |request| {
        let edge = Rc::clone(&edge);
        async move { Ok::<_, Infallible>(edge.answer(request).await) }
    });
    // A connection that breaks is the client's affair: what it asked for is in the log or is not.
    let mut served = pin!(
        hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADERS_WITHIN)
            .serve_connection(TokioIo::new(stream), service)
    );
    tokio::select! {
        _ = served.as_mut() => return,
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
    served.as_mut().graceful_shutdown();
    let _ = served.await;
}

fn refused(too_large: bool) -> Problem {
    if too_large {
        return Fault::BodyTooLarge.because(format!("at most {BODY_BYTES} bytes are read"));
    }
    Fault::MalformedJson.because("the body ended before its length")
}
