//! What a vendor's error means for the caller.

use crate::{detail, retry_after};
use http::{HeaderMap, StatusCode};
use ports::provider::{FailureClass, ModelFailure};
use serde_json::Value;

/// A failure of `class`; only the classes that time may heal are retriable.
pub fn failed(class: FailureClass, text: &str) -> ModelFailure {
    let retriable = matches!(
        class,
        FailureClass::Rate
            | FailureClass::Overload
            | FailureClass::Unavailable
            | FailureClass::Timeout
            | FailureClass::Cut
    );
    ModelFailure { class, detail: detail::harmless(text), retry_after_ms: None, retriable }
}

/// The request cannot be made as it is.
pub fn invalid(text: &str) -> ModelFailure {
    failed(FailureClass::Invalid, text)
}

/// The answer is not of the dialect.
pub fn protocol(text: &str) -> ModelFailure {
    failed(FailureClass::Protocol, text)
}

/// The failure in a response whose status says so. A body that is not of the dialect is not repeated: proxies and login
/// pages answer too, and some of them echo what they were sent.
pub fn of_status(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> ModelFailure {
    let status = status.as_u16();
    let body: Option<Value> = serde_json::from_slice(body).ok();
    let told = body.as_ref().and_then(|body| body.get("error")).and_then(Told::read);
    let class = told.as_ref().and_then(Told::class_by_name).unwrap_or_else(|| class_by_status(status));
    let text = match told {
        Some(told) => format!("HTTP {status}{}", told.text()),
        None => format!("HTTP {status} with a body that is not of the dialect"),
    };
    with_wait(failed(class, &text), headers)
}

/// The failure that stands inside a response whose status says success.
pub fn inside_success(headers: &HeaderMap, error: &Value) -> ModelFailure {
    let Some(told) = Told::read(error) else {
        return protocol("the answer holds an error of a form that is not known");
    };
    let class = told.class_by_name().or_else(|| told.class_by_kind()).unwrap_or(FailureClass::Protocol);
    with_wait(failed(class, &format!("HTTP 200 with an error inside{}", told.text())), headers)
}

fn with_wait(failure: ModelFailure, headers: &HeaderMap) -> ModelFailure {
    let retry_after_ms = if failure.retriable { retry_after::milliseconds(headers) } else { None };
    ModelFailure { retry_after_ms, ..failure }
}

fn class_by_status(status: u16) -> FailureClass {
    match status {
        401 | 403 => FailureClass::Auth,
        402 => FailureClass::Quota,
        429 => FailureClass::Rate,
        529 => FailureClass::Overload,
        408 | 409 | 500..=599 => FailureClass::Unavailable,
        400..=499 => FailureClass::Invalid,
        // Redirects among them: they are not followed, for the key would go along.
        _ => FailureClass::Protocol,
    }
}

/// The dialect's error object: `{message, type, param, code}`, each of which vendors leave out at times.
struct Told {
    message: String,
    kind: String,
    code: String,
}

impl Told {
    /// Some servers write a bare text instead of the object, and a number instead of the code.
    fn read(error: &Value) -> Option<Self> {
        let field = |name| match error.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        match error {
            Value::Object(_) => Some(Self { message: field("message"), kind: field("type"), code: field("code") }),
            Value::String(text) => Some(Self { message: text.clone(), kind: String::new(), code: String::new() }),
            _ => None,
        }
    }

    /// The class, where code or type say more than any status: quota comes as 429, a long conversation as 400.
    fn class_by_name(&self) -> Option<FailureClass> {
        let named = [&self.code, &self.kind].into_iter().find_map(|name| match name.as_str() {
            "insufficient_quota" | "billing_hard_limit_reached" | "insufficient_balance" | "quota_exceeded" => {
                Some(FailureClass::Quota)
            }
            "overloaded_error" | "overloaded" | "engine_overloaded" | "server_overloaded" => {
                Some(FailureClass::Overload)
            }
            "context_length_exceeded" | "exceed_context_size_error" => Some(FailureClass::ContextTooLong),
            "content_filter" | "content_policy_violation" => Some(FailureClass::Filter),
            _ => None,
        });
        // Servers that have no code for it all word it like this.
        let too_long = ["maximum context length", "exceeds the context window", "prompt is too long"];
        let worded = too_long.iter().any(|words| self.message.contains(words)).then_some(FailureClass::ContextTooLong);
        named.or(worded)
    }

    /// The class without a status to go by: a code may be one, else the type tells the kind.
    fn class_by_kind(&self) -> Option<FailureClass> {
        let status = self.code.parse().ok().filter(|status| (400..=599).contains(status)).map(class_by_status);
        let kind = [&self.kind, &self.code].into_iter().find_map(|name| match name.as_str() {
            "authentication_error" | "permission_error" | "invalid_api_key" => Some(FailureClass::Auth),
            "rate_limit_error" | "rate_limit_exceeded" => Some(FailureClass::Rate),
            "server_error" | "api_error" | "internal_server_error" | "service_unavailable" => {
                Some(FailureClass::Unavailable)
            }
            "invalid_request_error" | "not_found_error" => Some(FailureClass::Invalid),
            _ => None,
        });
        status.or(kind)
    }

    /// What to show: names first, so that a long message cannot push them out of the detail.
    fn text(&self) -> String {
        let names: Vec<&str> = [self.kind.as_str(), self.code.as_str()].into_iter().filter(|n| !n.is_empty()).collect();
        let names = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
        let message = if self.message.is_empty() { "no message" } else { &self.message };
        format!("{names}: {message}")
    }
}
