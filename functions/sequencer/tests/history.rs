//! The past of a workspace: what was, what changed, and why.

mod support;

use kernel::entity::Branch;
use kernel::key::Key;
use kernel::past::Past;
use kernel::reject::Code;
use kernel::replay::Replay;
use kernelos_sequencer::Failure;
use ports::Store as _;
use ports::history::{Asked, DiffView, HistoryAsk, Of, StateView, WhyView};
use serde_json::json;
use std::collections::BTreeSet;
use support::Desk;
use support::letters::{Letters, why};
use testkit::block_on;

fn state(key: Key, at: u64) -> Asked {
    Asked::State { key: key.to_string(), at: Some(at) }
}

fn diff(from: u64, to: u64) -> Asked {
    Asked::Diff { from, to: Some(to), skip: 0, limit: 64 }
}

#[test]
fn what_a_few_entities_were_is_what_a_whole_replay_comes_to_at_every_position() {
    block_on(async {
        let Letters { mut desk, .. } = Letters::answered().await;
        desk.must("branch.fork", r#"{"name":"draft"}"#).await;
        desk.ask("and what now?").await;
        let events = desk.store.events(&desk.workspace.to_string(), 0, 10_000).await.unwrap();
        let mut whole = Replay::new(desk.workspace);
        events.iter().for_each(|event| whole.event(event).unwrap());
        let keys: BTreeSet<Key> = whole.state().mapped().flat_map(|(_, rows)| rows.present()).map(|it| *it.0).collect();
        assert!(keys.len() > 50);
        let (mut replay, main) = (Replay::new(desk.workspace), Branch::new(None, None));
        let mut past = Past::new(desk.workspace, keys.clone(), 0, &main);
        for event in &events {
            replay.event(event).unwrap();
            past.event(event).unwrap();
            // Parted at every position, as if each event were a slice.
            past = Past::resume(desk.workspace, keys.clone(), &past.rows().unwrap(), &main).unwrap();
            for (_, rows) in replay.state().mapped() {
                for (key, entity, since) in rows.present().filter(|(key, ..)| keys.contains(key)) {
                    let found = past.get(key).unwrap_or_else(|| panic!("{key} at {}", event.pos));
                    assert_eq!((found.entity, found.since), (entity, since), "{key} at {}", event.pos);
                }
            }
        }
        // One at a time gives the same: what an event does to a row follows from the two alone.
        for key in &keys {
            let mut alone = Past::new(desk.workspace, BTreeSet::from([*key]), 0, &main);
            events.iter().for_each(|event| alone.event(event).unwrap());
            assert_eq!(alone.get(key).map(|it| it.entity), past.get(key).map(|it| it.entity), "{key}");
        }
    });
}

#[test]
fn an_event_that_was_altered_or_left_out_is_not_taken_into_the_past() {
    block_on(async {
        let mut desk = Desk::new().await;
        desk.ask("a question").await;
        let events = desk.store.events(&desk.workspace.to_string(), 0, 100).await.unwrap();
        let mut past = Past::new(desk.workspace, BTreeSet::new(), 0, &Branch::new(None, None));
        past.event(&events[0]).unwrap();
        assert!(past.event(&events[2]).unwrap_err().contains("position 2"));
        let mut altered = events[1].clone();
        altered.body[20] ^= 1;
        assert!(past.event(&altered).unwrap_err().contains("hash"));
    });
}

#[test]
fn an_entity_is_read_as_it_was_with_what_it_said_then() {
    block_on(async {
        let Letters { mut desk, .. } = Letters::answered().await;
        let written = desk.positions("document.written").await;
        let path = json!("orders/1.json");
        let documents = desk.sequencer.read(&ports::views::Query::Documents).await.unwrap().unwrap();
        let document = Key::Document(documents["documents"][0]["id"].as_str().unwrap().parse().unwrap());
        let text = |view: &StateView| (view.since, view.fields["version"].clone(), view.fields["text"].clone());
        let (then, _) = desk.asked::<StateView>(state(document, written[0])).await;
        assert_eq!(text(&then.unwrap()), (written[0], json!(1), json!("a green tent, sent on Monday")));
        let (between, _) = desk.asked::<StateView>(state(document, written[1] - 1)).await;
        assert_eq!(between.as_ref().unwrap().at, written[1] - 1);
        assert_eq!(text(&between.unwrap()), (written[0], json!(1), json!("a green tent, sent on Monday")));
        let (now, _) = desk.asked::<StateView>(Asked::State { key: document.to_string(), at: None }).await;
        assert_eq!(now.as_ref().unwrap().fields["path"], path);
        assert_eq!(text(&now.unwrap()), (written[1], json!(2), json!("answered")));
        assert!(desk.asked::<StateView>(state(document, written[0] - 1)).await.0.is_none());
    });
}

#[test]
fn what_was_said_under_a_key_that_was_destroyed_stays_unreadable_in_the_past() {
    block_on(async {
        let mut desk = Desk::new().await;
        let task = desk.ask("a secret question").await;
        let asked = desk.positions("step.requested").await[0];
        let then = desk.asked::<StateView>(state(Key::Task(task), asked)).await.0.unwrap();
        assert_eq!(then.fields["title"], json!("a secret question"));
        desk.must("key.destroy", &json!({"subject": format!("task/{task}")}).to_string()).await;
        let then = desk.asked::<StateView>(state(Key::Task(task), asked)).await.0.unwrap();
        assert_eq!((then.since, &then.fields["title"]), (asked, &json!(null)));
        let told = desk.asked::<WhyView>(why(task)).await.0.unwrap();
        assert!(!serde_json::to_string(&told).unwrap().contains("secret"));
    });
}

#[test]
fn a_long_past_is_read_in_slices_and_comes_to_the_same() {
    block_on(async {
        let mut desk = Desk::new().await;
        let first = desk.ask("question 0").await;
        for n in 1..1_500 {
            desk.ask(&format!("question {n}")).await;
        }
        let end = desk.sequencer.pos();
        assert!(end > 4_200, "{end}");
        // Where it is as it is now, nothing is read.
        let (view, slices) = desk.asked::<StateView>(state(Key::Task(first), end)).await;
        assert_eq!((view.unwrap().fields["title"].clone(), slices), (json!("question 0"), 1));
        // The agent's provider is not told of any more; what never was is looked for from the beginning.
        let nobody = Key::Document(kernel::id::KeyId([7; 16]));
        let (view, slices) = desk.asked::<StateView>(state(nobody, end - 1)).await;
        assert!(view.is_none() && slices > 1, "{slices} slices");
        let (view, slices) = desk.asked::<DiffView>(diff(0, end)).await;
        let view = view.unwrap();
        let tasks = view.kinds.iter().find(|it| it.kind == "task").unwrap();
        assert_eq!((tasks.added, tasks.changed), (1_500, 0));
        assert!(slices > 1 && view.entities.len() == 64 && view.next.is_some(), "{slices} slices");
    });
}

#[test]
fn a_difference_names_what_is_new_and_what_each_field_was_and_is() {
    block_on(async {
        let Letters { mut desk, task, .. } = Letters::answered().await;
        let written = desk.positions("document.written").await;
        let end = desk.sequencer.pos();
        let view = desk.asked::<DiffView>(diff(written[0], end)).await.0.unwrap();
        let kind = |name: &str| view.kinds.iter().find(|it| it.kind == name).map(|it| (it.added, it.changed));
        assert_eq!(kind("document"), Some((0, 1)));
        assert_eq!((kind("task"), kind("run"), kind("approval")), (Some((0, 1)), Some((0, 1)), Some((1, 0))));
        let document = view.entities.iter().find(|it| it.key.starts_with("document/")).unwrap();
        let text = &document.fields["text"];
        assert_eq!(document.called.as_deref(), Some("orders/1.json"));
        assert_eq!((&text.old, &text.new), (&Some(json!("a green tent, sent on Monday")), &Some(json!("answered"))));
        assert!(!document.fields.contains_key("path"), "what is alike is not shown");
        let step = view.entities.iter().find(|it| it.key.starts_with("step/")).unwrap();
        assert!(step.added && step.fields["answer"].new == Some(json!("The letter is answered.")));
        assert!(step.fields.values().all(|field| field.old.is_none()));
        // Page by page it is the same.
        let (mut skip, mut paged) = (0, Vec::new());
        loop {
            let asked = Asked::Diff { from: written[0], to: Some(end), skip, limit: 3 };
            let page = desk.asked::<DiffView>(asked).await.0.unwrap();
            assert!(page.entities.len() <= 3 && page.kinds == view.kinds);
            paged.extend(page.entities);
            let Some(next) = page.next else { break };
            skip = next as usize;
        }
        assert_eq!(paged, view.entities);
        assert!(paged.iter().any(|it| it.key == format!("task/{task}")));
        let nothing = desk.asked::<DiffView>(diff(end, end)).await.0.unwrap();
        assert!(nothing.kinds.is_empty() && nothing.entities.is_empty());
    });
}

#[test]
fn what_was_undone_is_in_the_past_and_not_behind_it() {
    block_on(async {
        let mut desk = Desk::new().await;
        let kept = desk.must("task.create", r#"{"title":"kept"}"#).await.made[0];
        let good = desk.sequencer.pos();
        desk.must("task.ask", &format!(r#"{{"task":"{kept}","agent":"{}","prompt":"more"}}"#, desk.agent)).await;
        let mistake = desk.must("task.create", r#"{"title":"a mistake"}"#).await.made[0];
        let bad = desk.sequencer.pos();
        desk.must("branch.restore", &format!(r#"{{"pos":{good}}}"#)).await;
        let after = desk.must("task.create", r#"{"title":"afterwards"}"#).await.made[0];
        let end = desk.sequencer.pos();

        let steps = |view: Option<StateView>| view.map(|view| view.fields.get("steps").cloned());
        for (pos, expected) in [(good, None), (bad, Some(json!(1))), (bad + 1, None), (end, None)] {
            let then = desk.asked(state(Key::Task(kept), pos)).await.0;
            assert_eq!(steps(then), Some(expected), "at {pos} of {good}, {bad}, {end}");
        }
        for (task, pos, is_there) in
            [(mistake, bad, true), (mistake, end, false), (after, end, true), (after, bad, false)]
        {
            let then = desk.asked::<StateView>(state(Key::Task(task), pos)).await.0;
            assert_eq!(then.is_some(), is_there, "{task} at {pos}");
        }
        let view = desk.asked::<DiffView>(diff(bad, end)).await.0.unwrap();
        let entity = |task| view.entities.iter().find(|it| it.key == format!("task/{task}")).unwrap();
        assert!(entity(mistake).removed && entity(after).added);
        let steps = &entity(kept).fields["steps"];
        assert_eq!((steps.old.clone(), steps.new.clone()), (Some(json!(1)), None));
        let why = desk.asked::<WhyView>(Asked::Why(Of::Event(end))).await.0.unwrap();
        assert_eq!(why.of, end);
    });
}

#[test]
fn positions_that_are_none_are_refused_in_words() {
    block_on(async {
        let mut desk = Desk::new().await;
        let task = desk.ask("a question").await;
        let end = desk.sequencer.pos();
        let mut refused = async |asked: Asked| {
            let failure = desk.sequencer.history(&HistoryAsk { asked, so_far: None }).await.unwrap_err();
            let Failure::Refused(rejection) = failure else { panic!("{failure:?}") };
            assert_eq!(rejection.code, Code::InvalidArgument);
            rejection.detail
        };
        assert!(refused(state(Key::Task(task), end + 1)).await.contains(&format!("the log ends at {end}")));
        assert!(refused(state(Key::Task(task), 0)).await.contains("begin with 1"));
        assert!(refused(Asked::State { key: "task/none".into(), at: None }).await.contains("task/none"));
        assert!(refused(diff(0, end + 1)).await.contains("the log ends"));
        assert!(refused(diff(3, 2)).await.contains("earlier position first"));
        assert!(refused(Asked::Why(Of::Event(end + 1))).await.contains("the log ends"));
        assert!(refused(Asked::Why(Of::Event(0))).await.contains("begin with 1"));
        let so_far = Some(json!({"nonsense": true}));
        let asked = HistoryAsk { asked: why(task), so_far };
        assert!(matches!(desk.sequencer.history(&asked).await, Err(Failure::Refused(_))));
        let never = kernel::id::Id { k: 7, ..task };
        assert!(desk.asked::<WhyView>(why(never)).await.0.is_none());
    });
}

#[test]
fn a_question_about_the_past_writes_nothing() {
    block_on(async {
        let Letters { mut desk, task, .. } = Letters::answered().await;
        let before = desk.everything_stored().await;
        let end = desk.sequencer.pos();
        desk.asked::<WhyView>(why(task)).await;
        desk.asked::<DiffView>(diff(1, end)).await;
        desk.asked::<StateView>(state(Key::Run(task), end / 2)).await;
        assert!(desk.everything_stored().await == before && desk.sequencer.pos() == end);
    });
}
