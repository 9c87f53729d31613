//! Problems as a client meets them.

use super::*;
use serde_json::Value;
use std::collections::BTreeSet;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/contract/problems.txt");

fn table() -> String {
    let lines = Kind::all().map(|kind| {
        let (status, code) = (kind.status().as_u16(), kind.code());
        format!("{status} {code}\n    {}\n    {}\n    {}\n", kind.title(), kind.safe(), kind.hint())
    });
    lines.collect()
}

#[test]
fn the_table_of_problems_is_the_one_that_was_published() {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(GOLDEN, table()).unwrap();
    }
    let published = std::fs::read_to_string(GOLDEN).unwrap();
    assert_eq!(table(), published, "published codes keep their meaning; UPDATE_GOLDEN=1 writes the table anew");
}

#[test]
fn no_two_problems_share_a_code_and_every_fault_has_its_own_row() {
    let codes: BTreeSet<&str> = Kind::all().map(Kind::code).collect();
    assert_eq!(codes.len(), Fault::ALL.len() + Code::ALL.len());
    for code in codes {
        assert!(code.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{code}");
    }
}

#[test]
fn an_answer_is_a_problem_document_that_nobody_keeps() {
    let response = Fault::UnknownRoute.because("calls are made at /call").response();
    assert_eq!(response.status(), 404);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(response.headers()["cache-control"], "no-store");
    let document: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(
        document,
        serde_json::json!({
            "type": "urn:kernelos:problem:unknown_route",
            "title": "There is nothing under this path.",
            "status": 404,
            "detail": "calls are made at /call",
            "code": "unknown_route",
            "safe": "Nothing was changed.",
            "hint": "Look up the paths in /openapi.json.",
        })
    );
}

#[test]
fn a_client_reads_back_what_was_written() {
    let command: CommandId = format!("{}.10.15", "0".repeat(26)).parse().unwrap();
    let problem = Problem::recorded(Code::StepWaiting, "step 1 has no answer yet", command);
    let text = serde_json::to_string(&problem).unwrap();
    let read: Document<'_> = serde_json::from_str(&text).unwrap();
    assert_eq!(read, problem.document());
    assert_eq!((read.status, read.code.as_ref(), read.command), (409, "step_waiting", Some(command)));
}

#[test]
fn who_is_not_known_is_told_how_to_say_and_who_must_wait_how_long() {
    let response = Fault::Unauthenticated.because("no token").response();
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
    let response = Fault::Unavailable.because("restarting").response();
    assert_eq!(response.headers()["retry-after"], "1");
}

#[test]
fn a_long_detail_is_cut_between_characters() {
    let problem = Fault::Damaged.because("ä".repeat(400)).within("row");
    assert_eq!(problem.detail.chars().count(), 400);
    assert!(problem.detail.starts_with("row: ää"));
}

#[test]
fn answers_of_the_sequencer_have_their_problems() {
    let stories = [
        (SequencingError::NoWorkspace, 404, "workspace_not_found"),
        (SequencingError::Refused(Code::LeaseHeld.because("x")), 409, "lease_held"),
        (SequencingError::Damaged("event 7".into()), 500, "damaged"),
        (SequencingError::Unavailable("restarting".into()), 503, "unavailable"),
    ];
    for (error, status, code) in stories {
        let kind = Problem::from(error).kind;
        assert_eq!((kind.status().as_u16(), kind.code()), (status, code));
    }
}

/// Something with every kind of field that clients get wrong.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only what keeps it from being read matters")]
struct Sample {
    text: String,
    number: Option<u64>,
    small: Option<u16>,
    command: Option<CommandId>,
}

#[track_caller]
fn is_refused_as(body: &str, code: &str, detail: &str) {
    let problem = unreadable(&serde_json::from_str::<Sample>(body).unwrap_err());
    assert_eq!((problem.kind.code(), problem.detail.as_str()), (code, detail), "{body}");
}

#[test]
fn what_cannot_be_read_is_explained_without_being_repeated() {
    is_refused_as("{", "malformed_json", "EOF while parsing an object at line 1 column 1");
    is_refused_as("\"sk-key", "malformed_json", "EOF while parsing a string at line 1 column 7");
    is_refused_as("{}", "invalid_argument", "missing field `text` at line 1 column 2");
    is_refused_as(r#"{"txt":1}"#, "invalid_argument", NEAR_MISS);
    is_refused_as(r#"{"my secret":1}"#, "invalid_argument", UNKNOWN_FIELD);
    is_refused_as(
        r#"{"number":"sk-key"}"#,
        "invalid_argument",
        "invalid type: string, expected u64 at line 1 column 18",
    );
    is_refused_as(
        r#"{"number":"a\", expected b"}"#,
        "invalid_argument",
        "invalid type: string, expected u64 at line 1 column 27",
    );
    is_refused_as(r#"{"command":"sk-key"}"#, "bad_id", "not an id of this kind at line 1 column 19");
}

const NEAR_MISS: &str = "unknown field `txt`, expected one of `text`, `number`, `small`, `command` at line 1 column 6";
const UNKNOWN_FIELD: &str = "unknown field, expected one of `text`, `number`, `small`, `command` at line 1 column 12";

#[test]
fn an_integer_that_does_not_fit_is_out_of_range() {
    for number in ["-1", "18446744073709551616", "1e300", "1e999", "-99999999999999999999999"] {
        let problem = unreadable(&serde_json::from_str::<Sample>(&format!("{{\"number\":{number}}}")).unwrap_err());
        assert_eq!(problem.kind.code(), "amount_out_of_range", "{number}: {}", problem.detail);
    }
    is_refused_as(
        r#"{"small":70000}"#,
        "amount_out_of_range",
        "invalid value: integer, expected u16 at line 1 column 14",
    );
    is_refused_as(
        r#"{"number":1.5}"#,
        "invalid_argument",
        "invalid type: floating point, expected u64 at line 1 column 13",
    );
}
