//! Every way in which a provider does not work, and what to do about it.

use crate::outcome::Problem;
use crate::table::one_line;
use ports::provider::{FailureClass, ModelFailure, ProviderEntry};

/// Most models that a hint names.
const NAMED_MAX: usize = 8;

/// Why a provider was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It is to be connected.
    Before,
    /// It is connected.
    Again,
}

/// A failure as a problem: what happened, what is safe, what to do next.
pub fn explain(entry: &ProviderEntry, failure: &ModelFailure, models: Option<&[String]>, asked: Asked) -> Problem {
    let (what, hint) = match failure.class {
        FailureClass::Auth => auth(entry, failure),
        FailureClass::Quota => (
            "the account behind the key has no money or quota left".to_owned(),
            "Add credit at the vendor, or name another key with --key-ref.".to_owned(),
        ),
        FailureClass::Rate => ("it takes no more requests from this key now".to_owned(), wait(failure)),
        FailureClass::Overload => ("it has too much to do for everybody".to_owned(), wait(failure)),
        FailureClass::Unavailable => unavailable(entry, failure),
        FailureClass::Invalid => invalid(entry, failure, models),
        FailureClass::Timeout => (
            "it did not answer in time".to_owned(),
            "A local server that loads a model first is slow once: try again, or give it longer with --timeout."
                .to_owned(),
        ),
        FailureClass::Cut => (
            "its answer broke off".to_owned(),
            "Try again. If it happens each time, look at the server's log and at what is in between: proxies end long \
             answers."
                .to_owned(),
        ),
        FailureClass::Protocol => protocol(entry, models),
        FailureClass::ContextTooLong => (
            "it says that one sentence is too long for the model".to_owned(),
            "Start the server with a larger context, or name another model with --model.".to_owned(),
        ),
        FailureClass::Filter => (
            "its filter refused a harmless sentence".to_owned(),
            "Look at the content filter that the vendor has set up for this key or model.".to_owned(),
        ),
    };
    let at = one_line(&entry.base_url);
    let (safe, hint) = match asked {
        Asked::Before => (" Nothing was connected.", hint),
        Asked::Again if hint.contains("--") => ("", format!("{hint} Flags are given anew: kernelos provider connect")),
        Asked::Again => ("", hint),
    };
    let detail = one_line(&failure.detail);
    Problem::failed(format!("provider_{}", class(failure.class)), format!("{at}: {what} ({detail}).{safe}"), hint)
}

fn class(class: FailureClass) -> String {
    serde_json::to_value(class).ok().and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default()
}

fn auth(entry: &ProviderEntry, failure: &ModelFailure) -> (String, String) {
    let is_missing = failure.detail.starts_with("there is no secret");
    let Some(reference) = &entry.key_ref else {
        let hint =
            "Say where its key is: --key-ref env:NAME, or kernelos provider key set NAME and --key-ref vault:NAME.";
        return ("it wants a key, and none was named".to_owned(), hint.to_owned());
    };
    let what = if is_missing {
        format!("there is no key at {reference}")
    } else {
        format!("it refuses the key of {reference}")
    };
    let hint = match reference.split_once(':') {
        Some(("vault", name)) => format!("Put the right key there: kernelos provider key set {name}"),
        Some((_, name)) => format!(
            "Set it where the host runs: export {name}=… A host that runs already has the environment it was started \
             with: restart kernelos dev, or keep the key in the vault with kernelos provider key set NAME."
        ),
        None => String::new(),
    };
    (what, hint)
}

fn wait(failure: &ModelFailure) -> String {
    let seconds = failure.retry_after_ms.map(|ms| ms.div_ceil(1_000));
    let wait = seconds.map_or_else(|| "a minute".to_owned(), |seconds| format!("{seconds} s"));
    format!("Wait {wait} and try again. To connect without calling it: --no-verify")
}

