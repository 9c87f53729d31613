//! A workspace goes back over a store: to any position, through restarts, damage and journeys.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod support;

use kernel::id::Id;
use kernel::key::{Key, Line, Space};
use kernel::reject::Code;
use kernel::snapshot::{CHUNKS_SPACE, Manifest};
use kernel::storage::{Batch, Write};
use kernelos_sequencer::{Failure, verify};
use ports::Store as _;
use ports::restored::{CameView, Change, ItemKind, RestorePreview, RestoredView};
use ports::views::{Query, TaskStatus};
use std::collections::BTreeSet;
use support::Desk;
use support::transfer::{Elsewhere, exported};
use testkit::block_on;

impl Desk {
    async fn pos(&mut self) -> u64 {
        self.sequencer.describe().await.unwrap().pos
    }

    async fn restore(&mut self, pos: u64) {
        self.must("branch.restore", &format!(r#"{{"pos":{pos}}}"#)).await;
    }

    /// A question that was answered.
    async fn answered(&mut self, prompt: &str, answer: &str) -> Id {
        let task = self.ask(prompt).await;
        let effect = self.lease(60_000).await.made[0];
        self.report(effect, 1, answer).await;
        task
    }

    async fn titles(&mut self) -> BTreeSet<String> {
        let tasks = self.sequencer.read(&Query::Tasks(0, 256)).await.unwrap().unwrap();
        let tasks = tasks["tasks"].as_array().unwrap().clone();
        tasks.iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect()
    }

    async fn under_way(&mut self) -> RestoredView {
        let view = self.sequencer.read(&Query::Restored).await.unwrap().unwrap();
        serde_json::from_value(view).unwrap()
    }

    async fn preview(&mut self, pos: u64) -> RestorePreview {
        let view = self.sequencer.read(&Query::RestorePreview(pos)).await.unwrap().unwrap();
        serde_json::from_value(view).unwrap()
    }

    async fn is_whole(&self) {
        let verified = verify(&self.store, self.workspace, &self.key).await.unwrap();
        assert_eq!(verified.findings, vec![]);
    }

    /// Take this away, whoever owns the workspace.
    async fn take_away(&self, space: &str, key: &str) {
        let name = self.workspace.to_string();
        let head = self.store.head(&name).await.unwrap();
        let (expected_pos, epoch, pos) = (head.pos, head.epoch, head.pos);
        let writes = vec![(kernel::storage::Address::new(space, key), Write::Delete)];
        let batch = Batch { expected_pos, epoch, pos, head: head.value, events: vec![], writes };
        self.store.commit(&name, &batch).await.unwrap();
    }
}

fn titles(all: &[&str]) -> BTreeSet<String> {
    all.iter().map(|title| (*title).to_owned()).collect()
}

#[test]
fn what_is_read_after_a_restore_is_what_was_there_also_after_a_restart() {
    block_on(async {
        let mut desk = Desk::new().await;
        let task = desk.answered("one", "first answer").await;
        let pos = desk.pos().await;
        desk.must("task.ask", &format!(r#"{{"task":"{task}","agent":"{}","prompt":"more"}}"#, desk.agent)).await;
        desk.answered("a mistake", "gone").await;
        desk.restore(pos).await;
        for _ in 0..2 {
            assert_eq!(desk.titles().await, titles(&["one"]));
            let view = desk.sequencer.task(task).await.unwrap().unwrap();
            assert_eq!((view.steps.len(), view.summary.status), (1, TaskStatus::Done));
            assert_eq!(view.steps[0].answer.as_deref(), Some("first answer"));
            desk.is_whole().await;
            desk.restart().await;
        }
        desk.answered("two", "on the new line").await;
        assert_eq!(desk.titles().await, titles(&["one", "two"]));
        desk.is_whole().await;
    });
}

#[test]
fn of_any_position_a_snapshot_made_of_the_one_before_is_what_a_replay_comes_to() {
    block_on(async {
        let mut desk = Desk::new().await;
        let task = desk.answered("one", "first answer").await;
        let first = desk.sequencer.snapshot(false, desk.now_ms).await.unwrap().pos;
        desk.must("task.ask", &format!(r#"{{"task":"{task}","agent":"{}","prompt":"more"}}"#, desk.agent)).await;
        desk.must("key.destroy", &format!(r#"{{"subject":"task/{task}"}}"#)).await;
        let before = desk.pos().await;
        desk.restore(first).await;
        desk.must("task.create", r#"{"title":"on the second line"}"#).await;
        desk.sequencer.snapshot(false, desk.now_ms).await.unwrap();
        let second = desk.pos().await;
        desk.restore(before).await;
        desk.must("task.create", r#"{"title":"on the third line"}"#).await;
        desk.restore(second).await;
        let long = "x".repeat(400_000);
        desk.must("task.create", r#"{"title":"and on the fourth line"}"#).await;
        desk.ask(&long).await;
        let end = desk.pos().await;
        for pos in (first..=end).rev() {
            let made = desk.sequencer.snapshot_of(pos, desk.now_ms).await.unwrap();
            assert_eq!((made.pos, made.fault), (pos, None));
        }
        desk.is_whole().await;
        let last = Manifest::address(end);
        desk.take_away(&last.space, &last.key).await;
        assert!(desk.store.alter_event(&desk.workspace.to_string(), 2).unwrap());
        let made = desk.sequencer.snapshot_of(end, desk.now_ms).await.unwrap();
        assert_eq!(made.pos, end, "and what is before the one it is made of is not read");
    });
}

#[test]
fn the_snapshot_that_a_line_stands_on_is_there_from_the_same_commit_on_and_stays() {
    block_on(async {
        let mut desk = Desk::new().await;
        desk.answered("one", "an answer").await;
        let pos = desk.pos().await;
        desk.answered("two", "an answer").await;
        desk.restore(pos).await;
        let name = desk.workspace.to_string();
        let wanted = [Manifest::address(pos), Manifest::pin(pos)];
        assert!(desk.store.rows(&name, &wanted).await.unwrap().iter().all(Option::is_some));
        desk.is_whole().await;
    });
}

#[test]
fn without_its_snapshot_a_line_is_read_out_of_the_log() {
    block_on(async {
        let mut desk = Desk::new().await;
        let task = desk.answered("one", "an answer").await;
        let pos = desk.pos().await;
        desk.must("task.ask", &format!(r#"{{"task":"{task}","agent":"{}","prompt":"more"}}"#, desk.agent)).await;
        desk.restore(pos).await;
        let name = desk.workspace.to_string();
        for (key, _) in desk.store.range(&name, CHUNKS_SPACE, "", "\u{7f}", 1_000).await.unwrap() {
            desk.take_away(CHUNKS_SPACE, &key).await;
        }
        desk.restart().await;
        let view = desk.sequencer.task(task).await.unwrap().unwrap();
        assert_eq!((view.steps.len(), view.summary.status), (1, TaskStatus::Done));
        desk.take_away(&Manifest::address(pos).space, &Manifest::address(pos).key).await;
        desk.restart().await;
        let view = desk.sequencer.task(task).await.unwrap().unwrap();
        assert_eq!(view.steps.len(), 1);
    });
}

#[test]
fn a_restore_may_go_back_to_what_was_decided_a_moment_before_in_the_same_batch() {
    block_on(async {
        let mut desk = Desk::new().await;
        let pos = desk.pos().await;
        let jobs = [
            desk.job("task.create", r#"{"title":"one"}"#),
            desk.job("task.create", r#"{"title":"two"}"#),
            desk.job("branch.restore", &format!(r#"{{"pos":{}}}"#, pos + 2)),
            desk.job("task.create", r#"{"title":"three"}"#),
        ];
        for outcome in desk.sequencer.submit(&jobs).await {
            assert_eq!(outcome.unwrap().rejected, None);
        }
        assert_eq!(desk.titles().await, titles(&["one", "three"]));
        desk.is_whole().await;
    });
}

#[test]
fn a_preview_says_what_would_change_and_what_would_be_held_and_writes_nothing() {
    block_on(async {
        let mut desk = Desk::new().await;
        let old = desk.answered("old", "an answer").await;
        let waits = desk.ask("waits").await;
        let pos = desk.pos().await;
        let effect = desk.lease(60_000).await.made[0];
        desk.report(effect, 1, "the recorded answer").await;
        desk.must("task.ask", &format!(r#"{{"task":"{old}","agent":"{}","prompt":"more"}}"#, desk.agent)).await;
        let new = desk.must("task.create", r#"{"title":"new"}"#).await.made[0];
        let before = desk.everything_stored().await;
        let preview = desk.preview(pos).await;
        assert_eq!(desk.everything_stored().await, before);
        let tasks = preview.kinds["task"];
        assert_eq!((tasks.changed, tasks.gone, tasks.back), (2, 1, 0), "the tokens of the other one, too");
        let how = |key| preview.things.iter().find(|thing| thing.key == key).map(|thing| thing.change);
        assert_eq!(how(Key::Task(old)), Some(Change::Changed));
        assert_eq!(how(Key::Task(new)), Some(Change::Gone));
        let item = preview.items.iter().find(|item| item.item == effect).unwrap();
        assert_eq!((item.kind, item.task, item.open, item.tried), (ItemKind::Model, waits, true, true));
        assert_eq!(item.came, Some(CameView::Done { text: "the recorded answer".to_owned() }));
        let refused = desk.sequencer.read(&Query::RestorePreview(pos + 1_000)).await;
        assert!(matches!(refused, Err(Failure::Refused(rejection)) if rejection.code == Code::PositionAhead));

        // Seen from the line that is on then, undoing it would bring things back.
        let end = desk.pos().await;
        desk.restore(pos).await;
        desk.is_whole().await;
        let preview = desk.preview(end).await;
        let how = |key| preview.things.iter().find(|thing| thing.key == key).map(|thing| thing.change);
        assert_eq!((how(Key::Task(new)), how(Key::Task(old))), (Some(Change::Back), Some(Change::Changed)));
    });
}

#[test]
fn what_was_under_way_is_listed_with_what_became_of_it() {
    block_on(async {
        let mut desk = Desk::new().await;
        desk.ask("was answered since").await;
        let pos = desk.pos().await;
        let effect = desk.lease(60_000).await.made[0];
        desk.report(effect, 1, "the recorded answer").await;
        desk.ask("was asked for later").await;
        desk.restore(pos).await;
        let view = desk.under_way().await;
        assert_eq!((view.line, view.pos, view.held), (Line { incarnation: 1, ..Line::default() }, Some(pos), true));
        assert!(desk.due().await.is_empty());
        assert_eq!(desk.sequencer.next_due().await.unwrap(), None);
        let item = view.items.iter().find(|item| item.item == effect).unwrap();
        assert_eq!(item.came, Some(CameView::Done { text: "the recorded answer".to_owned() }));
        assert_eq!(item.title.as_deref(), Some("was answered since"));
        let left = view.items.iter().find(|item| item.item != effect).unwrap();
        assert_eq!((left.open, left.tried, left.title.as_deref()), (false, false, Some("was asked for later")));
        desk.must("work.decide", &format!(r#"{{"item":"{effect}","choice":"again"}}"#)).await;
        assert!(desk.due().await.is_empty());
        desk.must("work.release", "{}").await;
        assert_eq!(desk.due().await, [effect]);
        desk.lease(60_000).await;
        let work = desk.sequencer.effect(effect).await.unwrap().unwrap();
        assert_eq!(work.idempotency_key, format!("{}.{effect}", desk.workspace));
        assert!(work.in_doubt);
        desk.is_whole().await;
    });
}

#[test]
fn a_workspace_that_went_back_travels_and_is_read_and_goes_back_elsewhere() {
    block_on(async {
        let mut desk = Desk::new().await;
        let task = desk.answered("one", "an answer").await;
        let pos = desk.pos().await;
        desk.must("task.ask", &format!(r#"{{"task":"{task}","agent":"{}","prompt":"more"}}"#, desk.agent)).await;
        desk.answered("a mistake", "gone").await;
        let end = desk.pos().await;
        desk.restore(pos).await;
        desk.must("task.ask", &format!(r#"{{"task":"{task}","agent":"{}","prompt":"better"}}"#, desk.agent)).await;
        let before = desk.sequencer.describe().await.unwrap();
        let file = exported(&mut desk.sequencer).await;
        for slice in [1 << 20, 700] {
            let mut elsewhere = Elsewhere::new(desk.workspace).await;
            let mut stand = elsewhere.begin(&file).await.unwrap();
            while !stand.complete {
                let rest = &file[stand.offset as usize..];
                let size = rest.len().min(slice.max(70_000));
                stand = elsewhere.append(stand.offset, &rest[..size]).await.unwrap();
            }
            elsewhere.is_whole().await;
            let mut there = elsewhere.desk(&desk).await;
            let after = there.sequencer.describe().await.unwrap();
            for (space, root) in before.roots.iter().filter(|(space, _)| **space != Space::Control) {
                assert_eq!(after.roots.get(space), Some(root), "{space}");
            }
            assert_eq!(there.titles().await, titles(&["one"]));
            there.restart().await;
            there.must("workspace.adopt", "{}").await;
            there.restore(end).await;
            assert_eq!(there.titles().await, titles(&["one", "a mistake"]));
            there.is_whole().await;
        }
    });
}

#[test]
fn a_snapshot_made_after_a_restore_is_whole_and_the_past_before_and_after_it_is_read() {
    block_on(async {
        let mut desk = Desk::new().await;
        let task = desk.answered("one", "an answer").await;
        let pos = desk.pos().await;
        desk.answered("a mistake", "gone").await;
        desk.restore(pos).await;
        desk.must("task.ask", &format!(r#"{{"task":"{task}","agent":"{}","prompt":"better"}}"#, desk.agent)).await;
        let now = desk.now_ms;
        desk.sequencer.snapshot(false, now).await.unwrap();
        let between = desk.pos().await;
        desk.must("task.create", r#"{"title":"two"}"#).await;
        desk.restart().await;
        let past = desk.sequencer.past(desk.sequencer.workspace().pos()).await.unwrap();
        assert_eq!(past.from, Some(between));
        let main = past.replay.main();
        assert_eq!(
            past.replay.root(Space::Data(main)).unwrap(),
            desk.sequencer.describe().await.unwrap().roots[&Space::Data(main)]
        );
        desk.is_whole().await;
        desk.restore(between).await;
        assert_eq!(desk.titles().await, titles(&["one"]));
        desk.is_whole().await;
    });
}
