//! The host's runtime: watches workspaces and performs what is due, holding nothing while nothing is.

use super::actor::{Handle, Outstanding};
use super::ambient::Machine;
use ports::{Clock as _, SequencingError};
use runtime::Runtime;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// How long to wait after the sequencer did not answer.
const PAUSE: Duration = Duration::from_millis(500);

/// Watch one workspace until its actor is gone.
pub async fn watch(runtime: Rc<Runtime>, handle: Handle, effects_max: usize) {
    let Handle { mut outstanding, .. } = handle;
    let slots = Arc::new(Semaphore::new(effects_max));
    let mut joined = give_back(&runtime, &outstanding).await;
    while something_to_do(&mut outstanding).await {
        // A workspace that owes nothing is not written to: joining waits for the first work.
        if !joined {
            joined = runtime.join().await.is_ok();
        }
        if timer_is_due(&outstanding) && runtime.fire().await.is_err() {
            tokio::time::sleep(PAUSE).await;
        }
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        // As many as wait and as there is room for are leased together: each for itself would be a commit for each.
        let more = outstanding.borrow().due.saturating_sub(1).min(slots.available_permits());
        let more = (0..more).map_while(|_| Arc::clone(&slots).try_acquire_owned().ok());
        let free: Vec<OwnedSemaphorePermit> = std::iter::once(slot).chain(more).collect();
        match runtime.take(free.len()).await {
            Ok(taken) if !taken.is_empty() => {
                for (view, slot) in taken.into_iter().zip(free) {
                    let runtime = Rc::clone(&runtime);
                    tokio::task::spawn_local(async move {
                        let _ = runtime.finish(&view).await;
                        drop(slot);
                    });
                }
            }
            Ok(_) => {
                // Somebody else took it, or only a timer was due: a change tells when there is more.
                if outstanding.borrow().due > 0 {
                    let _ = tokio::time::timeout(PAUSE, outstanding.changed()).await;
                }
            }
            Err(_) => {
                joined = false;
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Leases that stand may be those of this runtime's earlier process: joining gives them back at once. Says whether the
/// runtime joined.
async fn give_back(runtime: &Runtime, outstanding: &watch::Receiver<Outstanding>) -> bool {
    while outstanding.borrow().next_expiry.is_some() {
        match runtime.join().await {
            Ok(()) => return true,
            // Without an answer the leases stand still, and waiting for their time would hold the work up.
            Err(SequencingError::Unavailable(_)) => tokio::time::sleep(PAUSE).await,
            Err(_) => return false,
        }
    }
    false
}

fn timer_is_due(outstanding: &watch::Receiver<Outstanding>) -> bool {
    outstanding.borrow().next_due.is_some_and(|at| at <= Machine.now_ms())
}

/// Come back when an effect waits, a lease is over or a timer is due; false when the actor is gone.
async fn something_to_do(outstanding: &mut watch::Receiver<Outstanding>) -> bool {
    loop {
        let Outstanding { due, next_expiry, next_due } = *outstanding.borrow_and_update();
        let next = next_expiry.into_iter().chain(next_due).min();
        let now = Machine.now_ms();
        if due > 0 || next.is_some_and(|at| at <= now) {
            return true;
        }
        let wait = next.map_or(Duration::from_secs(3600), |at| Duration::from_millis(at - now));
        if let Ok(Err(_)) = tokio::time::timeout(wait, outstanding.changed()).await {
            return false;
        }
    }
}
