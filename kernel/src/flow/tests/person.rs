//! Stories about people in the loop.

use crate::entity::{Approval, Decision};
use crate::event::{ApprovalRequested, CallOutcome, CallSettled, LeaseGranted};
use crate::hash::HashText;
use crate::id::Id;
use crate::key::Key;
use crate::reject::Code;
use crate::testing::{Story, begun, boot};
use serde_json::{Value, json};

/// A model asks for `capability`; the approval that this makes.
fn risky(it: &mut Story, more: Value, capability: &str, arguments: Value) -> ApprovalRequested {
    let agent = it.agent_with(more);
    it.given("task.ask", json!({"agent": agent, "prompt": "Do it."}));
    let (effect, fence) = it.leases();
    it.report_calls(effect, fence, &[(capability, arguments)]);
    it.all::<ApprovalRequested>().pop().unwrap()
}

fn decide(it: &mut Story, approval: Id, digest: HashText, decision: &str, more: Value) {
    let mut data = json!({"approval": approval, "digest": digest, "decision": decision});
    data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    it.when("approval.decide", data);
}

fn post() -> Value {
    json!({"method": "POST", "endpoint": "https://example.org/pay", "body": {"amount": 7}})
}

/// The notice about an approval is taken and given.
fn noticed(it: &mut Story) {
    let (effect, fence) = it.leases();
    let outcome = json!({"is": "returned", "result": null});
    let data = json!({"runtime": it.runtime(), "boot": boot(1), "effect": effect, "fence": fence, "outcome": outcome});
    it.when("effect.report", data).then(&["effect.closed"]);
}

#[test]
fn writing_outside_waits_for_a_person_who_is_told_and_then_goes_on() {
    let mut it = begun();
    let asked = risky(&mut it, json!({"tools": ["http.request"]}), "http.request", post());
    noticed(&mut it);
    it.when("effect.lease", json!({"runtime": it.runtime(), "boot": boot(1), "ttl_ms": 1}))
        .rejected(Code::NothingToLease);
    decide(&mut it, asked.approval, asked.digest, "approve", json!({}));
    it.then(&["approval.decided", "effect.requested"]);
    it.leases();
}

#[test]
fn what_an_agent_may_only_do_with_approval_waits_too() {
    let mut it = begun();
    let more = json!({"tools": ["documents.write"], "approve": ["documents.write"]});
    let asked = risky(&mut it, more, "documents.write", json!({"path": "a", "text": "b"}));
    decide(&mut it, asked.approval, asked.digest, "approve", json!({"value": {"path": "a", "text": "better"}}));
    it.then(&["approval.decided", "call.edited", "document.written", "call.settled", "effect.requested"]);
}

#[test]
fn a_rejection_with_its_reason_is_told_to_the_model() {
    let mut it = begun();
    let asked = risky(&mut it, json!({"tools": ["http.request"]}), "http.request", post());
    decide(&mut it, asked.approval, asked.digest, "reject", json!({"reason": "too dear"}));
    let [CallSettled { outcome: CallOutcome::Failed { class, .. }, .. }] = &it.all()[..] else { panic!() };
    assert_eq!(class, "rejected");
}

#[test]
fn the_first_decision_counts_and_only_about_the_bytes_that_wait() {
    let mut it = begun();
    let asked = risky(&mut it, json!({"tools": ["http.request"]}), "http.request", post());
    let (approval, digest) = (asked.approval, asked.digest);
    decide(&mut it, approval, HashText([7; 32]), "approve", json!({}));
    it.rejected(Code::OtherBytes);
    decide(&mut it, approval, digest, "approve", json!({"value": {"method": 7}}));
    it.rejected(Code::InvalidArgument);
    decide(&mut it, approval, digest, "answer", json!({"value": 1}));
    it.rejected(Code::InvalidArgument);
    decide(&mut it, approval, digest, "reject", json!({}));
    decide(&mut it, approval, digest, "approve", json!({}));
    it.rejected(Code::AlreadyDecided);
    let row: Approval = it.control(Key::Approval(approval)).unwrap();
    assert_eq!(*row.decision, Some(Decision::Rejected));
}

#[test]
fn an_answer_fits_the_schema_of_its_question() {
    let mut it = begun();
    let schema = json!({"type": "integer", "minimum": 1});
    let question = json!({"question": "How many?", "schema": schema});
    let asked = risky(&mut it, json!({"tools": ["ask"]}), "ask", question);
    decide(&mut it, asked.approval, asked.digest, "answer", json!({"value": 0}));
    it.rejected(Code::InvalidArgument);
    decide(&mut it, asked.approval, asked.digest, "approve", json!({}));
    it.rejected(Code::InvalidArgument);
    decide(&mut it, asked.approval, asked.digest, "answer", json!({"value": 3}));
    it.then(&["approval.decided", "call.settled", "effect.requested"]);
}

