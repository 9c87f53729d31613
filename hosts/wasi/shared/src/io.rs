//! Bodies as they come and go, waited for by the SDK's executor.

use bytes::Bytes;
use spin_executor::{CancelOnDropToken, push_waker_and_get_token};
use std::future::poll_fn;
use std::task::{Context, Poll};
use wasi::http::outgoing_handler;
use wasi::http::types::{FutureIncomingResponse, IncomingBody, IncomingResponse, OutgoingBody, OutgoingRequest};
use wasi::io::poll::Pollable;
use wasi::io::streams::{InputStream, OutputStream, StreamError};

/// Bytes that are read at once.
const READ_BYTES: u64 = 64 << 10;

/// What is waited for. Held as long as somebody waits: who gives up takes it away.
#[derive(Default)]
struct Waiting(Option<CancelOnDropToken>);

impl Waiting {
    fn on<T>(&mut self, pollable: Pollable, cx: &Context<'_>) -> Poll<T> {
        self.0 = Some(CancelOnDropToken::from(push_waker_and_get_token(pollable, cx.waker().clone())));
        Poll::Pending
    }
}

/// A body that comes. Fields are dropped in order: what waits for the stream, the stream, the body.
pub struct Incoming {
    waiting: Waiting,
    stream: Option<InputStream>,
    _body: IncomingBody,
}

impl Incoming {
    /// Of a body that nobody reads yet.
    pub fn of(body: IncomingBody) -> Result<Self, String> {
        let stream = body.stream().map_err(|()| "the body is read already".to_owned())?;
        Ok(Self { waiting: Waiting::default(), stream: Some(stream), _body: body })
    }

    /// The next piece, never empty; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<Bytes>, String> {
        let Self { waiting, stream, .. } = self;
        let read = poll_fn(|cx| {
            let Some(open) = stream.as_ref() else { return Poll::Ready(Ok(None)) };
            match open.read(READ_BYTES) {
                Ok(piece) if piece.is_empty() => waiting.on(open.subscribe(), cx),
                Ok(piece) => Poll::Ready(Ok(Some(Bytes::from(piece)))),
                Err(StreamError::Closed) => Poll::Ready(Ok(None)),
                Err(StreamError::LastOperationFailed(why)) => Poll::Ready(Err(why.to_debug_string())),
            }
        })
        .await;
        if !matches!(read, Ok(Some(_))) {
            waiting.0 = None;
            *stream = None;
        }
        read
    }
}

/// A body that is written. It is finished when it was ended by name; dropped before, it is cut.
pub struct Outgoing {
    waiting: Waiting,
    stream: OutputStream,
    body: OutgoingBody,
}

impl Outgoing {
    /// Of a body that nobody writes yet.
    pub fn of(body: OutgoingBody) -> Result<Self, String> {
        let stream = body.write().map_err(|()| "the body is written already".to_owned())?;
        Ok(Self { waiting: Waiting::default(), stream, body })
    }

    /// Write `piece` and wait until it was taken. An error says that nobody reads any more.
    pub async fn write(&mut self, piece: &[u8]) -> Result<(), String> {
        let mut rest = piece;
        while !rest.is_empty() {
            let room = self.room().await?;
            let (now, later) = rest.split_at_checked(room.min(rest.len())).unwrap_or((rest, &[]));
            self.stream.write(now).map_err(gone)?;
            rest = later;
        }
        self.stream.flush().map_err(gone)?;
        self.room().await.map(drop)
    }

    /// How many bytes may be written now; at least one.
    async fn room(&mut self) -> Result<usize, String> {
        let Self { waiting, stream, .. } = self;
        poll_fn(|cx| match stream.check_write() {
            Ok(0) => waiting.on(stream.subscribe(), cx),
            Ok(room) => Poll::Ready(Ok(usize::try_from(room).unwrap_or(usize::MAX))),
            Err(why) => Poll::Ready(Err(gone(why))),
        })
        .await
    }

    /// The body is whole.
    pub fn end(self) -> Result<(), String> {
        let Self { waiting, stream, body } = self;
        drop(waiting);
        drop(stream);
        OutgoingBody::finish(body, None).map_err(|why| why.to_string())
    }
}

fn gone(why: StreamError) -> String {
    match why {
        StreamError::Closed => "nobody reads any more".to_owned(),
        StreamError::LastOperationFailed(why) => why.to_debug_string(),
    }
}

/// Send `request` with `body`, and wait for the head of the answer.
pub async fn exchange(request: OutgoingRequest, body: &[u8]) -> Result<IncomingResponse, String> {
    let outgoing = request.body().map_err(|()| "the body is taken already".to_owned())?;
    let mut outgoing = Outgoing::of(outgoing)?;
    let coming = outgoing_handler::handle(request, None).map_err(|why| why.to_string())?;
    // A peer that answers before it has read everything may stop reading: its answer counts.
    if outgoing.write(body).await.is_ok() {
        outgoing.end()?;
    }
    answer(&coming).await
}

async fn answer(coming: &FutureIncomingResponse) -> Result<IncomingResponse, String> {
    let mut waiting = Waiting::default();
    poll_fn(|cx| match coming.get() {
        None => waiting.on(coming.subscribe(), cx),
        Some(Ok(Ok(response))) => Poll::Ready(Ok(response)),
        Some(Ok(Err(why))) => Poll::Ready(Err(why.to_string())),
        Some(Err(())) => Poll::Ready(Err("the answer is taken already".to_owned())),
    })
    .await
}
