//! What was acknowledged outlives the adapter.

use kernel::storage::{Address, Head};
use ports::StoreError;

use super::make::{Hand, delete, insert, put, row};
use super::say::{Dump, Why, dump, refused, same};
use super::{Case, Subject, case};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!("what was acknowledged is there after a restart", acknowledged),
        case!("a token is there after a restart", token),
        case!("a deletion is there after a restart", deletion),
    ]
}

/// What is expected is reckoned here, not read before the restart: a store that lies about a commit lies to both reads.
async fn acknowledged(subject: &mut dyn Subject) -> Result<(), Why> {
    let mut hand = Hand::create(subject.store(), "w1").await?;
    let (mut events, mut rows) = (Vec::new(), Vec::new());
    for round in 1..=4_u64 {
        let (key, gone) = (format!("k{round}"), format!("k{}", round - 1));
        let writes = vec![put("main.0", &key, "kept"), delete("main.0", &gone), insert("control", &key, "in")];
        let batch = hand.batch(round, writes);
        hand.commit(subject.store(), &batch).await?;
        subject.reopen().await?;
        events.extend(batch.events);
        rows.push((Address::new("control", &key), row("in", 1)));
        let head = Head { pos: hand.pos, epoch: hand.epoch, value: batch.head };
        let last = (Address::new("main.0", &key), row("kept", 1));
        let want = Dump { head, events: events.clone(), rows: [rows.as_slice(), &[last]].concat() };
        same("the workspace after a restart", &dump(subject.store(), "w1").await?, &want)?;
    }
    Ok(())
}

async fn token(subject: &mut dyn Subject) -> Result<(), Why> {
    let old = Hand::create(subject.store(), "w1").await?;
    subject.reopen().await?;
    let mut new = Hand::claim(subject.store(), "w1").await?;
    same("the token after a restart", &new.epoch, &(old.epoch + 1))?;
    let refusal = refused(
        "a writer from before the restart",
        subject.store().commit("w1", &old.batch(1, vec![])).await,
        &StoreError::Conflict(ports::Conflict::Fenced { stored: new.epoch }),
    );
    refusal?;
    Ok(new.write(subject.store(), 1, vec![]).await?)
}

async fn deletion(subject: &mut dyn Subject) -> Result<(), Why> {
    let mut hand = Hand::create(subject.store(), "w1").await?;
    hand.write(subject.store(), 1, vec![put("main.0", "a", "1")]).await?;
    Hand::create(subject.store(), "w2").await?;
    subject.store().delete("w1").await?;
    subject.reopen().await?;
    refused("head", subject.store().head("w1").await, &StoreError::NoWorkspace)?;
    same("the list", &subject.store().workspaces().await?, &vec!["w2".to_owned()])
}
