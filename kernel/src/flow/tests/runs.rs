//! Stories of runs: a workflow over the whole machine, with everything it waits for.

use crate::entity::{Approval, Call, Run, RunStatus, Task};
use crate::event::{
    ApprovalRequested, CallOutcome, CallSettled, DocumentWritten, EffectRequested, RunEnded, RunOutcome, StepRequested,
};
use crate::flow::run::MOVES_MAX;
use crate::id::Id;
use crate::key::{BranchId, Key};
use crate::reject::Code;
use crate::seal::Subject;
use crate::staged::EVENTS_MAX;
use crate::testing::{Story, begun, boot};
use serde_json::{Value, json};

fn source(list: Value, more: Value) -> Value {
    let document = json!({"dsl": "1.0.0", "namespace": "stories", "name": "story", "version": "0.1.0"});
    let mut source = json!({"document": document, "do": list});
    source.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    source
}

/// A run of these tasks began.
fn started(it: &mut Story, list: Value, input: Value) -> Id {
    started_with(it, list, json!({}), input)
}

fn started_with(it: &mut Story, list: Value, more: Value, input: Value) -> Id {
    it.given("workflow.define", json!({"source": source(list, more)}));
    let workflow = it.made()[0];
    it.given("run.start", json!({"workflow": workflow, "input": input}));
    it.made()[0]
}

fn run(it: &mut Story, task: Id) -> Run {
    it.data(BranchId::Main, Key::Run(task)).unwrap()
}

/// What the last command ended a run with.
fn output(it: &mut Story) -> Value {
    let [RunEnded { outcome, .. }] = &it.all()[..] else { panic!("{:?}", it.events()) };
    assert!(matches!(outcome, RunOutcome::Done { .. }), "{outcome:?}");
    serde_json::from_str(&it.said("output").unwrap()).unwrap()
}

/// Class of the failure that ended it.
fn failure(it: &mut Story, task: Id) -> String {
    run(it, task).failure.0.unwrap().class
}

fn report(it: &mut Story, effect: Id, fence: u64, outcome: Value) {
    let data = json!({"runtime": it.runtime(), "boot": boot(1), "effect": effect, "fence": fence, "outcome": outcome});
    it.when("effect.report", data);
}

fn fetch() -> Value {
    json!({"look": {"call": "http", "with": {"method": "get", "endpoint": "https://example.org/"}}})
}

fn send() -> Value {
    json!({"send": {"call": "http", "with": {"method": "post", "endpoint": "https://example.org/", "body": {"a": 1}}}})
}

