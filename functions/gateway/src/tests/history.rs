//! Questions about the past: what they mean, and that they are asked until there is an answer.

use super::host::{Host, json as body, problem};
use super::reads::{at, id};
use kernel::id::Role;
use serde_json::json;

/// What the sequencer was asked, without what it had so far.
fn asked(host: &Host) -> Vec<String> {
    host.asked.borrow().iter().map(|it| it.split(" so far ").next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_entity_is_read_by_kind_and_id_at_a_position_or_now() {
    let task = id(Role::Task);
    let view = json!({"key": format!("task/{task}"), "at": 7, "since": 5, "fields": {"title": null, "steps": 1}});
    let host = Host { model: Some(view.clone()), ..Host::new() };
    assert_eq!(body(&host.get(&at(&format!("state/task/{task}?at=7"))).await), view);
    // It took two slices, and the second was asked with what the first handed over.
    assert_eq!(host.asked.borrow().len(), 2);
    assert!(host.asked.borrow()[1].contains("read"), "{:?}", host.asked);
    host.asked.borrow_mut().clear();
    host.get(&at("state/egress/-?at=7")).await;
    host.get(&at(&format!("state/subject/task%2F{task}"))).await;
    let once: Vec<String> = asked(&host).into_iter().step_by(2).collect();
    let wanted = |key: &str, at: &str| format!("State {{ key: {key:?}, at: {at} }}");
    assert_eq!(once, [wanted("egress/", "Some(7)"), wanted(&format!("subject/task/{task}"), "None")]);
}

#[tokio::test]
async fn a_difference_is_asked_for_between_two_positions_and_a_why_by_position_or_id() {
    let task = id(Role::Task);
    let changed = json!({"key": format!("task/{task}"), "called": "then", "added": false, "since": 9,
        "fields": {"title": {"old": "then", "new": null}, "steps": {"new": 1}}});
    let view = json!({"from": 3, "to": 9, "kinds": [{"kind": "task", "added": 0, "changed": 1}], "entities": [changed],
        "next": 5});
    let host = Host { model: Some(view.clone()), ..Host::new() };
    assert_eq!(body(&host.get(&at("diff?from=3&to=9&skip=2&limit=5")).await), view);
    host.get(&at("diff")).await;
    let once: Vec<String> = asked(&host).into_iter().step_by(2).collect();
    let all = "Diff { from: 0, to: None, skip: 0, limit: 64 }";
    assert_eq!(once, ["Diff { from: 3, to: Some(9), skip: 2, limit: 5 }", all]);

    let told = json!({"step": id(Role::Step), "turn": 1, "messages": 2, "estimated_tokens": 9,
        "last": [{"speaker": "user", "text": "Where?"}]});
    let reason = json!({"pos": 12, "at": 1, "event": "step.settled", "command": task.command, "actor": "owner", "scope": "s",
        "because": [11], "data": {"fence": 1}, "content": {"text": null}, "told": told});
    let view = json!({"of": 12, "task": task, "reasons": [reason], "left_out": 0,
        "came": {"events": {"run.ended": 1}, "newest": 13, "until": 20}});
    let host = Host { model: Some(view.clone()), ..Host::new() };
    assert_eq!(body(&host.get(&at("why/12")).await), view);
    host.get(&at(&format!("why/{task}"))).await;
    let once: Vec<String> = asked(&host).into_iter().step_by(2).collect();
    assert_eq!(once, ["Why(Event(12))".to_owned(), format!("Why(Thing({task:?}))")]);
}

#[tokio::test]
async fn what_is_no_position_and_no_id_is_refused_in_words() {
    let host = Host { model: Some(json!({})), ..Host::new() };
    let task = id(Role::Task);
    for query in ["at=0", "at=x", "at=-1", "at=9007199254740992", "from=1"] {
        let answer = host.get(&at(&format!("state/task/{task}?{query}"))).await;
        assert_eq!(problem(&answer), (422, "invalid_argument".into()), "{query}");
    }
    for query in ["to=0", "from=x", "limit=0", "limit=65", "after=1"] {
        assert_eq!(
            problem(&host.get(&at(&format!("diff?{query}"))).await),
            (422, "invalid_argument".into()),
            "{query}"
        );
    }
    for path in
        ["state/task/none", "state/nothing/1", "state/task/-", "why/none", "why/1.5", "why/99999999999999999999"]
    {
        assert_eq!(problem(&host.get(&at(path)).await), (400, "bad_id".into()), "{path}");
    }
    assert!(host.asked.borrow().is_empty());
    let nothing = Host { model: None, ..Host::new() };
    for path in [format!("state/task/{task}?at=3"), format!("why/{task}")] {
        assert_eq!(problem(&nothing.get(&at(&path)).await), (404, "not_found".into()), "{path}");
    }
}
