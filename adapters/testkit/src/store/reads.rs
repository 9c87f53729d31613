//! Rows by address, spaces, and the log.

use kernel::storage::Address;
use ports::Store;

use super::make::{Hand, delete, put, row};
use super::say::{Why, dump, same};
use super::{Case, Subject, case};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!("rows answer in the order asked", in_order),
        case!("a row keeps the position that wrote it", since),
        case!("the spaces that hold rows are listed in order", spaces),
        case!("events are read in pages", pages),
        case!("dropping sealed units changes neither body nor hash", drops),
    ]
}

async fn in_order(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let mut hand = Hand::create(store, "w1").await?;
    hand.write(store, 1, vec![put("main.0", "a", "1"), put("main.0", "b", "2"), put("keys", "a", "3")]).await?;
    let asked = [("main.0", "b"), ("main.0", "x"), ("keys", "a"), ("none", "a"), ("main.0", "a"), ("main.0", "b")];
    let asked = asked.map(|(space, key)| Address::new(space, key));
    let want = [Some("2"), None, Some("3"), None, Some("1"), Some("2")].map(|value| Some(row(value?, 1)));
    same("the rows", &store.rows("w1", &asked).await?, &want.into())?;
    same("no rows", &store.rows("w1", &[]).await?, &vec![])
}

async fn since(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let mut hand = Hand::create(store, "w1").await?;
    let at = Address::new("main.0", "a");
    for pos in [1, 2, u64::from(u32::MAX)] {
        let write = (at.clone(), kernel::storage::Write::Put(row("1", pos)));
        hand.write(store, 1, vec![write]).await?;
        let seen = store.rows("w1", std::slice::from_ref(&at)).await?;
        same("the row", &seen, &vec![Some(row("1", pos))])?;
    }
    Ok(())
}

async fn spaces(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let mut hand = Hand::create(store, "w1").await?;
    let names = ["main.10", "control", "pages/main.0", "main.1", "main.0", "Keys", "~"];
    let writes = names.iter().flat_map(|space| [put(space, "a", "1"), put(space, "b", "2")]).collect();
    hand.write(store, 1, writes).await?;
    let mut want = names.map(String::from).to_vec();
    want.sort();
    same("the spaces", &store.spaces("w1").await?, &want)?;
    hand.write(store, 1, vec![delete("control", "a"), delete("control", "b"), delete("~", "a")]).await?;
    want.retain(|space| space != "control");
    same("the spaces after rows went", &store.spaces("w1").await?, &want)
}

async fn pages(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let mut hand = Hand::create(store, "w1").await?;
    for events in [1, 4, 2] {
        hand.write(store, events, vec![]).await?;
    }
    for (after, limit, want) in [(0, 3, 1..=3), (3, 2, 4..=5), (5, 9, 6..=7), (0, 100, 1..=7)] {
        same("a page of events", &positions(store, after, limit).await?, &want.collect())?;
    }
    for (after, limit) in [(7, 5), (100, 5), (u64::MAX, 5), (0, 0)] {
        same("an empty page", &positions(store, after, limit).await?, &vec![])?;
    }
    Ok(())
}

async fn positions(store: &dyn Store, after: u64, limit: usize) -> Result<Vec<u64>, Why> {
    Ok(store.events("w1", after, limit).await?.iter().map(|event| event.pos).collect())
}

async fn drops(subject: &mut dyn Subject) -> Result<(), Why> {
    let mut hand = Hand::create(subject.store(), "w1").await?;
    hand.write(subject.store(), 3, vec![put("main.0", "a", "1")]).await?;
    let mut want = dump(subject.store(), "w1").await?;
    subject.store().drop_sealed("w1", 2).await?;
    subject.store().drop_sealed("w1", 2).await?;
    for event in want.events.iter_mut().filter(|event| event.pos == 2) {
        event.sealed = Vec::new();
    }
    same("the workspace", &dump(subject.store(), "w1").await?, &want)?;
    subject.reopen().await?;
    same("the workspace after a restart", &dump(subject.store(), "w1").await?, &want)?;
    same("findings", &subject.store().check("w1").await?, &vec![])
}
