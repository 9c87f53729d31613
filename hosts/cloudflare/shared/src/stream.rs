//! Streams that a task of their own fills.
//!
//! The platform drops an answer's stream when it finds, at the next write, that the client went. A stream that is made
//! while it is polled would not be dropped before it has something to say; so a task makes it, and ends when the end that
//! is read is gone.

use bytes::Bytes;
use futures_channel::mpsc::{Receiver, Sender, channel};
use futures_channel::oneshot;
use futures_util::future::{Either, select};
use futures_util::{Stream, StreamExt as _};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

/// The end that is filled.
pub struct Pump {
    sender: Sender<Bytes>,
    gone: oneshot::Receiver<()>,
}

/// The end that is read.
pub struct Chunks {
    receiver: Receiver<Bytes>,
    /// Dropped with it, which the other end notices.
    _here: oneshot::Sender<()>,
}

/// A new stream. One chunk waits at most: whoever fills it goes at the pace of whoever reads.
pub fn stream() -> (Pump, Chunks) {
    let (sender, receiver) = channel(1);
    let (here, gone) = oneshot::channel();
    (Pump { sender, gone }, Chunks { receiver, _here: here })
}

impl Pump {
    /// Fill it with `chunks` until they end or nobody reads any more. Then they are dropped.
    pub async fn fill(self, chunks: impl Stream<Item = Bytes>) {
        let Self { mut sender, gone } = self;
        let filling = async {
            let mut chunks = pin!(chunks);
            while let Some(chunk) = chunks.next().await {
                if poll_fn(|cx| sender.poll_ready(cx)).await.is_err() || sender.start_send(chunk).is_err() {
                    return;
                }
            }
        };
        if let Either::Left(_) = select(pin!(filling), gone).await {}
    }
}

impl Stream for Chunks {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.receiver.poll_next_unpin(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{FutureExt as _, stream};
    use std::rc::Rc;

    #[test]
    fn what_is_filled_in_comes_out_in_order_and_then_the_end() {
        let (pump, chunks) = super::stream();
        let fed = stream::iter(["a", "b", "c"].map(Bytes::from));
        let both = futures_util::future::join(pump.fill(fed), chunks.collect::<Vec<_>>());
        assert_eq!(testkit::block_on(both).1, ["a", "b", "c"]);
    }

    #[test]
    fn whoever_fills_waits_for_whoever_reads_and_ends_when_they_are_gone() {
        let (pump, chunks) = super::stream();
        let held = Rc::new(());
        let fed = {
            let held = Rc::clone(&held);
            stream::repeat_with(move || {
                let _ = &held;
                Bytes::from("x")
            })
        };
        let mut filling = Box::pin(pump.fill(fed.take(1_000_000)));
        assert!(filling.as_mut().now_or_never().is_none(), "nobody reads");
        drop(chunks);
        assert!(filling.as_mut().now_or_never().is_some());
        drop(filling);
        assert_eq!(Rc::strong_count(&held), 1, "what it was made of is gone");
    }

    #[test]
    fn a_stream_that_has_nothing_to_say_ends_when_nobody_reads() {
        let (pump, chunks) = super::stream();
        let mut filling = Box::pin(pump.fill(stream::pending()));
        assert!(filling.as_mut().now_or_never().is_none());
        drop(chunks);
        assert!(filling.as_mut().now_or_never().is_some());
    }
}
