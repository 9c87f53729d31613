//! Why an exchange has no answer, told apart by whether the peer can have seen anything of it.

use http::Uri;
use hyper_util::client::legacy;
use ports::OutboundError;
use std::error::Error;
use std::time::Duration;

/// Refuse an address that is not one of HTTP; nothing was sent.
pub fn check_address(uri: &Uri) -> Result<(), OutboundError> {
    let known = matches!(uri.scheme_str(), Some("http" | "https"));
    let host = uri.host().is_some_and(|host| !host.is_empty());
    if known && host { Ok(()) } else { Err(OutboundError::Connect("the address is not an http or https URL".into())) }
}

/// The client's error. Everything after the connection was made counts as sent, even where it may not have been.
pub fn of_client(error: &legacy::Error) -> OutboundError {
    if error.is_connect() { OutboundError::Connect(chain(error)) } else { OutboundError::Interrupted(chain(error)) }
}

/// The body broke off.
pub fn of_body(error: &hyper::Error) -> OutboundError {
    OutboundError::Interrupted(chain(error))
}

/// The deadline passed, before or after there was a connection.
pub fn of_deadline(timeout_ms: u64, connected: bool) -> OutboundError {
    if connected {
        return OutboundError::Interrupted(format!("no whole answer within {timeout_ms} ms"));
    }
    OutboundError::Connect(format!("no connection within {timeout_ms} ms"))
}

/// The peer was silent for too long in the middle of its body.
pub fn of_silence(silence: Duration) -> OutboundError {
    OutboundError::Interrupted(format!("nothing came for {} ms", silence.as_millis()))
}

/// The error and what caused it, outermost first: the outermost alone says only that something failed.
fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
