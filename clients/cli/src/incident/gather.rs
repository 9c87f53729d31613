//! Gathering an incident from a host: its log is read, and nothing is asked of it that it is not asked anyway.

use super::record::{Before, Incident, Seen};
use super::replay::end_of;
use super::what::{Concerns, Piece};
use crate::api::Api;
use crate::outcome::Problem;
use kernel::entity::Branch;
use kernel::event::{EventData, Header, Place, event_hash};
use kernel::hash::HashText;
use kernel::key::{Key, Space};
use kernel::machine::StreamHead;
use kernel::past::Past;
use kernel::storage::StoredEvent;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

/// How long one question may take, in milliseconds.
const READ_MS: u64 = 60_000;
/// Events of one answer.
const PAGE: u64 = 256;
/// Events of one incident.
const EVENTS_MAX: usize = 50_000;
/// Events before it that are taken along; where there are more, rows are taken instead.
const BEFORE_MAX: u64 = 4_096;
/// Turns of one step whose context is taken along.
const TURNS_MAX: u64 = 64;

/// A page of the log, as it was sent.
#[derive(Deserialize)]
struct Page {
    events: Vec<Told>,
    next: u64,
}

#[derive(Deserialize)]
struct Told {
    event: Box<RawValue>,
    hash: HashText,
    content: BTreeMap<String, Option<String>>,
}

/// The log of a workspace on a host.
#[derive(Clone, Copy)]
struct Log<'a> {
    api: &'a Api,
    base: &'a str,
}

/// What was found on the first way through the log.
#[derive(Default)]
struct Found {
    definitions: Vec<Seen>,
    events: Vec<(Seen, Header, EventData, bool)>,
    /// Whether there are other lines than the first one.
    has_lines: bool,
}

/// The piece of the workspace at `base` that is wanted.
pub async fn gather(api: &Api, base: &str, piece: Piece, redact: bool) -> Result<Incident, Problem> {
    let log = Log { api, base };
    let found = log.find(piece).await?;
    let (Some((_, first, ..)), Some((_, last, ..))) = (found.events.first(), found.events.last()) else {
        return Err(Problem::failed("not_found", "there are no such events", "See the positions in `kernelos log`."));
    };
    let (workspace, after, pos) = (first.workspace, first.pos.saturating_sub(1), last.pos);
    let before = log.before(after, pos, &found).await?;
    let contexts = if redact { Vec::new() } else { log.contexts(&found).await? };
    let roots = log.roots(pos).await?;
    let definitions = named(&found);
    let said = |seen: Seen, concerns: bool| Seen { content: seen.content.filter(|_| concerns && !redact), ..seen };
    let incident = Incident {
        workspace,
        task: if let Piece::Task(task) = piece { Some(task) } else { None },
        redacted: redact,
        after,
        pos,
        before,
        definitions: definitions.into_iter().map(|seen| said(seen, true)).collect(),
        events: found.events.into_iter().map(|(seen, _, _, concerns)| said(seen, concerns)).collect(),
        contexts,
        streams: BTreeMap::new(),
        rows: BTreeMap::new(),
        roots,
    };
    // It is replayed before it is given to anybody: what does not hold together here does not elsewhere.
    end_of(&incident).map_err(|why| Problem::damaged(why, "Run `kernelos replay --verify` to see what is damaged."))
}

