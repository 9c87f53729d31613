//! Notices by a webhook: what waits for a person is sent there as one JSON object.

use async_trait::async_trait;
use bytes::Bytes;
use kernel::id::{Id, WorkspaceId};
use ports::sequencing::Notice;
use ports::{Egress, EgressPolicy, EgressRequest, Notices};
use serde_json::json;
use std::rc::Rc;
use url::{Host, Url};

/// How long the webhook may take.
const TIMEOUT_MS: u64 = 15_000;
/// Most bytes of its answer that are read.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Gives notice by a request to the host's owner. Without an address, what waits is only in the lists.
pub struct Webhook {
    /// Where requests go.
    pub url: Option<String>,
    /// The way out.
    pub egress: Rc<dyn Egress>,
}

#[async_trait(?Send)]
impl Notices for Webhook {
    async fn give(&self, workspace: WorkspaceId, task: Id, notice: &Notice) -> Result<(), String> {
        let Some(url) = &self.url else { return Ok(()) };
        let message = json!({ "workspace": workspace, "task": task, "notice": notice });
        let request = EgressRequest {
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: Some(Bytes::from(message.to_string())),
            follow_redirects: false,
            idempotency_key: Some(format!("{}-{}", notice.approval, notice.escalated_to.is_some())),
            ..EgressRequest::new("POST", url.as_str())
        };
        let answer = self.egress.send(&policy(url)?, request).await;
        match answer.map_err(|failure| failure.to_string())?.status {
            200..300 => Ok(()),
            status => Err(format!("the webhook for notices answers {status}")),
        }
    }
}

/// What a notice may reach: the webhook, and this machine only if it is named as such.
fn policy(url: &str) -> Result<EgressPolicy, String> {
    let parsed = Url::parse(url).map_err(|why| format!("KERNELOS_NOTIFY_URL is no URL: {why}"))?;
    let here = match parsed.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let private = if here { vec!["127.0.0.0/8".to_owned(), "::1".to_owned()] } else { Vec::new() };
    Ok(EgressPolicy {
        hosts: vec![parsed.origin().ascii_serialization()],
        private,
        timeout_ms: TIMEOUT_MS,
        response_bytes_max: ANSWER_BYTES_MAX,
        ..EgressPolicy::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_may_reach_its_webhook_and_nothing_else() {
        let policy = |url| policy(url).unwrap();
        assert_eq!(policy("https://hooks.example/a?b").hosts, ["https://hooks.example"]);
        assert!(policy("https://hooks.example/").private.is_empty());
        assert_eq!(policy("http://127.0.0.1:8080/x").hosts, ["http://127.0.0.1:8080"]);
        for here in ["http://127.0.0.1:8080/x", "http://localhost/", "http://[::1]/"] {
            assert_eq!(policy(here).private, ["127.0.0.0/8", "::1"], "{here}");
        }
        assert!(super::policy("hooks.example").is_err());
    }
}
