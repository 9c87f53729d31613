//! Stories of work that was under way at a restore: nothing of it is done again by itself.

use crate::entity::{
    Approval, Call, CallStatus, Choice, Decision, Effect, Lease, LeaseStatus, Restored, Run, RunStatus, Standing, Step,
    StepStatus, Task, Usage,
};
use crate::event::{ApprovalRequested, CallRequested, HeldItem, ReportLate, TimerSet, WorkHeld};
use crate::id::{Id, Role};
use crate::key::{BranchId, Key};
use crate::reject::Code;
use crate::seal::Subject;
use crate::testing::{Story, begun, boot};
use serde_json::{Value, json};

const MAIN: BranchId = BranchId::Main;

fn held(it: &Story) -> Vec<HeldItem> {
    it.all::<WorkHeld>().into_iter().flat_map(|held| held.items).collect()
}

fn standings(it: &Story) -> Vec<(Id, Standing)> {
    held(it).into_iter().map(|item| (item.item, item.standing)).collect()
}

fn decide(it: &mut Story, item: Id, choice: &str) {
    it.when("work.decide", json!({"item": item, "choice": choice}));
}

fn lease(it: &Story) -> Value {
    json!({"runtime": it.runtime(), "boot": boot(1), "ttl_ms": 60_000})
}

fn returned(it: &mut Story, effect: Id, fence: u64, result: Value) {
    let outcome = json!({"is": "returned", "result": result});
    let data = json!({"runtime": it.runtime(), "boot": boot(1), "effect": effect, "fence": fence, "outcome": outcome});
    it.when("effect.report", data);
}

fn step(it: &mut Story, id: Id) -> Step {
    it.data(MAIN, Key::Step(id)).unwrap()
}

fn call(it: &mut Story, id: Id) -> Call {
    it.data(MAIN, Key::Call(id)).unwrap()
}

/// A run of these tasks began.
fn started(it: &mut Story, list: Value) -> Id {
    let document = json!({"dsl": "1.0.0", "namespace": "stories", "name": "story", "version": "0.1.0"});
    it.given("workflow.define", json!({"source": {"document": document, "do": list}}));
    let workflow = it.made()[0];
    it.given("run.start", json!({"workflow": workflow, "input": null}));
    it.made()[0]
}

fn fetch() -> Value {
    json!([{"look": {"call": "http", "with": {"method": "get", "endpoint": "https://example.org/"}}}])
}

/// A page was fetched after the position: the effect, the call, the task, and the position.
fn fetched(it: &mut Story, list: Value) -> (Id, Id, Id, u64) {
    let task = started(it, list);
    let [CallRequested { call, .. }] = it.all()[..] else { panic!("{:?}", it.events()) };
    let pos = it.machine.pos();
    let (effect, fence) = it.leases();
    returned(it, effect, fence, json!({"status": 200, "body": "a page", "url": "https://example.org/"}));
    (effect, call, task, pos)
}

#[test]
fn what_was_under_way_is_held_until_somebody_decided_and_released_it() {
    let mut it = begun();
    let [_, waiting, effect] = it.asked("a question");
    let pos = it.machine.pos();
    it.given("task.create", json!({"title": "a mistake"}));
    it.restored(pos).then(&["branch.restored", "work.held"]);
    assert_eq!(standings(&it), [(effect, Standing::Undecided)]);
    it.when("effect.lease", lease(&it)).rejected(Code::WorkHeld);
    it.when("timers.fire", json!({})).rejected(Code::WorkHeld);
    let renewal = json!({"runtime": it.runtime(), "boot": boot(1), "effect": effect, "fence": 1, "ttl_ms": 5});
    it.when("effect.renew", renewal).rejected(Code::WorkHeld);
    it.when("work.release", json!({})).rejected(Code::WorkUndecided);
    decide(&mut it, effect, "again");
    it.then(&["work.decided", "effect.queued"]);
    it.when("effect.lease", lease(&it)).rejected(Code::WorkHeld);
    it.when("work.release", json!({})).then(&["work.released"]);
    it.when("work.release", json!({})).rejected(Code::NotHeld);
    assert_eq!(it.leases(), (effect, 1));
    it.report(effect, 1, "an answer").then(&["step.settled"]);
    assert_eq!(*step(&mut it, waiting).status, StepStatus::Answered);
    it.replays();
}

