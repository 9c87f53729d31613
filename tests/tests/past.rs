//! Whatever happened, the past is what a whole replay comes to, and every event has a way back that ends.
#![cfg(test)]

use kernel::entity::{Branch, Kind as _};
use kernel::key::{BranchId, Key, Line, Space};
use kernel::past::Past;
use kernel::replay::{Pins, Replay, note_restore};
use kernel::view::{Answer, Lookup as _, resolve};
use kernelos_tests::history::{Author, World, config, ops};
use ports::Store as _;
use ports::history::{Asked, DiffView, HistoryAsk, HistorySlice, Of, WhyView};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use testkit::block_on;

fn played(history: &[kernelos_tests::history::Op]) -> (World, Author) {
    let (mut author, mut jobs) = Author::begin(0);
    jobs.extend(history.iter().map(|op| author.job(op)));
    let mut world = block_on(World::new());
    block_on(world.play(&jobs, &[]));
    (world, author)
}

fn replayed(world: &World, until: u64) -> Replay {
    let events = block_on(world.store.events(&world.workspace.to_string(), 0, until as usize)).unwrap();
    let mut pins = Pins::new();
    events.iter().for_each(|event| note_restore(event, &mut pins));
    let mut replay = Replay::with_restores(world.workspace, pins);
    events.iter().for_each(|event| replay.event(event).unwrap());
    replay
}

/// Encoded rows of control, and those that `main` sees.
fn rows(replay: &Replay) -> BTreeMap<Key, Vec<u8>> {
    let (state, main) = (replay.state(), replay.main());
    let control = state.rows(Space::Control).into_iter().flat_map(|rows| rows.present());
    let mut rows: BTreeMap<Key, Vec<u8>> = control.map(|(key, entity, _)| (*key, entity.encode().unwrap())).collect();
    for incarnation in 0..=main.incarnation {
        let line = Space::Data(Line { incarnation, ..main });
        for (key, ..) in state.rows(line).into_iter().flat_map(|rows| rows.present()) {
            rows.extend(resolve(state, main, key).unwrap().map(|found| (*key, found.entity.encode().unwrap())));
        }
    }
    rows
}

/// What the lines of `main` stand on.
fn main_of(replay: &Replay) -> Branch {
    match replay.state().get(Space::Control, &Key::Branch(BranchId::Main)) {
        Answer::Present(found) => Branch::of(found.entity).unwrap().clone(),
        _ => Branch::new(None, None),
    }
}

fn answer<T: DeserializeOwned>(world: &mut World, asked: &Asked) -> Option<T> {
    let mut so_far = None;
    loop {
        match block_on(world.sequencer.history(&HistoryAsk { asked: asked.clone(), so_far })).unwrap() {
            HistorySlice::Answer(view) => return view.map(|view| serde_json::from_value(view).unwrap()),
            HistorySlice::More(next) => so_far = Some(next),
        }
    }
}

