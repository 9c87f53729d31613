//! Whatever happens to a workspace's files, it is named, or it changes nothing that anybody reads.
//!
//! `KERNELOS_DAMAGE_FLIPS` and `KERNELOS_DAMAGE_SEED` say how many bits are flipped, and which.

#![cfg(test)]

mod support;

use kernel::hash::{Domain, hash};
use kernel::storage::{Address, Batch, Row, Write};
use ports::Store as _;
use serde_json::json;
use std::time::Instant;
use support::cli::Cli;
use support::damage::Subject;
use support::desk::Desk;
use support::dice::{Dice, from_environment};
use support::host::Place;
use support::say::say;
use testkit::block_on;

/// Enough for two folds of the state maps.
const PAST: usize = 850;
/// Of how many flips that changed no row one is replayed.
const ROOTS_EVERY: u64 = 5;

#[test]
fn a_flipped_bit_of_the_file_is_named_or_changes_no_row_and_no_root() {
    let subject = Subject::with_a_past(PAST);
    assert!(subject.folds >= 2, "the state maps were folded {} times", subject.folds);
    flip(&subject, from_environment("KERNELOS_DAMAGE_FLIPS", 1_000));
}

#[test]
fn a_flipped_bit_where_events_are_packed_is_named_or_changes_no_row_and_no_root() {
    flip(&Subject::with_a_packed_past(PAST), from_environment("KERNELOS_DAMAGE_FLIPS", 1_000) / 2);
}

/// Flip bits, one at a time.
fn flip(subject: &Subject, flips: u64) {
    let seed = from_environment("KERNELOS_DAMAGE_SEED", 1);
    let whole = subject.verified().unwrap();
    assert_eq!(whole.findings, vec![]);
    let (good, everything) = (subject.files(), subject.everything().unwrap());
    let length = good[0].as_ref().unwrap().len();
    assert_eq!(good[1].as_ref().map_or(0, Vec::len), 0, "a closed workspace has no log beside it");

    let (begun, mut dice) = (Instant::now(), Dice::new(seed));
    let (mut by_check, mut by_replay, mut harmless) = (0, 0, 0u64);
    for _ in 0..flips {
        let (at, bit) = (dice.place(length), dice.below(8));
        let mut bad = good.clone();
        bad[0].as_mut().unwrap()[at] ^= 1 << bit;
        subject.put(&bad);
        // The verification begins with the check; what that names needs no replay.
        if subject.check_finds_something() {
            by_check += 1;
            continue;
        }
        let same = subject.everything().as_ref() == Ok(&everything);
        // The replay reads what was just compared, so where that is the same a sample of the roots will do.
        if !same || harmless % ROOTS_EVERY == 0 {
            let verified = subject.verified();
            if verified.as_ref().map_or(true, |verified| !verified.findings.is_empty()) {
                by_replay += 1;
                continue;
            }
            assert!(same, "bit {bit} of byte {at} is read and not named");
            assert_eq!(verified.unwrap().roots, whole.roots, "bit {bit} of byte {at} changed a root and was not named");
        }
        harmless += 1;
    }
    say(&format!(
        "damage: {flips} flips in {length} bytes of {} events and {} rows: {by_check} named by the check, {by_replay} by \
         the replay, {harmless} changed nothing ({:.1} s)",
        whole.events,
        whole.rows,
        begun.elapsed().as_secs_f64(),
    ));
    assert!(by_check > 0 && harmless > 0);
}

#[test]
fn a_flipped_bit_of_the_log_or_the_anchor_is_named_or_changes_nothing() {
    let subject = Subject::with_a_past(60);
    let good = subject.killed_after(40);
    let sizes = [1, 2].map(|file| good[file].as_ref().unwrap().len());
    assert!(sizes[0] > 40 * 4096, "the log holds {} bytes", sizes[0]);
    subject.put(&good);
    let everything = subject.everything().unwrap();
    let (mut dice, mut named, mut harmless) = (Dice::new(from_environment("KERNELOS_DAMAGE_SEED", 1)), 0, 0);
    for nth in 0..250 {
        let file = if nth % 25 == 0 { 2 } else { 1 };
        let (at, bit) = (dice.place(sizes[file - 1]), dice.below(8));
        let mut bad = good.clone();
        bad[file].as_mut().unwrap()[at] ^= 1 << bit;
        subject.put(&bad);
        if subject.wrong().is_some() {
            named += 1;
        } else {
            assert!(subject.everything().as_ref() == Ok(&everything), "bit {bit} of byte {at} was read and not named");
            harmless += 1;
        }
    }
    say(&format!("damage: 250 flips in the log and the anchor: {named} named, {harmless} changed nothing"));
    assert!(named > 200);
}