#[test]
fn what_is_asked_for_meanwhile_waits_too_and_what_was_refused_may_be_sent_again() {
    let mut it = begun();
    it.asked("a question");
    let pos = it.machine.pos();
    it.given("task.create", json!({"title": "a mistake"}));
    it.restored(pos);
    let [(effect, _)] = standings(&it)[..] else { panic!() };
    let [.., meanwhile] = it.asked("meanwhile");
    it.when_under(9, "effect.lease", lease(&it)).refused(Code::WorkHeld);
    decide(&mut it, effect, "give_up");
    it.given("work.release", json!({}));
    it.when_under(9, "effect.lease", lease(&it)).then(&["lease.granted"]);
    assert_eq!(it.made(), [meanwhile]);
}

#[test]
fn whoever_performs_an_effect_at_a_restore_reports_too_late_and_its_report_is_kept() {
    let mut it = begun();
    let [.., effect] = it.asked("a question");
    let pos = it.machine.pos();
    it.given("effect.lease", lease(&it));
    it.given("task.create", json!({"title": "a mistake"}));
    it.restored(pos);
    let [item] = &held(&it)[..] else { panic!() };
    assert_eq!((item.item, item.fence, item.standing), (effect, 1, Standing::Undecided));
    it.report(effect, 1, "an answer of the line that was left").then(&["report.late"]);
    decide(&mut it, effect, "again");
    it.report(effect, 1, "still of that line").then(&["report.late"]);
    it.given("work.release", json!({}));
    assert_eq!(it.leases(), (effect, 2), "the fencing token only rises");
    let row: Lease = it.control(Key::Lease(effect)).unwrap();
    assert_eq!((row.lost.0, row.late.0), (1, 2), "it is in doubt");
    it.report(effect, 2, "an answer").then(&["step.settled"]);
    it.replays();
}

#[test]
fn what_was_asked_for_later_is_given_up_and_its_report_is_kept() {
    let mut it = begun();
    let pos = it.machine.pos();
    let later = it.leased("a mistake");
    it.restored(pos).then(&["branch.restored", "work.held"]);
    assert_eq!(standings(&it), [(later, Standing::Left)]);
    let row: Lease = it.control(Key::Lease(later)).unwrap();
    assert_eq!(*row.status, LeaseStatus::Closed);
    it.report(later, 1, "an answer").then(&["report.late"]);
    let [ReportLate { task, .. }] = it.all()[..] else { panic!() };
    assert_eq!(task, Id { role: Role::Task, ..later });
    it.when("effect.lease", lease(&it)).rejected(Code::NothingToLease);
    decide(&mut it, later, "again");
    it.rejected(Code::NotOutstanding);
    it.replays();
}

#[test]
fn the_recorded_answer_of_a_model_is_taken_without_being_paid_twice() {
    let mut it = begun();
    let [task, waiting, effect] = it.asked("a question");
    let pos = it.machine.pos();
    it.settle("the recorded answer");
    let paid: Usage = it.control(Key::Usage(it.provider())).unwrap();
    it.restored(pos);
    assert_eq!(*step(&mut it, waiting).status, StepStatus::Waiting);
    decide(&mut it, effect, "take");
    it.then(&["work.decided", "step.settled"]);
    assert_eq!(it.said("text").unwrap(), "the recorded answer");
    assert_eq!(it.control::<Usage>(Key::Usage(it.provider())).unwrap(), paid);
    decide(&mut it, effect, "again");
    it.rejected(Code::AlreadyDecided);
    let row: Restored = it.control(Key::Restored(effect)).unwrap();
    assert_eq!((*row.task, *row.choice, row.by.as_deref()), (task, Some(Choice::Take), Some("owner")));
    it.given("work.release", json!({}));
    it.replays();
}

