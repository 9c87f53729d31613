//! Replaying an incident: whether the events hold together, and whether applying them comes to what was recorded.

use super::record::{Before, Incident, Seen};
use kernel::event::{Header, event_hash};
use kernel::hash::{FORMAT, HashText};
use kernel::key::Key;
use kernel::machine::row_hash;
use kernel::replay::{Pins, Replay, note_restore};
use kernel::snapshot::{Manifest, SNAPSHOT_FORMAT};
use kernel::storage::{Row, StoredEvent};
use std::collections::BTreeMap;

/// What a replay came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// Events of the incident that were replayed.
    pub events: u64,
    /// Events before them that were replayed to get there.
    pub before: u64,
    /// Rows that were compared at the end.
    pub rows: u64,
    /// What is not as it was recorded; empty when everything is.
    pub findings: Vec<String>,
}

/// Apply the events to what was before them, and compare.
pub fn replayed(incident: &Incident) -> Replayed {
    let mut done = Replayed { events: 0, before: 0, rows: 0, findings: Vec::new() };
    if let Err(finding) = run(incident, &mut done) {
        done.findings.push(finding);
    }
    done
}

fn run(incident: &Incident, done: &mut Replayed) -> Result<(), String> {
    let mut replay = begun(incident)?;
    if let Before::Events { events } = &incident.before {
        for body in events {
            apply(&mut replay, body)?;
            done.before += 1;
        }
    }
    if replay.heads().pos() != incident.after {
        return Err(format!("what was before ends at event {}, and not at {}", replay.heads().pos(), incident.after));
    }
    for seen in &incident.events {
        apply(&mut replay, &seen.body)?;
        done.events += 1;
    }
    if replay.heads().pos() != incident.pos {
        return Err(format!("the events end at {}, and not at {}", replay.heads().pos(), incident.pos));
    }
    if replay.heads().streams != incident.streams {
        return Err("the last events are not those that were recorded as the last".to_owned());
    }
    ends(incident, &replay, done)
}

/// The state before the events, or before the first event of all.
fn begun(incident: &Incident) -> Result<Replay, String> {
    match &incident.before {
        Before::Events { events } => {
            let mut pins = Pins::new();
            for body in events.iter().chain(incident.events.iter().map(|seen| &seen.body)) {
                note_restore(&stored(body)?, &mut pins);
            }
            Ok(Replay::with_restores(incident.workspace, pins))
        }
        Before::Rows { streams, rows } => {
            let manifest = Manifest {
                snapshot: SNAPSHOT_FORMAT,
                format: FORMAT,
                workspace: incident.workspace,
                pos: incident.after,
                made_at: 0,
                streams: streams.clone(),
                roots: BTreeMap::new(),
                spaces: BTreeMap::new(),
                written: 0,
            };
            let rows = rows.iter().map(|(space, key, since, value)| {
                let value = value.clone().into_bytes();
                (*space, key.to_string(), Row { hash: row_hash(&value), value, since: *since })
            });
            Replay::from_snapshot(&manifest, rows)
        }
    }
}

fn apply(replay: &mut Replay, body: &str) -> Result<(), String> {
    let event = stored(body)?;
    replay.event(&event).map_err(|why| format!("event {}: {why}", event.pos))
}

/// The event as a store has it. Its sealed units stay where it was recorded.
pub fn stored(body: &str) -> Result<StoredEvent, String> {
    let body = body.as_bytes().to_vec();
    let (header, _) = Header::decode(&body).map_err(|why| format!("an event cannot be read: {why}"))?;
    let (pos, seq, hash) = (header.pos, header.seq, event_hash(&body));
    Ok(StoredEvent { pos, stream: header.stream.to_string(), seq, body, hash, sealed: Vec::new() })
}

/// Whether the end is the one that was recorded.
fn ends(incident: &Incident, replay: &Replay, done: &mut Replayed) -> Result<(), String> {
    let rows = touched(incident, replay)?;
    done.rows = rows.len() as u64;
    for (at, recorded) in &incident.rows {
        match rows.get(at) {
            Some(found) if found == recorded => {}
            Some(_) => done.findings.push(format!("{at} comes to something else than was recorded")),
            None => done.findings.push(format!("{at} was recorded, and nothing comes to it")),
        }
    }
    let more = rows.keys().filter(|at| !incident.rows.contains_key(*at));
    done.findings.extend(more.map(|at| format!("{at} comes to be, and was not recorded")));
    if matches!(incident.before, Before::Events { .. }) {
        for (space, recorded) in &incident.roots {
            if replay.root(*space)? != *recorded {
                done.findings.push(format!("the root of {space} is another one than was recorded"));
            }
        }
    }
    Ok(())
}

/// Rows that the events touch, as they are at the end: their hashes, by space and key.
pub fn touched(incident: &Incident, replay: &Replay) -> Result<BTreeMap<String, HashText>, String> {
    let mut touched = BTreeMap::new();
    let rows = replay.rows()?;
    for (space, key) in places(&incident.events)? {
        if let Some(row) = rows.get(&space).and_then(|rows| rows.get(&key)) {
            touched.insert(format!("{space}/{key}"), HashText(row.hash));
        }
    }
    Ok(touched)
}

fn places(events: &[Seen]) -> Result<Vec<(String, String)>, String> {
    let mut places = Vec::new();
    for seen in events {
        let (header, data) =
            Header::decode(seen.body.as_bytes()).map_err(|why| format!("an event cannot be read: {why}"))?;
        places.extend(header.places(&data).iter().map(|place| {
            let (space, key): (String, &Key) = match place {
                kernel::event::Place::Data(key) => (header.line().to_string(), key),
                kernel::event::Place::Control(key) => ("control".to_owned(), key),
            };
            (space, key.to_string())
        }));
    }
    places.sort_unstable();
    places.dedup();
    Ok(places)
}

/// What the end of the incident is, as this program comes to it.
pub fn end_of(incident: &Incident) -> Result<Incident, String> {
    let mut replay = begun(incident)?;
    if let Before::Events { events } = &incident.before {
        events.iter().try_for_each(|body| apply(&mut replay, body))?;
    }
    incident.events.iter().try_for_each(|seen| apply(&mut replay, &seen.body))?;
    let rows = touched(incident, &replay)?;
    Ok(Incident { streams: replay.heads().streams.clone(), rows, ..incident.clone() })
}
