//! Ranges: order, ends and limits.

use ports::Store;

use super::make::{Hand, put};
use super::say::{Why, same};
use super::{Case, Subject, case};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!("a range is ordered byte by byte", ordered),
        case!("a range excludes both its ends", ends),
        case!("a range keeps its limit and can be continued", limits),
        case!("a range stays in its space", in_space),
    ]
}

/// Write a row at each of `keys` of `space`.
async fn with_keys(store: &dyn Store, space: &str, keys: &[&str]) -> Result<Hand, Why> {
    let mut hand = Hand::create(store, "w1").await?;
    hand.write(store, 1, keys.iter().map(|key| put(space, key, *key)).collect()).await?;
    Ok(hand)
}

async fn keys(store: &dyn Store, after: &str, until: &str, limit: usize) -> Result<Vec<String>, Why> {
    let rows = store.range("w1", "main.0", after, until, limit).await?;
    Ok(rows.into_iter().map(|(key, _)| key).collect())
}

fn owned(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

async fn ordered(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let written = ["b", "a", "B", "a ", "aa", "a/b", "a.b", "_", "~", "10", "9", "A", "a~", "Z", "-", "aA"];
    with_keys(store, "main.0", &written).await?;
    let mut want = owned(&written);
    want.sort_by(|one, next| one.as_bytes().cmp(next.as_bytes()));
    same("the keys", &keys(store, "", "\u{7f}", 100).await?, &want)
}

async fn ends(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    with_keys(store, "main.0", &["a", "b", "ba", "c", "d"]).await?;
    for (after, until, want) in [
        ("a", "d", ["b", "ba", "c"].as_slice()),
        ("", "b", &["a"]),
        ("b", "c", &["ba"]),
        ("aa", "bz", &["b", "ba"]),
        ("d", "z", &[]),
        ("b", "b", &[]),
        ("c", "a", &[]),
        ("", "", &[]),
    ] {
        let seen = keys(store, after, until, 100).await?;
        same(&format!("keys between {after:?} and {until:?}"), &seen, &owned(want))?;
    }
    Ok(())
}

async fn limits(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let written: Vec<String> = (10..27).map(|number| format!("k{number}")).collect();
    let names: Vec<&str> = written.iter().map(String::as_str).collect();
    with_keys(store, "main.0", &names).await?;
    same("no limit at all", &keys(store, "", "z", usize::MAX).await?, &written)?;
    same("a limit of zero", &keys(store, "", "z", 0).await?, &vec![])?;
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = keys(store, &after, "z", 5).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(last);
        seen.push(page.len());
    }
    same("the pages", &seen, &vec![5, 5, 5, 2])
}

async fn in_space(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let mut hand = with_keys(store, "main.0", &["a", "c"]).await?;
    let neighbours = ["main", "main.", "main.00", "main.1", "Main.0", "pages/main.0"];
    hand.write(store, 1, neighbours.iter().map(|space| put(space, "b", "1")).collect()).await?;
    same("the keys", &keys(store, "", "z", 100).await?, &owned(&["a", "c"]))?;
    same("a space without rows", &store.range("w1", "main.2", "", "z", 9).await?, &vec![])
}