#[test]
fn a_log_that_lost_its_tail_is_named_and_refuses_to_be_built_on_until_somebody_accepts_it() {
    let subject = Subject::with_a_past(60);
    let good = subject.killed_after(20);
    let length = good[1].as_ref().unwrap().len();
    let mut dice = Dice::new(1);
    let cuts = (0..12).map(|_| Some(dice.place(length))).chain([None]);
    for cut in cuts {
        let mut bad = good.clone();
        bad[1] = cut.map(|at| good[1].as_ref().unwrap()[..at].to_vec());
        subject.put(&bad);
        let named = subject.wrong().unwrap_or_default();
        assert!(named.contains("log tail lost: anchor at position"), "cut at {cut:?}: {named:?}");
        let store = subject.store();
        assert!(block_on(store.claim(&subject.name())).is_err(), "cut at {cut:?}: a lost tail was built on");
        store.accept_lost_tail(&subject.name()).unwrap();
        block_on(store.claim(&subject.name())).unwrap();
        drop(store);
        assert_eq!(subject.wrong(), None, "cut at {cut:?}");
    }
}

/// Damage by somebody who knows the store: every sum and every hash fits.
#[test]
fn rows_that_the_log_does_not_lead_to_are_named() {
    let subject = Subject::with_a_past(120);
    let good = subject.files();
    let row = |space: &str, nth: usize| {
        let rows = block_on(subject.store().range(&subject.name(), space, "task/", "task0", 9)).unwrap();
        (Address::new(space, &rows[nth].0), rows[nth].1.clone())
    };
    let altered = |space: &str, after: &str| {
        let (key, row) = block_on(subject.store().range(&subject.name(), space, after, "\u{7f}", 1)).unwrap().remove(0);
        let mut value = row.value.clone();
        *value.last_mut().unwrap() ^= 1;
        (Address::new(space, key), Write::Put(Row { hash: hash(Domain::Row, &[&value]), value, ..row }))
    };
    let (first, second) = (row("main@0", 0), row("main@0", 1));
    let swapped = [(&first.0, &second.1), (&second.0, &first.1)].map(|(at, row)| (at.clone(), Write::Put(row.clone())));
    let younger = Row { since: first.1.since + 1, ..first.1.clone() };
    let nobodys = Address::new("main@0", format!("{}0", first.0.key));
    let ready = block_on(subject.store().range(&subject.name(), "control", "ready/", "ready0", 1)).unwrap();
    let stories: Vec<(&str, Vec<(Address, Write)>)> = vec![
        ("a deleted row", vec![(first.0.clone(), Write::Delete)]),
        ("two swapped rows", swapped.to_vec()),
        ("a row that says another event wrote it", vec![(first.0.clone(), Write::Put(younger))]),
        ("a row nobody wrote", vec![(nobodys, Write::Put(first.1.clone()))]),
        ("an effect that does not wait any more", vec![(Address::new("control", &ready[0].0), Write::Delete)]),
        ("a wrapped key that was altered", vec![altered("keys", "")]),
        ("a wrapped key that is gone", vec![(altered("keys", "").0, Write::Delete)]),
        ("a row of control that was altered", vec![altered("control", "")]),
    ];
    for (story, mut writes) in stories {
        subject.put(&good);
        let store = subject.store();
        let head = block_on(store.head(&subject.name())).unwrap();
        writes.sort_by(|a, b| a.0.cmp(&b.0));
        let touched = writes[0].0.key.clone();
        let batch = Batch {
            expected_pos: head.pos,
            epoch: head.epoch,
            pos: head.pos,
            head: head.value,
            events: vec![],
            writes,
            trim: None,
        };
        block_on(store.commit(&subject.name(), &batch)).unwrap();
        drop(store);
        let named = subject.wrong().unwrap_or_else(|| panic!("{story} is not named"));
        assert!(named.contains(&touched) || named.contains("key of"), "{story}: {named}");
    }
}

