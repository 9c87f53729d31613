//! Telling somebody that a person is waited for.

use super::failed;
use crate::Runtime;
use ports::sequencing::{EffectView, Notice};
use serde_json::{Value, json};

/// Give notice. That nobody is to be told here is no failure: the approval waits in every list.
pub async fn perform(runtime: &Runtime, view: &EffectView, notice: &Notice) -> Value {
    match runtime.notices.give(runtime.workspace, view.task, notice).await {
        Ok(()) => json!({ "is": "returned", "result": null }),
        Err(why) => {
            let mut outcome = failed("notice", &why);
            if let Some(outcome) = outcome.as_object_mut() {
                outcome.insert("retriable".to_owned(), json!(true));
            }
            outcome
        }
    }
}
