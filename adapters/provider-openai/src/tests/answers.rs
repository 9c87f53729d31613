//! What comes back when all is well, and what is refused although the status says success.

use super::{class, decode};
use ports::provider::{FailureClass, ModelResponse, Stop, Usage};

/// An answer whose one choice is `choice` and whose other fields are `rest`.
fn body(choice: &str, rest: &str) -> String {
    format!(r#"{{"id":"c1","object":"chat.completion","choices":[{choice}]{rest}}}"#)
}

/// A choice that said `hello` and ended for `reason`.
fn hello(reason: &str) -> String {
    format!(r#"{{"index":0,"message":{{"role":"assistant","content":"hello"}},"finish_reason":{reason}}}"#)
}

#[test]
fn an_answer_has_text_stop_usage_and_model() {
    let rest = r#","model":"gpt-test-2","usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}"#;
    let answer = decode(200, &body(&hello("\"stop\""), rest)).unwrap();
    let usage = Some(Usage { input_tokens: 9, output_tokens: 3 });
    assert_eq!(
        answer,
        ModelResponse {
            text: "hello".into(),
            calls: Vec::new(),
            stop: Stop::End,
            usage,
            model: Some("gpt-test-2".into())
        }
    );
}

#[test]
fn usage_and_model_may_be_missing() {
    for rest in ["", r#","usage":null,"model":null,"error":null"#] {
        let answer = decode(200, &body(&hello("\"stop\""), rest)).unwrap();
        assert_eq!((answer.usage, answer.model), (None, None), "{rest}");
    }
}

#[test]
fn the_reason_to_stop_is_kept() {
    for (reason, stop) in [("stop", Stop::End), ("length", Stop::Length), ("content_filter", Stop::Filter)] {
        assert_eq!(decode(200, &body(&hello(&format!("{reason:?}")), "")).unwrap().stop, stop);
    }
}

#[test]
fn an_answer_cut_before_its_first_word_is_empty_but_not_lost() {
    for (reason, stop) in [("length", Stop::Length), ("content_filter", Stop::Filter)] {
        for message in [r#"{"content":null}"#, "{}"] {
            let choice = format!(r#"{{"message":{message},"finish_reason":"{reason}"}}"#);
            let answer = decode(200, &body(&choice, r#","usage":{"prompt_tokens":1,"completion_tokens":2}"#)).unwrap();
            assert_eq!((answer.text.as_str(), answer.stop), ("", stop));
            assert!(answer.usage.is_some());
        }
    }
}

#[test]
fn a_refusal_is_an_answer_that_was_withheld() {
    let choice = r#"{"message":{"content":null,"refusal":"I cannot help"},"finish_reason":"stop"}"#;
    let answer = decode(200, &body(choice, "")).unwrap();
    assert_eq!((answer.text.as_str(), answer.stop), ("I cannot help", Stop::Filter));
}

#[test]
fn usage_that_cannot_be_believed_is_no_usage() {
    let usage = |usage: &str| decode(200, &body(&hello("\"stop\""), &format!(r#","usage":{usage}"#))).unwrap().usage;
    let amount = |amount: &str| usage(&format!(r#"{{"prompt_tokens":{amount},"completion_tokens":1}}"#));
    assert_eq!(amount("0").unwrap().input_tokens, 0);
    assert_eq!(amount("9007199254740991").unwrap().input_tokens, 9_007_199_254_740_991);
    let wrong =
        ["9007199254740992", "18446744073709551616", "-1", "-0", "1.5", "1.0", "1e3", "\"7\"", "null", "[]", "true"];
    for wrong in wrong {
        assert_eq!(amount(wrong), None, "{wrong}");
    }
    for wrong in ["7", "[]", "{}", r#"{"prompt_tokens":1}"#, r#"{"completion_tokens":1}"#, "\"none\""] {
        assert_eq!(usage(wrong), None, "{wrong}");
    }
}

#[test]
fn what_is_not_of_the_dialect_is_never_guessed_at() {
    let strange = [
        "",
        " ",
        "null",
        "[]",
        "\"hello\"",
        "<html>sign in</html>",
        "data: {}\n\ndata: [DONE]\n\n",
        r#"{"choices":[{"message":{"content":"hel"#,
        "{}",
        r#"{"choices":null}"#,
        r#"{"choices":[]}"#,
        r#"{"choices":{}}"#,
        r#"{"choices":[null]}"#,
        r#"{"choices":[{}]}"#,
        r#"{"choices":[{"message":{"content":"hello"}}]}"#,
        r#"{"choices":[{"message":{"content":"hello"},"finish_reason":null}]}"#,
        r#"{"choices":[{"message":{"content":"hello"},"finish_reason":7}]}"#,
        r#"{"choices":[{"message":{"content":"hello"},"finish_reason":"tool_calls"}]}"#,
        r#"{"choices":[{"message":{"content":null},"finish_reason":"stop"}]}"#,
        r#"{"choices":[{"message":{"content":7},"finish_reason":"stop"}]}"#,
        r#"{"choices":[{"message":{"content":["hello"]},"finish_reason":"stop"}]}"#,
        r#"{"choices":[{"message":{"content":"a","refusal":7},"finish_reason":"stop"}]}"#,
        r#"{"choices":[{"message":"hello","finish_reason":"stop"}]}"#,
        r#"{"choices":[{"message":{"content":"hello"},"finish_reason":"stop"}],"model":7}"#,
        r#"{"choices":[{"message":{"content":"hello"},"finish_reason":"stop"}]} trailing"#,
        r#"{"choices":[{"message":{"content":"\ud800"},"finish_reason":"stop"}]}"#,
    ];
    for answer in strange {
        let failure = decode(200, answer).expect_err(answer);
        assert_eq!(failure.class, FailureClass::Protocol, "{answer}");
        assert!(!failure.retriable, "{answer}");
    }
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(class(200, &format!(r#"{{"choices":{deep}}}"#)), FailureClass::Protocol);
}

#[test]
fn an_answer_cut_anywhere_is_not_of_the_dialect() {
    let whole = body(&hello("\"stop\""), r#","usage":{"prompt_tokens":9,"completion_tokens":3}"#);
    for cut in 0..whole.len() {
        assert_eq!(class(200, whole.get(..cut).unwrap()), FailureClass::Protocol, "cut at {cut}");
    }
}
