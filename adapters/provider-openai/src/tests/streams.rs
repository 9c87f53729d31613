//! Answers that come in events.

use crate::ChatCompletions;
use http::Response;
use ports::Codec as _;
use ports::provider::{FailureClass, Live, ModelFailure, ModelResponse, Stop, Usage};
use std::cell::RefCell;

/// Somebody who watches.
#[derive(Default)]
struct Watched(RefCell<String>);

impl Live for Watched {
    fn delta(&self, text: &str) {
        self.0.borrow_mut().push_str(text);
    }
}

/// The outcome of a stream that comes in `pieces`, and what was seen of it meanwhile.
fn streamed<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Result<ModelResponse, ModelFailure>, String) {
    let head = Response::builder().header("content-type", "text/event-stream; charset=utf-8").body(()).unwrap();
    let mut decoder = ChatCompletions.decoder(&head.into_parts().0);
    let watched = Watched::default();
    let fed = pieces.into_iter().try_for_each(|piece| decoder.feed(piece, &watched));
    let outcome = fed.and_then(|()| decoder.finish());
    (outcome, watched.0.into_inner())
}

fn whole(text: &str) -> Result<ModelResponse, ModelFailure> {
    streamed([text.as_bytes()]).0
}

fn class(text: &str) -> FailureClass {
    whole(text).expect_err(text).class
}

/// An event with a piece of text.
fn says(text: &str) -> String {
    format!(
        "data: {{\"id\":\"c1\",\"model\":\"m-2\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n"
    )
}

const STOPS: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const COUNTS: &str = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":3}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

fn hello() -> String {
    format!("{}{}{STOPS}{COUNTS}{DONE}", says("h\u{e9}l"), says("lo \u{1f600}"))
}

fn wanted() -> ModelResponse {
    let usage = Some(Usage { input_tokens: 9, output_tokens: 3 });
    let text = "h\u{e9}llo \u{1f600}".into();
    ModelResponse { text, calls: Vec::new(), stop: Stop::End, usage, model: Some("m-2".into()) }
}

#[test]
fn a_stream_is_put_together_and_seen_while_it_comes() {
    let (outcome, seen) = streamed([hello().as_bytes()]);
    assert_eq!((outcome.unwrap(), seen), (wanted(), "h\u{e9}llo \u{1f600}".into()));
}

#[test]
fn it_does_not_matter_where_the_pieces_are_cut() {
    let text = hello();
    let bytes = text.as_bytes();
    assert_eq!(streamed(bytes.chunks(1)).0.unwrap(), wanted());
    for cut in 0..=bytes.len() {
        let (before, after) = bytes.split_at(cut);
        let (outcome, seen) = streamed([before, after]);
        assert_eq!((outcome.unwrap(), seen.as_str()), (wanted(), wanted().text.as_str()), "cut at {cut}");
    }
}

#[test]
fn a_stream_that_breaks_off_is_never_a_success() {
    let text = hello();
    let said_all = text.find(STOPS).unwrap() + STOPS.trim_end().len();
    for end in 0..text.len() {
        let (outcome, seen) = streamed([&text.as_bytes()[..end]]);
        assert!(wanted().text.starts_with(&seen), "{seen}");
        match outcome {
            Ok(response) => assert!(end >= said_all && response.text == wanted().text, "cut at {end}"),
            Err(failure) => {
                assert!(end < said_all, "cut at {end}");
                assert_eq!((failure.class, failure.retriable), (FailureClass::Cut, true), "cut at {end}");
            }
        }
    }
}

#[test]
fn done_without_a_reason_to_stop_is_not_the_end() {
    assert_eq!(class(&format!("{}{DONE}", says("hel"))), FailureClass::Cut);
    assert_eq!(class(DONE), FailureClass::Cut);
    assert_eq!(whole(&format!("{}{STOPS}", says("hello"))).unwrap().text, "hello");
    assert_eq!(whole(&format!("{}{STOPS}{DONE}data: {{broken\n\n", says("hello"))).unwrap().text, "hello");
}

#[test]
fn line_ends_comments_and_data_in_several_lines_are_read_as_meant() {
    let crlf = hello().replace('\n', "\r\n");
    let cr = hello().replace('\n', "\r");
    let commented = hello().replace("data: ", ": processing\nid: 7\nretry: 3\nunknown\ndata:");
    let folded = hello().replace(",\"choices\"", "\ndata: ,\ndata:\"choices\"");
    let marked = format!("\u{feff}{}", hello());
    let unended = hello().trim_end().to_owned();
    for text in [crlf, cr, commented, folded, marked, unended] {
        assert_eq!(whole(&text).unwrap(), wanted(), "{text}");
        assert_eq!(streamed(text.as_bytes().chunks(1)).0.unwrap(), wanted(), "{text}");
    }
}

