//! A model call.

use crate::Runtime;
use kernel::id::{Id, WorkspaceId};
use ports::live::{LiveChannel, LiveDelta};
use ports::provider::{Live, ModelFailure, ModelRequest, ModelResponse, ProviderEntry, Stop};
use ports::sequencing::EffectView;
use serde_json::{Value, json};

/// Pieces of one answer, on their way to whoever watches.
struct Pieces<'a> {
    channel: &'a dyn LiveChannel,
    workspace: WorkspaceId,
    effect: Id,
    task: Id,
}

impl Live for Pieces<'_> {
    fn delta(&self, text: &str) {
        let (effect, task) = (self.effect, self.task);
        self.channel.publish(self.workspace, LiveDelta { effect, task, text: text.to_owned() });
    }
}

/// Call the model.
pub async fn perform(runtime: &Runtime, view: &EffectView, provider: &ProviderEntry, request: &ModelRequest) -> Value {
    let live = Pieces { channel: &*runtime.live, workspace: runtime.workspace, effect: view.effect, task: view.task };
    reported(runtime.models.call(provider, &view.idempotency_key, request, &live).await)
}

fn reported(outcome: Result<ModelResponse, ModelFailure>) -> Value {
    match outcome {
        Ok(response) => {
            let usage = response.usage.unwrap_or_default();
            let stop = match response.stop {
                Stop::End => "end",
                Stop::Length => "length",
                Stop::Filter => "filter",
                Stop::Tool => "tool",
            };
            let calls = response.calls.iter();
            let calls = calls.map(|it| json!({"id": it.id, "name": it.name, "arguments": it.arguments}));
            json!({
                "is": "answered", "text": response.text, "calls": calls.collect::<Vec<_>>(), "stop": stop,
                "input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens,
            })
        }
        Err(failure) => json!({
            "is": "failed", "class": failure.class, "detail": failure.detail, "retriable": failure.retriable,
            "retry_after_ms": failure.retry_after_ms,
        }),
    }
}
