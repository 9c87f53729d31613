//! The work itself: one file for each kind. Each gives the outcome in the words of `effect.report`.

mod http;
mod model;
mod notice;

use crate::Runtime;
use ports::sequencing::{EffectView, Work};
use serde_json::{Value, json};

/// Do the work that `view` is.
pub async fn perform(runtime: &Runtime, view: &EffectView) -> Value {
    match &view.work {
        Work::Model { provider, request } => model::perform(runtime, view, provider, request).await,
        Work::Capability { capability, arguments, egress } if capability == "http.request" => {
            http::perform(runtime, view, arguments, egress).await
        }
        Work::Capability { capability, .. } => {
            failed("unknown_capability", &format!("this runtime does not offer {capability}"))
        }
        Work::Notice(notice) => notice::perform(runtime, view, notice).await,
        Work::Moot => failed("erased", "there is nothing to do: its key was destroyed, or it was decided already"),
    }
}

/// A failure that trying again does not heal, before anything was sent.
fn failed(class: &str, detail: &str) -> Value {
    json!({ "is": "failed", "class": class, "detail": detail })
}
