//! What was heard of a workspace: how far its log goes, and pieces of answers that are on their way.

use ports::LiveDelta;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// Pieces that wait, and bytes of their text. Beyond that the oldest goes: nobody waits for a client that is slow.
const DELTAS_MAX: usize = 256;
const DELTA_BYTES_MAX: usize = 1 << 18;

/// What one who listens and one who follows share.
#[derive(Default)]
pub struct Heard {
    pos: Cell<u64>,
    deltas: RefCell<VecDeque<LiveDelta>>,
    bytes: Cell<usize>,
    over: Cell<bool>,
    gone: Cell<bool>,
    waiting: RefCell<Vec<Waker>>,
}

impl Heard {
    /// The log goes at least to `pos`.
    pub fn moved(&self, pos: u64) {
        self.pos.set(self.pos.get().max(pos));
        self.news();
    }

    /// A piece was said.
    pub fn said(&self, delta: LiveDelta) {
        let mut deltas = self.deltas.borrow_mut();
        let mut bytes = self.bytes.get() + delta.text.len();
        deltas.push_back(delta);
        while deltas.len() > DELTAS_MAX || bytes > DELTA_BYTES_MAX {
            let Some(dropped) = deltas.pop_front() else { break };
            bytes -= dropped.text.len();
        }
        self.bytes.set(bytes);
        drop(deltas);
        self.news();
    }

    /// Nothing more will be heard.
    pub fn end(&self) {
        self.over.set(true);
        self.news();
    }

    /// Nobody follows any more.
    pub fn leave(&self) {
        self.gone.set(true);
        self.news();
    }

    /// Wait until nobody follows any more.
    pub async fn left(&self) {
        self.until(|| self.gone.get().then_some(())).await;
    }

    /// Wait until the log goes beyond `after`; none when nothing more will be heard.
    pub async fn beyond(&self, after: u64) -> Option<u64> {
        self.until(|| match self.pos.get() {
            pos if pos > after => Some(Some(pos)),
            _ => self.over.get().then_some(None),
        })
        .await
    }

    /// How far the log goes, as far as was heard.
    pub fn pos(&self) -> u64 {
        self.pos.get()
    }

    /// The next piece; none when nothing more will be heard.
    pub async fn delta(&self) -> Option<LiveDelta> {
        self.until(|| match self.deltas.borrow_mut().pop_front() {
            Some(delta) => {
                self.bytes.set(self.bytes.get() - delta.text.len());
                Some(Some(delta))
            }
            None => self.over.get().then_some(None),
        })
        .await
    }

    fn news(&self) {
        for waker in self.waiting.take() {
            waker.wake();
        }
    }

    async fn until<T>(&self, look: impl Fn() -> Option<T>) -> T {
        poll_fn(|cx| {
            if let Some(found) = look() {
                return Poll::Ready(found);
            }
            let mut waiting = self.waiting.borrow_mut();
            if !waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                waiting.push(cx.waker().clone());
            }
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use futures_util::future::join;
    use kernel::id::{CommandId, DeviceId, Id, Role};
    use testkit::block_on;

    fn delta(text: impl Into<String>) -> LiveDelta {
        let id = |role| Id::new(CommandId { device: DeviceId([3; 16]), incarnation: 0, counter: 4 }, role);
        LiveDelta { effect: id(Role::Effect), task: id(Role::Task), text: text.into() }
    }

    fn all(heard: &Heard) -> Vec<String> {
        std::iter::from_fn(|| heard.delta().now_or_never().flatten()).map(|delta| delta.text).collect()
    }

    #[test]
    fn whoever_waits_hears_of_it() {
        let heard = Heard::default();
        let both = join(heard.beyond(6), async { heard.moved(7) });
        assert_eq!(block_on(both).0, Some(7));
        heard.moved(3);
        assert_eq!((heard.pos(), heard.beyond(7).now_or_never()), (7, None));
        let both = join(heard.delta(), async { heard.said(delta("a")) });
        assert_eq!(block_on(both).0, Some(delta("a")));
    }

    #[test]
    fn what_was_heard_before_the_end_is_told_before_it() {
        let heard = Heard::default();
        heard.moved(7);
        heard.said(delta("a"));
        heard.end();
        assert_eq!(heard.beyond(6).now_or_never(), Some(Some(7)));
        assert_eq!(heard.beyond(7).now_or_never(), Some(None));
        assert_eq!(heard.delta().now_or_never(), Some(Some(delta("a"))));
        assert_eq!(heard.delta().now_or_never(), Some(None));
    }

    #[test]
    fn who_is_behind_loses_the_oldest() {
        let heard = Heard::default();
        (0..1000).for_each(|nth| heard.said(delta(nth.to_string())));
        let kept = all(&heard);
        assert_eq!((kept.len(), kept[0].as_str(), kept[255].as_str()), (DELTAS_MAX, "744", "999"));
        heard.said(delta("x".repeat(DELTA_BYTES_MAX + 1)));
        heard.said(delta("y"));
        assert_eq!(all(&heard), ["y"]);
    }

    #[test]
    fn whoever_listens_hears_that_nobody_follows() {
        let heard = Heard::default();
        assert!(heard.left().now_or_never().is_none());
        heard.leave();
        assert!(heard.left().now_or_never().is_some());
    }
}
