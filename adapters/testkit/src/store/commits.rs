//! What an accepted commit does.

use kernel::storage::{Address, Head, ROW_BYTES_MAX};

use super::make::{Hand, delete, insert, put, row};
use super::say::{Why, dump, same};
use super::{Case, Subject, case};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!("a commit appends its events and replaces the head", appends),
        case!("a commit writes, replaces and removes rows", rewrites),
        case!("a commit may write rows without an event", without_events),
        case!("an insert takes a free address", inserts),
        case!("the largest value is accepted", largest),
        case!("an empty value is a value", empty_value),
        case!("every byte of a value and every character of a key is kept", every_byte),
    ]
}

async fn appends(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let mut hand = Hand::create(store, "w1").await?;
    let first = hand.batch(2, vec![]);
    hand.commit(store, &first).await?;
    let second = hand.batch(3, vec![]);
    hand.commit(store, &second).await?;
    let head = Head { pos: 5, epoch: hand.epoch, value: second.head };
    same("the head", &store.head("w1").await?, &head)?;
    same("the log", &store.events("w1", 0, 100).await?, &[first.events, second.events].concat())
}

async fn rewrites(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let mut hand = Hand::create(store, "w1").await?;
    hand.write(store, 1, vec![put("main.0", "a", "1"), put("main.0", "b", "2"), put("main.0", "c", "3")]).await?;
    hand.write(store, 1, vec![put("main.0", "a", "longer"), delete("main.0", "b"), delete("main.0", "x")]).await?;
    let rows = dump(store, "w1").await?.rows;
    let want = [("a", "longer"), ("c", "3")].map(|(key, value)| (Address::new("main.0", key), row(value, 1)));
    same("the rows", &rows, &want.into())?;
    hand.write(store, 1, vec![put("main.0", "b", "again"), delete("main.0", "a"), delete("main.0", "c")]).await?;
    let want = vec![(Address::new("main.0", "b"), row("again", 1))];
    same("the rows after", &dump(store, "w1").await?.rows, &want)
}

async fn without_events(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let mut hand = Hand::create(store, "w1").await?;
    hand.write(store, 0, vec![put("keys", "k", "1")]).await?;
    hand.write(store, 0, vec![put("keys", "k", "2")]).await?;
    let seen = dump(store, "w1").await?;
    same("the position", &seen.head.pos, &0)?;
    same("the row", &seen.rows, &vec![(Address::new("keys", "k"), row("2", 1))])
}

async fn inserts(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let mut hand = Hand::create(store, "w1").await?;
    hand.write(store, 1, vec![insert("control", "a", "1")]).await?;
    hand.write(store, 1, vec![delete("control", "a")]).await?;
    hand.write(store, 1, vec![insert("control", "a", "2")]).await?;
    same("the row", &dump(store, "w1").await?.rows, &vec![(Address::new("control", "a"), row("2", 1))])
}

async fn largest(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let mut hand = Hand::create(store, "w1").await?;
    let mut batch = hand.batch(1, vec![put("main.0", "a", vec![7; ROW_BYTES_MAX])]);
    batch.events = vec![super::event(1, vec![8; ROW_BYTES_MAX], vec![9; ROW_BYTES_MAX])];
    hand.commit(store, &batch).await?;
    let seen = dump(store, "w1").await?;
    same("the event", &seen.events, &batch.events)?;
    same("the row", &seen.rows, &vec![(Address::new("main.0", "a"), row(vec![7; ROW_BYTES_MAX], 1))])
}

async fn empty_value(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let mut hand = Hand::create(store, "w1").await?;
    let mut batch = hand.batch(1, vec![put("main.0", "a", "")]);
    batch.events = vec![super::event(1, "{}", "")];
    hand.commit(store, &batch).await?;
    let seen = dump(store, "w1").await?;
    same("the event", &seen.events, &batch.events)?;
    same("the row", &seen.rows, &vec![(Address::new("main.0", "a"), row("", 1))])
}

async fn every_byte(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let mut hand = Hand::create(store, "w1").await?;
    let value: Vec<u8> = (0..=255).collect();
    let keys: Vec<String> = (b' '..=b'~').map(|byte| format!("k{}'\"%_\\", char::from(byte))).collect();
    let writes = keys.iter().map(|key| put("pages/main.0", key, value.clone())).collect();
    hand.write(store, 1, writes).await?;
    let mut want: Vec<Address> = keys.iter().map(|key| Address::new("pages/main.0", key)).collect();
    want.sort();
    let rows = store.rows("w1", &want).await?;
    same("rows by key", &rows, &vec![Some(row(value.clone(), 1)); want.len()])?;
    let found: Vec<Address> = dump(store, "w1").await?.rows.into_iter().map(|(at, _)| at).collect();
    same("keys in a range", &found, &want)
}
