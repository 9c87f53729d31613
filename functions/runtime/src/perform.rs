//! Lease, perform, report.

use crate::request::request;
use crate::work;
use futures_util::future::{Either, join_all, select};
use kernel::id::{BootId, DeviceId, Id, RuntimeId, WorkspaceId};
use kernel::machine::{Reply, Request};
use kernel::reject::Code;
use ports::egress::Egress;
use ports::live::LiveChannel;
use ports::notices::Notices;
use ports::sequencing::EffectView;
use ports::{Clock, Entropy, Models, Sequencing, SequencingError, Timer};
use serde_json::{Value, json};
use std::pin::pin;
use std::rc::Rc;

/// How long a lease holds without being renewed. A runtime that died is noticed by others after that.
const LEASE_MS: u64 = 30_000;

/// When a lease is renewed while the work goes on.
const RENEW_MS: u64 = 10_000;

/// How often something is sent again when the sequencer does not answer, and how long to wait in between.
const ATTEMPTS: u32 = 8;
const WAIT_MS: u64 = 250;

/// What became of an effect that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finished {
    /// Its outcome is in the log.
    Reported,
    /// Its report could not be delivered: the lease will be taken over.
    Undelivered,
    /// It was given up in the middle: the lease is somebody else's, or nobody wants it any more.
    GivenUp,
}

/// A runtime's process.
pub struct Runtime {
    /// The workspace it works for.
    pub workspace: WorkspaceId,
    /// Which runtime it is.
    pub id: RuntimeId,
    /// Which of its processes.
    pub boot: BootId,
    /// The host's device, which counts the runtime's commands.
    pub device: DeviceId,
    /// The incarnation of that device.
    pub incarnation: u32,
    /// The sequencer.
    pub sequencing: Rc<dyn Sequencing>,
    /// The way to models.
    pub models: Rc<dyn Models>,
    /// The way to everything else outside.
    pub egress: Rc<dyn Egress>,
    /// The way to people.
    pub notices: Rc<dyn Notices>,
    /// Where pieces of answers go while they arrive.
    pub live: Rc<dyn LiveChannel>,
    /// Time.
    pub clock: Rc<dyn Clock>,
    /// Timer.
    pub timer: Rc<dyn Timer>,
    /// Randomness.
    pub entropy: Rc<dyn Entropy>,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Runtime({} as {} for {})", self.id, self.boot, self.workspace)
    }
}

impl Runtime {
    /// Join the workspace: what an earlier process of this runtime held is given back.
    pub async fn join(&self) -> Result<(), SequencingError> {
        let data = json!({ "runtime": self.id, "boot": self.boot });
        self.send("runtime.join", &data, &[b"join", &self.boot.0]).await.map(|_| ())
    }

