//! Damage is found when it is read, and health is not called damage.

use kernel::storage::Address;
use ports::StoreError;

use super::make::{Hand, delete, put};
use super::say::{Why, same};
use super::{Case, Subject, case};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!("an altered row is refused when it is read", altered_row),
        case!("an altered event is refused when it is read", altered_event),
        case!("a healthy workspace has no findings", healthy),
    ]
}

fn damaged<T: std::fmt::Debug>(what: &str, got: Result<T, StoreError>) -> Result<(), Why> {
    match got {
        Err(StoreError::Damaged { .. }) => Ok(()),
        other => Err(Why(format!("{what}: got {other:?}, not damage"))),
    }
}

async fn altered_row(subject: &mut dyn Subject) -> Result<(), Why> {
    let mut hand = Hand::create(subject.store(), "w1").await?;
    hand.write(subject.store(), 1, vec![put("main.0", "a", "1"), put("main.0", "b", "2")]).await?;
    let (bad, good) = (Address::new("main.0", "b"), Address::new("main.0", "a"));
    subject.alter_row("w1", &bad).await?;
    let store = subject.store();
    damaged("the row", store.rows("w1", std::slice::from_ref(&bad)).await)?;
    damaged("rows with it", store.rows("w1", &[good.clone(), bad]).await)?;
    damaged("a range with it", store.range("w1", "main.0", "", "z", 9).await)?;
    same("a range before it", &store.range("w1", "main.0", "", "b", 9).await?.len(), &1)?;
    same("another row", &store.rows("w1", &[good]).await?.len(), &1)
}

async fn altered_event(subject: &mut dyn Subject) -> Result<(), Why> {
    let mut hand = Hand::create(subject.store(), "w1").await?;
    hand.write(subject.store(), 3, vec![]).await?;
    subject.alter_event("w1", 2).await?;
    let store = subject.store();
    damaged("the log", store.events("w1", 0, 9).await)?;
    damaged("the event", store.events("w1", 1, 1).await)?;
    same("the log after it", &store.events("w1", 2, 9).await?.len(), &1)?;
    same("the log before it", &store.events("w1", 0, 1).await?.len(), &1)
}

async fn healthy(subject: &mut dyn Subject) -> Result<(), Why> {
    let mut hand = Hand::create(subject.store(), "w1").await?;
    same("findings at first", &subject.store().check("w1").await?, &vec![])?;
    for round in 1..4 {
        let writes = vec![put("main.0", &format!("k{round}"), "1"), delete("main.0", "k0"), put("keys", "k", "2")];
        hand.write(subject.store(), 2, writes).await?;
    }
    same("findings", &subject.store().check("w1").await?, &vec![])?;
    subject.reopen().await?;
    same("findings after a restart", &subject.store().check("w1").await?, &vec![])?;
    Hand::claim(subject.store(), "w1").await?;
    same("findings after a claim", &subject.store().check("w1").await?, &vec![])
}