#[test]
fn a_recorded_turn_with_its_tools_is_taken_and_the_tools_are_asked_for_anew() {
    let mut it = begun();
    let agent = it.agent_with(json!({"tools": ["http.request"]}));
    it.given("task.ask", json!({"agent": agent, "prompt": "Look."}));
    let waiting = it.made()[1];
    let pos = it.machine.pos();
    let (effect, fence) = it.leases();
    let get = json!({"method": "GET", "endpoint": "https://example.org/"});
    it.report_calls(effect, fence, &[("http.request", get)]);
    let paid: Usage = it.control(Key::Usage(it.provider())).unwrap();
    it.restored(pos);
    let left: Vec<_> = standings(&it).into_iter().filter(|(_, standing)| *standing == Standing::Left).collect();
    assert_eq!(left.len(), 1, "the tool was under way, and the data do not know it any more");
    decide(&mut it, effect, "take");
    it.then(&["work.decided", "turn.answered", "call.requested", "effect.requested"]);
    assert_eq!(it.control::<Usage>(Key::Usage(it.provider())).unwrap(), paid);
    assert!(step(&mut it, waiting).turn.is_some());
    it.given("work.release", json!({}));
    let (tool, fence) = it.leases();
    returned(&mut it, tool, fence, json!({"status": 200, "body": "x", "url": "u"}));
    it.then(&["call.settled", "effect.requested"]);
    it.replays();
}

#[test]
fn the_recorded_failure_of_a_model_is_taken() {
    let mut it = begun();
    let [_, waiting, effect] = it.asked("a question");
    let pos = it.machine.pos();
    let (_, fence) = it.leases();
    let outcome = json!({"is": "failed", "class": "auth", "detail": "no key"});
    let data = json!({"runtime": it.runtime(), "boot": boot(1), "effect": effect, "fence": fence, "outcome": outcome});
    it.given("effect.report", data);
    it.restored(pos);
    decide(&mut it, effect, "take");
    let row = step(&mut it, waiting);
    assert_eq!((*row.status, row.failure.0.unwrap().class), (StepStatus::Failed, "auth".to_owned()));
}

#[test]
fn the_recorded_result_of_a_call_is_taken_and_the_run_goes_on_with_it() {
    let mut it = begun();
    let (effect, id, task, pos) = fetched(&mut it, fetch());
    let result = it.result_of(id);
    it.restored(pos);
    assert_eq!(*call(&mut it, id).status, CallStatus::Waiting);
    decide(&mut it, effect, "take");
    it.then(&["work.decided", "call.settled", "run.moved", "run.ended"]);
    assert_eq!(it.result_of(id), result);
    assert_eq!(*it.data::<Run>(MAIN, Key::Run(task)).unwrap().status, RunStatus::Done);
    it.given("work.release", json!({}));
    it.when("effect.lease", lease(&it)).rejected(Code::NothingToLease);
    it.replays();
}

#[test]
fn a_call_is_done_again_as_the_same_call() {
    let mut it = begun();
    let (effect, id, _, pos) = fetched(&mut it, fetch());
    it.restored(pos);
    decide(&mut it, effect, "again");
    it.given("work.release", json!({}));
    assert_eq!(it.leases(), (effect, 2));
    let row: Effect = it.data(MAIN, Key::Effect(effect)).unwrap();
    assert_eq!(*row.call, Some(id), "to the outside it has the same key");
    returned(&mut it, effect, 2, json!({"status": 200, "body": "another page", "url": "u"}));
    it.then(&["call.settled", "run.moved", "run.ended"]);
    it.replays();
}