#[test]
fn restores_among_the_events_count_once_for_whoever_wants_what_they_touch() {
    let (mut world, mut author) = played(&[]);
    let pos = world.sequencer.pos();
    for title in ["one", "two"] {
        for (name, data) in [("task.create", json!({"title": title})), ("branch.restore", json!({"pos": pos}))] {
            let job = author.write(0, BranchId::Main, name, &data);
            assert_eq!(block_on(world.send(&job)).unwrap().rejected, None);
        }
    }
    let replay = replayed(&world, world.sequencer.pos());
    let (main, then) = (main_of(&replay), rows(&replay));
    let wanted: BTreeSet<Key> = then.keys().copied().filter(|key| *key != Key::Branch(BranchId::Main)).collect();
    let mut past = Past::new(world.workspace, wanted.clone(), 0, &main);
    let events = block_on(world.store.events(&world.workspace.to_string(), 0, usize::MAX >> 1)).unwrap();
    events.iter().for_each(|event| past.event(event).unwrap());
    for key in wanted {
        let found = past.get(&key).map(|found| found.entity.encode().unwrap());
        assert_eq!(found.as_ref(), then.get(&key), "{key}");
    }
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn a_few_rows_of_any_history_are_what_a_whole_replay_comes_to(history in ops(1..80), at in 0.0..1.0f64) {
        let (world, _) = played(&history);
        let end = world.sequencer.pos();
        let whole = replayed(&world, end);
        let (main, whole) = (main_of(&whole), rows(&whole));
        let until = 1 + ((end - 1) as f64 * at) as u64;
        let then = rows(&replayed(&world, until));
        let events = block_on(world.store.events(&world.workspace.to_string(), 0, until as usize)).unwrap();
        let wanted: BTreeSet<Key> = whole.keys().copied().step_by(5).collect();
        let mut past = Past::new(world.workspace, wanted.clone(), 0, &main);
        events.iter().for_each(|event| past.event(event).unwrap());
        for key in &wanted {
            let found = past.get(key).map(|found| found.entity.encode().unwrap());
            prop_assert_eq!(found.as_ref(), then.get(key), "{} at {}", key, until);
        }
    }

    #[test]
    fn a_difference_of_any_history_names_what_differs(history in ops(1..80), at in 0.0..1.0f64) {
        let (mut world, _) = played(&history);
        let end = world.sequencer.pos();
        let from = (end as f64 * at) as u64;
        let (before, after) = (rows(&replayed(&world, from)), rows(&replayed(&world, end)));
        let (mut skip, mut named) = (0, BTreeSet::new());
        loop {
            let page: DiffView = answer(&mut world, &Asked::Diff { from, to: Some(end), skip, limit: 64 }).unwrap();
            for entity in &page.entities {
                let key: Key = entity.key.parse().unwrap();
                prop_assert_ne!(before.get(&key), after.get(&key), "{}", key);
                prop_assert_eq!((entity.added, entity.removed), (!before.contains_key(&key), !after.contains_key(&key)));
                named.insert(key);
            }
            let Some(next) = page.next else {
                // Of what is new nothing is passed over, and it is counted as what it is.
                let is_new = |key: &&Key| !before.contains_key(key) && (is_shown(key) || named.contains(*key));
                let new = after.keys().filter(is_new);
                let mut counted: BTreeMap<&str, u64> = BTreeMap::new();
                for key in new {
                    prop_assert!(named.contains(key), "{} is new", key);
                    *counted.entry(key.kind()).or_default() += 1;
                }
                let kinds = page.kinds.iter().filter(|kind| kind.added > 0);
                let kinds: BTreeMap<&str, u64> = kinds.map(|kind| (kind.kind.as_str(), kind.added)).collect();
                prop_assert_eq!(kinds, counted);
                break;
            };
            skip = next as usize;
        }
    }

    #[test]
    fn every_event_of_any_history_has_a_way_back_that_ends(history in ops(1..60)) {
        let (mut world, author) = played(&history);
        for pos in 1..=world.sequencer.pos() {
            let why: WhyView = answer(&mut world, &Asked::Why(Of::Event(pos))).unwrap();
            let first = why.reasons.first().map(|reason| reason.pos);
            prop_assert_eq!((why.of, first), (pos, Some(pos)), "{:?}", why);
            for reason in &why.reasons {
                prop_assert!(reason.because.iter().all(|cause| *cause < reason.pos), "{:?}", reason);
            }
            if why.task.is_some() {
                prop_assert!(led_back(&why), "{}: {:?}", pos, names(&why));
            }
        }
        for task in &author.tasks {
            // A task that was refused was never there.
            let asked = Asked::Why(Of::Thing(*task));
            if let Some(why) = answer::<WhyView>(&mut world, &asked) {
                prop_assert_eq!(why.task, Some(*task));
            }
        }
    }
}

fn led_back(why: &WhyView) -> bool {
    why.reasons.iter().any(|reason| reason.event == "task.created")
}

/// Positions and types of the reasons, each with those of its causes.
fn names(why: &WhyView) -> Vec<String> {
    why.reasons.iter().map(|it| format!("{} {} {:?} {}", it.pos, it.event, it.because, it.data)).collect()
}

/// Bookkeeping and indexes are not shown.
fn is_shown(key: &Key) -> bool {
    let is_index = matches!(key, Key::Due(..) | Key::Expiry(..) | Key::Leased(..) | Key::Open(_) | Key::Ready(_));
    let is_kept_for_others = matches!(key, Key::Blob(_) | Key::Chain(..) | Key::Command(_) | Key::Name(_));
    // There is nothing to say of main when it begins, and later only where something stands on it.
    let is_main = matches!(key, Key::Branch(BranchId::Main));
    !is_index && !is_kept_for_others && !is_main
}