#[test]
fn what_a_person_puts_in_the_place_of_what_is_approved_fits_its_schema() {
    let mut it = begun();
    let letter = json!({"approve": "Dear Dan", "schema": {"type": "string", "minLength": 1}});
    let asked = risky(&mut it, json!({"tools": ["ask"]}), "ask", letter);
    decide(&mut it, asked.approval, asked.digest, "approve", json!({"value": {"text": "Dear Dan"}}));
    it.rejected(Code::InvalidArgument);
    decide(&mut it, asked.approval, asked.digest, "approve", json!({"value": "Dear Dan, sorry"}));
    it.then(&["approval.decided", "call.settled", "effect.requested"]);
}

#[test]
fn nobody_answers_and_somebody_else_is_told_and_then_its_time_is_over() {
    let mut it = begun();
    let question = json!({"question": "Now?", "timeout": "PT2H", "escalate": {"after": "PT1H", "to": "the boss"}});
    let asked = risky(&mut it, json!({"tools": ["ask"]}), "ask", question);
    noticed(&mut it);
    it.now_ms += 60 * 60 * 1000;
    it.when("timers.fire", json!({})).then(&["timer.ended", "approval.escalated", "effect.requested"]);
    noticed(&mut it);
    it.now_ms += 60 * 60 * 1000;
    it.when("timers.fire", json!({}));
    let [CallSettled { outcome: CallOutcome::Failed { class, .. }, .. }] = &it.all()[..] else { panic!() };
    assert_eq!(class, "timeout");
    decide(&mut it, asked.approval, asked.digest, "answer", json!({"value": "yes"}));
    it.rejected(Code::AlreadyDecided);
}

#[test]
fn what_counts_when_nobody_answers_can_be_said_beforehand() {
    let mut it = begun();
    let question = json!({"question": "Now?", "timeout": {"minutes": 5}, "otherwise": "no"});
    risky(&mut it, json!({"tools": ["ask"]}), "ask", question);
    it.now_ms += 5 * 60 * 1000;
    it.when("timers.fire", json!({}));
    let [CallSettled { outcome: CallOutcome::Done { .. }, .. }] = &it.all()[..] else { panic!("{:?}", it.events()) };
}

#[test]
fn a_write_that_was_in_flight_when_its_runtime_died_is_not_repeated_without_a_person() {
    let mut it = begun();
    let asked = risky(&mut it, json!({"tools": ["http.request"]}), "http.request", post());
    noticed(&mut it);
    decide(&mut it, asked.approval, asked.digest, "approve", json!({}));
    it.leases();
    it.now_ms += 120_000;
    // Whatever is leased next, it is not the write: it is the notice that a person is asked about it.
    it.given("effect.lease", json!({"runtime": it.runtime(), "boot": boot(1), "ttl_ms": 60_000}));
    let doubt = it.all::<ApprovalRequested>().pop().unwrap();
    let granted = it.all::<LeaseGranted>().pop().unwrap();
    let effect: crate::entity::Effect = it.data(crate::key::BranchId::Main, Key::Effect(granted.effect)).unwrap();
    assert_eq!(*effect.approval, Some(doubt.approval));
    decide(&mut it, doubt.approval, doubt.digest, "answer", json!({"value": {"paid": true}}));
    it.then(&["approval.decided", "call.settled", "effect.requested"]);
}

#[test]
fn a_write_that_must_not_be_repeated_fails_in_doubt() {
    let mut it = begun();
    let mut arguments = post();
    arguments["idempotency"] = json!("fail");
    let asked = risky(&mut it, json!({"tools": ["http.request"]}), "http.request", arguments);
    noticed(&mut it);
    decide(&mut it, asked.approval, asked.digest, "approve", json!({}));
    let (effect, fence) = it.leases();
    let outcome =
        json!({"is": "failed", "class": "interrupted", "detail": "it broke", "sent": true, "retriable": true});
    let data = json!({"runtime": it.runtime(), "boot": boot(1), "effect": effect, "fence": fence, "outcome": outcome});
    it.when("effect.report", data);
    let [CallSettled { outcome: CallOutcome::Failed { class, .. }, .. }] = &it.all()[..] else { panic!() };
    assert_eq!(class, "in_doubt");
}

#[test]
fn a_read_that_broke_off_is_done_again() {
    let mut it = begun();
    let agent = it.agent_with(json!({"tools": ["http.request"]}));
    it.given("task.ask", json!({"agent": agent, "prompt": "Look."}));
    let (effect, fence) = it.leases();
    it.report_calls(effect, fence, &[("http.request", json!({"endpoint": "https://example.org"}))]);
    let (effect, fence) = it.leases();
    let outcome =
        json!({"is": "failed", "class": "interrupted", "detail": "it broke", "sent": true, "retriable": true});
    let data = json!({"runtime": it.runtime(), "boot": boot(1), "effect": effect, "fence": fence, "outcome": outcome});
    it.when("effect.report", data).then(&["effect.retried", "timer.set"]);
}