impl Log<'_> {
    /// Every event after a position up to another, compared with its hash.
    async fn each(
        &self,
        mut after: u64,
        until: u64,
        mut take: impl FnMut(Seen, Header, EventData) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        while after < until {
            let limit = PAGE.min(until - after);
            let path = format!("{}/events?after={after}&limit={limit}", self.base);
            let page: Page = self.api.read_as(&path, READ_MS).await?;
            if page.events.is_empty() {
                return Ok(());
            }
            for told in page.events {
                let body = told.event.get();
                let damaged = |why: &str| Problem::damaged(format!("an event behind {after}: {why}"), "");
                if HashText(event_hash(body.as_bytes())) != told.hash {
                    return Err(damaged("its hash does not fit its bytes"));
                }
                let (header, data) = Header::decode(body.as_bytes()).map_err(|why| damaged(&why.to_string()))?;
                take(Seen { body: body.to_owned(), content: Some(told.content) }, header, data)?;
            }
            after = page.next;
        }
        Ok(())
    }

    /// Find the events of a piece, and the definitions before them.
    async fn find(&self, piece: Piece) -> Result<Found, Problem> {
        let mut found = Found::default();
        let (until, mut concerns) = match piece {
            Piece::Range(_, last) => (last, None),
            Piece::Task(task) => (u64::MAX, Some(Concerns::of(task))),
        };
        let (mut is_over, mut last) = (false, 0);
        self.each(0, until, |seen, header, data| {
            let (is_within, is_about) = match (piece, &mut concerns) {
                (Piece::Range(first, _), _) => (header.pos >= first, true),
                (Piece::Task(_), Some(concerns)) => {
                    let is_about = concerns.take(&header, &data);
                    (is_about || !found.events.is_empty(), is_about)
                }
                (Piece::Task(_), None) => (false, false),
            };
            if !is_within {
                if is_definition(&header) {
                    found.definitions.push(seen);
                }
                found.has_lines |= is_line(&header);
                return Ok(());
            }
            // So long after the last one that what comes now would be too far away.
            is_over |= found.events.len().saturating_sub(last) > EVENTS_MAX;
            if !is_over {
                found.events.push((seen, header, data, is_about));
                if is_about {
                    last = found.events.len();
                }
            }
            if last > EVENTS_MAX || (is_over && is_about) {
                let what = format!("there are more than {EVENTS_MAX} events from the first to the last");
                return Err(Problem::failed("incident_too_long", what, "Name positions: kernelos incident A..B"));
            }
            Ok(())
        })
        .await?;
        found.events.truncate(last);
        found.has_lines |= found.events.iter().any(|(_, header, ..)| is_line(header));
        Ok(found)
    }

    /// What was before the events.
    async fn before(&self, after: u64, pos: u64, found: &Found) -> Result<Before, Problem> {
        if pos <= BEFORE_MAX || found.has_lines {
            let mut events = Vec::new();
            let take = |seen: Seen, _, _| {
                events.push(seen.body);
                Ok(())
            };
            self.each(0, after, take).await?;
            return Ok(Before::Events { events });
        }
        let (mut wanted, mut workspace) = (BTreeSet::new(), None);
        for (_, header, data, _) in &found.events {
            workspace = Some(header.workspace);
            wanted.extend(header.places(data).into_iter().map(|place| match place {
                Place::Data(key) | Place::Control(key) => key,
            }));
        }
        let Some(workspace) = workspace else { return Ok(Before::Events { events: Vec::new() }) };
        let mut past = Past::new(workspace, wanted.clone(), 0, &Branch::new(None, None));
        let mut streams: BTreeMap<Space, StreamHead> = BTreeMap::new();
        let damaged = |why: String| Problem::damaged(why, "Run `kernelos replay --verify` to see what is damaged.");
        let take = |seen: Seen, header: Header, _| {
            let (stream, seq, body) = (header.stream, header.seq, seen.body.into_bytes());
            let hash = event_hash(&body);
            let stored =
                StoredEvent { pos: header.pos, stream: stream.to_string(), seq, body, hash, sealed: Vec::new() };
            streams.insert(stream, StreamHead { seq, hash: HashText(hash) });
            past.event(&stored).map_err(|why| damaged(format!("event {}: {why}", header.pos)))
        };
        self.each(0, after, take).await?;
        let rows = past.rows().map_err(damaged)?.rows;
        let rows = rows.into_iter().filter(|(_, key, ..)| wanted.contains::<Key>(key)).collect();
        Ok(Before::Rows { streams, rows })
    }

    /// What models were told in the steps that the events are about.
    async fn contexts(&self, found: &Found) -> Result<Vec<Value>, Problem> {
        let mut steps = BTreeSet::new();
        for (seen, header, _, concerns) in &found.events {
            if *concerns && ["turn.answered", "step.settled"].contains(&header.name.as_ref()) {
                let event: Value = serde_json::from_str(&seen.body).unwrap_or_default();
                steps.extend(event.pointer("/data/step").and_then(Value::as_str).map(str::to_owned));
            }
        }
        let mut contexts = Vec::new();
        for step in steps {
            let (mut turn, mut turns) = (1, 1);
            while turn <= turns {
                let path = format!("{}/steps/{step}/context?turn={turn}", self.base);
                let context = match self.api.get(&path, READ_MS).await {
                    Err(problem) if problem.code == "not_found" => break,
                    context => context?,
                };
                turns = context.get("turns").and_then(Value::as_u64).unwrap_or_default().min(TURNS_MAX);
                contexts.push(context);
                turn += 1;
            }
        }
        Ok(contexts)
    }

    /// The roots that the host has, when the log ends there.
    async fn roots(&self, pos: u64) -> Result<BTreeMap<Space, HashText>, Problem> {
        #[derive(Deserialize)]
        struct View {
            pos: u64,
            roots: BTreeMap<Space, HashText>,
        }
        let view: View = self.api.read_as(self.base, READ_MS).await?;
        Ok(if view.pos == pos { view.roots } else { BTreeMap::new() })
    }
}

/// Definitions that the events name, and those that these name.
fn named(found: &Found) -> Vec<Seen> {
    let mut texts: Vec<String> = found.events.iter().map(|(seen, ..)| seen.body.clone()).collect();
    let mut named = Vec::new();
    // The newest first: an agent names its provider, which was defined before.
    for seen in found.definitions.iter().rev() {
        let event: Value = serde_json::from_str(&seen.body).unwrap_or_default();
        let id = ["agent", "provider", "workflow"].iter().find_map(|kind| {
            let is_it = event.get("type").and_then(Value::as_str) == Some(&format!("{kind}.defined"));
            event.pointer(&format!("/data/{kind}")).and_then(Value::as_str).filter(|_| is_it)
        });
        if id.is_some_and(|id| texts.iter().any(|text| text.contains(id))) {
            texts.push(seen.body.clone());
            named.push(seen.clone());
        }
    }
    named.reverse();
    named
}

fn is_definition(header: &Header) -> bool {
    ["agent.defined", "provider.defined", "workflow.defined"].contains(&header.name.as_ref())
}

/// Whether an event begins another line, on which rows are found in more than one place.
fn is_line(header: &Header) -> bool {
    ["branch.forked", "branch.restored"].contains(&header.name.as_ref())
}
