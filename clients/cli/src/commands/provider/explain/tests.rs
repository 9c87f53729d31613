//! The text of every failure, held against the file that was reviewed.

use super::*;
use expect_test::expect_file;

fn entry() -> ProviderEntry {
    ProviderEntry {
        dialect: "openai-chat".into(),
        base_url: "https://api.example.com/v1".into(),
        key_ref: Some("env:EXAMPLE_KEY".into()),
        model: "lrage".into(),
        timeout_ms: 60_000,
        allow_plain_http: false,
    }
}

fn told(story: &str, entry: &ProviderEntry, class: FailureClass, detail: &str, models: Option<&[&str]>) -> String {
    let failure = ModelFailure { class, detail: detail.into(), retry_after_ms: Some(6_500), retriable: false };
    let models: Option<Vec<String>> = models.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
    let problem = explain(entry, &failure, models.as_deref(), Asked::Before);
    assert!(problem.exit == 1 && !problem.hint.is_empty(), "{story}: {problem:?}");
    format!("{story}\n  error[{}]: {}\n  hint: {}\n\n", problem.code, problem.what, problem.hint)
}

#[test]
fn every_failure_says_what_happened_what_is_safe_and_what_to_do() {
    use FailureClass::*;
    let at = |base_url: &str| ProviderEntry { base_url: base_url.into(), ..entry() };
    let key = |key_ref: Option<&str>| ProviderEntry { key_ref: key_ref.map(str::to_owned), ..entry() };
    let many: Vec<String> = (0..20).map(|nth| format!("model-{nth}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).chain(["large"]).collect();
    let refused = "could not connect: client error (Connect): tcp connect error: Connection refused (os error 111)";
    let lookup = "could not connect: client error (Connect): dns error: failed to lookup address information";
    let clear = "the base URL is http:// and not of this machine: key and conversation would travel in clear; use \
                 https://, or set allow_plain_http on the provider";
    let all = [
        told("a key that is refused", &entry(), Auth, "HTTP 401 (invalid_api_key): Incorrect API key", None),
        told("a variable that is not set", &entry(), Auth, "there is no secret env:EXAMPLE_KEY", None),
        told("a key of the vault", &key(Some("vault:example")), Auth, "HTTP 401: no", None),
        told("no key", &key(None), Auth, "HTTP 401: no", None),
        told("no money", &entry(), Quota, "HTTP 429 (insufficient_quota): You exceeded your quota", None),
        told("too many requests", &entry(), Rate, "HTTP 429: slow down", None),
        told("too much to do", &entry(), Overload, "HTTP 529: overloaded", None),
        told("nobody here", &at("http://127.0.0.1:9/v1"), Unavailable, refused, None),
        told("nobody elsewhere", &entry(), Unavailable, refused, None),
        told("a name that means nothing", &entry(), Unavailable, lookup, None),
        told(
            "no certificate",
            &entry(),
            Unavailable,
            "could not connect: invalid peer certificate: UnknownIssuer",
            None,
        ),
        told("a server that fails", &entry(), Unavailable, "HTTP 500: internal error", None),
        told("a vault that fails", &entry(), Unavailable, "the vault cannot be used: vault.sealed was altered", None),
        told("in clear", &at("http://api.example.com/v1"), Invalid, clear, None),
        told("no address", &at("api.example.com"), Invalid, "the base URL must begin with https:// or http://", None),
        told("no dialect", &entry(), Invalid, "the dialect \"x\" is not known here; known: openai-chat", None),
        told("no such model", &entry(), Invalid, "HTTP 404 (model_not_found): no such model", Some(&many)),
        told("a model that does not talk", &entry(), Invalid, "HTTP 400: not a chat model", Some(&["lrage"])),
        told("nothing at the address", &entry(), Invalid, "HTTP 404 with a body that is not of the dialect", None),
        told("another refusal", &entry(), Invalid, "HTTP 422: max_completion_tokens is not known", None),
        told("too slow", &entry(), Timeout, "the exchange broke: no whole answer within 60000 ms", None),
        told("broken off", &entry(), Cut, "the stream ended before its end", None),
        told("a login page", &entry(), Protocol, "the answer is not whole JSON (line 1)", None),
        told("another dialect", &entry(), Protocol, "the answer has no choices", Some(&["lrage"])),
        told("no room", &entry(), ContextTooLong, "HTTP 400 (context_length_exceeded): too long", None),
        told("a filter", &entry(), Filter, "HTTP 400 (content_filter): no", None),
    ];
    expect_file!["../../../../tests/provider_failures.txt"].assert_eq(&all.concat());
}

#[test]
fn what_a_peer_says_reaches_the_terminal_on_one_line_and_tamed() {
    let failure = ModelFailure {
        class: FailureClass::Invalid,
        detail: "a\nb\u{1b}[2J".into(),
        retry_after_ms: None,
        retriable: false,
    };
    let problem = explain(&entry(), &failure, Some(&["x\u{1b}[2J".to_owned()]), Asked::Again);
    assert!(!problem.what.contains(['\n', '\u{1b}']) && !problem.hint.contains('\u{1b}'), "{problem:?}");
    assert!(!problem.what.contains("Nothing was connected"), "{problem:?}");
}
