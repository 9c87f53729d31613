//! Stories about the agent loop.

use crate::entity::{Call, CallStatus, Step, StepStatus, Task, Usage};
use crate::event::{CallRequested, EffectRetried, StepRequested, StepSettled, StepStopped};
use crate::id::Id;
use crate::key::{BranchId, Key};
use crate::testing::{Story, begun, boot};
use serde_json::{Value, json};

/// An agent with `more` is asked: the task and its step.
fn asked(it: &mut Story, more: Value) -> (Id, Id) {
    let agent = it.agent_with(more);
    it.given("task.ask", json!({"agent": agent, "prompt": "Do it."}));
    (it.made()[0], it.made()[1])
}

fn step(it: &mut Story, id: Id) -> Step {
    it.data(BranchId::Main, Key::Step(id)).unwrap()
}

fn failed(it: &mut Story, more: Value) {
    let (effect, fence) = it.leases();
    let mut outcome = json!({"is": "failed", "class": "rate", "detail": "slow down"});
    outcome.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let data = json!({"runtime": it.runtime(), "boot": boot(1), "effect": effect, "fence": fence, "outcome": outcome});
    it.when("effect.report", data);
}

#[test]
fn a_tool_that_the_kernel_has_is_used_at_once_and_the_model_is_called_again() {
    let mut it = begun();
    let (_, id) = asked(&mut it, json!({"tools": ["documents.write"]}));
    let (effect, fence) = it.leases();
    it.report_calls(effect, fence, &[("documents.write", json!({"path": "a.md", "text": "hello"}))]);
    it.then(&["turn.answered", "call.requested", "document.written", "call.settled", "effect.requested"]);
    let (effect, fence) = it.leases();
    it.report(effect, fence, "done").then(&["step.settled"]);
    let step = step(&mut it, id);
    assert_eq!((*step.status, step.turns.0, step.tokens.0), (StepStatus::Answered, 1, 15));
}

#[test]
fn tools_run_side_by_side_and_the_model_waits_for_all_of_them() {
    let mut it = begun();
    asked(&mut it, json!({"tools": ["http.request", "recall"]}));
    let (effect, fence) = it.leases();
    let get =
        |path: &str| ("http.request", json!({"method": "GET", "endpoint": format!("https://example.org/{path}")}));
    it.report_calls(effect, fence, &[get("one"), get("two"), ("recall", json!({"query": "legs"}))]);
    let (one, two) = (it.leases(), it.leases());
    for (nth, (effect, fence)) in [two, one].into_iter().enumerate() {
        let outcome = json!({"is": "returned", "result": {"status": 200, "body": "text", "url": "u"}});
        let data =
            json!({"runtime": it.runtime(), "boot": boot(1), "effect": effect, "fence": fence, "outcome": outcome});
        it.when("effect.report", data);
        it.then(if nth == 0 { &["call.settled"] } else { &["call.settled", "effect.requested"] });
    }
}

#[test]
fn a_tool_it_does_not_have_and_arguments_that_do_not_fit_are_told_to_the_model() {
    let mut it = begun();
    asked(&mut it, json!({"tools": ["documents.read"]}));
    let (effect, fence) = it.leases();
    let calls = [
        ("documents.write", json!({"path": "a", "text": "b"})),
        ("shell.run", json!({"command": "rm"})),
        ("documents.read", json!({"pfad": "a"})),
        ("documents.read", json!({"path": "not there"})),
    ];
    it.report_calls(effect, fence, &calls);
    let requested: Vec<CallRequested> = it.all();
    let rows: Vec<Call> = requested
        .iter()
        .map(|it| it.call)
        .collect::<Vec<_>>()
        .into_iter()
        .map(|call| it.data(BranchId::Main, Key::Call(call)).unwrap())
        .collect();
    let classes: Vec<_> = rows.iter().map(|row| row.failure.as_ref().unwrap().class.clone()).collect();
    assert_eq!(classes, ["refused", "refused", "invalid_arguments", "not_found"]);
    assert_eq!(*requested[1].capability, *"unknown", "a name from outside does not stand in clear");
    assert!(rows.iter().all(|row| *row.status == CallStatus::Failed));
    it.leases();
}

