//! Workspaces come and go, and never touch each other.

use kernel::storage::Head;
use ports::{Conflict, StoreError};

use super::make::{Hand, put};
use super::say::{Dump, Why, dump, refused, refused_somehow, same};
use super::{Case, Subject, case};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!("a workspace begins empty", begins_empty),
        case!("a workspace can be created once", created_once),
        case!("a workspace that was not created is not there", not_there),
        case!("workspaces are listed in order", listed),
        case!("an odd workspace id is refused", odd_ids),
        case!("a deleted workspace leaves nothing behind", deleted),
        case!("a workspace is deleted at a position or stays whole", deleted_at),
        case!("two workspaces never touch each other", apart),
    ]
}

async fn begins_empty(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    store.create("w1").await?;
    let empty = Dump { head: Head { pos: 0, epoch: 0, value: vec![] }, events: vec![], rows: vec![] };
    same("a new workspace", &dump(store, "w1").await?, &empty)
}

async fn created_once(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let mut hand = Hand::create(store, "w1").await?;
    hand.write(store, 1, vec![put("main.0", "a", "1")]).await?;
    let before = dump(store, "w1").await?;
    refused("the second create", store.create("w1").await, &StoreError::Exists)?;
    same("what the first held", &dump(store, "w1").await?, &before)
}

async fn not_there(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let hand = Hand { workspace: "w1".into(), epoch: 0, pos: 0 };
    let gone = StoreError::NoWorkspace;
    refused("head", store.head("w1").await, &gone)?;
    refused("claim", store.claim("w1").await, &gone)?;
    refused("rows", store.rows("w1", &[]).await, &gone)?;
    refused("range", store.range("w1", "main.0", "", "z", 1).await, &gone)?;
    refused("spaces", store.spaces("w1").await, &gone)?;
    refused("events", store.events("w1", 0, 1).await, &gone)?;
    refused("commit", store.commit("w1", &hand.batch(1, vec![])).await, &gone)?;
    refused("drop_sealed", store.drop_sealed("w1", 1).await, &gone)?;
    refused("check", store.check("w1").await, &gone)?;
    refused("delete", store.delete("w1").await, &gone)?;
    refused("delete_at", store.delete_at("w1", 0, 0).await, &gone)?;
    same("the list", &store.workspaces().await?, &vec![])
}

async fn listed(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    for id in ["b", "a-2", "a", "a_1", "10"] {
        store.create(id).await?;
    }
    let want: Vec<String> = ["10", "a", "a-2", "a_1", "b"].map(String::from).into();
    same("the list", &store.workspaces().await?, &want)
}

async fn odd_ids(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let long = "a".repeat(65);
    for id in ["", ".", "..", "../w1", "a/b", "a.b", "A", "a b", "a\0", "é", "a;drop", long.as_str()] {
        refused_somehow(&format!("create {id:?}"), store.create(id).await)?;
        refused_somehow(&format!("head of {id:?}"), store.head(id).await)?;
        refused_somehow(&format!("delete {id:?}"), store.delete(id).await)?;
    }
    same("the list", &store.workspaces().await?, &vec![])
}

async fn deleted(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let mut hand = Hand::create(store, "w1").await?;
    hand.write(store, 2, vec![put("main.0", "a", "1")]).await?;
    store.delete("w1").await?;
    refused("head", store.head("w1").await, &StoreError::NoWorkspace)?;
    begins_empty(subject).await
}

async fn deleted_at(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let mut hand = Hand::create(store, "w1").await?;
    hand.write(store, 2, vec![put("main.0", "a", "1")]).await?;
    let seen = hand.clone();
    hand.write(store, 1, vec![put("main.0", "a", "2")]).await?;
    let before = dump(store, "w1").await?;
    let moved = StoreError::Conflict(Conflict::Head { stored: hand.pos });
    refused("delete where it was before", store.delete_at("w1", seen.pos, seen.epoch).await, &moved)?;
    refused("delete where it is not yet", store.delete_at("w1", u64::MAX, hand.epoch).await, &moved)?;
    let fenced = StoreError::Conflict(Conflict::Fenced { stored: hand.epoch });
    refused("delete under an unheard token", store.delete_at("w1", hand.pos, hand.epoch + 1).await, &fenced)?;
    same("what nobody deleted", &dump(store, "w1").await?, &before)?;
    hand.write(store, 1, vec![]).await?;
    store.delete_at("w1", hand.pos, hand.epoch).await?;
    let late = hand.batch(1, vec![]);
    refused("a commit after it", store.commit("w1", &late).await, &StoreError::NoWorkspace)?;
    refused("the second delete", store.delete_at("w1", hand.pos, hand.epoch).await, &StoreError::NoWorkspace)?;
    same("the list", &store.workspaces().await?, &vec![])?;
    begins_empty(subject).await
}

async fn apart(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let mut one = Hand::create(store, "w1").await?;
    let mut two = Hand::create(store, "w2").await?;
    for round in 0..3 {
        one.write(store, 2, vec![put("main.0", "a", "one"), put("keys", "k", "one")]).await?;
        two.write(store, 1, vec![put("main.0", "a", "two"), put("keys", "k", format!("two {round}"))]).await?;
    }
    let before = dump(store, "w2").await?;
    store.delete("w1").await?;
    same("w2 after w1 was deleted", &dump(store, "w2").await?, &before)?;
    same("its position", &before.head.pos, &3)?;
    two.write(store, 1, vec![]).await?;
    same("the list", &store.workspaces().await?, &vec!["w2".to_owned()])
}
