//! A store that often does not answer costs time, and nothing else.

mod support;

use async_trait::async_trait;
use kernel::storage::{Address, Batch, Head, Row, StoredEvent};
use kernelos_sequencer::{Failure, Making, Sequencer, verify};
use ports::{Store, StoreError};
use std::cell::Cell;
use std::rc::Rc;
use store_memory::MemoryStore;
use support::Desk;
use testkit::block_on;

/// Does not answer one question.
struct Away {
    good: MemoryStore,
    lost: Cell<u64>,
    asked: Cell<u64>,
}

impl Away {
    fn answers(&self) -> Result<(), StoreError> {
        self.asked.set(self.asked.get() + 1);
        if self.asked.get() == self.lost.get() { Err(StoreError::Unavailable("away".to_owned())) } else { Ok(()) }
    }
}

#[async_trait(?Send)]
impl Store for Away {
    async fn create(&self, workspace: &str) -> Result<(), StoreError> {
        self.good.create(workspace).await
    }
    async fn delete(&self, workspace: &str) -> Result<(), StoreError> {
        self.good.delete(workspace).await
    }
    async fn delete_at(&self, workspace: &str, pos: u64, epoch: u64) -> Result<(), StoreError> {
        self.good.delete_at(workspace, pos, epoch).await
    }
    async fn workspaces(&self) -> Result<Vec<String>, StoreError> {
        self.good.workspaces().await
    }
    async fn claim(&self, workspace: &str) -> Result<Head, StoreError> {
        self.good.claim(workspace).await
    }
    async fn head(&self, workspace: &str) -> Result<Head, StoreError> {
        self.answers()?;
        self.good.head(workspace).await
    }
    async fn rows(&self, workspace: &str, at: &[Address]) -> Result<Vec<Option<Row>>, StoreError> {
        self.answers()?;
        self.good.rows(workspace, at).await
    }
    async fn range(
        &self,
        workspace: &str,
        space: &str,
        after: &str,
        until: &str,
        limit: usize,
    ) -> Result<Vec<(String, Row)>, StoreError> {
        self.answers()?;
        self.good.range(workspace, space, after, until, limit).await
    }
    async fn spaces(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.answers()?;
        self.good.spaces(workspace).await
    }
    async fn events(&self, workspace: &str, after: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.answers()?;
        self.good.events(workspace, after, limit).await
    }
    async fn commit(&self, workspace: &str, batch: &Batch) -> Result<(), StoreError> {
        self.answers()?;
        self.good.commit(workspace, batch).await
    }
    async fn drop_sealed(&self, workspace: &str, pos: u64) -> Result<(), StoreError> {
        self.good.drop_sealed(workspace, pos).await
    }
    async fn check(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.good.check(workspace).await
    }
}

#[test]
fn a_snapshot_that_is_interrupted_anywhere_goes_on_and_is_whole() {
    block_on(async {
        let mut desk = Desk::new().await;
        for nth in 0..40 {
            desk.must("task.create", &format!(r#"{{"title":"task {nth}"}}"#)).await;
        }
        let mut lost = 0;
        loop {
            lost += 1;
            desk.must("task.create", &format!(r#"{{"title":"before question {lost}"}}"#)).await;
            let store = Rc::new(Away { good: desk.store.clone(), lost: Cell::new(0), asked: Cell::new(0) });
            let mut sequencer = Sequencer::claim(Rc::<Away>::clone(&store), desk.workspace, desk.key).await.unwrap();
            store.lost.set(store.asked.get() + lost);
            loop {
                match sequencer.snapshot_slice(true, desk.now_ms).await {
                    Ok(Making::Made(_)) => break,
                    Ok(Making::Underway) | Err(Failure::Store(StoreError::Unavailable(_))) => {}
                    Err(failure) => panic!("{failure:?}"),
                }
            }
            let verified = verify(&desk.store, desk.workspace, &desk.key).await.unwrap();
            assert_eq!(verified.findings, vec![], "when question {lost} is lost");
            desk.restart().await;
            if store.asked.get() < store.lost.get() {
                break;
            }
        }
        assert!(lost > 10, "a snapshot asks {lost} questions");
    });
}
