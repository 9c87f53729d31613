//! What a model was told can be shown afterwards, exactly as it was told.

use crate::context::Message;
use crate::effect::{Told, TurnContext, Work, turn_context, work};
use crate::event::StepRequested;
use crate::id::Id;
use crate::key::Line;
use crate::seal::Subject;
use crate::testing::{Story, begun, boot};
use serde_json::{Value, json};

/// What the runtime of `effect` is given.
fn given(it: &mut Story, effect: Id) -> Told {
    match it.ask(|machine| Ok(work(&machine.read(Line::default()), effect)?)).unwrap() {
        Some(Work::Model(call)) => call.told,
        other => panic!("{other:?}"),
    }
}

fn shown(it: &mut Story, step: Id, turn: Option<u64>) -> Option<TurnContext> {
    it.ask(|machine| Ok(turn_context(&machine.read(Line::default()), step, turn)?)).unwrap()
}

/// Everything that is told, to be compared.
fn all(told: &Told) -> String {
    format!("{told:?}")
}

/// `step` shows this many turns, each as it was told.
#[track_caller]
fn shows(it: &mut Story, step: Id, told: &[Told]) {
    for (nth, told) in (1..).zip(told) {
        let shown = shown(it, step, Some(nth)).unwrap();
        assert_eq!(shown.turn, nth);
        assert_eq!(all(&shown.told.unwrap()), all(told), "turn {nth}");
    }
    let newest = shown(it, step, None).unwrap();
    assert_eq!((newest.turn, newest.turns), (told.len() as u64, told.len() as u64));
    assert_eq!(all(&newest.told.unwrap()), all(told.last().unwrap()));
    for none in [0, told.len() as u64 + 1, u64::MAX] {
        assert!(shown(it, step, Some(none)).is_none(), "there is no turn {none}");
    }
}

fn returned(it: &mut Story, result: Value) {
    let (effect, fence) = it.leases();
    let outcome = json!({"is": "returned", "result": result});
    let data = json!({"runtime": it.runtime(), "boot": boot(1), "effect": effect, "fence": fence, "outcome": outcome});
    it.given("effect.report", data);
}

#[test]
fn every_turn_is_shown_as_it_was_told_while_the_step_goes_on_and_when_it_is_over() {
    let mut it = begun();
    let schema = json!({"type": "object", "required": ["legs"]});
    let more = json!({"tools": ["http.request", "documents.write"], "schema": schema, "context_tokens": 5_000});
    let agent = it.agent_with(more);
    it.given("task.ask", json!({"agent": agent, "prompt": "How many legs?", "max_tokens": 99}));
    let (task, step) = (it.made()[0], it.made()[1]);
    let mut told = Vec::new();

    // A tool of the kernel: the model is asked again at once.
    let (effect, fence) = it.leases();
    told.push(given(&mut it, effect));
    shows(&mut it, step, &told);
    it.report_calls(effect, fence, &[("documents.write", json!({"path": "a.md", "text": "spiders"}))]);

    // Two tools of the world, of which one is long: nobody is asked while they work.
    let (effect, fence) = it.leases();
    told.push(given(&mut it, effect));
    let get = |path: &str| ("http.request", json!({"endpoint": format!("https://example.org/{path}")}));
    it.report_calls(effect, fence, &[get("one"), get("two")]);
    shows(&mut it, step, &told);
    returned(&mut it, json!({"body": "x".repeat(15_000)}));
    shows(&mut it, step, &told);
    returned(&mut it, json!({"body": "short"}));

    // An answer that is sent back with a remark.
    let (effect, fence) = it.leases();
    told.push(given(&mut it, effect));
    it.report(effect, fence, "eight");
    let (effect, fence) = it.leases();
    told.push(given(&mut it, effect));
    shows(&mut it, step, &told);

    // The long result was told whole at first, and was shortened for the remark's sake or not: as it was.
    it.report(effect, fence, "{\"legs\": 8}").then(&["step.settled"]);
    shows(&mut it, step, &told);
    assert!(told.iter().all(|told| told.budget == 5_000 && told.max_tokens == Some(99) && told.schema.is_some()));
    assert!(told[3].messages.len() > told[2].messages.len());

    // The next question of the conversation begins with this one, and changes nothing of what was told before.
    it.given("task.ask", json!({"agent": agent, "task": task, "prompt": "And wings?"}));
    let next = it.all::<StepRequested>()[0].step;
    let (effect, _) = it.leases();
    let first = given(&mut it, effect);
    assert!(
        first.messages.contains(&Message::Assistant("{\"legs\":8}".to_owned(), Vec::new())),
        "{:?}",
        first.messages
    );
    shows(&mut it, next, &[first]);
    shows(&mut it, step, &told);
}