fn unavailable(entry: &ProviderEntry, failure: &ModelFailure) -> (String, String) {
    let detail = &failure.detail;
    if detail.starts_with("the vault cannot be used") {
        return ("the key cannot be read".to_owned(), "Run `kernelos doctor` to see what is wrong.".to_owned());
    }
    if !detail.starts_with("could not connect") {
        let hint = "It was reached, so address and network are right. Look at its status or its log, and try again.";
        return ("it is there and does not work now".to_owned(), hint.to_owned());
    }
    if detail.contains("dns error") || detail.contains("failed to lookup") {
        let hint = "Check the host in --base-url for a slip, and that this machine resolves names.";
        return ("its host name means no address".to_owned(), hint.to_owned());
    }
    if detail.contains("certificate") || detail.contains("tls") || detail.contains("TLS") {
        let hint = "Check that the host is the one that is meant. A server with a certificate of its own is reached by \
                    http:// on this machine only, or with --allow-plain-http.";
        return ("no secure connection can be made".to_owned(), hint.to_owned());
    }
    let hint = match is_here(&entry.base_url) {
        true => "Is the server running? Start it, and check host and port in --base-url.",
        false => "Check host and port in --base-url, and that this machine reaches the network.",
    };
    ("nobody answers there".to_owned(), hint.to_owned())
}

fn is_here(base_url: &str) -> bool {
    let host = base_url.split_once("://").map_or(base_url, |(_, rest)| rest);
    ["localhost", "127.", "[::1]"].iter().any(|here| host.starts_with(here))
}

fn invalid(entry: &ProviderEntry, failure: &ModelFailure, models: Option<&[String]>) -> (String, String) {
    let detail = &failure.detail;
    if detail.contains("would travel in") {
        let hint = "Use https://. If the network in between is yours alone: --allow-plain-http";
        return ("it is reached in clear".to_owned(), hint.to_owned());
    }
    if detail.starts_with("the base URL") {
        return ("this is no address of an API".to_owned(), "Write it like https://host/v1.".to_owned());
    }
    if detail.starts_with("the dialect") {
        return ("nobody here speaks its dialect".to_owned(), "Leave --dialect away for openai-chat.".to_owned());
    }
    match models {
        Some(models) if !models.contains(&entry.model) => unknown_model(&entry.model, models),
        Some(_) => (
            "it refuses the request".to_owned(),
            "It lists the model, and takes no conversation with it: models for embeddings or images do not talk. Name \
             another with --model."
                .to_owned(),
        ),
        None if detail.contains("HTTP 404") => (
            format!("it knows no model {}, or has no API at this address", one_line(&entry.model)),
            "Check that --base-url ends where the API's paths begin, as in https://host/v1, and that --model is one of \
             the vendor's names. It lists no models."
                .to_owned(),
        ),
        None => ("it refuses the request".to_owned(), "Check --model and --base-url with the vendor's words above.".to_owned()),
    }
}

fn unknown_model(wanted: &str, models: &[String]) -> (String, String) {
    let near = kernel::workflow::nearest(wanted, models.iter().map(String::as_str));
    let near: Vec<&str> = near.into_iter().collect();
    let others = models.iter().map(String::as_str).filter(|name| !near.contains(name));
    let named: Vec<String> = near.iter().copied().chain(others).take(NAMED_MAX).map(one_line).collect();
    let more = models.len().saturating_sub(named.len());
    let more = if more == 0 { String::new() } else { format!(", and {more} more") };
    let hint = format!("Name one that it lists with --model: {}{more}", named.join(", "));
    (format!("it knows no model {}", one_line(wanted)), hint)
}

fn protocol(entry: &ProviderEntry, models: Option<&[String]>) -> (String, String) {
    let what = format!("what answers does not speak {}", one_line(&entry.dialect));
    let hint = match models {
        Some(_) => {
            "It lists models, so the address is right; its answers are not of this dialect. Look at its version."
        }
        None => {
            "Check that --base-url ends where the API's paths begin, as in https://host/v1. A login page or a proxy may \
             answer in its place."
        }
    };
    (what, hint.to_owned())
}

#[cfg(test)]
mod tests;
