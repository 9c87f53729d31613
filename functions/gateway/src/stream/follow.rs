//! One client's way through the log.
//!
//! Nothing is read before the client took what was read before: events wait in the log, where they are anyway, and deltas
//! in a channel that drops what nobody fetches. So a client that is slow costs one chunk, and holds nobody up.

use super::block;
use crate::gateway::Feed;
use crate::limits::{HEARTBEAT_MS, RETRY_MS, STREAM_CHUNK_BYTES, STREAM_DELTAS, STREAM_EVENTS};
use crate::reads;
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use kernel::id::WorkspaceId;
use ports::{LiveDelta, LiveSubscription, Problem, SequencingError};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

/// A stream and where it stands.
pub struct Follow {
    feed: Feed,
    workspace: WorkspaceId,
    /// The last event handed on.
    after: u64,
    /// The last event known of.
    end: u64,
    /// How many events are read next.
    most: usize,
    deltas: Box<dyn LiveSubscription>,
    moved: Option<LocalBoxFuture<'static, Result<u64, SequencingError>>>,
    heartbeat: LocalBoxFuture<'static, ()>,
}

/// What ends waiting.
enum News {
    Moved(u64),
    Delta(LiveDelta),
    Heartbeat,
    /// The host stops, or does not answer.
    Over,
}

impl Follow {
    /// A stream after `after`, where the log is known to go to `end`, and its first chunk.
    pub async fn begin(feed: Feed, workspace: WorkspaceId, after: u64, end: u64) -> Result<(Self, Bytes), Problem> {
        // Watched before anything is read: a piece that is said meanwhile is not missed.
        let deltas = feed.live.subscribe(workspace);
        let heartbeat = heartbeat(&feed);
        let mut follow = Self { feed, workspace, after, end, most: STREAM_EVENTS, deltas, moved: None, heartbeat };
        let mut first = Vec::new();
        block::retry(&mut first, RETRY_MS);
        if end > after {
            follow.read(&mut first).await?;
        }
        Ok((follow, first.into()))
    }

    /// What is to be sent next; none when the stream is over.
    pub async fn chunk(&mut self) -> Option<Bytes> {
        let mut out = Vec::new();
        loop {
            // What was said before something was recorded goes before the record.
            self.look()?;
            self.take_deltas(&mut out)?;
            if self.end > self.after {
                self.read(&mut out).await.ok()?;
            }
            if !out.is_empty() {
                return Some(out.into());
            }
            match self.news().await {
                News::Moved(end) => self.end = self.end.max(end),
                News::Delta(delta) => block::message(&mut out, None, "delta", &delta),
                News::Heartbeat => out.extend_from_slice(block::HEARTBEAT),
                News::Over => return None,
            }
        }
    }

    /// Deltas that wait already; none when there will be no more.
    fn take_deltas(&mut self, out: &mut Vec<u8>) -> Option<()> {
        for _ in 0..STREAM_DELTAS {
            match self.deltas.next().now_or_never() {
                Some(delta) => block::message(out, None, "delta", &delta?),
                None => break,
            }
        }
        Some(())
    }

    /// See how far the log goes, without waiting: deltas that never cease hold no event up. None when nobody answers.
    fn look(&mut self) -> Option<()> {
        let (feed, workspace, after) = (&self.feed, self.workspace, self.after);
        let moved = self.moved.get_or_insert_with(|| moved(feed, workspace, after));
        if let Some(end) = moved.now_or_never() {
            self.end = self.end.max(end.ok()?);
            self.moved = None;
        }
        Some(())
    }

    /// Read on in the log, as far as one chunk goes.
    async fn read(&mut self, out: &mut Vec<u8>) -> Result<(), Problem> {
        let views = self.feed.sequencing.events(self.workspace, self.after, self.most).await?;
        let (before, full) = (self.after, out.len() + STREAM_CHUNK_BYTES);
        for view in &views {
            if out.len() >= full {
                break;
            }
            match reads::event(view) {
                Ok(event) => block::message(out, Some(view.event.pos), "event", &event),
                // What is good before it is handed on; then it is the first one, and is named.
                Err(_) if self.after > before => break,
                Err(problem) => return Err(problem),
            }
            self.after = view.event.pos;
        }
        let Some(last) = views.last() else {
            return Err(SequencingError::Unavailable("the log ended before its end".to_owned()).into());
        };
        // Large events are read one at a time, so that few are read in vain.
        let all = self.after == last.event.pos;
        self.most = if all { (self.most * 2).min(STREAM_EVENTS) } else { 1 };
        self.moved = None;
        Ok(())
    }

    async fn news(&mut self) -> News {
        let (feed, workspace, after) = (&self.feed, self.workspace, self.after);
        let moved = self.moved.get_or_insert_with(|| moved(feed, workspace, after));
        let mut delta = self.deltas.next();
        let heart = &mut self.heartbeat;
        let news = poll_fn(|cx| {
            if let Poll::Ready(delta) = delta.as_mut().poll(cx) {
                return Poll::Ready(delta.map_or(News::Over, News::Delta));
            }
            if let Poll::Ready(moved) = moved.as_mut().poll(cx) {
                return Poll::Ready(moved.map_or(News::Over, News::Moved));
            }
            heart.as_mut().poll(cx).map(|()| News::Heartbeat)
        })
        .await;
        drop(delta);
        match news {
            News::Moved(_) => self.moved = None,
            News::Heartbeat => self.heartbeat = heartbeat(&self.feed),
            News::Delta(_) | News::Over => {}
        }
        news
    }
}

/// Waiting for the log to grow beyond `after`. It outlives many deltas: asking again for each would be in vain.
fn moved(feed: &Feed, workspace: WorkspaceId, after: u64) -> LocalBoxFuture<'static, Result<u64, SequencingError>> {
    let sequencing = Rc::clone(&feed.sequencing);
    async move { sequencing.moved(workspace, after, HEARTBEAT_MS).await }.boxed_local()
}

fn heartbeat(feed: &Feed) -> LocalBoxFuture<'static, ()> {
    let timer = Rc::clone(&feed.timer);
    async move { timer.sleep(HEARTBEAT_MS).await }.boxed_local()
}