#[test]
fn the_reason_to_stop_is_kept() {
    for (reason, stop) in [("length", Stop::Length), ("content_filter", Stop::Filter)] {
        let text = format!("{}{}", says("hel"), STOPS.replace("stop", reason));
        assert_eq!(whole(&text).unwrap().stop, stop);
    }
    assert_eq!(class(&STOPS.replace("stop", "something_new")), FailureClass::Protocol);
}

#[test]
fn a_refusal_is_seen_and_marked() {
    let (outcome, seen) = streamed([says("no").replace("content", "refusal").as_bytes(), STOPS.as_bytes()]);
    let answer = outcome.unwrap();
    assert_eq!((answer.text.as_str(), answer.stop, seen.as_str()), ("no", Stop::Filter, "no"));
}

#[test]
fn usage_comes_with_every_event_or_once_and_must_be_believable() {
    let counted = |usage: &str| whole(&format!("{}{STOPS}{}{DONE}", says("a"), usage)).unwrap().usage;
    assert_eq!(counted(&COUNTS.replace('9', "1").repeat(2)).unwrap().input_tokens, 1);
    assert_eq!(counted(&format!("{}{COUNTS}", COUNTS.replace('9', "1"))).unwrap().input_tokens, 9);
    assert_eq!(counted(&COUNTS.replace("[]", "null")).unwrap().input_tokens, 9);
    for wrong in ["-9", "9.5", "\"9\"", "null", "9007199254740992", "99999999999999999999999"] {
        assert_eq!(counted(&COUNTS.replace('9', wrong)), None, "{wrong}");
    }
    assert_eq!(counted(""), None);
}

#[test]
fn an_error_inside_a_stream_has_its_own_class() {
    let errors = [
        (r#"{"error":{"type":"server_error"}}"#, FailureClass::Unavailable),
        (r#"{"error":{"type":"overloaded_error"}}"#, FailureClass::Overload),
        (r#"{"error":{"code":429,"message":"slow down"}}"#, FailureClass::Rate),
        (r#"{"error":{"code":"insufficient_quota"}}"#, FailureClass::Quota),
        (r#"{"error":{"code":"context_length_exceeded"}}"#, FailureClass::ContextTooLong),
        (
            r#"{"error":{"code":502},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}"#,
            FailureClass::Unavailable,
        ),
        (r#"{"error":"it broke"}"#, FailureClass::Protocol),
    ];
    for (error, wanted) in errors {
        assert_eq!(class(&format!("data: {error}\n\n{DONE}")), wanted, "{error}");
        assert_eq!(class(&format!("{}data: {error}\n\n{STOPS}{DONE}", says("hel"))), wanted, "{error}");
        // Announced as a stream and sent as one piece.
        assert_eq!(class(error), wanted, "{error}");
    }
    let named = format!("{}event: error\ndata: {{\"type\":\"overloaded_error\"}}\n\n", says("hel"));
    assert_eq!(class(&named), FailureClass::Overload);
}

#[test]
fn what_is_not_of_the_dialect_is_never_guessed_at() {
    let strange = [
        "data: {\"choices\":\n\n",
        "data: hello\n\n",
        "data: 7\n\n",
        "data: []\n\n",
        "data: {\"choices\":7}\n\n",
        "data: {\"choices\":[7]}\n\n",
        "data: {\"choices\":[{\"delta\":7}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":7}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"\\ud83d\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":7}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[7]}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":7}]}\n\n",
    ];
    for event in strange {
        let failure = whole(&format!("{}{event}{STOPS}{DONE}", says("a"))).expect_err(event);
        assert_eq!((failure.class, failure.retriable), (FailureClass::Protocol, false), "{event}");
    }
    let broken = [b"data: {\"choices\":[{\"delta\":{\"content\":\"\xff\"}}]}\n\n".as_slice()];
    assert_eq!(streamed(broken).0.unwrap_err().class, FailureClass::Protocol);
}

#[test]
fn other_choices_and_events_without_any_are_passed_over() {
    let azure = "data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n";
    let other = says("other").replace("\"index\":0", "\"index\":1");
    let thought = "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\",\"content\":null}}]}\n\n";
    let empty = "data:\n\ndata: {\"choices\":null}\n\n";
    let (outcome, seen) = streamed([format!("{azure}{other}{thought}{empty}{}", hello()).as_bytes()]);
    assert_eq!((outcome.unwrap().text, seen), (wanted().text, wanted().text));
}

#[test]
fn a_whole_answer_is_read_although_a_stream_was_announced() {
    let answer = r#"{"choices":[{"message":{"content":"hello"},"finish_reason":"stop"}]}"#;
    assert_eq!(whole(&format!("\r\n {answer}")).unwrap().text, "hello");
    assert_eq!(class("<html>sign in</html>"), FailureClass::Cut);
    assert_eq!(class(""), FailureClass::Cut);
}