/// No effect, approval or timer is left of anything.
fn nothing_is_left(it: &mut Story) {
    let left: Vec<_> = it.stored.rows.keys().filter(|at| at.space == "control").map(|at| at.key.clone()).collect();
    let left: Vec<_> = left
        .into_iter()
        .filter(|key| ["due/", "ready/", "open/", "leased/", "expiry/"].iter().any(|kind| key.starts_with(kind)))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_run_that_waits_for_nobody_is_done_in_its_first_command() {
    let mut it = begun();
    let list = json!([
        {"keep": {"call": "documents.write", "with": {"path": "a.md", "text": "${ .text }"}}},
        {"read": {"call": "documents.read", "with": {"path": "a.md"}, "output": {"as": "${ .text }"}}}
    ]);
    let task = started(&mut it, list, json!({"text": "kept"}));
    assert_eq!(output(&mut it), json!("kept"));
    assert_eq!((it.all::<DocumentWritten>().len(), *run(&mut it, task).status), (1, RunStatus::Done));
    nothing_is_left(&mut it);
}

#[test]
fn a_request_is_an_effect_and_its_answer_goes_on() {
    let mut it = begun();
    started(&mut it, json!([fetch()]), json!(null));
    let (effect, fence) = it.leases();
    report(&mut it, effect, fence, json!({"is": "returned", "result": {"status": 200, "body": {"n": 7}}}));
    assert_eq!(output(&mut it), json!({"n": 7}));
    nothing_is_left(&mut it);
}

#[test]
fn a_wait_is_a_timer_and_a_deadline_is_one_too() {
    let mut it = begun();
    let task = started(&mut it, json!([{"pause": {"wait": "PT1M"}}]), json!("as it was"));
    it.when("timers.fire", json!({})).rejected(Code::NothingDue);
    it.now_ms += 60_000;
    it.when("timers.fire", json!({}));
    assert_eq!(output(&mut it), json!("as it was"));
    assert_eq!(*run(&mut it, task).due, None);

    let more = json!({"timeout": {"after": "PT30S"}});
    let late = started_with(&mut it, json!([fetch()]), more, json!(null));
    let (effect, fence) = it.leases();
    it.now_ms += 30_000;
    it.when("timers.fire", json!({}));
    assert_eq!(failure(&mut it, late), "timeout");
    report(&mut it, effect, fence, json!({"is": "returned", "result": {"status": 200, "body": 1}}));
    it.then(&["report.late"]);
    nothing_is_left(&mut it);
}

#[test]
fn an_agent_works_within_a_run_and_its_answer_is_the_result() {
    let mut it = begun();
    it.agent_with(json!({"tools": ["remember"]}));
    let schema = json!({"type": "object", "required": ["legs"]});
    let ask = json!({"ask": {"call": "agent", "with": {"agent": "worker", "prompt": {"about": "spiders"}, "schema": schema}}});
    started(&mut it, json!([ask, {"told": {"set": "${ .legs }"}}]), json!(null));
    assert_eq!(it.all::<StepRequested>().len(), 1);
    let (effect, fence) = it.leases();
    it.report_calls(effect, fence, &[("remember", json!({"text": "eight"}))]);
    let (effect, fence) = it.leases();
    it.report(effect, fence, "{\"legs\": 8}");
    assert_eq!(output(&mut it), json!(8));
    nothing_is_left(&mut it);

    let unknown =
        started(&mut it, json!([{"ask": {"call": "agent", "with": {"agent": "nobody", "prompt": "x"}}}]), json!(null));
    assert_eq!(*run(&mut it, unknown).status, RunStatus::Failed, "an agent that is not there is a failure of the run");
}

#[test]
fn a_person_is_asked_and_the_decision_is_the_result() {
    for (decision, more, expected) in [
        (
            "approve",
            json!({}),
            json!({"decision": "approved", "value": {"text": "Dear all"}, "by": "owner", "reason": null}),
        ),
        (
            "approve",
            json!({"value": {"text": "Hi"}}),
            json!({"decision": "edited", "value": {"text": "Hi"}, "by": "owner", "reason": null}),
        ),
        (
            "reject",
            json!({"reason": "no"}),
            json!({"decision": "rejected", "value": null, "by": "owner", "reason": "no"}),
        ),
    ] {
        let mut it = begun();
        started(&mut it, json!([{"sure": {"call": "ask", "with": {"approve": {"text": "Dear all"}}}}]), json!(null));
        let asked = it.all::<ApprovalRequested>().pop().unwrap();
        let mut data = json!({"approval": asked.approval, "digest": asked.digest, "decision": decision});
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        it.when("approval.decide", data);
        assert_eq!(output(&mut it), expected);
    }
}

#[test]
fn a_long_loop_pauses_and_goes_on_with_the_next_timer_and_no_command_grows_without_bound() {
    let mut it = begun();
    let each = json!([{"each": {"for": {"in": "[range(0; 500)]"}, "do": [{"n": {"set": {"n": "${ $index }"}}}]}}]);
    let task = started(&mut it, each, json!(null));
    let mut commands = 1;
    while *run(&mut it, task).status == RunStatus::Running {
        assert!(it.events().len() <= MOVES_MAX + 8, "{} events", it.events().len());
        it.when("timers.fire", json!({}));
        commands += 1;
    }
    assert_eq!(output(&mut it), json!({"n": 499}));
    assert!((5..=7).contains(&commands), "{commands}");
    nothing_is_left(&mut it);
}

#[test]
fn many_large_values_pause_a_run_before_its_moves_do() {
    let mut it = begun();
    let text = "reduce range(0; 18) as $i (\"ab\"; . + .)";
    let each = json!([{"each": {"for": {"in": "[range(0; 40)]"}, "do": [{"n": {"set": {"text": format!("${{ {text} }}")}}}]}}]);
    let task = started(&mut it, each, json!(null));
    assert_eq!(*run(&mut it, task).status, RunStatus::Running);
    let bytes: usize = it
        .stored
        .rows
        .iter()
        .filter(|(at, _)| at.space == crate::machine::BLOBS_SPACE)
        .map(|(_, row)| row.value.len())
        .sum();
    assert!(bytes < 8 << 20, "{bytes}");
    assert!(it.events().len() < EVENTS_MAX);
    for _ in 0..20 {
        if *run(&mut it, task).status == RunStatus::Running {
            it.given("timers.fire", json!({}));
        }
    }
    assert_eq!(*run(&mut it, task).status, RunStatus::Done);
}

#[test]
fn cancelling_a_run_reaches_what_it_waits_for() {
    let person = json!({"sure": {"call": "ask", "with": {"question": "Sure?", "timeout": "PT1H", "escalate": {"after": "PT1M", "to": "boss"}}}});
    let agent = json!({"ask": {"call": "agent", "with": {"agent": "helper", "prompt": "x"}}});
    for (what, list) in
        [("http", fetch()), ("person", person), ("agent", agent), ("wait", json!({"pause": {"wait": "PT1H"}}))]
    {
        let mut it = begun();
        let task = started(&mut it, json!([list]), json!(null));
        it.when("task.cancel", json!({"task": task}));
        assert_eq!(*run(&mut it, task).status, RunStatus::Cancelled, "{what}");
        if what == "person" {
            // The notice is told already that there is nothing to tell.
            let (effect, fence) = it.leases();
            report(&mut it, effect, fence, json!({"is": "failed", "class": "moot", "detail": ""}));
        }
        nothing_is_left(&mut it);
        it.when("task.retry", json!({"task": task})).rejected(Code::NotOutstanding);
        it.when("task.cancel", json!({"task": task})).rejected(Code::NotOutstanding);
    }
}

#[test]
fn a_failed_run_goes_on_where_it_failed_and_keeps_what_was_finished() {
    let mut it = begun();
    let note = json!({"note": {"call": "remember", "with": {"text": "once"}}});
    let task = started(&mut it, json!([note, fetch()]), json!(null));
    let (effect, fence) = it.leases();
    report(&mut it, effect, fence, json!({"is": "failed", "class": "connect", "detail": "no way"}));
    assert_eq!(failure(&mut it, task), "communication");
    it.when("task.retry", json!({"task": task}));
    assert_eq!(it.all::<crate::event::NoteRemembered>().len(), 0, "the note is not written a second time");
    let (effect, fence) = it.leases();
    report(&mut it, effect, fence, json!({"is": "returned", "result": {"status": 200, "body": 1}}));
    assert_eq!(output(&mut it), json!(1));
}

#[test]
fn a_run_that_failed_while_it_waited_to_try_again_can_be_retried() {
    let mut it = begun();
    let guard = json!([{"guard": {"try": [fetch()], "catch": {"retry": {"delay": "PT1M", "limit": {"attempt": {"count": 5}}}}}}]);
    let task = started_with(&mut it, guard, json!({"timeout": {"after": "PT10S"}}), json!(null));
    let (effect, fence) = it.leases();
    report(&mut it, effect, fence, json!({"is": "failed", "class": "connect", "detail": "no way"}));
    it.now_ms += 10_000;
    it.when("timers.fire", json!({}));
    assert_eq!(failure(&mut it, task), "timeout");
    it.when("task.retry", json!({"task": task}));
    assert_eq!(it.all::<EffectRequested>().len(), 1);
    let (effect, fence) = it.leases();
    report(&mut it, effect, fence, json!({"is": "returned", "result": {"status": 200, "body": 1}}));
    assert_eq!(output(&mut it), json!(1));
    nothing_is_left(&mut it);
}

#[test]
fn a_write_in_doubt_asks_a_person_what_to_do() {
    for (decision, more, status) in [
        ("approve", json!({}), RunStatus::Running),
        ("answer", json!({"value": {"paid": true}}), RunStatus::Done),
        ("reject", json!({"reason": "no"}), RunStatus::Failed),
    ] {
        let mut it = begun();
        let task = started(&mut it, json!([send()]), json!(null));
        let (effect, fence) = it.leases();
        report(
            &mut it,
            effect,
            fence,
            json!({"is": "failed", "class": "interrupted", "detail": "", "sent": true, "retriable": true}),
        );
        let asked = it.all::<ApprovalRequested>().pop().unwrap();
        let mut data = json!({"approval": asked.approval, "digest": asked.digest, "decision": decision});
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        it.when("approval.decide", data);
        assert_eq!(*run(&mut it, task).status, status, "{decision}");
    }
}

#[test]
fn a_lost_write_that_must_not_be_repeated_fails_although_there_is_nothing_left_to_lease() {
    let mut it = begun();
    let mut write = send();
    write["send"]["with"]["idempotency"] = json!("fail");
    let task = started(&mut it, json!([write]), json!(null));
    it.leases();
    it.now_ms += 120_000;
    it.when("effect.lease", json!({"runtime": it.runtime(), "boot": boot(1), "ttl_ms": 1_000}));
    assert_eq!((it.reply().rejected, it.made().len()), (None, 0));
    assert_eq!(*run(&mut it, task).status, RunStatus::Failed);
    nothing_is_left(&mut it);
}

#[test]
fn a_result_too_large_to_be_kept_is_a_failure_and_poisons_nothing() {
    let mut it = begun();
    let ask = json!({"ask": {"call": "agent", "with": {"agent": "helper", "prompt": "x"}}});
    let task = started(&mut it, json!([ask]), json!(null));
    let (effect, fence) = it.leases();
    // As a JSON text it is six times as long.
    let text = "\u{1}".repeat(crate::command::REPORT_MAX - 64);
    it.report(effect, fence, &text);
    let [CallSettled { outcome: CallOutcome::Failed { class, .. }, .. }] = &it.all()[..] else { panic!() };
    assert_eq!(class, "too_large");
    assert_eq!(*run(&mut it, task).status, RunStatus::Failed);
    it.asked("and the workspace goes on");
}

#[test]
fn a_failure_told_at_length_is_an_error_of_a_few_words() {
    let mut it = begun();
    let task = started(&mut it, json!([fetch()]), json!(null));
    let (effect, fence) = it.leases();
    report(&mut it, effect, fence, json!({"is": "failed", "class": "odd", "detail": "\u{1}".repeat(4 << 20)}));
    assert_eq!(failure(&mut it, task), "runtime");
    assert!(it.said("detail").unwrap().len() < 128 * 1024);
}

#[test]
fn a_task_that_performs_a_workflow_is_not_asked_something_else() {
    let mut it = begun();
    let task = started(&mut it, json!([fetch()]), json!(null));
    it.when("task.ask", json!({"agent": it.agent(), "task": task, "prompt": "x"})).rejected(Code::InvalidArgument);
}

#[test]
fn when_the_key_of_a_running_task_is_destroyed_whatever_comes_next_ends_it() {
    let person = json!({"sure": {"call": "ask", "with": {"question": "Sure?", "timeout": "PT1H"}}});
    let lists = [
        ("report", fetch()),
        ("timer", json!({"pause": {"wait": "PT1S"}})),
        ("decision", person),
        ("lost", send()),
        ("cancel", fetch()),
    ];
    for (what, list) in lists {
        let mut it = begun();
        let task = started(&mut it, json!([list]), json!(null));
        let asked = it.all::<ApprovalRequested>().pop();
        let leased = (what != "timer").then(|| it.leases());
        it.given("key.destroy", json!({"subject": Subject::Task(task)}));
        match what {
            "report" => {
                let (effect, fence) = leased.unwrap();
                report(&mut it, effect, fence, json!({"is": "returned", "result": {"status": 200}}));
            }
            "timer" => {
                it.now_ms += 1_000;
                it.given("timers.fire", json!({}));
            }
            "decision" => {
                let (effect, fence) = leased.unwrap();
                let asked = asked.unwrap();
                it.given(
                    "approval.decide",
                    json!({"approval": asked.approval, "digest": asked.digest, "decision": "answer", "value": 1}),
                );
                let row: Approval = it.control(Key::Approval(asked.approval)).unwrap();
                assert_eq!(*row.decision, Some(crate::entity::Decision::Cancelled));
                report(&mut it, effect, fence, json!({"is": "failed", "class": "moot", "detail": ""}));
            }
            "lost" => {
                it.now_ms += 120_000;
                it.given("effect.lease", json!({"runtime": it.runtime(), "boot": boot(1), "ttl_ms": 1_000}));
            }
            _ => drop(it.given("task.cancel", json!({"task": task, "reason": "cannot be sealed"}))),
        }
        assert_eq!(*run(&mut it, task).status, RunStatus::Cancelled, "{what}");
        nothing_is_left(&mut it);
        it.when("task.retry", json!({"task": task})).rejected(Code::KeyDestroyed);
    }
}

#[test]
fn a_workflow_whose_key_is_gone_fails_its_runs() {
    let mut it = begun();
    let task = started(&mut it, json!([{"pause": {"wait": "PT1S"}}]), json!(null));
    let workflow = it.data::<Task>(BranchId::Main, Key::Task(task)).unwrap().workflow.0.unwrap();
    it.given("key.destroy", json!({"subject": Subject::Workflow(workflow)}));
    it.now_ms += 1_000;
    it.when("timers.fire", json!({}));
    assert_eq!(*run(&mut it, task).status, RunStatus::Failed);
}

#[test]
fn a_document_made_unreadable_is_not_written_again() {
    let mut it = begun();
    let write = json!([{"keep": {"call": "documents.write", "with": {"path": "a.md", "text": "x"}}}]);
    started(&mut it, write.clone(), json!(null));
    let document = it.all::<DocumentWritten>().pop().unwrap().document;
    it.given("key.destroy", json!({"subject": Subject::Document(document)}));
    let task = started(&mut it, write, json!(null));
    assert_eq!(*run(&mut it, task).status, RunStatus::Failed);
    let [CallSettled { call, .. }] = it.all()[..] else { panic!() };
    let call: Call = it.data(BranchId::Main, Key::Call(call)).unwrap();
    assert_eq!(call.failure.0.unwrap().class, "key_destroyed");
}
