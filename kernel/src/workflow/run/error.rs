//! Errors of a workflow, as the standard has them: problem details of RFC 7807.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// An error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunError {
    /// Its kind, a URI.
    #[serde(rename = "type")]
    pub type_: String,
    /// Status as HTTP would have it.
    pub status: u16,
    /// What happened, in a few words.
    pub title: String,
    /// What happened exactly.
    pub detail: String,
    /// JSON pointer to the task of the workflow that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

impl RunError {
    /// An error of a kind that the standard names: `expression`, `validation`, `timeout`, `communication`, `runtime` …
    pub fn standard(kind: &str, status: u16, title: &str, detail: impl Into<String>) -> Self {
        Self {
            type_: format!("https://serverlessworkflow.io/spec/1.0.0/errors/{kind}"),
            status,
            title: title.to_owned(),
            detail: detail.into(),
            instance: None,
        }
    }

    /// The error that `value` describes, as `raise` has it.
    pub fn described(value: &Value) -> Self {
        let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let status = value.get("status").and_then(Value::as_u64).and_then(|it| u16::try_from(it).ok());
        let kind = text("type");
        Self {
            type_: if kind.is_empty() { Self::standard("runtime", 500, "", "").type_ } else { kind },
            status: status.unwrap_or(500),
            title: text("title"),
            detail: text("detail"),
            instance: None,
        }
    }

    /// The error as expressions see it.
    pub fn value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_else(|_| json!({"status": self.status}))
    }
}
