//! Lease, perform, report.

use crate::request::request;
use futures_util::future::{Either, select};
use kernel::id::{BootId, DeviceId, Id, RuntimeId, WorkspaceId};
use kernel::machine::Reply;
use kernel::reject::Code;
use ports::provider::{FailureClass, ModelFailure, ModelResponse, Speaker, Stop};
use ports::sequencing::EffectView;
use ports::{Clock, Entropy, Models, Sequencing, SequencingError, Silent, Timer};
use serde_json::{Value, json};
use std::pin::pin;
use std::rc::Rc;

/// How long a lease holds without being renewed. A runtime that died is noticed by others after that.
const LEASE_MS: u64 = 30_000;

/// When a lease is renewed while the work goes on.
const RENEW_MS: u64 = 10_000;

/// How often a report is sent when the sequencer does not answer, and how long to wait in between.
const REPORT_ATTEMPTS: u32 = 8;
const REPORT_WAIT_MS: u64 = 250;

/// What became of an effect that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finished {
    /// Its outcome is in the log.
    Reported,
    /// Its report could not be delivered: the lease will be taken over.
    Undelivered,
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

    /// Lease what waits longest; none when nothing does.
    pub async fn take(&self) -> Result<Option<EffectView>, SequencingError> {
        let Some(effect) = self.lease().await? else { return Ok(None) };
        self.sequencing.effect(self.workspace, effect).await
    }

    /// Perform a leased effect and report its outcome.
    pub async fn finish(&self, view: &EffectView) -> Result<Finished, SequencingError> {
        let asked = view.request.messages.last().is_some_and(|message| message.speaker == Speaker::User);
        let outcome = if asked { self.perform(view).await } else { Err(nothing_to_ask()) };
        self.report(view, outcome).await
    }

    async fn lease(&self) -> Result<Option<Id>, SequencingError> {
        let random = self.entropy.random().map_err(|why| SequencingError::Unavailable(why.0))?;
        let data = json!({ "runtime": self.id, "boot": self.boot, "ttl_ms": LEASE_MS });
        match self.send("effect.lease", &data, &[b"lease", &random]).await {
            Ok(reply) => Ok(reply.made.first().copied()),
            Err(SequencingError::Refused(rejection)) if rejection.code == Code::NothingToLease => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Call the model; hold the lease meanwhile.
    async fn perform(&self, view: &EffectView) -> Result<ModelResponse, ModelFailure> {
        let mut call = pin!(self.models.call(&view.provider, &view.idempotency_key, &view.request, &Silent));
        let mut renewals = 0u64;
        loop {
            let wait = pin!(self.timer.sleep(RENEW_MS));
            match select(call.as_mut(), wait).await {
                Either::Left((outcome, _)) => return outcome,
                Either::Right(_) => {
                    renewals += 1;
                    // A renewal that is refused means that others took over: the outcome will be kept as late.
                    let _ = self.renew(view, renewals).await;
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

    async fn report(
        &self,
        view: &EffectView,
        outcome: Result<ModelResponse, ModelFailure>,
    ) -> Result<Finished, SequencingError> {
        let data = json!({
            "runtime": self.id, "boot": self.boot, "effect": view.effect, "fence": view.fence,
            "outcome": reported(&outcome),
        });
        let effect = view.effect.to_string();
        let parts: [&[u8]; 4] = [b"report", effect.as_bytes(), &self.boot.0, &view.fence.to_be_bytes()];
        for attempt in 0..REPORT_ATTEMPTS {
            match self.send("effect.report", &data, &parts).await {
                Ok(_) => return Ok(Finished::Reported),
                Err(SequencingError::Unavailable(_)) => {
                    self.timer.sleep(REPORT_WAIT_MS << attempt.min(6)).await;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Finished::Undelivered)
    }

    async fn send(&self, name: &str, data: &Value, parts: &[&[u8]]) -> Result<Reply, SequencingError> {
        let now = self.clock.now_ms();
        let request = request(self.device, self.incarnation, now, name, data, parts)
            .map_err(|why| SequencingError::Unavailable(format!("{name} is not a command: {why:?}")))?;
        let mut replies = self.sequencing.submit(self.workspace, vec![request]).await;
        let reply =
            replies.pop().unwrap_or_else(|| Err(SequencingError::Unavailable("there was no reply".to_owned())))?;
        match reply.rejected {
            Some((code, ref detail)) => Err(SequencingError::Refused(code.because(detail.as_str()))),
            None => Ok(reply),
        }
    }
}

/// The question cannot be read any more: its key was destroyed. Calling without it would only cost money.
fn nothing_to_ask() -> ModelFailure {
    let detail = "the question's key was destroyed".to_owned();
    ModelFailure { class: FailureClass::Invalid, detail, retry_after_ms: None, retriable: false }
}

/// The outcome in the words of the report.
fn reported(outcome: &Result<ModelResponse, ModelFailure>) -> Value {
    match outcome {
        Ok(response) => {
            let usage = response.usage.unwrap_or_default();
            let stop = match response.stop {
                Stop::End => "end",
                Stop::Length => "length",
                Stop::Filter => "filter",
                Stop::Tool => "tool",
            };
            json!({
                "is": "answered", "text": response.text, "stop": stop,
                "input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens,
            })
        }
        Err(failure) => json!({ "is": "failed", "class": failure.class, "detail": failure.detail }),
    }
}
