//! What a refused commit must not do: anything.

use kernel::storage::{Address, Batch, ROW_BYTES_MAX};
use ports::{Conflict, Store, StoreError};

use super::make::{Hand, delete, event, insert, put};
use super::say::{Why, dump, refused, refused_somehow, same};
use super::{Case, Subject, case};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!("a batch committed twice is refused the second time", twice),
        case!("a commit on a head that moved is refused", moved),
        case!("a taken address refuses the whole batch", taken),
        case!("a value too large refuses the whole batch", too_large),
        case!("a gap in the positions refuses the batch", gaps),
        case!("addresses are plain ASCII, ordered, and named once", addresses),
    ]
}

/// A workspace with three events and some rows, and the hand that wrote them.
async fn begun(store: &dyn Store) -> Result<Hand, StoreError> {
    let mut hand = Hand::create(store, "w1").await?;
    hand.write(store, 2, vec![put("main.0", "a", "1"), insert("control", "m", "2")]).await?;
    hand.write(store, 1, vec![put("main.0", "b", "3")]).await?;
    Ok(hand)
}

/// Hold that `batch` is refused with `want` and that afterwards everything is as before.
async fn refused_whole(store: &dyn Store, what: &str, batch: &Batch, want: Option<StoreError>) -> Result<(), Why> {
    let before = dump(store, "w1").await?;
    let got = store.commit("w1", batch).await;
    match want {
        Some(want) => refused(what, got, &want)?,
        None => refused_somehow(what, got)?,
    }
    same(&format!("the workspace after a refused commit ({what})"), &dump(store, "w1").await?, &before)
}

async fn twice(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let mut hand = begun(store).await?;
    let batch = hand.batch(1, vec![put("main.0", "a", "new")]);
    hand.commit(store, &batch).await?;
    let moved = StoreError::Conflict(Conflict::Head { stored: 4 });
    refused_whole(store, "the same batch again", &batch, Some(moved)).await
}

async fn moved(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let hand = begun(store).await?;
    for pos in [0, 2, 4, 1 << 40] {
        let stale = Hand { pos, ..hand.clone() };
        let batch = stale.batch(1, vec![put("main.0", "a", "new"), delete("main.0", "b")]);
        let moved = StoreError::Conflict(Conflict::Head { stored: 3 });
        refused_whole(store, &format!("a batch on position {pos}"), &batch, Some(moved)).await?;
    }
    let stale = Hand { pos: 2, ..hand.clone() };
    let moved = StoreError::Conflict(Conflict::Head { stored: 3 });
    refused_whole(store, "rows without events", &stale.batch(0, vec![delete("main.0", "b")]), Some(moved)).await
}

async fn taken(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let mut hand = begun(store).await?;
    let writes = |key| {
        let around = [put("control", "a", "new"), delete("main.0", "a"), put("main.0", "b", "new")];
        [around.as_slice(), &[insert("control", key, "new"), insert("zone", "z", "new")]].concat()
    };
    let want = StoreError::Conflict(Conflict::Taken(Address::new("control", "m")));
    refused_whole(store, "a taken address", &hand.batch(2, writes("m")), Some(want)).await?;
    hand.write(store, 2, writes("free")).await?;
    same("the position", &store.head("w1").await?.pos, &5)
}

async fn too_large(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let hand = begun(store).await?;
    let (big, bytes) = (vec![7; ROW_BYTES_MAX + 1], ROW_BYTES_MAX + 1);
    let around = [put("control", "a", "new"), delete("main.0", "b"), put("zone", "z", "new")];
    for write in [put("main.0", "a", big.clone()), insert("main.0", "free", big.clone())] {
        let what = format!("{}/{}", write.0.space, write.0.key);
        let batch = hand.batch(1, [around.as_slice(), &[write]].concat());
        refused_whole(store, "a row", &batch, Some(StoreError::TooLarge { what, bytes })).await?;
    }
    for large in [event(5, big.clone(), ""), event(5, "{}", big)] {
        let batch = Batch { events: vec![event(4, "{}", ""), large], ..hand.batch(2, around.to_vec()) };
        refused_whole(store, "an event", &batch, None).await?;
    }
    Ok(())
}

async fn gaps(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let hand = begun(store).await?;
    let good = hand.batch(2, vec![put("main.0", "a", "new")]);
    let log = |positions: &[u64]| positions.iter().map(|pos| event(*pos, "{}", "")).collect();
    let bad = [
        ("a head beyond its events", Batch { pos: 6, ..good.clone() }),
        ("a head before its events", Batch { pos: 4, ..good.clone() }),
        ("a missing event", Batch { events: log(&[4]), ..good.clone() }),
        ("a gap", Batch { events: log(&[4, 6]), ..good.clone() }),
        ("a position twice", Batch { events: log(&[4, 4]), ..good.clone() }),
        ("positions in disorder", Batch { events: log(&[5, 4]), ..good.clone() }),
        ("a position that is taken", Batch { events: log(&[3, 4]), ..good.clone() }),
        ("a head that goes back", Batch { pos: 2, events: vec![], ..good }),
    ];
    for (what, batch) in &bad {
        refused_whole(store, what, batch, None).await?;
    }
    Ok(())
}

async fn addresses(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let hand = begun(store).await?;
    for odd in ["a\0b", "\0", "a\nb", "é", "\u{7f}", "a\u{2028}"] {
        refused_whole(store, &format!("key {odd:?}"), &hand.batch(1, vec![put("main.0", odd, "1")]), None).await?;
        refused_whole(store, &format!("space {odd:?}"), &hand.batch(1, vec![put(odd, "a", "1")]), None).await?;
    }
    let disorder = Batch { writes: vec![put("main.0", "b", "1"), put("main.0", "a", "1")], ..hand.batch(1, vec![]) };
    refused_whole(store, "addresses in disorder", &disorder, None).await?;
    let double = hand.batch(1, vec![put("main.0", "a", "1"), delete("main.0", "a")]);
    refused_whole(store, "an address twice", &double, None).await
}
