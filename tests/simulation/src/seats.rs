//! Seats: the sequencers there are. The one that claimed last may write; the others do not know yet that they may not. Each
//! does one thing at a time, and stops at every call of its store until the schedule lets it go on.

use super::way::{Shared, Way, Weather};
use kernel::id::WorkspaceId;
use kernel::machine::Reply;
use sequencer::{Compacting, Failure, Job, Making, Sequencer};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// The key under which data keys are wrapped.
pub(crate) const KEY: [u8; 32] = [5; 32];

/// What a seat came to.
pub(crate) enum Came {
    /// It owns the workspace, or does not.
    Claimed(Result<(), Failure>),
    /// Requests were decided, by their numbers in the ledger.
    Submitted(Vec<usize>, Vec<Result<Reply, Failure>>),
    /// A slice of a snapshot.
    Sliced(Result<Making, Failure>),
    /// A little of packing old events.
    Packed(Result<Compacting, Failure>),
    /// What outlived its time was removed.
    Swept(Result<bool, Failure>),
    /// Somebody looked, and saw the workspace at this position.
    Looked(Result<u64, Failure>),
}

type Doing = Pin<Box<dyn Future<Output = (Option<Sequencer>, Came)>>>;

enum State {
    Idle(Box<Sequencer>),
    Busy(Doing),
    /// It could not claim the workspace.
    Gone,
}

/// A sequencer, and what it does.
pub(crate) struct Seat {
    pub(crate) number: u64,
    state: State,
    way: Rc<Way>,
    /// How far its clock is ahead.
    pub(crate) skew_ms: u64,
    /// It does nothing before this step: it is slow.
    pub(crate) slow_until: u64,
}

impl Seat {
    /// Somebody claims the workspace.
    pub(crate) fn claim(number: u64, disk: &Shared, weather: &Rc<Weather>, workspace: WorkspaceId) -> Self {
        let way = Rc::new(Way::new(Rc::clone(disk), Rc::clone(weather)));
        let store = Rc::clone(&way);
        let doing = Box::pin(async move {
            match Sequencer::claim(store, workspace, KEY).await {
                Ok(sequencer) => (Some(sequencer), Came::Claimed(Ok(()))),
                Err(failure) => (None, Came::Claimed(Err(failure))),
            }
        });
        Self { number, state: State::Busy(doing), way, skew_ms: 0, slow_until: 0 }
    }

    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle(_))
    }

    pub(crate) fn is_gone(&self) -> bool {
        matches!(self.state, State::Gone)
    }

    /// The sequencer, while it does nothing.
    pub(crate) fn idle(&mut self) -> Option<&mut Sequencer> {
        match &mut self.state {
            State::Idle(sequencer) => Some(sequencer),
            State::Busy(_) | State::Gone => None,
        }
    }

    /// Its process dies, at whatever call it is.
    pub(crate) fn die(self) {
        drop(self.state);
        self.way.is_left();
    }

    fn begin(&mut self, what: impl FnOnce(Sequencer) -> Doing) {
        self.state = match std::mem::replace(&mut self.state, State::Gone) {
            State::Idle(sequencer) => State::Busy(what(*sequencer)),
            other => other,
        };
    }

    pub(crate) fn submit(&mut self, batch: Vec<usize>, jobs: Vec<Job>) {
        self.begin(|mut it| {
            Box::pin(async move {
                let outcomes = it.submit(&jobs).await;
                (Some(it), Came::Submitted(batch, outcomes))
            })
        });
    }

    pub(crate) fn slice(&mut self, whole: bool, now_ms: u64) {
        self.begin(|mut it| {
            Box::pin(async move {
                let made = it.snapshot_slice(whole, now_ms).await;
                (Some(it), Came::Sliced(made))
            })
        });
    }

    pub(crate) fn compact(&mut self, now_ms: u64) {
        self.begin(|mut it| {
            Box::pin(async move {
                let packed = it.compact_slice(now_ms).await;
                (Some(it), Came::Packed(packed))
            })
        });
    }

    pub(crate) fn sweep(&mut self, now_ms: u64) {
        self.begin(|mut it| {
            Box::pin(async move {
                let swept = it.sweep(now_ms).await;
                (Some(it), Came::Swept(swept))
            })
        });
    }

    /// Somebody looks at what waits, or at everything there is a root of.
    pub(crate) fn look(&mut self, at_all: bool) {
        self.begin(|mut it| {
            Box::pin(async move {
                let seen = match at_all {
                    true => it.describe().await.map(|view| view.pos),
                    false => it.waiting(16).await.map(|_| it.pos()),
                };
                (Some(it), Came::Looked(seen))
            })
        });
    }

    /// Go on up to the next call of the store; what it came to, when it did.
    pub(crate) fn go_on(&mut self) -> Option<Came> {
        let State::Busy(doing) = &mut self.state else { return None };
        match doing.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => None,
            Poll::Ready((sequencer, came)) => {
                self.state = sequencer.map_or(State::Gone, |it| State::Idle(Box::new(it)));
                Some(came)
            }
        }
    }
}