#[test]
fn what_is_given_up_fails_with_its_own_kind_of_failure_which_a_workflow_can_catch() {
    let mut it = begun();
    let caught = json!([{"try": {"try": fetch(), "catch": {"do": [{"set": {"set": {"caught": true}}}]}}}]);
    let (effect, id, task, pos) = fetched(&mut it, caught);
    let [_, waiting, model] = it.asked("unrelated");
    let later = it.machine.pos();
    it.restored(pos);
    decide(&mut it, effect, "give_up");
    assert_eq!(call(&mut it, id).failure.0.unwrap().class, "given_up");
    assert_eq!(*it.data::<Run>(MAIN, Key::Run(task)).unwrap().status, RunStatus::Done);
    it.restored(later);
    decide(&mut it, model, "give_up");
    it.then(&["work.decided", "effect.closed", "step.stopped"]);
    let row = step(&mut it, waiting);
    assert_eq!((*row.status, row.failure.0.unwrap().class), (StepStatus::Failed, "given_up".to_owned()));
    it.replays();
}

#[test]
fn an_effect_that_waited_to_be_tried_again_does_not_go_off_by_itself() {
    let mut it = begun();
    let [.., effect] = it.asked("a question");
    let fail = |it: &mut Story| {
        let (effect, fence) = it.leases();
        let outcome = json!({"is": "failed", "class": "rate", "detail": "slow down", "retriable": true});
        let data =
            json!({"runtime": it.runtime(), "boot": boot(1), "effect": effect, "fence": fence, "outcome": outcome});
        it.when("effect.report", data).then(&["effect.retried", "timer.set"]);
    };
    fail(&mut it);
    let waits = it.machine.pos();
    it.now_ms += 60_000;
    it.given("timers.fire", json!({}));
    it.restored(waits);
    assert_eq!(standings(&it), [(effect, Standing::Undecided)]);
    assert!(it.data::<Effect>(MAIN, Key::Effect(effect)).unwrap().due.is_some());
    decide(&mut it, effect, "again");
    it.given("work.release", json!({}));
    fail(&mut it);
    it.restored(waits);
    it.now_ms += 60 * 60_000;
    decide(&mut it, effect, "give_up");
    it.given("work.release", json!({}));
    it.when("timers.fire", json!({})).rejected(Code::NothingDue);
    it.replays();
}

#[test]
fn an_approval_that_nobody_decided_waits_on_as_ever() {
    let mut it = begun();
    let (approval, digest) = it.asked_person("Which one?");
    let pos = it.machine.pos();
    it.given("task.create", json!({"title": "a mistake"}));
    it.restored(pos);
    assert!(standings(&it).contains(&(approval, Standing::GoesOn)));
    let data = json!({"approval": approval, "digest": digest, "decision": "answer", "value": "this one"});
    it.when("approval.decide", data);
    assert!(it.reply().rejected.is_none());
    decide(&mut it, approval, "again");
    it.rejected(Code::NotOutstanding);
    it.replays();
}

#[test]
fn an_approval_that_was_used_stays_used_and_somebody_is_asked_anew() {
    let mut it = begun();
    let agent = it.agent_with(json!({"tools": ["http.request"]}));
    it.given("task.ask", json!({"agent": agent, "prompt": "Pay."}));
    let (effect, fence) = it.leases();
    let post = json!({"method": "POST", "endpoint": "https://example.org/pay", "body": {"amount": 7}});
    it.report_calls(effect, fence, &[("http.request", post)]);
    let asked = it.all::<ApprovalRequested>().pop().unwrap();
    let pos = it.machine.pos();
    let yes = json!({"approval": asked.approval, "digest": asked.digest, "decision": "approve"});
    it.given("approval.decide", yes.clone());
    it.restored(pos);
    assert!(standings(&it).contains(&(asked.approval, Standing::Undecided)));
    it.when("approval.decide", yes).rejected(Code::AlreadyDecided);
    decide(&mut it, asked.approval, "take");
    it.rejected(Code::NothingRecorded);
    decide(&mut it, asked.approval, "again");
    it.then(&["work.decided", "approval.requested", "call.asks", "effect.requested"]);
    let anew = it.all::<ApprovalRequested>().pop().unwrap();
    assert!((anew.call, anew.kind) == (asked.call, asked.kind) && anew.digest != asked.digest);
    let yes = json!({"approval": anew.approval, "digest": anew.digest, "decision": "approve"});
    it.when("approval.decide", yes).then(&["approval.decided", "effect.requested"]);
    it.replays();
}

