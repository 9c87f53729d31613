//! Room: said when it gets scarce, and refused in time to end what was begun.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod support;

use kernel::reject::Code;
use kernelos_sequencer::{Failure, verify};
use ports::Store as _;
use ports::space::Room;
use support::Desk;
use testkit::block_on;

impl Desk {
    async fn tasks(&mut self, count: usize) {
        let jobs: Vec<_> = (0..count).map(|n| self.job("task.create", &format!(r#"{{"title":"task {n}"}}"#))).collect();
        for outcome in self.sequencer.submit(&jobs).await {
            assert_eq!(outcome.unwrap().rejected, None);
        }
    }

    /// From now on so many hundredths of the room there is are taken.
    async fn taken(&mut self, percent: u64) {
        self.store.limit(None);
        let used = self.sequencer.space().await.unwrap().used;
        self.store.limit(Some(used * 100 / percent));
    }

    async fn room(&mut self) -> Room {
        self.sequencer.space().await.unwrap().room
    }

    async fn refused(&mut self, name: &str, data: &str) -> Code {
        match self.send(name, data).await {
            Err(Failure::Refused(rejection)) => rejection.code,
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn room_is_told_with_what_takes_it() {
    block_on(async {
        let mut desk = Desk::new().await;
        desk.tasks(700).await;
        let before = desk.sequencer.space().await.unwrap();
        assert_eq!((before.room, before.limit, before.packed_to, before.parts.segments), (Room::Enough, None, 0, 0));
        assert!(before.parts.log > 500_000 && before.parts.rows > 100_000 && before.used >= before.parts.log);
        desk.sequencer.compact(desk.now_ms).await.unwrap();
        let after = desk.sequencer.space().await.unwrap();
        assert!(after.packed_to > 1_000);
        assert!(after.parts.log + after.parts.segments < before.parts.log / 2, "{after:?}");
        assert!(after.parts.snapshots > 0);
    });
}

#[test]
fn four_fifths_are_a_warning_and_at_nineteen_twentieths_only_what_ends_work_is_taken() {
    block_on(async {
        let mut desk = Desk::new().await;
        desk.tasks(100).await;
        desk.ask("who ends?").await;
        let effect = desk.leased.unwrap();
        desk.lease(60_000).await;
        desk.taken(79).await;
        assert_eq!(desk.room().await, Room::Enough);
        desk.taken(81).await;
        assert_eq!(desk.sequencer.describe().await.unwrap().room, Room::Enough, "it is looked at seldom");
        assert_eq!(desk.room().await, Room::Scarce);
        assert_eq!(desk.sequencer.describe().await.unwrap().room, Room::Scarce);
        desk.tasks(1).await;
        desk.taken(96).await;
        assert_eq!(desk.room().await, Room::Full);
        let pos = desk.sequencer.pos();
        assert_eq!(desk.refused("task.create", r#"{"title":"one too many"}"#).await, Code::StorageFull);
        let lease = format!(r#"{{"runtime":"{}","boot":"{}","ttl_ms":1000}}"#, desk.runtime, desk.boot);
        assert_eq!(desk.refused("effect.lease", &lease).await, Code::StorageFull);
        assert_eq!(desk.due().await, vec![], "nobody is told to lease what would be refused");
        assert_eq!(desk.sequencer.pos(), pos, "nothing was noted of it");
        desk.report(effect, 1, "the one who holds a lease").await;
        desk.restart().await;
        assert_eq!(desk.refused("task.create", r#"{"title":"still one too many"}"#).await, Code::StorageFull);
        desk.store.limit(Some(1));
        assert_eq!(desk.room().await, Room::None);
        assert_eq!(desk.refused("timers.fire", "{}").await, Code::StorageFull);
        assert!(desk.sequencer.events(0, 10).await.is_ok(), "what is there is read");
    });
}

#[test]
fn compacting_makes_room_where_there_is_none_to_begin_with() {
    block_on(async {
        let mut desk = Desk::new().await;
        desk.tasks(1_200).await;
        desk.sequencer.snapshot(false, desk.now_ms).await.unwrap();
        desk.taken(97).await;
        assert_eq!(desk.room().await, Room::Full);
        assert_eq!(desk.refused("task.create", r#"{"title":"one too many"}"#).await, Code::StorageFull);
        desk.sequencer.compact(desk.now_ms).await.unwrap();
        desk.tasks(1).await;
        assert_eq!(desk.room().await, Room::Enough);
        assert_eq!(verify(&desk.store, desk.workspace, &desk.key).await.unwrap().findings, vec![]);
        assert_eq!(desk.store.check(&desk.workspace.to_string()).await.unwrap(), Vec::<String>::new());
    });
}
