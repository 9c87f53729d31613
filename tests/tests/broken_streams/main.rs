//! Whatever becomes of a provider's answer on its way, the call ends in the whole answer or in one classified failure,
//! after one exchange, and nobody saw anything that is not the beginning of the truth.

#![cfg(test)]

mod faults;
mod peer;

use peer::{
    AMPLE_MS, Act, CHUNKED, DONE, HEAD, STOPS, TRUTH, answer, call, call_at, call_within, chunked, events, half, say,
};
use ports::provider::FailureClass::{
    Auth, ContextTooLong, Cut, Invalid, Overload, Protocol, Quota, Rate, Timeout, Unavailable,
};
use ports::provider::Usage;
use provider_router::ANSWER_BYTES_MAX;
use std::net::TcpListener;
use std::time::Duration;

#[test]
fn a_whole_stream_is_a_whole_answer_however_slowly_it_comes() {
    let usage = Some(Usage { input_tokens: 9, output_tokens: 3 });
    let body = events().concat();
    assert_eq!(call(vec![say(HEAD), say(&body)]).is_whole().usage, usage);
    assert_eq!(call(vec![say(HEAD), Act::Spell(body.into_bytes())]).is_whole().usage, usage);
    assert_eq!(call(vec![Act::Spell(chunked(&events()).into_bytes())]).is_whole().usage, usage);
}

#[test]
fn a_stream_cut_at_any_chunk_is_cut_unless_its_end_was_said() {
    for count in 0..=events().len() {
        let ended = count > 3;
        let body = events()[..count].concat();
        for head in [HEAD, CHUNKED] {
            let body = if head == HEAD { body.clone() } else { chunked(&events()[..count]).replace(CHUNKED, "") };
            let body = body.strip_suffix("0\r\n\r\n").unwrap_or(&body);
            let ending = call(vec![say(head), say(body)]);
            if ended { drop(ending.is_whole().clone()) } else { drop(ending.is(Cut, true, None).clone()) }
        }
    }
}

#[test]
fn a_stream_cut_at_any_byte_is_cut_unless_its_end_was_said() {
    let wire = chunked(&events());
    let end = wire.find(STOPS).unwrap() + STOPS.trim_end().len();
    for cut in 0..wire.len() {
        let ending = call(vec![say(&wire.as_bytes()[..cut])]);
        match &ending.outcome {
            Ok(_) => assert!(cut >= end && ending.is_whole().text == TRUTH, "cut at {cut}"),
            // Without a head nobody knows whether there would have been an answer.
            Err(_) if cut < CHUNKED.len() => drop(ending.is(Timeout, true, None).clone()),
            Err(_) => {
                assert!(cut < end, "cut at {cut}");
                ending.is(Cut, true, None);
            }
        }
    }
}

#[test]
fn done_alone_is_not_the_end() {
    call(vec![say(HEAD), say(half()), say(DONE)]).is(Cut, true, None);
    call(vec![say(HEAD), say(DONE)]).is(Cut, true, None);
    call(vec![say(HEAD)]).is(Cut, true, None);
}