    /// Let what is due by now happen. Says whether anything was.
    pub async fn fire(&self) -> Result<bool, SequencingError> {
        let random = self.random()?;
        match self.send("timers.fire", &json!({}), &[b"fire", &random]).await {
            Ok(_) => Ok(true),
            Err(SequencingError::Refused(rejection)) if rejection.code == Code::NothingDue || rests(rejection.code) => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Lease what waits longest, at most `most` of it; fewer when less waits. What was leased is given even when a lease
    /// behind it was refused.
    pub async fn take(&self, most: usize) -> Result<Vec<EffectView>, SequencingError> {
        let effects = self.lease(most).await?;
        let views = effects.into_iter().map(async |effect| {
            self.insist(async || self.sequencing.effect(self.workspace, effect).await, is_unanswered).await
        });
        let (mut taken, mut failed) = (Vec::with_capacity(most), None);
        for view in join_all(views).await {
            match view {
                Ok(view) => taken.extend(view),
                Err(error) => failed = Some(error),
            }
        }
        // A lease whose work cannot be read runs out; the others are performed.
        failed.filter(|_| taken.is_empty()).map_or(Ok(taken), Err)
    }

    /// Perform a leased effect and report its outcome.
    pub async fn finish(&self, view: &EffectView) -> Result<Finished, SequencingError> {
        match self.perform(view).await {
            Some(outcome) => self.report(view, &outcome).await,
            None => Ok(Finished::GivenUp),
        }
    }

    async fn lease(&self, most: usize) -> Result<Vec<Id>, SequencingError> {
        let data = json!({ "runtime": self.id, "boot": self.boot, "ttl_ms": LEASE_MS });
        let mut requests = Vec::with_capacity(most);
        for _ in 0..most {
            requests.push(self.request("effect.lease", &data, &[b"lease", &self.random()?])?);
        }
        let mut leased = Vec::with_capacity(most);
        for reply in self.replies(&requests).await {
            match reply.and_then(accepted) {
                Ok(reply) => leased.extend(reply.made.first()),
                Err(SequencingError::Refused(rejection))
                    if rejection.code == Code::NothingToLease || rests(rejection.code) =>
                {
                    break;
                }
                // What was leased is performed; who is refused for good finds out with the next lease.
                Err(error) if leased.is_empty() => return Err(error),
                Err(_) => break,
            }
        }
        Ok(leased)
    }

    /// What became of `requests`. When nobody answers, they may have taken effect: asked again under the same keys, the reply
    /// is the same, and no lease is held by a runtime that does not know of it.
    async fn replies(&self, requests: &[Request]) -> Vec<Result<Reply, SequencingError>> {
        let ask = async || self.sequencing.submit(self.workspace, requests.to_vec()).await;
        self.insist(ask, |replies| replies.iter().any(is_unanswered)).await
    }

    /// What `ask` comes to, asked again for a while as long as nobody answers.
    async fn insist<T>(&self, ask: impl AsyncFn() -> T, nobody_answered: impl Fn(&T) -> bool) -> T {
        let mut answer = ask().await;
        for attempt in 1..ATTEMPTS {
            if !nobody_answered(&answer) {
                break;
            }
            self.timer.sleep(WAIT_MS << (attempt - 1).min(6)).await;
            answer = ask().await;
        }
        answer
    }

    /// Do the work and hold the lease meanwhile. None when the lease was lost: others took over, or it was cancelled.
    async fn perform(&self, view: &EffectView) -> Option<Value> {
        let mut work = pin!(work::perform(self, view));
        let mut renewals = 0u64;
        loop {
            let wait = pin!(self.timer.sleep(RENEW_MS));
            match select(work.as_mut(), wait).await {
                Either::Left((outcome, _)) => return Some(outcome),
                Either::Right(_) => {
                    renewals += 1;
                    match self.renew(view, renewals).await {
                        // The lease is held as long as it was granted for, and an answer within that time is taken.
                        Err(SequencingError::Refused(rejection)) if rejection.code == Code::WorkspaceFrozen => {}
                        // Its report will be late, and is kept for whoever decides what becomes of it.
                        Err(SequencingError::Refused(rejection)) if rejection.code == Code::WorkHeld => {}
                        Err(SequencingError::Refused(_)) => return None,
                        _ => {}
                    }
                }
            }
        }
    }

    async fn renew(&self, view: &EffectView, nth: u64) -> Result<Reply, SequencingError> {
        let data = json!({
            "runtime": self.id, "boot": self.boot, "effect": view.effect, "fence": view.fence, "ttl_ms": LEASE_MS,
        });
        let effect = view.effect.to_string();
        let parts: [&[u8]; 5] =
            [b"renew", effect.as_bytes(), &self.boot.0, &view.fence.to_be_bytes(), &nth.to_be_bytes()];
        self.send("effect.renew", &data, &parts).await
    }

    async fn report(&self, view: &EffectView, outcome: &Value) -> Result<Finished, SequencingError> {
        let data = json!({
            "runtime": self.id, "boot": self.boot, "effect": view.effect, "fence": view.fence, "outcome": outcome,
        });
        let effect = view.effect.to_string();
        let parts: [&[u8]; 4] = [b"report", effect.as_bytes(), &self.boot.0, &view.fence.to_be_bytes()];
        match self.insist(async || self.send("effect.report", &data, &parts).await, is_unanswered).await {
            Ok(_) => Ok(Finished::Reported),
            Err(SequencingError::Unavailable(_)) => Ok(Finished::Undelivered),
            Err(error) => Err(error),
        }
    }

    fn random(&self) -> Result<[u8; 32], SequencingError> {
        self.entropy.random().map_err(|why| SequencingError::Unavailable(why.0))
    }

    async fn send(&self, name: &str, data: &Value, parts: &[&[u8]]) -> Result<Reply, SequencingError> {
        let request = self.request(name, data, parts)?;
        let mut replies = self.sequencing.submit(self.workspace, vec![request]).await;
        let reply = replies.pop().unwrap_or_else(|| Err(SequencingError::Unavailable("there was no reply".to_owned())));
        reply.and_then(accepted)
    }

    fn request(&self, name: &str, data: &Value, parts: &[&[u8]]) -> Result<Request, SequencingError> {
        request(self.device, self.incarnation, self.clock.now_ms(), name, data, parts)
            .map_err(|why| SequencingError::Unavailable(format!("{name} is not a command: {why:?}")))
    }
}

/// Whether nothing of the workspace may be performed here now.
fn rests(code: Code) -> bool {
    matches!(
        code,
        Code::EffectsHeld | Code::WorkHeld | Code::WorkspaceFrozen | Code::WorkspaceMoved | Code::StorageFull
    )
}

/// Whether nobody answered: what was asked for may have happened.
fn is_unanswered<T>(answer: &Result<T, SequencingError>) -> bool {
    matches!(answer, Err(SequencingError::Unavailable(_)))
}

/// The reply to a command that took effect.
fn accepted(reply: Reply) -> Result<Reply, SequencingError> {
    match reply.rejected {
        Some((code, ref detail)) => Err(SequencingError::Refused(code.because(detail.as_str()))),
        None => Ok(reply),
    }
}