#[test]
fn the_recorded_answer_of_a_person_is_taken_and_one_may_be_given_up() {
    for choice in ["take", "give_up"] {
        let mut it = begun();
        let (approval, digest) = it.asked_person("Which one?");
        let pos = it.machine.pos();
        let data = json!({"approval": approval, "digest": digest, "decision": "answer", "value": "this one"});
        it.given("approval.decide", data);
        it.restored(pos);
        decide(&mut it, approval, choice);
        it.then(&["work.decided", "call.settled", "effect.requested"]);
        let of = *it.control::<Approval>(Key::Approval(approval)).unwrap().call;
        match choice {
            "take" => assert!(it.result_of(of).unwrap().contains("this one")),
            _ => assert_eq!(call(&mut it, of).failure.0.unwrap().class, "given_up"),
        }
        it.replays();
    }
}

#[test]
fn an_approval_that_was_asked_for_later_is_withdrawn() {
    let mut it = begun();
    let pos = it.machine.pos();
    let (approval, _) = it.asked_person("Which one?");
    it.restored(pos);
    assert!(standings(&it).contains(&(approval, Standing::Left)));
    let row: Approval = it.control(Key::Approval(approval)).unwrap();
    assert_eq!(*row.decision, Some(Decision::Cancelled));
    it.replays();
}

#[test]
fn a_run_waits_for_its_time_again_and_somebody_decides_whether_it_should() {
    for choice in ["again", "give_up"] {
        let mut it = begun();
        let task = started(&mut it, json!([{"pause": {"wait": "PT1S"}}, {"done": {"set": {"waited": true}}}]));
        let pos = it.machine.pos();
        it.now_ms += 1_000;
        it.given("timers.fire", json!({}));
        assert_eq!(*it.data::<Run>(MAIN, Key::Run(task)).unwrap().status, RunStatus::Done);
        it.restored(pos);
        assert_eq!(standings(&it), [(task, Standing::Undecided)]);
        assert_eq!(it.all::<TimerSet>().len(), 1);
        it.when("timers.fire", json!({})).rejected(Code::WorkHeld);
        decide(&mut it, task, "take");
        it.rejected(Code::NothingRecorded);
        decide(&mut it, task, choice);
        it.given("work.release", json!({}));
        let status = match choice {
            "again" => {
                it.given("timers.fire", json!({}));
                RunStatus::Done
            }
            _ => {
                it.when("timers.fire", json!({})).rejected(Code::NothingDue);
                RunStatus::Failed
            }
        };
        assert_eq!(*it.data::<Run>(MAIN, Key::Run(task)).unwrap().status, status);
        it.replays();
    }
}

#[test]
fn a_timer_that_nothing_changed_goes_on_and_one_that_was_set_later_ends() {
    let mut it = begun();
    let kept = started(&mut it, json!([{"pause": {"wait": "PT1H"}}]));
    let pos = it.machine.pos();
    let later = started(&mut it, json!([{"pause": {"wait": "PT1S"}}]));
    it.restored(pos);
    let mut expected = [(kept, Standing::GoesOn), (later, Standing::Left)];
    expected.sort_unstable();
    assert_eq!(standings(&it), expected);
    it.now_ms += 1_000;
    it.when("timers.fire", json!({})).rejected(Code::NothingDue);
    it.now_ms += 60 * 60 * 1000;
    it.given("timers.fire", json!({}));
    assert_eq!(*it.data::<Run>(MAIN, Key::Run(kept)).unwrap().status, RunStatus::Done);
    it.replays();
}

