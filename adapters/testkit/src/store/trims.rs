//! Events that leave the log, because they are kept elsewhere.

use kernel::storage::Batch;
use ports::{Conflict, StoreError};

use super::make::{Hand, insert, put};
use super::say::{Why, dump, refused, refused_somehow, same};
use super::{Case, Subject, case};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!("a commit removes the events before a position, and nothing else", removes),
        case!("a commit that is refused removes no event", refused_whole),
        case!("the last event of a log is never removed", never_the_last),
        case!("a trimmed log goes on, and has no findings", goes_on),
    ]
}

async fn begun(store: &dyn ports::Store) -> Result<Hand, StoreError> {
    let mut hand = Hand::create(store, "w1").await?;
    hand.write(store, 5, vec![put("main.0", "a", "1"), insert("control", "m", "2")]).await?;
    Hand::create(store, "w2").await?.write(store, 3, vec![]).await?;
    Ok(hand)
}

async fn positions(store: &dyn ports::Store, after: u64, limit: usize) -> Result<Vec<u64>, StoreError> {
    Ok(store.events("w1", after, limit).await?.iter().map(|event| event.pos).collect())
}

async fn removes(subject: &mut dyn Subject) -> Result<(), Why> {
    let mut hand = begun(subject.store()).await?;
    let before = dump(subject.store(), "w1").await?;
    let other = dump(subject.store(), "w2").await?;
    let batch = Batch { trim: Some(3), ..hand.batch(1, vec![put("segments", "s", "packed")]) };
    hand.commit(subject.store(), &batch).await?;
    for again in ["at once", "after a restart"] {
        let store = subject.store();
        same(&format!("what is left {again}"), &positions(store, 0, 9).await?, &vec![4, 5, 6])?;
        same(&format!("a page {again}"), &positions(store, 0, 2).await?, &vec![4, 5])?;
        same(&format!("a page behind it {again}"), &positions(store, 4, 9).await?, &vec![5, 6])?;
        let kept: Vec<_> = before.events.iter().filter(|event| event.pos > 3).cloned().collect();
        same(&format!("the events themselves {again}"), &store.events("w1", 3, 2).await?, &kept)?;
        same(&format!("the head {again}"), &store.head("w1").await?.pos, &6)?;
        same(&format!("the other workspace {again}"), &dump(store, "w2").await?, &other)?;
        subject.reopen().await?;
    }
    Ok(())
}

async fn refused_whole(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let hand = begun(store).await?;
    let before = dump(store, "w1").await?;
    let trim = |batch: Batch| Batch { trim: Some(3), ..batch };
    let stale = Hand { pos: 4, ..hand.clone() };
    let moved = StoreError::Conflict(Conflict::Head { stored: 5 });
    refused("a trim on another head", store.commit("w1", &trim(stale.batch(1, vec![]))).await, &moved)?;
    let fenced = Hand { epoch: hand.epoch - 1, ..hand.clone() };
    let gone = StoreError::Conflict(Conflict::Fenced { stored: hand.epoch });
    refused("a trim under another token", store.commit("w1", &trim(fenced.batch(0, vec![]))).await, &gone)?;
    let taken = trim(hand.batch(1, vec![insert("control", "m", "new"), put("main.0", "a", "new")]));
    refused_somehow("a trim with a taken address", store.commit("w1", &taken).await)?;
    same("the workspace after refused trims", &dump(store, "w1").await?, &before)
}

async fn never_the_last(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let mut hand = begun(store).await?;
    let before = dump(store, "w1").await?;
    for trim in [5, 6, 7, u64::MAX] {
        let batch = Batch { trim: Some(trim), ..hand.batch(1, vec![put("main.0", "a", "new")]) };
        refused_somehow(&format!("a trim up to {trim}"), store.commit("w1", &batch).await)?;
    }
    same("the workspace after refused trims", &dump(store, "w1").await?, &before)?;
    let batch = Batch { trim: Some(4), ..hand.batch(0, vec![]) };
    hand.commit(store, &batch).await?;
    same("the last event", &positions(store, 0, 9).await?, &vec![5])
}

async fn goes_on(subject: &mut dyn Subject) -> Result<(), Why> {
    let mut hand = begun(subject.store()).await?;
    for trim in [2, 2, 1, 4] {
        let batch = Batch { trim: Some(trim), ..hand.batch(2, vec![put("segments", "s", "packed")]) };
        hand.commit(subject.store(), &batch).await?;
        same("findings", &subject.store().check("w1").await?, &vec![])?;
    }
    subject.reopen().await?;
    let mut hand = Hand::claim(subject.store(), "w1").await?;
    hand.write(subject.store(), 1, vec![]).await?;
    same("the log", &positions(subject.store(), 0, 99).await?, &(5..=14).collect())?;
    same("findings after a restart", &subject.store().check("w1").await?, &vec![])
}
