//! How fast events become state: `apply` alone, and a replay that verifies every hash while content stays sealed.

use crate::desk::{Desk, block_on};
use crate::recorder::Recorder;
use crate::report::{Report, Target, median};
use kernel::apply::apply;
use kernel::event::{EventData, Header};
use kernel::replay::Replay;
use kernel::state::State;
use kernel::storage::StoredEvent;
use ports::Store as _;
use std::rc::Rc;
use std::time::Instant;
use store_memory::MemoryStore;

const EVENTS: usize = 1_000_000;
const TASKS: usize = 50_000;
const ROUNDS: usize = 3;

pub fn run(report: &mut Report) -> Result<(), String> {
    let stored = history()?;
    let decoded: Result<Vec<(Header, EventData)>, String> =
        stored.iter().map(|event| Header::decode(&event.body).map_err(|why| why.to_string())).collect();
    let decoded = decoded?;
    let rate = median((0..ROUNDS).map(|_| applied(&decoded)).collect());
    report.row("apply of small events", rate, "1/s", decoded.len() as f64, Target::AtLeast(1e6));
    drop(decoded);
    let rates: Result<Vec<f64>, String> = (0..ROUNDS).map(|_| verified(&stored)).collect();
    report.row(
        "verified replay, content staying sealed",
        median(rates?),
        "1/s",
        stored.len() as f64,
        Target::AtLeast(150e3),
    );
    Ok(())
}

/// Events of tasks that are created one after the other.
fn history() -> Result<Vec<StoredEvent>, String> {
    block_on(async {
        let store = MemoryStore::default();
        let mut desk = Desk::create(Rc::new(Recorder::counting(store.clone())), 1).await?;
        desk.tasks(TASKS, 64).await?;
        store.events(&desk.workspace.to_string(), 0, usize::MAX >> 1).await.map_err(|why| why.to_string())
    })
}

/// A million applications: the same events again and again, each time at later positions, on a state that keeps growing
/// more familiar, as in a workspace whose tasks are worked on.
fn applied(events: &[(Header, EventData)]) -> f64 {
    let mut state = State::complete();
    let began = Instant::now();
    let mut done = 0;
    while done < EVENTS {
        for (header, data) in events {
            apply(&mut state, header, data);
        }
        done += events.len();
    }
    done as f64 / began.elapsed().as_secs_f64()
}

fn verified(events: &[StoredEvent]) -> Result<f64, String> {
    let (header, _) =
        events.first().map(|event| Header::decode(&event.body)).ok_or("no events")?.map_err(|why| why.to_string())?;
    let mut replay = Replay::new(header.workspace);
    let began = Instant::now();
    for event in events {
        replay.event(event)?;
    }
    let spaces: Vec<_> = replay.state().mapped().map(|(space, _)| space).collect();
    for space in spaces {
        replay.root(space)?;
    }
    Ok(events.len() as f64 / began.elapsed().as_secs_f64())
}