#[test]
fn an_error_inside_a_success_has_its_own_class() {
    let errors = [
        (r#"{"error":{"code":502,"message":"upstream"}}"#, Unavailable, true),
        (r#"{"error":{"type":"overloaded_error","message":"busy"}}"#, Overload, true),
        (r#"{"error":{"type":"rate_limit_error"}}"#, Rate, true),
        (r#"{"error":{"code":"insufficient_quota"}}"#, Quota, false),
        (r#"{"error":{"code":"context_length_exceeded"}}"#, ContextTooLong, false),
        (r#"{"error":{"code":"invalid_api_key","message":"sk-secret-0123456789 is wrong"}}"#, Auth, false),
        (r#"{"error":"it broke"}"#, Protocol, false),
    ];
    for (error, class, retriable) in errors {
        let event = format!("data: {error}\n\n");
        call(vec![say(HEAD), say(&event), say(DONE)]).is(class, retriable, None);
        let mid = call(vec![say(HEAD), say(half()), say(&event), say(DONE)]);
        mid.is(class, retriable, None);
        assert_eq!(mid.seen, "h\u{e9}l");
        call(answer("200 OK", "content-type: application/json\r\n", error)).is(class, retriable, None);
    }
}

#[test]
fn a_provider_that_falls_silent_is_not_waited_for() {
    call_within(300, vec![Act::Hang]).is(Timeout, true, None);
    call(vec![say(HEAD), Act::Hang]).is(Cut, true, None);
    let silent = call(vec![say(HEAD), say(half()), Act::Hang]);
    assert!(silent.is(Cut, true, None).detail.contains("150 ms"));
    assert_eq!(silent.seen, "h\u{e9}l");
    let alive = Act::Repeat(b": still here\n\n".to_vec(), Duration::from_millis(20));
    let endless = call_within(600, vec![say(HEAD), say(half()), alive]);
    assert!(endless.is(Cut, true, None).detail.contains("600 ms"));
    // All was said; only the connection is left open.
    let ended = call(vec![say(HEAD), say(events()[..4].concat()), Act::Hang]);
    assert_eq!(ended.is_whole().usage, None);
}

#[test]
fn usage_that_cannot_be_believed_costs_no_answer() {
    for wrong in ["-9", "9.5", "\"9\"", "null", "9007199254740992", "99999999999999999999999"] {
        let body = events().concat().replace('9', wrong);
        assert_eq!(call(vec![say(HEAD), say(body)]).is_whole().usage, None, "{wrong}");
    }
}

#[test]
fn a_refusal_says_what_it_is_and_how_long_to_wait() {
    let date = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    let waits = [
        (String::new(), None),
        ("retry-after: 2\r\n".into(), Some(2_000)),
        ("retry-after: 2\r\nretry-after-ms: 150\r\n".into(), Some(150)),
        (format!("{date}retry-after: Sun, 06 Nov 1994 08:49:40 GMT\r\n"), Some(3_000)),
        ("retry-after: soon\r\n".into(), None),
    ];
    for (headers, wait) in waits {
        let body = r#"{"error":{"message":"slow down","type":"requests"}}"#;
        call(answer("429 Too Many Requests", &headers, body)).is(Rate, true, wait);
        call(answer("529 Overloaded", &headers, "")).is(Overload, true, wait);
        call(answer("503 Service Unavailable", &headers, "<html>")).is(Unavailable, true, wait);
    }
    let quota = r#"{"error":{"message":"pay","code":"insufficient_quota"}}"#;
    call(answer("429 Too Many Requests", "retry-after: 2\r\n", quota)).is(Quota, false, None);
}

#[test]
fn every_status_has_a_class() {
    let long = r#"{"error":{"message":"too long","code":"context_length_exceeded"}}"#;
    let classes = [
        ("400 Bad Request", "", Invalid, false),
        ("400 Bad Request", long, ContextTooLong, false),
        ("401 Unauthorized", r#"{"error":{"message":"bad key sk-secret-0123456789"}}"#, Auth, false),
        ("402 Payment Required", "", Quota, false),
        ("403 Forbidden", "", Auth, false),
        ("404 Not Found", "", Invalid, false),
        ("408 Request Timeout", "", Unavailable, true),
        ("409 Conflict", "", Unavailable, true),
        ("413 Content Too Large", "", Invalid, false),
        ("422 Unprocessable Content", "", Invalid, false),
        ("500 Internal Server Error", "", Unavailable, true),
        ("502 Bad Gateway", "<html>Bearer sk-secret-0123456789</html>", Unavailable, true),
        ("529 Overloaded", "", Overload, true),
        ("307 Temporary Redirect", "", Protocol, false),
    ];
    for (status, body, class, retriable) in classes {
        call(answer(status, "", body)).is(class, retriable, None);
        // The announced type changes nothing, nor does a body that breaks off.
        call(answer(status, "content-type: text/event-stream\r\n", body)).is(class, retriable, None);
    }
    let broken = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 99\r\n\r\n{\"err";
    call(vec![say(broken)]).is(Rate, true, Some(1_000));
}

#[test]
fn what_is_not_of_the_dialect_is_no_answer() {
    for strange in ["data: {\"choices\":[{\n\n", "data: hello\n\n", "data: [1]\n\n"] {
        let ending = call(vec![say(HEAD), say(half()), say(strange), say(STOPS), say(DONE)]);
        ending.is(Protocol, false, None);
        assert_eq!(ending.seen, "h\u{e9}l");
    }
    let broken = [half().as_bytes(), b"data: {\"choices\":[{\"delta\":{\"content\":\"\xff\"}}]}\n\n"].concat();
    call(vec![say(HEAD), say(broken)]).is(Protocol, false, None);
    let html = "<html><body>Sign in</body></html>";
    let failure = call(answer("200 OK", "content-type: text/html\r\n", html));
    assert!(!failure.is(Protocol, false, None).detail.contains("Sign in"));
    call(vec![say("SSH-2.0-OpenSSH\r\n\r\n"), Act::Hang]).is(Timeout, true, None);
}

#[test]
fn an_answer_in_one_piece_is_an_answer() {
    let body = format!(r#"{{"choices":[{{"message":{{"content":"{TRUTH}"}},"finish_reason":"stop"}}]}}"#);
    let whole = call(answer("200 OK", "content-type: application/json\r\n", &body));
    assert_eq!(whole.outcome.as_ref().unwrap().text, TRUTH);
    let wire = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    for cut in [wire.len() - 1, wire.len() - 20] {
        call(vec![say(&wire.as_bytes()[..cut])]).is(Cut, true, None);
    }
}

#[test]
fn a_provider_that_is_not_there_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    call_at(&url, AMPLE_MS).is(Unavailable, true, None);
}

#[test]
fn an_answer_without_end_is_not_read_to_its_end() {
    let comment = format!(": {}\n\n", "x".repeat(ANSWER_BYTES_MAX / 8)).into_bytes();
    let endless = Act::Repeat(comment, Duration::ZERO);
    call(vec![say(HEAD), say(half()), endless]).is(Protocol, false, None);
}
