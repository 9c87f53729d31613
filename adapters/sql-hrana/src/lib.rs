//! Statements to a libSQL server, by Hrana 2 over HTTP: one `execute` in one request, no stream kept open.
//!
//! Nothing of the server is remembered between two statements, so any of them may be the last, and any server behind the
//! address may perform it. The protocol is described in `docs/HRANA_2_SPEC.md` of the libSQL server.

mod message;

use async_trait::async_trait;
use bytes::Bytes;
use ports::{Egress, EgressPolicy, EgressRequest, Sql, SqlError, SqlValue};
use std::rc::Rc;

/// Most bytes of an answer.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// How long a statement may take, to the last byte of its answer.
const WITHIN_MS: u64 = 30_000;

/// A libSQL server.
#[derive(Clone)]
pub struct Hrana {
    egress: Rc<dyn Egress>,
    policy: EgressPolicy,
    url: String,
    token: Option<String>,
}

/// The address may hold what opens the server.
impl std::fmt::Debug for Hrana {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hrana")
    }
}

impl Hrana {
    /// The server at `url`, `https://` or `http://`. `token` refers to a secret, as `env:NAME` or `vault:NAME`; `private`
    /// names ranges of addresses that are not public and may be reached, as the way out writes them.
    pub fn new(egress: Rc<dyn Egress>, url: &str, token: Option<&str>, private: Vec<String>) -> Self {
        let url = url.trim_end_matches('/').to_owned();
        let policy = EgressPolicy {
            hosts: vec![url.clone()],
            private,
            secrets: token.map(|token| format!("{token}@{url}")).into_iter().collect(),
            redirects_max: 0,
            response_bytes_max: ANSWER_BYTES_MAX,
            timeout_ms: WITHIN_MS,
            silence_ms: WITHIN_MS,
            ..EgressPolicy::default()
        };
        Self { egress, policy, url: format!("{url}/v2/pipeline"), token: token.map(ToOwned::to_owned) }
    }
}

#[async_trait(?Send)]
impl Sql for Hrana {
    async fn execute(&self, statement: &str, values: &[SqlValue]) -> Result<Vec<Vec<SqlValue>>, SqlError> {
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        if let Some(token) = &self.token {
            headers.push(("authorization".to_owned(), format!("Bearer {{{{secret:{token}}}}}")));
        }
        let body = message::request(statement, values).map_err(|why| SqlError(why.to_string()))?;
        let request = EgressRequest {
            headers,
            body: Some(Bytes::from(body)),
            follow_redirects: false,
            ..EgressRequest::new("POST", &self.url)
        };
        let answer = self.egress.send(&self.policy, request).await.map_err(|why| SqlError(why.to_string()))?;
        if answer.status != 200 {
            return Err(SqlError(format!("the database server answered with status {}", answer.status)));
        }
        message::rows(&answer.body)
    }
}