#[test]
fn a_call_that_is_made_again_is_the_same_turn_and_one_that_was_not_made_is_none() {
    let mut it = begun();
    let agent = it.agent_with(json!({"tools": ["remember"], "limits": {"turns": 2}}));
    it.given("task.ask", json!({"agent": agent, "prompt": "Go on."}));
    let (task, step) = (it.made()[0], it.made()[1]);
    let (effect, fence) = it.leases();
    let mut told = vec![given(&mut it, effect)];
    let outcome = json!({"is": "failed", "class": "auth", "detail": "no"});
    let data = json!({"runtime": it.runtime(), "boot": boot(1), "effect": effect, "fence": fence, "outcome": outcome});
    it.given("effect.report", data);
    shows(&mut it, step, &told);
    it.given("task.retry", json!({"task": task}));
    let (effect, fence) = it.leases();
    assert_eq!(all(&given(&mut it, effect)), all(&told[0]));
    shows(&mut it, step, &told);
    // The limit stops it here: of the second turn there never was a call.
    it.report_calls(effect, fence, &[("remember", json!({"text": "a"}))]);
    shows(&mut it, step, &told);

    // Cancelled while it is asked: that call was made.
    let agent = it.agent_with(json!({"tools": ["remember"]}));
    it.given("task.ask", json!({"agent": agent, "prompt": "Go on."}));
    let (task, step) = (it.made()[0], it.made()[1]);
    let (effect, fence) = it.leases();
    told = vec![given(&mut it, effect)];
    it.report_calls(effect, fence, &[("remember", json!({"text": "a"}))]);
    let (effect, _) = it.leases();
    told.push(given(&mut it, effect));
    it.given("task.cancel", json!({"task": task}));
    shows(&mut it, step, &told);
    assert!(shown(&mut it, task, None).is_none(), "a task is no step");
}

#[test]
fn what_was_told_is_gone_with_its_key() {
    let mut it = begun();
    let [task, step, _] = it.asked("a secret question");
    it.settle("a secret answer");
    it.given("key.destroy", json!({"subject": Subject::Task(task)}));
    let shown = shown(&mut it, step, None).unwrap();
    assert_eq!((shown.task, shown.turn, shown.turns), (task, 1, 1));
    assert!(shown.told.is_none());
}

#[test]
fn a_call_may_reach_what_the_workspace_grants_and_nothing_else_that_is_not_public() {
    let mut it = begun();
    let [_, _, effect] = it.asked("hello");
    let private = |it: &mut Story| match it.ask(|machine| Ok(work(&machine.read(Line::default()), effect)?)).unwrap() {
        Some(Work::Model(call)) => call.private,
        other => panic!("{other:?}"),
    };
    assert_eq!(private(&mut it), [""; 0]);
    it.given("egress.allow", json!({"hosts": ["example.org"], "private": ["192.168.1.5/32", "fd00::/8"]}));
    assert_eq!(private(&mut it), ["192.168.1.5/32", "fd00::/8"], "as the rules are when it is performed");
    it.given("egress.allow", json!({"hosts": []}));
    assert_eq!(private(&mut it), [""; 0]);
}
