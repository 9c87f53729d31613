//! Shifts: a host that is woken for a workspace performs what is owed until nothing is left, and sleeps again.
//!
//! A host with an executor of its own watches its workspaces instead. Shifts are for hosts that are given a turn from
//! outside, by an alarm, a queue or a request, and may be taken down between any two turns.

use crate::{Finished, Runtime};
use futures_util::FutureExt as _;
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use ports::SequencingError;
use ports::sequencing::EffectView;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

/// How much one shift does. Whatever is left when it is over is for the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Most effects that are performed at a time.
    pub at_a_time: usize,
    /// Most effects that are begun in all.
    pub in_all: usize,
    /// How long effects are begun. What is under way then is finished.
    pub for_ms: u64,
}

/// What a shift came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// Effects whose outcome is in the log now.
    pub reported: usize,
    /// What is left.
    pub left: Left,
}

/// What a shift leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// Nothing that can be done now. What is due later is for whoever wakes the host.
    Nothing,
    /// It did as much as it should, and there may be more: begin another shift.
    More,
    /// Nobody answers: begin another shift after a pause.
    Unanswered(String),
    /// The runtime may not work here, or another process took its place: a shift begun again comes to the same.
    Refused(String),
}

/// The shifts of one process of a runtime.
pub struct Shifts {
    runtime: Runtime,
    joined: Cell<bool>,
    at_work: Cell<bool>,
    bell: Bell,
}

impl std::fmt::Debug for Shifts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shifts({:?})", self.runtime)
    }
}

/// What ends waiting in a shift.
enum News {
    /// What looking for work found.
    Looked(Result<Looked, SequencingError>),
    /// An effect is done with.
    Finished(bool),
    /// Somebody says that there is more to do.
    Rung,
    /// Nothing is under way.
    Idle,
}

/// What looking for work found.
struct Looked {
    fired: bool,
    taken: Vec<EffectView>,
    /// Whether there may be more of it.
    is_full: bool,
}

type Looking<'a> = LocalBoxFuture<'a, Result<Looked, SequencingError>>;
type Running<'a> = FuturesUnordered<LocalBoxFuture<'a, bool>>;

impl Shifts {
    /// Of the process that `runtime` is. Nobody else may be that process.
    pub fn new(runtime: Runtime) -> Self {
        Self { runtime, joined: Cell::new(false), at_work: Cell::new(false), bell: Bell::default() }
    }

    /// There is more to do. Says whether a shift is on, which looks for it at once; if not, one is to be begun.
    pub fn wake(&self) -> bool {
        self.bell.ring();
        self.at_work.get()
    }

    /// Fire what is due, and perform what waits until nothing is left, within `terms`.
    pub async fn work(&self, terms: Terms) -> Shift {
        let _sign = Sign::up(&self.at_work);
        self.bell.rung.set(false);
        let until = self.runtime.clock.now_ms().saturating_add(terms.for_ms);
        let (at_a_time, mut left_to_begin) = (terms.at_a_time.max(1), terms.in_all.max(1));
        let mut shift = Shift { reported: 0, left: Left::Nothing };
        let mut running = Running::new();
        let mut looking: Option<Looking<'_>> = None;
        // Timers are asked for at the beginning and when somebody rings; an effect that ends sets none that is due.
        let (mut timers, mut again) = (true, true);
        loop {
            let room = at_a_time.saturating_sub(running.len()).min(left_to_begin);
            let wanted = timers || (again && (room > 0 || left_to_begin == 0));
            if wanted && looking.is_none() && shift.left == Left::Nothing {
                if left_to_begin == 0 || self.runtime.clock.now_ms() > until {
                    shift.left = Left::More;
                } else {
                    looking = Some(self.look(room, timers).boxed_local());
                    (timers, again) = (false, false);
                }
            }
            match self.news(&mut looking, &mut running).await {
                News::Looked(Ok(looked)) => {
                    timers |= looked.fired;
                    again |= looked.fired || looked.is_full;
                    left_to_begin = left_to_begin.saturating_sub(looked.taken.len());
                    running.extend(looked.taken.into_iter().map(|view| self.finish(view).boxed_local()));
                }
                News::Looked(Err(SequencingError::Unavailable(why))) => shift.left = Left::Unanswered(why),
                News::Looked(Err(error)) => shift.left = Left::Refused(format!("{error:?}")),
                News::Finished(reported) => {
                    shift.reported += usize::from(reported);
                    again = true;
                }
                News::Rung => (timers, again) = (true, true),
                News::Idle if (timers || again) && shift.left == Left::Nothing => {}
                News::Idle => return shift,
            }
        }
    }

    async fn look(&self, room: usize, timers: bool) -> Result<Looked, SequencingError> {
        let fired = timers && self.runtime.fire().await?;
        let taken = if room > 0 { self.take(room).await? } else { Vec::new() };
        Ok(Looked { fired, is_full: room > 0 && taken.len() == room, taken })
    }

    /// Lease at most `most`. A process joins before it takes anything for the first time, which gives back what the one
    /// before it held. Whoever asks without having joined is refused on the record, so asking first is no way to find out.
    async fn take(&self, most: usize) -> Result<Vec<EffectView>, SequencingError> {
        if !self.joined.get() {
            self.runtime.join().await?;
            self.joined.set(true);
        }
        self.runtime.take(most).await
    }

    /// Whether its outcome is in the log. What could not be told is another runtime's, when the lease is over.
    async fn finish(&self, view: EffectView) -> bool {
        matches!(self.runtime.finish(&view).await, Ok(Finished::Reported))
    }

    async fn news<'a>(&'a self, looking: &mut Option<Looking<'a>>, running: &mut Running<'a>) -> News {
        poll_fn(|cx| {
            if self.bell.has_rung(cx) {
                return Poll::Ready(News::Rung);
            }
            if let Some(look) = looking.as_mut()
                && let Poll::Ready(looked) = look.poll_unpin(cx)
            {
                *looking = None;
                return Poll::Ready(News::Looked(looked));
            }
            match running.poll_next_unpin(cx) {
                Poll::Ready(Some(reported)) => Poll::Ready(News::Finished(reported)),
                Poll::Ready(None) if looking.is_none() => Poll::Ready(News::Idle),
                _ => Poll::Pending,
            }
        })
        .await
    }
}

/// A bell that keeps ringing until it is heard.
#[derive(Default)]
struct Bell {
    rung: Cell<bool>,
    waiting: RefCell<Option<Waker>>,
}

impl Bell {
    fn ring(&self) {
        self.rung.set(true);
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }

    fn has_rung(&self, cx: &Context<'_>) -> bool {
        self.waiting.replace(Some(cx.waker().clone()));
        self.rung.take()
    }
}

/// Says that a shift is on, as long as it is there.
struct Sign<'a>(&'a Cell<bool>);

impl<'a> Sign<'a> {
    fn up(at_work: &'a Cell<bool>) -> Self {
        at_work.set(true);
        Self(at_work)
    }
}

impl Drop for Sign<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}
