//! A provider is verified for a workspace, and nothing of it is decided or recorded.

use super::host::{Host, WORKSPACE, json as body, problem};
use async_trait::async_trait;
use ports::provider::{FailureClass, ModelFailure, ProviderEntry};
use ports::{SequencingError, Support, Verification, Verifier};
use serde_json::json;

#[async_trait(?Send)]
impl Verifier for Host {
    async fn verify(&self, provider: &ProviderEntry) -> Verification {
        self.asked.borrow_mut().push(format!("verify {} within {}", provider.model, provider.timeout_ms));
        let failure = |class| ModelFailure { class, detail: "no".into(), retry_after_ms: Some(5), retriable: false };
        match provider.model.as_str() {
            "unknown" => Verification::failed(failure(FailureClass::Invalid), Some(vec!["small".into()])),
            _ => Verification {
                latency_ms: Some(7),
                model: Some("small-7".into()),
                streams: true,
                tools: Support::Works,
                schema: Support::Refused,
                failure: None,
                models: None,
            },
        }
    }
}

fn path() -> String {
    format!("/v1/workspaces/{WORKSPACE}/providers/verify")
}

#[tokio::test]
async fn what_was_found_is_the_answer_also_when_the_provider_does_not_work() {
    let host = Host::new();
    let entry = |model: &str| json!({"dialect": "d", "base_url": "https://h", "model": model, "timeout_ms": 900_000});
    let found = host.post(&path(), "k", entry("small")).await;
    assert_eq!((found.status().as_u16(), &body(&found)["schema"]), (200, &json!("refused")));
    let found = host.post(&path(), "k", entry("unknown")).await;
    assert_eq!((found.status().as_u16(), &body(&found)["failure"]["class"]), (200, &json!("invalid")));
    // Whether it may be reached on a network of one's own stands in the workspace's rules.
    let asked = ["Egress", "verify small within 60000", "Egress", "verify unknown within 60000"];
    assert_eq!(*host.asked.borrow(), asked);
    assert!(host.decided.borrow().is_empty());
}

#[tokio::test]
async fn nobody_is_asked_for_a_workspace_that_is_not_there_or_with_half_an_entry() {
    let entry = json!({"dialect": "d", "base_url": "https://h", "model": "m", "timeout_ms": 1});
    let host = Host::failing(SequencingError::Unavailable("not there".into()));
    assert_eq!(problem(&host.post(&path(), "k", entry).await).0, 503);
    assert!(host.asked.borrow().is_empty());
    let host = Host::new();
    assert_eq!(problem(&host.post(&path(), "k", json!({"dialect": "d"})).await).0, 422);
    assert!(host.asked.borrow().is_empty());
}
