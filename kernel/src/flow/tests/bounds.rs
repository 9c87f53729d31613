//! Stories of what is too much, and of what comes twice at a time.

use crate::command::TEXT_MAX;
use crate::entity::{Call, Lease, LeaseStatus, Turn};
use crate::event::{CallRequested, EffectRequested, StepStopped, TurnAnswered};
use crate::flow::agent::CALLS_MAX;
use crate::id::Id;
use crate::key::{BranchId, Key};
use crate::reject::Code;
use crate::testing::{Story, begun, boot};
use serde_json::{Value, json};

fn asked(it: &mut Story, more: Value) {
    let agent = it.agent_with(more);
    it.given("task.ask", json!({"agent": agent, "prompt": "Work."}));
}

fn calls_of(it: &mut Story) -> Vec<Call> {
    let [TurnAnswered { turn, .. }] = it.all()[..] else { panic!("{:?}", it.events()) };
    let turn: Turn = it.data(BranchId::Main, Key::Turn(turn)).unwrap();
    turn.calls.iter().map(|call| it.data(BranchId::Main, Key::Call(*call)).unwrap()).collect()
}

#[test]
fn a_model_that_asks_for_a_hundred_thousand_tools_is_given_sixteen_and_told_so() {
    let mut it = begun();
    asked(&mut it, json!({"tools": ["recall"]}));
    let (effect, fence) = it.leases();
    let calls = vec![("recall", json!({"query": "x"})); 70_000];
    it.report_calls(effect, fence, &calls);
    let calls = calls_of(&mut it);
    assert_eq!(calls.len(), CALLS_MAX + 1);
    assert!(calls[..CALLS_MAX].iter().all(|call| call.result.is_some()));
    let [.., CallRequested { call, .. }] = &it.all()[..] else { panic!() };
    assert!(it.failure_of(*call).unwrap().contains("69984 calls were left out"));
    assert_eq!(it.all::<EffectRequested>().len(), 1, "the conversation goes on");
}

#[test]
fn what_a_model_asks_for_wrongly_goes_back_to_it_and_nothing_happens() {
    for (name, arguments, told) in [
        ("documents.raed", json!({"path": "a"}), "the nearest is documents.read"),
        ("documents.write", json!({"path": "a", "text": "b"}), "there is no tool"),
        ("documents.read", json!({"path": 7}), "the arguments of documents.read are not valid"),
        ("documents.read", json!({}), "path"),
    ] {
        let mut it = begun();
        asked(&mut it, json!({"tools": ["documents.read"]}));
        let (effect, fence) = it.leases();
        it.report_calls(effect, fence, &[(name, arguments)]);
        it.then(&["turn.answered", "call.requested", "call.settled", "effect.requested"]);
        let [CallRequested { call, .. }] = it.all()[..] else { panic!() };
        let why = it.failure_of(call).unwrap();
        assert!(why.contains(told), "{name}: {why}");
    }
}

#[test]
fn a_name_of_a_tool_as_long_as_a_book_is_told_in_short() {
    let mut it = begun();
    asked(&mut it, json!({"tools": ["documents.read"]}));
    let (effect, fence) = it.leases();
    it.report_calls(effect, fence, &[(&"\u{1}".repeat(4 << 20), json!({}))]);
    let [CallRequested { call, .. }] = it.all()[..] else { panic!() };
    assert!(it.failure_of(call).unwrap().len() < 1_024);
}

#[test]
fn arguments_that_are_too_long_or_no_json_are_an_error_of_the_call() {
    let mut it = begun();
    asked(&mut it, json!({"tools": ["documents.write"]}));
    let (effect, fence) = it.leases();
    let long = json!({"path": "a", "text": "x".repeat(TEXT_MAX)});
    it.report_calls(effect, fence, &[("documents.write", long)]);
    it.then(&["turn.answered", "call.requested", "call.settled", "effect.requested"]);
    let (effect, fence) = it.leases();
    let calls = json!([{"id": "a", "name": "documents.write", "arguments": "{\"path\": "}]);
    let outcome = json!({"is": "answered", "text": "", "calls": calls, "stop": "tool"});
    let data = json!({"runtime": it.runtime(), "boot": boot(1), "effect": effect, "fence": fence, "outcome": outcome});
    it.when("effect.report", data).then(&["turn.answered", "call.requested", "call.settled", "effect.requested"]);
}