#[test]
fn a_run_that_waits_for_a_call_within_a_time_is_decided_about_once() {
    let mut it = begun();
    let list = json!([{"look": {"call": "http", "with": {"method": "get", "endpoint": "https://example.org/"},
        "timeout": {"after": "PT1M"}}}]);
    let (effect, _, task, pos) = fetched(&mut it, list);
    it.restored(pos);
    assert_eq!(standings(&it), [(effect, Standing::Undecided), (task, Standing::Undecided)]);
    decide(&mut it, effect, "again");
    it.given("work.release", json!({}));
    it.now_ms += 60_000;
    it.given("timers.fire", json!({}));
    assert_eq!(*it.data::<Run>(MAIN, Key::Run(task)).unwrap().status, RunStatus::Failed, "it has its time again");
    it.replays();
}

#[test]
fn going_back_again_before_anything_is_decided_takes_up_what_was_held() {
    let mut it = begun();
    let [.., first] = it.asked("one");
    let pos = it.machine.pos();
    let [.., second] = it.asked("two");
    let end = it.machine.pos();
    it.restored(pos);
    it.restored(end);
    let mut expected = [(first, Standing::Undecided), (second, Standing::Undecided)];
    expected.sort_unstable();
    assert_eq!(standings(&it), expected);
    it.restored(pos);
    let mut expected = [(first, Standing::Undecided), (second, Standing::Left)];
    expected.sort_unstable();
    assert_eq!(standings(&it), expected);
    decide(&mut it, first, "again");
    it.given("work.release", json!({}));
    assert_eq!(it.leases().0, first);
    it.replays();
}

#[test]
fn going_back_to_where_something_was_held_holds_it_whatever_was_decided_since() {
    let mut it = begun();
    let [task, _, effect] = it.asked("a question");
    let pos = it.machine.pos();
    it.given("task.create", json!({"title": "a mistake"}));
    it.restored(pos);
    let held_at = it.machine.pos();
    for choice in ["give_up", "again"] {
        it.given("task.create", json!({"title": "meanwhile"}));
        decide(&mut it, effect, choice);
        it.given("work.release", json!({}));
        it.restored(held_at);
        assert_eq!(standings(&it), [(effect, Standing::Undecided)], "{choice}");
    }
    it.when("work.release", json!({})).rejected(Code::WorkUndecided);
    decide(&mut it, effect, "again");
    it.given("work.release", json!({}));
    assert_eq!(it.leases().0, effect);
    assert!(it.data::<Task>(MAIN, Key::Task(task)).is_some());
    it.replays();
}

#[test]
fn what_was_given_up_before_any_runtime_had_it_is_taken_as_given_up() {
    let mut it = begun();
    let [_, waiting, effect] = it.asked("a question");
    let pos = it.machine.pos();
    it.given("task.create", json!({"title": "a mistake"}));
    it.restored(pos);
    let held_at = it.machine.pos();
    decide(&mut it, effect, "give_up");
    it.restored(held_at);
    decide(&mut it, effect, "take");
    it.then(&["work.decided", "effect.closed", "step.stopped"]);
    assert_eq!(step(&mut it, waiting).failure.0.unwrap().class, "given_up");
    it.given("work.release", json!({}));
    it.replays();
}

#[test]
fn going_back_to_where_an_approval_was_held_holds_it_again() {
    let mut it = begun();
    let (approval, digest) = it.asked_person("Which one?");
    let pos = it.machine.pos();
    let data = json!({"approval": approval, "digest": digest, "decision": "answer", "value": "this one"});
    it.given("approval.decide", data);
    it.restored(pos);
    let held_at = it.machine.pos();
    it.given("task.create", json!({"title": "meanwhile"}));
    it.restored(held_at);
    assert!(standings(&it).contains(&(approval, Standing::Undecided)));
    decide(&mut it, approval, "take");
    assert!(it.reply().rejected.is_none());
    it.replays();
}