#[test]
fn an_answer_that_does_not_fit_its_schema_is_sent_back_twice() {
    let schema = json!({"type": "object", "required": ["legs"], "properties": {"legs": {"type": "integer"}}});
    let mut it = begun();
    let (_, id) = asked(&mut it, json!({"schema": schema}));
    for answer in ["eight", "{\"legs\": \"eight\"}"] {
        let (effect, fence) = it.leases();
        it.report(effect, fence, answer).then(&["turn.answered", "effect.requested"]);
    }
    let (effect, fence) = it.leases();
    it.report(effect, fence, "```json\n{\"legs\": 8}\n```").then(&["step.settled"]);
    assert_eq!(*step(&mut it, id).status, StepStatus::Answered);

    let (_, id) = asked(&mut it, json!({"schema": schema}));
    for _ in 0..3 {
        let (effect, fence) = it.leases();
        it.report(effect, fence, "eight");
    }
    it.then(&["step.settled"]);
    let step = step(&mut it, id);
    assert_eq!((*step.status, step.failure.as_ref().unwrap().class.as_str()), (StepStatus::Failed, "invalid_output"));
}

#[test]
fn a_model_that_calls_tools_for_ever_is_stopped_by_its_limit() {
    let mut it = begun();
    let (_, id) = asked(&mut it, json!({"tools": ["remember"], "limits": {"turns": 4}}));
    for nth in 0..4 {
        let (effect, fence) = it.leases();
        it.report_calls(effect, fence, &[("remember", json!({"text": format!("note {nth}")}))]);
    }
    let [StepStopped { class, .. }] = &it.all()[..] else { panic!("{:?}", it.events()) };
    assert_eq!(class, "limit_reached");
    assert_eq!(*step(&mut it, id).status, StepStatus::Failed);
    it.when("effect.lease", json!({"runtime": it.runtime(), "boot": boot(1), "ttl_ms": 1}));
    it.rejected(crate::reject::Code::NothingToLease);
}

#[test]
fn tokens_money_and_time_are_limits_too() {
    for (limits, wait_ms) in [(json!({"tokens": 15}), 0), (json!({"cost_micros": 1}), 0), (json!({"ms": 1_000}), 2_000)]
    {
        let mut it = begun();
        it.given(
            "provider.define",
            json!({"name": "dear", "dialect": "openai-chat", "base_url": "http://127.0.0.1:1",
            "model": "m", "prices": {"input_micros_per_mtok": 1, "output_micros_per_mtok": 2}}),
        );
        let provider = it.made()[0];
        asked(&mut it, json!({"tools": ["recall"], "limits": limits, "provider": provider}));
        let (effect, fence) = it.leases();
        it.now_ms += wait_ms;
        it.report_calls(effect, fence, &[("recall", json!({"query": "x"}))]);
        let [StepStopped { class, .. }] = &it.all()[..] else { panic!("{limits}: {:?}", it.events()) };
        assert_eq!(class, "limit_reached", "{limits}");
        let usage: Usage = it.control(Key::Usage(provider)).unwrap();
        assert_eq!((usage.calls.0, usage.cost_micros.0), (1, 1), "what it used is rounded up and counted");
    }
}

#[test]
fn the_same_tools_with_the_same_results_are_no_progress() {
    let mut it = begun();
    let (_, id) = asked(&mut it, json!({"tools": ["documents.read"]}));
    for nth in 1..=3 {
        let (effect, fence) = it.leases();
        // The order of members and blanks is no difference.
        it.report_calls(effect, fence, &[("documents.read", json!({"path": "missing"}))]);
        assert_eq!(it.all::<StepStopped>().len(), usize::from(nth == 3), "{nth}");
    }
    assert_eq!(step(&mut it, id).failure.as_ref().unwrap().class, "no_progress");
}