#[test]
fn sixteen_calls_with_all_the_arguments_there_may_be_are_one_commit() {
    let mut it = begun();
    asked(&mut it, json!({"tools": ["documents.write"]}));
    let (effect, fence) = it.leases();
    let text = "x".repeat(TEXT_MAX - 64);
    let calls: Vec<(&str, Value)> =
        (0..CALLS_MAX).map(|nth| ("documents.write", json!({"path": format!("{nth}"), "text": text}))).collect();
    it.report_calls(effect, fence, &calls[..CALLS_MAX - 1]);
    assert!(calls_of(&mut it).iter().all(|call| call.result.is_some()));
    assert!(it.stored.rows.values().all(|row| row.value.len() < crate::storage::ROW_BYTES_MAX));
    assert!(it.stored.events.iter().all(|event| event.sealed.len() < crate::storage::ROW_BYTES_MAX));
}

#[test]
fn what_is_recalled_is_within_bounds() {
    let mut it = begun();
    asked(&mut it, json!({"tools": ["remember", "recall"]}));
    for _ in 0..4 {
        let (effect, fence) = it.leases();
        it.report_calls(effect, fence, &[("remember", json!({"text": "word ".repeat(60_000)}))]);
    }
    let (effect, fence) = it.leases();
    it.report_calls(effect, fence, &[("recall", json!({"query": "word", "limit": 32}))]);
    let [CallRequested { call, .. }] = it.all()[..] else { panic!() };
    let result = it.result_of(call).unwrap();
    assert!((300_000..TEXT_MAX + 64).contains(&result.len()), "{}", result.len());
}

#[test]
fn an_effect_that_waits_to_be_tried_again_is_not_taken_before_and_never_twice() {
    let mut it = begun();
    asked(&mut it, json!({}));
    let (effect, fence) = it.leases();
    let outcome =
        json!({"is": "failed", "class": "overload", "detail": "", "retriable": true, "retry_after_ms": 5_000});
    let data = json!({"runtime": it.runtime(), "boot": boot(1), "effect": effect, "fence": fence, "outcome": outcome});
    it.when("effect.report", data).then(&["effect.retried", "timer.set"]);
    let lease = json!({"runtime": it.runtime(), "boot": boot(1), "ttl_ms": 60_000, "effect": effect});
    it.when("effect.lease", lease.clone()).rejected(Code::NothingToLease);
    it.now_ms += 5_000;
    // Its timer is still there: whoever took it now would leave that behind.
    it.when("effect.lease", lease.clone()).rejected(Code::NothingToLease);
    it.given("timers.fire", json!({}));
    it.given("effect.lease", lease.clone());
    it.when("effect.lease", lease).rejected(Code::LeaseHeld);
    let any = json!({"runtime": it.runtime(), "boot": boot(1), "ttl_ms": 60_000});
    it.when("effect.lease", any).rejected(Code::NothingToLease);
    assert_eq!(*it.control::<Lease>(Key::Lease(effect)).unwrap().status, LeaseStatus::Held);
}

#[test]
fn cancelling_takes_the_timer_of_an_effect_with_it() {
    let mut it = begun();
    asked(&mut it, json!({}));
    let task: Id = it.made()[0];
    let (effect, fence) = it.leases();
    let outcome = json!({"is": "failed", "class": "overload", "detail": "", "retriable": true});
    let data = json!({"runtime": it.runtime(), "boot": boot(1), "effect": effect, "fence": fence, "outcome": outcome});
    it.when("effect.report", data);
    it.when("task.cancel", json!({"task": task})).then(&[
        "task.cancelled",
        "timer.ended",
        "effect.closed",
        "step.stopped",
    ]);
    assert_eq!(it.all::<StepStopped>().len(), 1);
    it.now_ms += 60_000;
    it.when("timers.fire", json!({})).rejected(Code::NothingDue);
}

#[test]
fn a_task_that_goes_on_after_it_was_cancelled_can_be_cancelled_again() {
    let mut it = begun();
    let [task, ..] = it.asked("first");
    it.given("task.cancel", json!({"task": task}));
    it.given("task.ask", json!({"agent": it.agent(), "task": task, "prompt": "second"}));
    it.when("task.cancel", json!({"task": task})).then(&["task.cancelled", "effect.closed", "step.stopped"]);
}
