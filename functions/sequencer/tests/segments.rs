//! Segments: events leave the log for them, and nobody notices.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use kernel::id::Id;
use kernel::segment::{Entry, SEGMENTS_SPACE};
use kernel::storage::{Address, Row, StoredEvent};
use kernelos_sequencer::{Compacting, Failure, Finding, verify};
use ports::sequencing::EventView;
use ports::space::CompactView;
use ports::{Store, StoreError};
use support::Desk;
use testkit::block_on;

impl Desk {
    async fn tasks(&mut self, count: usize) {
        let jobs: Vec<_> = (0..count).map(|n| self.job("task.create", &format!(r#"{{"title":"task {n}"}}"#))).collect();
        for outcome in self.sequencer.submit(&jobs).await {
            assert_eq!(outcome.unwrap().rejected, None);
        }
    }

    async fn work(&mut self, text: &str) -> Id {
        let task = self.ask(text).await;
        let effect = self.leased.unwrap();
        self.lease(60_000).await;
        self.report(effect, 1, "done").await;
        task
    }

    async fn compact(&mut self) -> CompactView {
        self.sequencer.compact(self.now_ms).await.unwrap()
    }

    /// Every event as clients see it, in pages of this size.
    async fn told(&mut self, page: usize) -> Vec<EventView> {
        let mut all: Vec<EventView> = Vec::new();
        loop {
            let after = all.last().map_or(0, |view| view.event.pos);
            let views = self.sequencer.events(after, page).await.unwrap();
            if views.is_empty() {
                return all;
            }
            assert!(views.len() <= page);
            all.extend(views);
        }
    }

    /// Events that are in the log.
    async fn log(&self) -> Vec<StoredEvent> {
        self.store.events(&self.workspace.to_string(), 0, usize::MAX).await.unwrap()
    }

    async fn segments(&self) -> Vec<(String, Row)> {
        self.store.range(&self.workspace.to_string(), SEGMENTS_SPACE, "", "\u{7f}", usize::MAX).await.unwrap()
    }

    async fn findings(&self) -> Vec<Finding> {
        verify(&self.store, self.workspace, &self.key).await.unwrap().findings
    }
}

#[test]
fn whoever_reads_the_log_reads_segments_and_log_as_one() {
    block_on(async {
        let mut desk = Desk::new().await;
        let task = desk.work("an early question").await;
        desk.tasks(700).await;
        desk.work("a late question").await;
        let before = desk.told(100).await;
        let roots = desk.sequencer.describe().await.unwrap().roots;
        let view = desk.sequencer.task(task).await.unwrap();
        let done = desk.compact().await;
        assert!(done.segments >= 2 && done.bytes_after * 5 < done.bytes_before, "{done:?}");
        assert_eq!(done.packed_to, desk.log().await.first().unwrap().pos - 1);
        assert!(desk.log().await.len() < 200, "most of it left the log");
        for page in [1, 7, 100, 512, 5_000] {
            assert!(desk.told(page).await == before, "by {page}");
        }
        desk.restart().await;
        assert!(desk.told(333).await == before);
        assert_eq!(desk.sequencer.describe().await.unwrap().roots, roots);
        assert_eq!(desk.sequencer.task(task).await.unwrap(), view, "what was said stands in a segment, and opens");
        let verified = verify(&desk.store, desk.workspace, &desk.key).await.unwrap();
        assert_eq!((verified.findings, verified.events, verified.roots), (vec![], before.len() as u64, roots));
        assert_eq!(desk.compact().await, CompactView { packed_to: done.packed_to, ..CompactView::default() });
        desk.work("and on").await;
        assert_eq!(desk.findings().await, vec![]);
    });
}

#[test]
fn a_command_sent_again_and_a_late_report_find_what_they_found_before() {
    block_on(async {
        let mut desk = Desk::new().await;
        desk.ask("who is late?").await;
        let late = desk.leased.unwrap();
        desk.lease(60_000).await;
        let job = desk.job("task.create", r#"{"title":"sent twice"}"#);
        let first = desk.sequencer.submit(std::slice::from_ref(&job)).await.remove(0).unwrap();
        desk.report(late, 1, "in time").await;
        desk.tasks(600).await;
        desk.compact().await;
        desk.restart().await;
        assert!(desk.log().await.first().unwrap().pos > first.pos, "both were packed");
        let pos = desk.sequencer.pos();
        let again = desk.sequencer.submit(&[job]).await.remove(0).unwrap();
        assert_eq!((again.pos, again.made, again.known), (first.pos, first.made, true));
        assert_eq!(desk.sequencer.pos(), pos, "nothing was done again");
        let reply = desk.report(late, 1, "again, late").await;
        let event = desk.sequencer.events(reply.pos - 1, 1).await.unwrap().remove(0);
        assert!(String::from_utf8(event.event.body).unwrap().contains("\"type\":\"report.late\""));
        assert_eq!(desk.findings().await, vec![]);
    });
}

#[test]
fn killed_between_two_slices_it_goes_on() {
    block_on(async {
        let mut desk = Desk::new().await;
        desk.tasks(1_500).await;
        let before = desk.told(500).await;
        let mut slices = 0;
        loop {
            let made = desk.sequencer.compact_slice(desk.now_ms).await.unwrap();
            slices += 1;
            assert_eq!(desk.findings().await, vec![], "after {slices} slices");
            if matches!(made, Compacting::Done(_)) {
                break;
            }
            if slices < 40 {
                desk.restart().await;
            }
        }
        assert!(slices > 3);
        assert!(desk.told(500).await == before);
    });
}

#[test]
fn a_workspace_that_is_written_to_is_packed_by_itself_and_an_idle_one_writes_nothing() {
    block_on(async {
        let mut desk = Desk::new().await;
        desk.tasks(1_500).await;
        while desk.sequencer.keep_up(desk.now_ms).await {}
        assert_eq!(desk.segments().await.len(), 0, "the newest events stay where they are");
        desk.tasks(4_000).await;
        while desk.sequencer.keep_up(desk.now_ms).await {}
        let entries = desk.segments().await.iter().filter(|(key, _)| !Entry::is_named(key)).count();
        let log = desk.log().await;
        assert!(entries > 2 && log.len() >= 4_096 && log.len() < 4_096 + 512, "{entries} segments, {} left", log.len());
        let stored = desk.everything_stored().await;
        desk.now_ms += 24 * 60 * 60 * 1000;
        desk.restart().await;
        while desk.sequencer.keep_up(desk.now_ms).await {}
        assert!(desk.everything_stored().await == stored);
        assert_eq!(desk.findings().await, vec![]);
    });
}

#[test]
fn a_damaged_segment_is_named_and_everything_else_goes_on() {
    block_on(async {
        let mut desk = Desk::new().await;
        let task = desk.work("an early question").await;
        desk.tasks(700).await;
        desk.compact().await;
        let (name, entry) = (desk.workspace.to_string(), desk.segments().await.remove(0));
        let entry = Entry::read(Entry::last_of(&entry.0).unwrap(), &entry.1.value).unwrap();
        let of = format!("segment of events {} to {}", entry.first, entry.last);
        for at in entry.names().map(Entry::named) {
            desk.store.alter_row(&name, &at).unwrap();
            desk.restart().await;
            let refused = desk.sequencer.events(3, 5).await;
            let Err(Failure::Store(StoreError::Damaged { what })) = refused else { panic!("{refused:?}") };
            assert!(what.contains(&of) && what.contains(&at.key), "{what}");
            assert!(desk.findings().await.iter().any(|finding| finding.what.contains(&of)));
            let rest = desk.sequencer.events(entry.last, 5).await.unwrap();
            assert_eq!(rest.first().map(|view| view.event.pos), Some(entry.last + 1));
            desk.tasks(1).await;
            desk.store.alter_row(&name, &at).unwrap();
        }
        // The entry itself.
        let at = Entry::address(entry.last);
        desk.store.alter_row(&name, &at).unwrap();
        let found = desk.findings().await;
        assert!(found.iter().any(|finding| finding.what.contains(&at.key)), "{found:?}");
        desk.store.alter_row(&name, &at).unwrap();
        assert_eq!(desk.findings().await, vec![]);
        assert!(desk.sequencer.task(task).await.unwrap().is_some());
        desk.tasks(10).await;
    });
}

#[test]
fn events_that_are_in_neither_place_are_named() {
    block_on(async {
        let mut desk = Desk::new().await;
        desk.tasks(400).await;
        desk.compact().await;
        let entry = desk.segments().await.remove(0);
        let last = Entry::last_of(&entry.0).unwrap();
        desk.delete(Entry::address(last)).await;
        desk.restart().await;
        let refused = desk.sequencer.events(0, 1).await;
        let Err(Failure::Store(StoreError::Damaged { what })) = refused else { panic!("{refused:?}") };
        assert_eq!(what, "event 1 is not there");
        assert!(desk.findings().await.iter().any(|finding| finding.what == "event 1 is not there"));
    });
}

#[test]
fn what_was_sealed_can_go_out_of_a_segment() {
    block_on(async {
        let mut desk = Desk::new().await;
        desk.tasks(300).await;
        desk.compact().await;
        let before = desk.told(100).await;
        let name = desk.workspace.to_string();
        let with = before.iter().find(|view| view.content.contains_key("title")).unwrap().event.pos;
        desk.drop_sealed(with).await;
        desk.drop_sealed(with).await;
        desk.restart().await;
        let bodies = |views: &[EventView]| views.iter().map(|view| view.event.body.clone()).collect::<Vec<_>>();
        let everything = desk.store.events(&name, 0, 1).await.unwrap();
        assert!(everything.first().unwrap().pos > with, "it is packed");
        let (head, tail) = (
            desk.sequencer.events(0, with as usize - 1).await.unwrap(),
            desk.sequencer.events(with, 9_999).await.unwrap(),
        );
        assert_eq!(bodies(&head), bodies(&before[..with as usize - 1]));
        assert_eq!(bodies(&tail), bodies(&before[with as usize..]));
        let found = desk.findings().await;
        assert!(found.iter().all(|finding| finding.why.contains("its key was not destroyed")), "{found:?}");
        assert_eq!(found.len(), 1);
    });
}

impl Desk {
    async fn delete(&self, at: Address) {
        let name = self.workspace.to_string();
        let head = self.store.head(&name).await.unwrap();
        let (pos, epoch, value) = (head.pos, head.epoch, head.value);
        let writes = vec![(at, kernel::storage::Write::Delete)];
        let batch = kernel::storage::Batch { expected_pos: pos, epoch, pos, head: value, writes, ..Default::default() };
        self.store.commit(&name, &batch).await.unwrap();
    }

    async fn drop_sealed(&mut self, pos: u64) {
        self.sequencer.drop_sealed(pos).await.unwrap();
    }
}