#[test]
fn a_call_that_failed_for_now_is_tried_again_after_a_while_under_the_same_effect() {
    let mut it = begun();
    let (_, id) = asked(&mut it, json!({}));
    failed(&mut it, json!({"retriable": true, "retry_after_ms": 7_000}));
    it.then(&["effect.retried", "timer.set"]);
    let [EffectRetried { closing, not_before, .. }] = &it.all()[..] else { panic!() };
    assert_eq!(*not_before, it.now_ms + 7_000);
    let effect = closing.effect;
    it.when("timers.fire", json!({})).rejected(crate::reject::Code::NothingDue);
    it.now_ms += 7_000;
    it.when("timers.fire", json!({})).then(&["timer.ended", "effect.queued"]);
    let (again, fence) = it.leases();
    assert_eq!((again, fence), (effect, 2));
    it.report(again, fence, "at last").then(&["step.settled"]);
    assert_eq!(*step(&mut it, id).status, StepStatus::Answered);
}

#[test]
fn a_call_that_always_fails_ends_its_step_and_can_be_retried_by_hand() {
    let mut it = begun();
    let (task, id) = asked(&mut it, json!({}));
    for _ in 0..5 {
        failed(&mut it, json!({"retriable": true}));
        it.now_ms += 60_000;
        it.given("timers.fire", json!({}));
    }
    failed(&mut it, json!({"retriable": true}));
    it.then(&["step.settled"]);
    assert_eq!(*step(&mut it, id).status, StepStatus::Failed);
    it.when("task.retry", json!({"task": task})).then(&["step.resumed", "effect.requested"]);
    it.settle("well then");
    assert_eq!(*step(&mut it, id).status, StepStatus::Answered);
    it.when("task.retry", json!({"task": task})).rejected(crate::reject::Code::NotOutstanding);
}

#[test]
fn what_cannot_be_helped_by_trying_again_is_not_tried_again() {
    let mut it = begun();
    asked(&mut it, json!({}));
    failed(&mut it, json!({"class": "auth"}));
    let [StepSettled { outcome, .. }] = &it.all()[..] else { panic!() };
    assert!(matches!(outcome, crate::event::Outcome::Failed { class, .. } if class == "auth"));
}

#[test]
fn cancelling_reaches_the_tools_the_effects_and_the_person() {
    let mut it = begun();
    let (task, id) = asked(&mut it, json!({"tools": ["ask", "http.request"]}));
    let (effect, fence) = it.leases();
    let calls = [("ask", json!({"question": "Really?"})), ("http.request", json!({"endpoint": "https://example.org"}))];
    it.report_calls(effect, fence, &calls);
    it.leases();
    let (working, token) = it.leases();
    it.when("task.cancel", json!({"task": task, "reason": "not needed"}));
    let names: Vec<String> = it.events().into_iter().map(|(header, _)| header.name.into_owned()).collect();
    for wanted in ["task.cancelled", "effect.closed", "approval.decided", "call.settled", "step.stopped"] {
        assert!(names.iter().any(|name| name == wanted), "{wanted} in {names:?}");
    }
    assert_eq!(*step(&mut it, id).status, StepStatus::Cancelled);
    assert!(*it.data::<Task>(BranchId::Main, Key::Task(task)).unwrap().cancelled);
    it.report(working, token, "too late").then(&["report.late"]);
    it.when("task.cancel", json!({"task": task})).rejected(crate::reject::Code::NotOutstanding);
}

#[test]
fn a_step_remembers_what_it_was_asked_and_by_whom() {
    let mut it = begun();
    asked(&mut it, json!({}));
    let [StepRequested { call: None, asked_at, .. }] = &it.all()[..] else { panic!() };
    assert_eq!(*asked_at, it.now_ms);
}
