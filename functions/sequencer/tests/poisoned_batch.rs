//! A command that cannot be committed does not take those that waited with it.

mod support;

use async_trait::async_trait;
use kernel::storage::{Address, Batch, Head, Row, StoredEvent};
use kernelos_sequencer::{Failure, Sequencer};
use ports::{Store, StoreError};
use std::rc::Rc;
use store_memory::MemoryStore;
use support::Desk;
use testkit::block_on;

/// Refuses whatever the actor called poison did, as a store refuses a row that is too large.
struct Fussy(MemoryStore);

#[async_trait(?Send)]
impl Store for Fussy {
    async fn create(&self, workspace: &str) -> Result<(), StoreError> {
        self.0.create(workspace).await
    }
    async fn delete(&self, workspace: &str) -> Result<(), StoreError> {
        self.0.delete(workspace).await
    }
    async fn delete_at(&self, workspace: &str, pos: u64, epoch: u64) -> Result<(), StoreError> {
        self.0.delete_at(workspace, pos, epoch).await
    }
    async fn workspaces(&self) -> Result<Vec<String>, StoreError> {
        self.0.workspaces().await
    }
    async fn claim(&self, workspace: &str) -> Result<Head, StoreError> {
        self.0.claim(workspace).await
    }
    async fn head(&self, workspace: &str) -> Result<Head, StoreError> {
        self.0.head(workspace).await
    }
    async fn rows(&self, workspace: &str, at: &[Address]) -> Result<Vec<Option<Row>>, StoreError> {
        self.0.rows(workspace, at).await
    }
    async fn range(
        &self,
        workspace: &str,
        space: &str,
        after: &str,
        until: &str,
        limit: usize,
    ) -> Result<Vec<(String, Row)>, StoreError> {
        self.0.range(workspace, space, after, until, limit).await
    }
    async fn spaces(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.0.spaces(workspace).await
    }
    async fn events(&self, workspace: &str, after: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.0.events(workspace, after, limit).await
    }
    async fn commit(&self, workspace: &str, batch: &Batch) -> Result<(), StoreError> {
        let poison = br#""actor":"poison""#;
        let has = |event: &StoredEvent| event.body.windows(poison.len()).any(|part| part == poison);
        match batch.events.iter().find(|event| has(event)) {
            Some(event) => Err(StoreError::TooLarge { what: format!("event {}", event.pos), bytes: 2_000_000 }),
            None => self.0.commit(workspace, batch).await,
        }
    }
    async fn space(&self, workspace: &str) -> Result<ports::Space, StoreError> {
        self.0.space(workspace).await
    }

    async fn sizes(&self, workspace: &str) -> Result<ports::Sizes, StoreError> {
        self.0.sizes(workspace).await
    }

    async fn drop_sealed(&self, workspace: &str, pos: u64) -> Result<(), StoreError> {
        self.0.drop_sealed(workspace, pos).await
    }
    async fn check(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.0.check(workspace).await
    }
}

#[test]
fn only_the_command_at_fault_is_told_so() {
    block_on(async {
        let mut desk = Desk::new().await;
        let store = Rc::new(Fussy(desk.store.clone()));
        desk.sequencer = Sequencer::claim(store, desk.workspace, desk.key).await.unwrap();
        let before = desk.sequencer.workspace().pos();
        let mut jobs: Vec<_> = (0..5).map(|n| desk.job("task.create", &format!(r#"{{"title":"{n}"}}"#))).collect();
        jobs[2].request.actor = "poison".into();

        let outcomes = desk.sequencer.submit(&jobs).await;
        let told: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
        assert_eq!(told, [true, true, false, true, true]);
        assert!(matches!(outcomes[2], Err(Failure::Store(StoreError::TooLarge { .. }))));

        // Two events for each task that was made, and nothing of the one that was not.
        assert_eq!(desk.sequencer.workspace().pos(), before + 8);
        let verified = kernelos_sequencer::verify(&desk.store, desk.workspace, &desk.key).await.unwrap();
        assert_eq!((verified.events, verified.findings), (before + 8, vec![]));
    });
}