#[test]
fn a_notice_of_a_task_whose_key_was_destroyed_is_over_when_it_is_decided_about() {
    let mut it = begun();
    let task = started(&mut it, json!([{"sure": {"call": "ask", "with": {"question": "Go on?"}}}]));
    let asked = it.all::<ApprovalRequested>().pop().unwrap();
    let pos = it.machine.pos();
    it.given("task.create", json!({"title": "a mistake"}));
    it.restored(pos);
    let notice = held(&it).iter().find(|item| item.item.role == Role::Effect).unwrap().item;
    it.given("key.destroy", json!({"subject": Subject::Task(task)}));
    it.when(
        "approval.decide",
        json!({"approval": asked.approval, "digest": asked.digest, "decision": "answer", "value": "yes"}),
    );
    assert_ne!(*it.data::<Run>(MAIN, Key::Run(task)).unwrap().status, RunStatus::Running);
    decide(&mut it, notice, "again");
    assert!(it.reply().rejected.is_none());
    assert!(it.data::<Effect>(MAIN, Key::Effect(notice)).unwrap().settled_by.is_some());
    it.replays();
}

#[test]
fn what_somebody_cancels_meanwhile_need_not_be_decided() {
    let mut it = begun();
    let [task, _, effect] = it.asked("a question");
    let pos = it.machine.pos();
    it.given("task.create", json!({"title": "a mistake"}));
    it.restored(pos);
    it.given("task.cancel", json!({"task": task}));
    decide(&mut it, effect, "again");
    it.rejected(Code::NotOutstanding);
    it.when("work.release", json!({})).then(&["work.released"]);
}

#[test]
fn work_whose_key_was_destroyed_since_is_over_whatever_is_decided() {
    let mut it = begun();
    let [task, waiting, effect] = it.asked("a question");
    let pos = it.machine.pos();
    it.settle("an answer");
    it.given("key.destroy", json!({"subject": Subject::Task(task)}));
    it.restored(pos);
    decide(&mut it, effect, "take");
    assert!(it.reply().rejected.is_none());
    let row: Restored = it.control(Key::Restored(effect)).unwrap();
    assert_eq!(*row.choice, Some(Choice::GiveUp));
    assert_eq!(*step(&mut it, waiting).status, StepStatus::Cancelled);
    it.given("work.release", json!({}));
    assert!(it.data::<Task>(MAIN, Key::Task(task)).is_some());
    it.replays();
}

#[test]
fn only_what_a_restore_holds_is_decided_about() {
    let mut it = begun();
    let [.., effect] = it.asked("a question");
    decide(&mut it, effect, "again");
    it.rejected(Code::NotFound);
    let pos = it.machine.pos();
    it.given("task.create", json!({"title": "a mistake"}));
    it.restored(pos);
    it.given("branch.fork", json!({"name": "draft"}));
    let fork = BranchId::Forked(it.made()[0]);
    it.when_on(fork, "work.decide", json!({"item": effect, "choice": "again"})).rejected(Code::BranchHoldsEffects);
    it.when_on(fork, "work.release", json!({})).rejected(Code::BranchHoldsEffects);
}

#[test]
fn looking_what_would_be_held_changes_nothing() {
    let mut it = begun();
    let [.., effect] = it.asked("a question");
    let pos = it.machine.pos();
    it.given("task.create", json!({"title": "a mistake"}));
    let (before, roots) = (it.machine.pos(), it.roots());
    let moment = crate::machine::Moment { now_ms: it.now_ms, entropy: [0; 32] };
    let line = crate::key::Line::default();
    let items = it.ask(|machine| machine.would_hold(line, pos, &moment)).unwrap();
    assert_eq!(items.iter().map(|item| item.item).collect::<Vec<_>>(), [effect]);
    assert_eq!((it.machine.pos(), it.roots()), (before, roots));
}
