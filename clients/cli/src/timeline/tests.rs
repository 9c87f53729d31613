//! What people see of runs that really took place, and of moments that are hard to bring about.
//!
//! The recordings hold what the stream told of two runs, as far as a timeline reads it.

use super::*;
use expect_test::{Expect, expect_file};
use serde_json::json;

const PLAIN: Style = Style { colour: false };

fn recorded(recording: &str) -> Vec<Value> {
    recording.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// All lines, and the summary.
fn seen(task: &str, events: &[Value], expected: Expect) {
    expected.assert_eq(&told(task, events));
}

fn told(task: &str, events: &[Value]) -> String {
    let mut timeline = Timeline::new(task, None, Names::default());
    let moments = events.iter().flat_map(|event| timeline.event(event)).collect::<Vec<_>>();
    let lines: Vec<String> = moments.iter().map(|moment| line(moment, PLAIN)).collect();
    format!("{}\n\n{}\n", lines.join("\n"), timeline.summary().line())
}

#[test]
fn a_run_with_an_agent_a_tool_a_wait_and_an_approval() {
    let events = recorded(include_str!("tests/letters.jsonl"));
    expect_file!["tests/letters.txt"].assert_eq(&told("gp.10.1v.task", &events));
}

#[test]
fn a_run_with_retries_a_caught_error_a_question_and_a_failure() {
    let events = recorded(include_str!("tests/troubles.jsonl"));
    expect_file!["tests/troubles.txt"].assert_eq(&told("gp.10.1a.task", &events));
}

#[test]
fn at_every_moment_it_is_known_what_waits_and_for_whom() {
    let events = recorded(include_str!("tests/troubles.jsonl"));
    let mut timeline = Timeline::new("gp.10.1a.task", None, Names::default());
    let mut waited = Vec::new();
    for event in &events {
        timeline.event(event);
        if timeline.only_waits_for_people() {
            waited.push(timeline.asks().map(|ask| (ask.kind.clone(), ask.options.clone())).collect::<Vec<_>>());
        }
    }
    let question = ("question".to_owned(), vec!["red".to_owned(), "blue".to_owned()]);
    assert!(!waited.is_empty() && waited.iter().all(|it| it == &vec![question.clone()]), "{waited:?}");
    assert_eq!(timeline.asks().count(), 0);
    assert!(matches!(&timeline.summary().ending, Some(Ending::Failed { title, .. }) if title == "boom"));
}

#[test]
fn events_of_other_tasks_say_nothing() {
    let events = recorded(include_str!("tests/letters.jsonl"));
    assert_eq!(told("gp.10.9z.task", &events), "\n\n0.0s · 0 tasks done\n");
}

#[test]
fn what_is_being_said_is_one_line_that_forgets_its_beginning() {
    let events = recorded(include_str!("tests/letters.jsonl"));
    let mut timeline = Timeline::new("gp.10.1v.task", None, Names::default());
    let at = events.iter().position(|event| event["event"]["type"] == "step.requested").unwrap();
    events.iter().take(at + 1).for_each(|event| drop(timeline.event(event)));
    let effect = &events[at]["event"]["data"]["effect"];
    let mut say = |text: &str| timeline.delta(&json!({"effect": effect, "task": "gp.10.1v.task", "text": text}));
    assert_eq!(say("Dear\nMs").as_deref(), Some("classify: triager asks test-model: Dear Ms"));
    let long = say(&"x".repeat(500)).unwrap();
    assert!(long.ends_with("xxx") && long.chars().count() < 120, "{long}");
    assert_eq!(timeline.delta(&json!({"effect": "another", "text": "no"})), None);
    assert_eq!(timeline.doing().as_deref(), Some("classify: triager asks test-model"));
}

/// An event as the stream tells it.
fn event(pos: u64, name: &str, data: Value, content: Value) -> Value {
    json!({"event": {"pos": pos, "type": name, "accepted_at": 1_000 + pos * 100, "data": data}, "content": content})
}

fn moved(pos: u64, data: Value) -> Value {
    let mut data = data;
    data["task"] = json!("t");
    event(pos, "run.moved", data, json!({}))
}

fn begun(tasks: Value) -> Vec<Value> {
    let source = json!({
        "document": {"dsl": "1.0.3", "namespace": "stories", "name": "story", "version": "1.0.0"}, "do": tasks
    });
    vec![
        event(1, "workflow.defined", json!({"workflow": "w"}), json!({"source": source.to_string()})),
        event(2, "run.started", json!({"task": "t", "workflow": "w"}), json!({})),
    ]
}

#[test]
fn a_long_loop_is_told_in_steps_and_its_failures_in_full() {
    let write = json!({"call": "documents.write", "with": {"path": "a", "text": "b"}});
    let body = json!([{"guarded": {"try": [{"write": write}], "catch": {"do": [{"note": {"set": {"a": 1}}}]}}}]);
    let mut events = begun(json!([{"many": {"for": {"in": ".items"}, "do": body}}]));
    events.push(moved(3, json!({"is": "entered", "node": 0, "count": 10_000, "next": 1})));
    let mut pos = 3;
    for index in 0..10_000u64 {
        let mut push = |data: Value| {
            pos += 1;
            events.push(moved(pos, data));
        };
        if index > 0 {
            push(json!({"is": "iterated", "node": 0, "index": index, "next": 1}));
        }
        push(json!({"is": "entered", "node": 1, "next": 2}));
        if index == 4_711 {
            push(json!({"is": "caught", "node": 1, "frames": 0, "next": 3}));
        } else {
            push(json!({"is": "blocked", "node": 2}));
            push(json!({"is": "left", "node": 2, "frames": 1}));
        }
        push(json!({"is": "left", "node": 1, "frames": 1}));
    }
    events.push(moved(pos + 1, json!({"is": "left", "node": 0, "frames": 1})));
    let text = told("t", &events);
    assert_eq!(text.matches("▸ item").count(), 20, "{text}");
    assert_eq!(text.matches("! caught").count(), 1, "{text}");
    assert!(text.lines().count() < 30 && text.contains("many  10000 of 10000"), "{text}");
}

#[test]
fn items_are_called_by_name_and_a_loop_around_one_call_has_a_line_a_turn() {
    let read = json!({"call": "documents.read", "with": {"path": "a"}});
    let body = json!([{"note": {"set": {"a": 1}}}, {"read": read}]);
    let mut events = begun(json!([
        {"one": {"for": {"in": ".a"}, "do": [{"load": read}]}}, {"two": {"for": {"in": ".b"}, "do": body}}
    ]));
    let mut pos = 2;
    let mut push = |data: Value, content: Value| {
        pos += 1;
        let mut it = moved(pos, data);
        it["content"] = content;
        events.push(it);
    };
    let items = json!([{"id": "T-1"}, {"size": 2}]).to_string();
    push(json!({"is": "entered", "node": 0, "count": 2, "next": 1}), json!({"items": items}));
    push(json!({"is": "left", "node": 1}), json!({}));
    push(json!({"is": "iterated", "node": 0, "index": 1, "next": 1}), json!({}));
    push(json!({"is": "left", "node": 1}), json!({}));
    push(json!({"is": "left", "node": 0, "frames": 1, "next": 2}), json!({}));
    push(json!({"is": "entered", "node": 2, "count": 1, "next": 3}), json!({"items": "[\"north\"]"}));
    push(json!({"is": "left", "node": 3}), json!({}));
    push(json!({"is": "left", "node": 4}), json!({}));
    seen(
        "t",
        &events,
        expect_test::expect![[r#"
           0.0s  ▶ begun      stories/story 1.0.0 with 5 tasks, as t
           0.2s    ✓ done       load  (1 of 2: T-1)
           0.4s    ✓ done       load  (2 of 2)
           0.5s  ✓ done       one  2 of 2
           0.6s  ▸ item       two  1 of 1: north
           0.8s    ✓ done       read

        0.8s · 5 tasks done
    "#]],
    );
}

#[test]
fn work_that_is_handed_over_and_a_task_that_is_cancelled_are_told() {
    let call = json!({"call": "http", "with": {"method": "get", "endpoint": "https://example.com/a"}});
    let mut events = begun(json!([{"fetch": call}]));
    let arguments = json!({"method": "get", "endpoint": "https://example.com/a"}).to_string();
    let requested = json!({"task": "t", "call": "c", "owner": {"run": 0}, "capability": "http.request"});
    events.push(moved(3, json!({"is": "blocked", "node": 0})));
    events.push(event(4, "call.requested", requested, json!({"arguments": arguments})));
    events.push(event(5, "effect.requested", json!({"task": "t", "effect": "e", "call": "c"}), json!({})));
    events.push(event(6, "lease.granted", json!({"effect": "e"}), json!({})));
    events.push(event(7, "lease.lost", json!({"effect": "e", "because": "expired"}), json!({})));
    events.push(event(8, "lease.granted", json!({"effect": "e"}), json!({})));
    events.push(event(9, "lease.granted", json!({"effect": "of another task"}), json!({})));
    events.push(event(10, "task.cancelled", json!({"task": "t"}), json!({"reason": "not needed"})));
    events.push(event(11, "run.ended", json!({"task": "t", "outcome": {"is": "cancelled"}}), json!({})));
    seen(
        "t",
        &events,
        expect_test::expect![[r#"
           0.0s  ▶ begun      stories/story 1.0.0 with 1 task, as t
           0.6s  ⇄ handed over  fetch: http.request GET https://example.com/a: another process goes on with it
           0.8s  ■ cancelled  not needed

        0.9s · 0 tasks done
    "#]],
    );
}

#[test]
fn colours_are_beside_words_and_never_instead_of_them() {
    let moment = Moment::new(Kind::Failed, 1, "send", "it broke");
    let (plain, coloured) = (line(&moment, PLAIN), line(&moment, Style { colour: true }));
    assert_eq!(plain, "   0.0s    ✗ failed     send  it broke");
    let stripped = coloured.replace("\u{1b}[31;1m", "").replace("\u{1b}[0m", "");
    assert!(coloured != plain && stripped == plain, "{coloured:?}");
}

#[test]
fn what_was_said_cannot_move_the_cursor() {
    let moment = Moment::new(Kind::Done, 0, "a", "one\u{1b}[2J\r\ntwo");
    assert!(!line(&moment, PLAIN).contains('\u{1b}'));
    assert!(lines(&json!("a\u{1b}[2Jb")).iter().all(|line| !line.contains('\u{1b}')));
}

#[test]
fn lengths_of_time_and_amounts_of_money_are_said_as_people_say_them() {
    let said = [0, 999, 59_999, 60_000, 3_599_000, 3_600_000, 90_061_000].map(duration);
    assert_eq!(said, ["0.0s", "0.9s", "59.9s", "1m00s", "59m59s", "1h00m", "1d01h"]);
    assert_eq!(
        [0, 1, 4_200, 1_000_000, 12_340_000].map(cost).map(Option::unwrap_or_default),
        ["", "0.000001", "0.0042", "1.00", "12.34"]
    );
}

#[test]
fn a_run_is_drawn_as_bars_in_as_many_columns_as_there_are() {
    let draw = |events: &[Value], task: &str, width: usize| {
        let mut of = OfTask::new(task);
        events.iter().for_each(|event| of.event(event));
        format!("{}\n{}", of.head(), of.picture().drawn(width, false))
    };
    let letters = recorded(include_str!("tests/letters.jsonl"));
    let troubles = recorded(include_str!("tests/troubles.jsonl"));
    let drawn = [draw(&letters, "gp.10.1v.task", 100), draw(&letters, "gp.10.1v.task", 60)];
    let drawn = format!("{}\n{}\n{}", drawn[0], drawn[1], draw(&troubles, "gp.10.1a.task", 100));
    expect_file!["tests/pictures.txt"].assert_eq(&drawn);
    let mut of = OfTask::new("gp.10.1v.task");
    letters.iter().for_each(|event| of.event(event));
    for width in [40, 60, 80, 100, 400] {
        let bars = of.picture().drawn(width, false);
        assert!(bars.lines().all(|line| line.chars().count() <= width), "{width}\n{bars}");
    }
    // Colours are beside signs and never instead of them.
    let coloured = of.picture().drawn(100, true);
    let mut plain = coloured;
    for code in ["2", "32", "33;1", "31;1", "0"] {
        plain = plain.replace(&format!("\u{1b}[{code}m"), "");
    }
    assert_eq!(plain, of.picture().drawn(100, false));
}

/// A question of which the first attempt is lost, and that then waits for a person; and another one that goes on.
fn two_questions() -> Vec<Value> {
    let effect = |task: &str, id: &str| json!({"task": task, "step": "s", "agent": "a", "effect": id});
    let on = |id: &str| json!({"effect": id});
    let approval = json!({"task": "d.t", "approval": "p", "call": "c"});
    let decided = json!({"task": "d.t", "approval": "p", "decision": "approved", "by": "ines"});
    vec![
        event(1, "task.created", json!({"task": "d.t"}), json!({"title": "Where is my tent?"})),
        event(2, "step.requested", effect("d.t", "e"), json!({"prompt": "Where is my tent?"})),
        event(4, "lease.granted", on("e"), json!({})),
        event(9, "task.created", json!({"task": "d.u"}), json!({"title": "And my\nboots?"})),
        event(10, "step.requested", effect("d.u", "f"), json!({"prompt": "And my boots?"})),
        event(20, "lease.lost", on("e"), json!({})),
        event(22, "lease.granted", on("e"), json!({})),
        event(30, "turn.answered", json!({"task": "d.t", "step": "s", "effect": "e"}), json!({})),
        event(31, "approval.requested", approval, json!({"question": "May it go out?"})),
        event(50, "approval.decided", decided, json!({})),
        event(52, "effect.requested", json!({"task": "d.t", "step": "s", "effect": "g"}), json!({})),
        event(53, "lease.granted", on("g"), json!({})),
        event(
            60,
            "step.settled",
            json!({"task": "d.t", "step": "s", "effect": "g", "outcome": {"is": "answered"}}),
            json!({}),
        ),
        event(61, "lease.granted", on("f"), json!({})),
        event(70, "lease.renewed", on("f"), json!({"task": "d.u"})),
        event(70, "step.resumed", json!({"task": "d.u"}), json!({})),
    ]
}

#[test]
fn what_waits_for_a_runtime_is_performed_breaks_off_and_waits_for_a_person_is_drawn_apart() {
    let mut of = OfTask::new("d.t");
    two_questions().iter().for_each(|event| of.event(event));
    expect_file!["tests/attempts.txt"].assert_eq(&of.picture().drawn(80, false));
}

#[test]
fn all_tasks_are_drawn_a_bar_each() {
    let mut of = OfAll::default();
    two_questions().iter().for_each(|event| of.event(event));
    expect_file!["tests/all.txt"].assert_eq(&of.picture().drawn(80, false));
    assert!(of.picture().json().iter().all(|bar| bar["times"].as_array().is_some_and(|times| !times.is_empty())));
}
