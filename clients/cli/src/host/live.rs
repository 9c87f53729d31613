//! Pieces of answers that are on their way, from the runtimes of this host to the streams of this host.
//!
//! Everything happens on the edge thread, so nothing is locked. A watcher has a queue of bounded length; when it is full
//! the oldest piece goes, and nobody waits for anybody.

use async_trait::async_trait;
use kernel::id::WorkspaceId;
use ports::{LiveChannel, LiveDelta, LiveSubscription};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::{Rc, Weak};
use tokio::sync::Notify;

/// Pieces that wait for one watcher.
pub const DELTAS_MAX: usize = 256;
/// Bytes of text that wait for one watcher.
pub const DELTA_BYTES_MAX: usize = 1 << 18;

/// The channel. Clones are the same one.
#[derive(Clone, Default)]
pub struct LocalLive {
    shared: Rc<Shared>,
}

#[derive(Default)]
struct Shared {
    watchers: RefCell<BTreeMap<WorkspaceId, Vec<Weak<Queue>>>>,
    closed: Cell<bool>,
}

#[derive(Default)]
struct Queue {
    waiting: RefCell<VecDeque<LiveDelta>>,
    bytes: Cell<usize>,
    news: Notify,
}

impl LocalLive {
    /// End every subscription, those to come too: the host stops.
    pub fn close(&self) {
        self.shared.closed.set(true);
        let watchers = self.shared.watchers.borrow();
        watchers.values().flatten().filter_map(Weak::upgrade).for_each(|queue| queue.news.notify_one());
    }
}

impl LiveChannel for LocalLive {
    fn publish(&self, workspace: WorkspaceId, delta: LiveDelta) {
        let watchers = self.shared.watchers.borrow();
        for queue in watchers.get(&workspace).into_iter().flatten().filter_map(Weak::upgrade) {
            queue.push(delta.clone());
        }
    }

    fn subscribe(&self, workspace: WorkspaceId) -> Box<dyn LiveSubscription> {
        let queue = Rc::new(Queue::default());
        self.shared.watchers.borrow_mut().entry(workspace).or_default().push(Rc::downgrade(&queue));
        Box::new(Subscription { shared: Rc::clone(&self.shared), workspace, queue })
    }
}

impl Queue {
    fn push(&self, delta: LiveDelta) {
        let mut waiting = self.waiting.borrow_mut();
        let mut bytes = self.bytes.get() + delta.text.len();
        waiting.push_back(delta);
        while waiting.len() > DELTAS_MAX || bytes > DELTA_BYTES_MAX {
            let Some(dropped) = waiting.pop_front() else { break };
            bytes -= dropped.text.len();
        }
        self.bytes.set(bytes);
        self.news.notify_one();
    }

    fn pop(&self) -> Option<LiveDelta> {
        let delta = self.waiting.borrow_mut().pop_front()?;
        self.bytes.set(self.bytes.get() - delta.text.len());
        Some(delta)
    }
}

struct Subscription {
    shared: Rc<Shared>,
    workspace: WorkspaceId,
    queue: Rc<Queue>,
}

#[async_trait(?Send)]
impl LiveSubscription for Subscription {
    async fn next(&mut self) -> Option<LiveDelta> {
        loop {
            if self.shared.closed.get() {
                return None;
            }
            if let Some(delta) = self.queue.pop() {
                return Some(delta);
            }
            self.queue.news.notified().await;
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut watchers = self.shared.watchers.borrow_mut();
        let Some(queues) = watchers.get_mut(&self.workspace) else { return };
        queues.retain(|queue| !Weak::ptr_eq(queue, &Rc::downgrade(&self.queue)));
        if queues.is_empty() {
            watchers.remove(&self.workspace);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::id::{CommandId, DeviceId, Id, Role};

    const HERE: WorkspaceId = WorkspaceId([1; 16]);

    fn delta(text: impl Into<String>) -> LiveDelta {
        let id = |role| Id::new(CommandId { device: DeviceId([3; 16]), incarnation: 0, counter: 4 }, role);
        LiveDelta { effect: id(Role::Effect), task: id(Role::Task), text: text.into() }
    }

    /// What comes without waiting.
    async fn all(watcher: &mut dyn LiveSubscription) -> Vec<String> {
        let mut all = Vec::new();
        let mut pause = std::pin::pin!(tokio::task::yield_now());
        while let Some(delta) = tokio::select! { biased; delta = watcher.next() => delta, () = &mut pause => None } {
            all.push(delta.text);
        }
        all
    }

    #[tokio::test]
    async fn everybody_who_watches_a_workspace_hears_what_is_said_there_from_then_on() {
        let live = LocalLive::default();
        live.publish(HERE, delta("before"));
        let (mut one, mut two) = (live.subscribe(HERE), live.subscribe(HERE));
        let mut elsewhere = live.subscribe(WorkspaceId([2; 16]));
        live.publish(HERE, delta("a"));
        live.publish(HERE, delta("b"));
        assert_eq!(all(one.as_mut()).await, ["a", "b"]);
        assert_eq!(all(two.as_mut()).await, ["a", "b"]);
        assert!(all(elsewhere.as_mut()).await.is_empty());
    }

    #[tokio::test]
    async fn who_is_behind_loses_the_oldest_and_holds_nobody_up() {
        let live = LocalLive::default();
        let mut watcher = live.subscribe(HERE);
        (0..1000).for_each(|nth| live.publish(HERE, delta(nth.to_string())));
        let kept = all(watcher.as_mut()).await;
        assert_eq!((kept.len(), kept[0].as_str(), kept[255].as_str()), (DELTAS_MAX, "744", "999"));
        (0..10).for_each(|nth| live.publish(HERE, delta(nth.to_string().repeat(100_000))));
        let kept = all(watcher.as_mut()).await;
        assert_eq!(kept, ["8", "9"].map(|digit| digit.repeat(100_000)));
        live.publish(HERE, delta("x".repeat(DELTA_BYTES_MAX + 1)));
        live.publish(HERE, delta("y"));
        assert_eq!(all(watcher.as_mut()).await, ["y"]);
    }

    #[tokio::test]
    async fn nothing_is_left_of_a_watcher_that_went() {
        let live = LocalLive::default();
        let (one, two) = (live.subscribe(HERE), live.subscribe(HERE));
        drop(one);
        assert_eq!(live.shared.watchers.borrow()[&HERE].len(), 1);
        drop(two);
        assert!(live.shared.watchers.borrow().is_empty());
        live.publish(HERE, delta("to nobody"));
    }

    #[tokio::test]
    async fn closing_wakes_who_waits_and_whoever_comes_later() {
        let live = LocalLive::default();
        let mut watcher = live.subscribe(HERE);
        let closing = live.clone();
        let (heard, ()) = tokio::join!(watcher.next(), async move {
            tokio::task::yield_now().await;
            closing.close();
        });
        assert_eq!((heard, live.subscribe(HERE).next().await), (None, None));
    }
}