/// Heads with sums that fit, and events altered past every sum.
#[test]
fn a_head_or_an_event_that_is_not_the_one_written_is_named() {
    let subject = Subject::with_a_past(PAST);
    let good = subject.files();
    let head = block_on(subject.store().head(&subject.name())).unwrap();
    let value = String::from_utf8(head.value.clone()).unwrap();
    let root = value.find("\"root\":\"").unwrap() + 8;
    let hash = value.find("\"hash\":\"").unwrap() + 8;
    for at in [root, hash] {
        subject.put(&good);
        let store = subject.store();
        let mut forged = head.value.clone();
        forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
        let batch = Batch {
            expected_pos: head.pos,
            epoch: head.epoch,
            pos: head.pos,
            head: forged,
            events: vec![],
            writes: vec![],
            trim: None,
        };
        block_on(store.commit(&subject.name(), &batch)).unwrap();
        drop(store);
        let named = subject.wrong().unwrap_or_default();
        assert!(named.starts_with("head: "), "{named:?}");
    }
    for sql in [
        "UPDATE heads SET value = x'7b7d'",
        "UPDATE events SET body = CAST(replace(CAST(body AS TEXT), 'owner', 'other') AS BLOB) WHERE pos = 7",
        "DELETE FROM events WHERE pos = 9",
        "DELETE FROM rows WHERE space = 'main@0' AND key LIKE 'task/%'",
        "UPDATE events SET sealed = (SELECT sealed FROM events WHERE length(sealed) > 0 ORDER BY pos DESC LIMIT 1) \
         WHERE pos = (SELECT min(pos) FROM events WHERE length(sealed) > 0)",
    ] {
        subject.put(&good);
        subject.sql(sql);
        assert!(subject.wrong().is_some(), "{sql}");
    }
}

/// The same as a person meets it: the host refuses, the doctor says what is wrong and how to go on.
#[test]
fn a_person_is_told_of_a_lost_tail_and_can_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::new(dir.path(), 0);
    let host = place.start();
    let mut client = host.client();
    let desk = Desk::begin(&mut client, "http://127.0.0.1:1/v1");
    for nth in 0..20 {
        let data = json!({ "title": format!("task {nth}") });
        assert_eq!(client.command(&desk.id, &format!("key-{nth}"), "task.create", &data).unwrap().status, 200);
    }
    host.kill();
    let log = place.data().join("workspaces").join(format!("{}.db-wal", desk.id));
    let bytes = std::fs::read(&log).unwrap();
    std::fs::write(&log, &bytes[..bytes.len() - 30_000]).unwrap();

    let host = place.start();
    let data = json!({ "title": "one more" });
    let refused = host.client().command(&desk.id, "one-more", "task.create", &data).unwrap();
    assert_eq!((refused.status, refused.text("/code").as_str()), (500, "damaged"), "{}", refused.json());
    assert!(refused.text("/detail").contains("log tail lost"), "{}", refused.json());
    host.kill();

    let cli = Cli::over(place.data());
    let doctor = cli.run(&["doctor"]);
    assert_eq!(doctor.code, 1, "{doctor:?}");
    let mend = format!("kernelos doctor --accept-lost-tail {}", desk.id);
    assert!(doctor.out.contains("log tail lost") && doctor.out.contains(&mend), "{doctor:?}");
    let replayed = cli.run(&["replay", "--verify"]);
    assert!(replayed.code == 3 && replayed.out.contains("log tail lost"), "{replayed:?}");

    assert_eq!(cli.run(&["doctor", "--accept-lost-tail", &desk.id]).code, 0);
    let host = place.start();
    let again = host.client().command(&desk.id, "one-more", "task.create", &data).unwrap();
    assert_eq!(again.status, 200, "{}", again.json());
    host.kill();
    assert_eq!(cli.run(&["replay", "--verify"]).code, 0);
    assert_eq!(cli.run(&["doctor"]).code, 0);
}
