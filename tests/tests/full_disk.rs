//! A disk that is really full: the commit is refused and named, nothing of it stays, and reading goes on.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use kernel::key::BranchId;
use kernelos_tests::history::{Author, World};
use ports::{Store, StoreError};
use sequencer::{Failure, Sequencer, verify};
use serde_json::json;
use std::os::unix::fs::symlink;
use std::rc::Rc;
use store_libsql::LibsqlStore;
use testkit::block_on;

/// What takes nothing and says that there is no room.
const FULL: &str = "/dev/full";

#[test]
fn a_commit_that_finds_no_room_is_refused_whole_and_the_service_goes_on_reading() {
    block_on(async {
        let dir = tempfile::TempDir::new_in(".").unwrap();
        let store = Rc::new(LibsqlStore::open(dir.path()).unwrap());
        let (key, workspace) = ([5; 32], World::new().await.workspace);
        let name = workspace.to_string();
        store.create(&name).await.unwrap();
        let mut sequencer = Sequencer::claim(store.clone(), workspace, key).await.unwrap();
        let (mut author, opening) = Author::begin(0);
        for outcome in sequencer.submit(&opening).await {
            outcome.unwrap();
        }
        // The write-ahead log is where a commit is written to.
        store.checkpoint(&name).unwrap();
        store.close(&name);
        let log = dir.path().join(format!("{name}.db-wal"));
        assert!(!log.exists());
        symlink(FULL, &log).unwrap();
        let job = author.write(0, BranchId::Main, "task.create", &json!({"title": "no room"}));
        let refused = sequencer.submit(std::slice::from_ref(&job)).await.pop().unwrap();
        let Err(Failure::Store(StoreError::Unavailable(why))) = refused else { panic!("{refused:?}") };
        assert!(why.contains("full"), "{why}");
        let pos = store.head(&name).await.unwrap().pos;
        assert_eq!(sequencer.events(0, usize::MAX).await.unwrap().len() as u64, pos, "reading goes on");
        assert_eq!(verify(&*store, workspace, &key).await.unwrap().findings, vec![], "nothing half written stays");
        store.close(&name);
        let _ = std::fs::remove_file(&log);
        let again = sequencer.submit(&[job]).await.pop().unwrap().unwrap();
        assert_eq!((again.pos, again.known), (pos + 1, false), "there is room again, and it is decided once");
    });
}
