//! The faults of streams and providers as a table: what the provider does, and what the call ends in.

use super::peer::{
    AMPLE_MS, Act, CHUNKED, DONE, Ending, HEAD, STOPS, answer, call_at, call_within, chunked, events, half, say, says,
};
use ports::provider::FailureClass::{
    self, Auth, ContextTooLong, Cut, Filter, Invalid, Overload, Protocol, Quota, Rate, Timeout, Unavailable,
};
use ports::provider::{Stop, Usage};
use std::net::TcpListener;
use std::time::Duration;

/// What a call ends in: class, whether it may be tried again, and after how many milliseconds at least.
type End = (FailureClass, bool, Option<u64>);

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

fn json(body: &str) -> Vec<Act> {
    answer("200 OK", "content-type: application/json\r\n", body)
}

fn stream(events: &[String]) -> Vec<Act> {
    vec![say(HEAD), say(events.concat())]
}

fn event(data: &str) -> String {
    format!("data: {data}\n\n")
}

fn error(status: &str, headers: &str, error: &str) -> Vec<Act> {
    answer(status, headers, &format!("{{\"error\":{error}}}"))
}

fn calls(piece: &str) -> String {
    event(&format!(r#"{{"choices":[{{"index":0,"delta":{{"tool_calls":[{piece}]}}}}]}}"#))
}

fn ends(reason: &str) -> String {
    STOPS.replace("stop", reason)
}

/// Byte by byte, at a pace at which the answer is not there in time.
fn slowly(text: &str) -> Vec<Act> {
    text.bytes().flat_map(|byte| [Act::Say(vec![byte]), Act::Pause(Duration::from_millis(20))]).collect()
}

fn ends_in(faults: &[(&str, Vec<Act>, End)], within_ms: u64) {
    for (story, acts, (class, retriable, wait)) in faults {
        let ending = call_within(within_ms, acts.clone());
        let end = ending.outcome.as_ref().err().map(|it| (it.class, it.retriable, it.retry_after_ms));
        assert_eq!(end, Some((*class, *retriable, *wait)), "{story}: {:?}", ending.outcome);
        ending.is(*class, *retriable, *wait);
    }
}

#[test]
fn what_breaks_on_the_way() {
    let whole = chunked(&events());
    ends_in(
        &[
            ("closed before the first byte", vec![], (Timeout, true, None)),
            ("closed in the status line", vec![say("HTTP/1.1 2")], (Timeout, true, None)),
            ("closed in the headers", vec![say("HTTP/1.1 200 OK\r\ncontent-ty")], (Timeout, true, None)),
            ("closed after the headers", vec![say(HEAD)], (Cut, true, None)),
            ("closed after the headers of chunks", vec![say(CHUNKED)], (Cut, true, None)),
            ("closed in the middle of an event", vec![say(HEAD), say(half().trim_end())], (Cut, true, None)),
            (
                "a length that is not kept",
                vec![say("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{")],
                (Cut, true, None),
            ),
            ("a chunk that is none", vec![say(CHUNKED), say("zz\r\n")], (Cut, true, None)),
            ("not HTTP", vec![say("SSH-2.0-OpenSSH_9.6\r\n\r\n"), Act::Hang], (Timeout, true, None)),
            ("silence in place of an event", vec![say(HEAD), say(half()), Act::Hang], (Cut, true, None)),
        ],
        AMPLE_MS,
    );
    ends_in(
        &[
            ("silence in place of an answer", vec![Act::Hang], (Timeout, true, None)),
            ("an answer byte by byte, beyond the deadline", slowly(&whole), (Timeout, true, None)),
            (
                "a stream byte by byte, beyond the deadline",
                [vec![say(CHUNKED)], slowly(whole.strip_prefix(CHUNKED).unwrap())].concat(),
                (Cut, true, None),
            ),
        ],
        400,
    );
}

#[test]
fn what_a_provider_says_instead_of_an_answer() {
    let mid = |data: &str| stream(&[half(), event(data), DONE.into()]);
    let called = |kind: &str| vec![say(HEAD.replace("text/event-stream", kind)), say(events().concat())];
    let first = |data: &str| stream(&[event(data), DONE.into()]);
    let overloaded = r#"{"error":{"type":"overloaded_error","message":"busy"}}"#;
    let limited = r#"{"error":{"type":"rate_limit_error","message":"slow down"}}"#;
    let filtered = r#"{"error":{"code":"content_filter","message":"no"}}"#;
    let long = r#"{"error":{"code":"context_length_exceeded","message":"too long"}}"#;
    ends_in(
        &[
            ("an error before the first delta", first(overloaded), (Overload, true, None)),
            ("an error after the first delta", mid(overloaded), (Overload, true, None)),
            ("a limit before the first delta", first(limited), (Rate, true, None)),
            ("a limit after the first delta", mid(limited), (Rate, true, None)),
            ("a filter after the first delta", mid(filtered), (Filter, false, None)),
            ("a conversation that is too long", first(long), (ContextTooLong, false, None)),
            ("an error in place of JSON", json(overloaded), (Overload, true, None)),
            ("no terminal event", stream(&[half(), says("lo")]), (Cut, true, None)),
            ("an end without a reason", stream(&[half(), DONE.into()]), (Cut, true, None)),
            ("nothing at all", answer("200 OK", "", ""), (Protocol, false, None)),
            ("nothing, and that as JSON", json(""), (Protocol, false, None)),
            ("an end and nothing before it", stream(&[DONE.into()]), (Cut, true, None)),
            ("JSON without an answer in it", json("{}"), (Protocol, false, None)),
            ("JSON of something else", json("[1,2,3]"), (Protocol, false, None)),
            ("JSON with no choice in it", json(r#"{"choices":[]}"#), (Protocol, false, None)),
            ("JSON that is cut inside", json(r#"{"choices":[{"message""#), (Protocol, false, None)),
            (
                "a page to sign in at",
                answer("200 OK", "content-type: text/html\r\n", "<html>Sign in</html>"),
                (Protocol, false, None),
            ),
            ("a stream that is called text", called("text/plain"), (Protocol, false, None)),
            ("a stream that is called nothing", called(""), (Protocol, false, None)),
            ("a picture", answer("200 OK", "content-type: image/png\r\n", "\u{89}PNG"), (Protocol, false, None)),
            ("an event that is not JSON", mid("hello"), (Protocol, false, None)),
            ("a reason nobody knows", stream(&[half(), ends("because")]), (Protocol, false, None)),
            (
                "a tool without a name",
                stream(&[calls(r#"{"index":0,"id":"c"}"#), ends("tool_calls")]),
                (Protocol, false, None),
            ),
            ("tools that were not called", stream(&[half(), ends("tool_calls")]), (Protocol, false, None)),
            (
                "tools that are no list",
                stream(&[event(r#"{"choices":[{"delta":{"tool_calls":7}}]}"#)]),
                (Protocol, false, None),
            ),
            (
                "a tool cut in its arguments",
                stream(&[calls(r#"{"index":0,"id":"c","function":{"name":"ask","arguments":"{"}}"#)]),
                (Cut, true, None),
            ),
        ],
        AMPLE_MS,
    );
}

#[test]
fn what_a_status_says_and_how_long_to_wait() {
    let slow = r#"{"message":"slow down","type":"requests"}"#;
    let quota = r#"{"message":"pay","code":"insufficient_quota"}"#;
    let limited = |headers: &str| error("429 Too Many Requests", headers, slow);
    let date = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\nretry-after: ";
    ends_in(
        &[
            ("a limit", limited(""), (Rate, true, None)),
            ("a limit for seconds", limited("retry-after: 7\r\n"), (Rate, true, Some(7_000))),
            ("a limit for parts of a second", limited("retry-after: 0.5\r\n"), (Rate, true, Some(500))),
            ("a limit for milliseconds", limited("retry-after-ms: 12\r\n"), (Rate, true, Some(12))),
            ("milliseconds and seconds", limited("retry-after: 7\r\nretry-after-ms: 12\r\n"), (Rate, true, Some(12))),
            ("until a date", limited(&format!("{date}Sun, 06 Nov 1994 08:49:40 GMT\r\n")), (Rate, true, Some(3_000))),
            (
                "until a date that is over",
                limited(&format!("{date}Sun, 06 Nov 1994 00:00:00 GMT\r\n")),
                (Rate, true, Some(0)),
            ),
            (
                "until a date without a clock",
                limited("retry-after: Sun, 06 Nov 1994 08:49:40 GMT\r\n"),
                (Rate, true, None),
            ),
            ("for years", limited("retry-after: 99999999999999999999\r\n"), (Rate, true, Some(DAY_MS))),
            ("for less than nothing", limited("retry-after: -7\r\n"), (Rate, true, None)),
            ("in scientific notation", limited("retry-after: 1e9\r\n"), (Rate, true, None)),
            ("for ever", limited("retry-after: never\r\n"), (Rate, true, None)),
            ("no money", error("429 Too Many Requests", "retry-after: 7\r\n", quota), (Quota, false, None)),
            ("to be paid", answer("402 Payment Required", "", ""), (Quota, false, None)),
            ("overloaded", answer("529 Overloaded", "retry-after: 7\r\n", ""), (Overload, true, Some(7_000))),
            ("broken", answer("500 Internal Server Error", "", "oops"), (Unavailable, true, None)),
            ("a gateway", answer("502 Bad Gateway", "", "<html>"), (Unavailable, true, None)),
            ("away", answer("503 Service Unavailable", "retry-after: 1\r\n", ""), (Unavailable, true, Some(1_000))),
            ("a slow gateway", answer("504 Gateway Timeout", "", ""), (Unavailable, true, None)),
            ("no key", answer("401 Unauthorized", "", ""), (Auth, false, None)),
            ("the wrong key", answer("403 Forbidden", "", ""), (Auth, false, None)),
            ("no such model", answer("404 Not Found", "", ""), (Invalid, false, None)),
            ("not understood", answer("400 Bad Request", "", ""), (Invalid, false, None)),
        ],
        AMPLE_MS,
    );
}

#[test]
fn a_redirect_is_an_answer_and_is_not_followed() {
    for status in
        ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"]
    {
        for location in
            ["/v1/chat/completions", "http://169.254.169.254/", "https://example.com/", "file:///etc/passwd"]
        {
            let acts = answer(status, &format!("location: {location}\r\n"), "");
            ends_in(&[(status, acts, (Protocol, false, None))], AMPLE_MS);
        }
    }
}

#[test]
fn what_is_said_too_often_or_in_another_order_is_still_an_answer() {
    let ended = || [half(), says("lo \u{1f600}"), STOPS.into()];
    let mut twice = ended().to_vec();
    twice.extend([STOPS.into(), DONE.into(), DONE.into(), half()]);
    for (story, acts) in [("two ends", stream(&twice)), ("an end without [DONE]", stream(&ended()))] {
        let ending = call_within(AMPLE_MS, acts);
        assert!(ending.outcome.is_ok(), "{story}: {:?}", ending.outcome);
        ending.is_whole();
    }
}

#[test]
fn what_was_used_is_the_last_count_that_can_be_believed() {
    let count = |input: &str, output: &str| {
        event(&format!(r#"{{"choices":[],"usage":{{"prompt_tokens":{input},"completion_tokens":{output}}}}}"#))
    };
    let usage = |input_tokens, output_tokens| Some(Usage { input_tokens, output_tokens });
    for (story, counts, wanted) in [
        ("none", vec![], None),
        ("one", vec![count("9", "3")], usage(9, 3)),
        ("counted up", vec![count("9", "1"), count("9", "2"), count("9", "3")], usage(9, 3)),
        ("negative", vec![count("-9", "3")], None),
        ("with a fraction", vec![count("9.5", "3")], None),
        ("more than anybody can count", vec![count("99999999999999999999", "3")], None),
        ("more than every client can", vec![count("9007199254740992", "3")], None),
        ("half of it", vec![event(r#"{"choices":[],"usage":{"prompt_tokens":9}}"#)], None),
        ("a word", vec![event(r#"{"choices":[],"usage":"much"}"#)], None),
    ] {
        let all = [vec![half(), says("lo \u{1f600}")], counts, vec![STOPS.into(), DONE.into()]].concat();
        let ending = call_within(AMPLE_MS, stream(&all));
        assert!(ending.outcome.is_ok(), "{story}: {:?}", ending.outcome);
        assert_eq!(ending.is_whole().usage, wanted, "{story}");
    }
}

#[test]
fn tools_arrive_in_whatever_order_their_pieces_came() {
    let pieces = [
        r#"{"index":1,"function":{"name":"ask","arguments":"{\"question\":"}}"#,
        r#"{"index":0,"id":"c0","function":{"name":"recall","arguments":"{\"query\""}}"#,
        r#"{"index":1,"id":"c1","function":{"arguments":"\"why\"}"}}"#,
        r#"{"index":0,"function":{"arguments":":1}"}}"#,
        r#"{"index":2,"function":{"name":"ask","arguments":"not JSON {"}}"#,
    ];
    let all: Vec<String> = pieces.iter().map(|piece| calls(piece)).chain([ends("tool_calls"), DONE.into()]).collect();
    let Ending { outcome, .. } = call_within(AMPLE_MS, stream(&all));
    let response = outcome.unwrap();
    assert_eq!(response.stop, Stop::Tool);
    let called: Vec<_> = response.calls.iter().map(|call| (call.name.as_str(), call.arguments.as_str())).collect();
    // What is no JSON is for whoever performs the call to refuse, and to tell the model so.
    assert_eq!(called, [("ask", r#"{"question":"why"}"#), ("recall", r#"{"query":1}"#), ("ask", "not JSON {")]);
    let mut ids: Vec<_> = response.calls.iter().map(|call| call.id.as_str()).collect();
    assert!(ids.contains(&"c0") && ids.contains(&"c1") && ids.iter().all(|id| !id.is_empty()), "{ids:?}");
    ids.dedup();
    assert_eq!(ids.len(), 3, "each has a name of its own");
}

#[test]
fn fifty_megabytes_are_no_answer() {
    let body = "x".repeat(50 << 20);
    ends_in(
        &[
            ("announced", answer("200 OK", "content-type: application/json\r\n", &body), (Protocol, false, None)),
            ("not announced", vec![say(HEAD), say(&body)], (Protocol, false, None)),
            ("in one event", vec![say(HEAD), say(half()), say(says(&body))], (Protocol, false, None)),
            (
                "of a refusal, of which a part says enough",
                answer("500 Internal Server Error", "", &body),
                (Unavailable, true, None),
            ),
        ],
        AMPLE_MS,
    );
}

#[test]
fn a_provider_that_cannot_prove_who_it_is_is_told_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/v1", listener.local_addr().unwrap());
    let serving = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = listener.accept().unwrap();
        let mut heard = vec![0; 4096];
        let count = stream.read(&mut heard).unwrap();
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        heard.truncate(count);
        heard
    });
    call_at(&url, AMPLE_MS).is(Unavailable, true, None);
    let heard = serving.join().unwrap();
    assert_eq!(heard.first(), Some(&22), "it heard the beginning of a handshake of TLS");
    assert!(!heard.windows(4).any(|part| part == b"sk-s" || part == b"POST"), "and nothing of the request");
}

#[test]
fn a_provider_that_never_finishes_the_handshake_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/v1", listener.local_addr().unwrap());
    // The kernel accepts for the listener, so there is a connection on which nobody ever answers.
    call_at(&url, 200).is(Unavailable, true, None);
}

#[test]
fn an_address_that_nobody_granted_is_told_with_the_command_that_grants_it() {
    for (url, range) in [
        ("https://192.168.1.5/v1", "192.168.1.5/32"),
        ("https://10.0.0.7:8443/v1", "10.0.0.7/32"),
        ("https://169.254.169.254/v1", "169.254.169.254/32"),
        ("https://[fd00::7]/v1", "fd00::7/128"),
        ("https://0x7f.1/v1", "127.0.0.1/32"),
    ] {
        let failure = call_at(url, AMPLE_MS);
        let detail = &failure.is(Invalid, false, None).detail;
        assert!(detail.ends_with(&format!("kernelos egress allow --private {range}")), "{detail}");
    }
}
