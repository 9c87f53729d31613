//! All is quiet again: what nobody answered is answered now, what a restore holds is decided, and everything is compared with
//! everything.

use super::rule::{Held, Rule, Wrong};
use super::seats::KEY;
use super::stranded::nothing_is_stranded;
use super::world::World;
use kernel::hash::HashText;
use kernel::key::{BranchId, Space};
use kernel::replay::{Pins, Replay, note_restore};
use kernel::segment::SEGMENTS_SPACE;
use kernel::snapshot::{Manifest, SNAPSHOTS_SPACE};
use ports::restored::RestoredView;
use ports::sequencing::WorkspaceView;
use ports::views::Query;
use ports::{Conflict, StoreError};
use sequencer::{Failure, Sequencer, verify};
use serde_json::json;
use std::collections::BTreeMap;

use super::older::Older;

/// How often everything left is sent again at the end, until it is answered.
const ROUNDS_MAX: usize = 8;
/// In so many of a hundred runs everything is replayed from one of the snapshots, too.
const REPLAYED: u64 = 50;
/// In so many of a hundred runs, something is damaged at the end.
const DAMAGED: u64 = 25;
/// In so many more the workspace goes to another host, or nearly.
const TRAVELS: u64 = DAMAGED + 15;

type Roots = BTreeMap<Space, HashText>;

fn failed(what: &str, failure: impl std::fmt::Debug) -> Wrong {
    Rule::Answers.by(format!("{what}: {failure:?}"))
}

impl World {
    /// The end of a run.
    pub(crate) async fn end(&mut self) -> Held {
        self.weather.turn(false);
        if self.rng.chance(50) {
            self.crash().await?;
        }
        self.claim();
        for _ in 0..ROUNDS_MAX {
            self.settle().await?;
            self.send_all_waiting();
        }
        self.settle().await?;
        if let [nth, ..] = self.ledger.waiting()[..] {
            return Rule::Answers.broken(format!("request {nth} is never answered"));
        }
        self.decide_what_is_held().await?;
        self.compare().await?;
        self.nobody_else_removes_it().await?;
        let last = match self.rng.below(100) {
            0..DAMAGED => self.damage_is_named().await,
            DAMAGED..TRAVELS => self.travels().await,
            _ => Ok(()),
        };
        self.counts.events = self.log.pos;
        for (name, count) in std::mem::take(&mut self.log.types) {
            *self.counts.happened.entry(name).or_default() += count;
        }
        last
    }

    pub(crate) fn newest(&mut self) -> Result<&mut Sequencer, Wrong> {
        self.seats.last_mut().and_then(|seat| seat.idle()).ok_or_else(|| Rule::Answers.by("there is no sequencer"))
    }

    pub(crate) async fn described(&mut self) -> Result<WorkspaceView, Wrong> {
        self.newest()?.describe().await.map_err(|failure| failed("a description", failure))
    }

    /// Somebody decides about everything that waits for a decision, and lets it go on.
    async fn decide_what_is_held(&mut self) -> Held {
        if !self.known.is_held {
            return Ok(());
        }
        let view = self.newest()?.read(&Query::Restored).await.map_err(|failure| failed("what is held", failure))?;
        let view: RestoredView =
            serde_json::from_value(view.unwrap_or_default()).map_err(|why| failed("a view", why))?;
        Rule::Stranded.must(view.held, || "what a restore holds is not shown as held".to_owned())?;
        for item in view.items.iter().filter(|item| item.open) {
            let choices: &[&str] =
                if item.came.is_some() { &["take", "again", "give_up"] } else { &["again", "give_up"] };
            let choice = self.rng.pick(choices).copied().unwrap_or("give_up");
            self.write(2, BranchId::Main, "work.decide", &json!({"item": item.item, "choice": choice}));
        }
        self.write(2, BranchId::Main, "work.release", &json!({}));
        for _ in 0..ROUNDS_MAX {
            self.settle().await?;
            self.send_all_waiting();
        }
        Rule::Stranded.must(!self.known.is_held, || "everything is decided, and it is not released".to_owned())
    }

    /// Live, replayed from empty and from snapshots there are the same roots.
    async fn compare(&mut self) -> Held {
        let disk = self.disk();
        let verified = verify(disk.store(), self.workspace, &KEY).await.map_err(|why| failed("a verification", why))?;
        if let Some(finding) = verified.findings.first() {
            let other = self.rows_that_differ(&finding.what).await.unwrap_or_default();
            return Rule::Roots.broken(format!("{}: {}{other}", finding.what, finding.why));
        }
        let described = self.described().await?;
        same(&described.roots, &verified.roots, "what is described")?;
        let manifests = self.snapshots().await?;
        if let Some(at) = self.rng.pick(&manifests).copied().filter(|_| self.rng.chance(REPLAYED)) {
            self.replayed_from(at, &verified.roots).await?;
        }
        self.nothing_waits_for_ever().await
    }

    async fn nothing_waits_for_ever(&self) -> Held {
        let (name, log) = (self.workspace.to_string(), Older::whole(self.disk()));
        let events = log.events(&name, 0, usize::MAX >> 1).await.map_err(|why| failed("the log", why))?;
        let mut pins = Pins::new();
        events.iter().for_each(|event| note_restore(event, &mut pins));
        let mut replay = Replay::with_restores(self.workspace, pins);
        events.iter().try_for_each(|event| replay.event(event)).map_err(|why| failed("a replay", why))?;
        nothing_is_stranded(&replay)
    }

    /// The first rows of a snapshot that the events do not lead to.
    async fn rows_that_differ(&self, what: &str) -> Option<String> {
        let pos = what.strip_prefix("snapshot ")?.parse().ok()?;
        let mut rows = Vec::new();
        for until in [0, pos] {
            let store = std::rc::Rc::new(Older { disk: self.disk(), until });
            let mut it = Sequencer::claim(store, self.workspace, KEY).await.ok()?;
            let past = it.past(pos).await.ok()?.replay.rows().ok()?;
            let all = past.into_iter().flat_map(|(space, rows)| {
                rows.into_iter()
                    .map(move |(key, row)| (format!("{space}/{key}"), String::from_utf8_lossy(&row.value).into_owned()))
            });
            rows.push(all.filter(|(key, _)| !key.starts_with("dedupe/")).collect::<BTreeMap<String, String>>());
        }
        let [replayed, kept] = rows.try_into().ok()?;
        let keys: std::collections::BTreeSet<&String> = replayed.keys().chain(kept.keys()).collect();
        let other = keys.into_iter().filter(|key| replayed.get(*key) != kept.get(*key));
        let told = other.map(|key| format!("\n  {key}: {:?}, not {:?}", kept.get(key), replayed.get(key)));
        Some(told.take(6).collect())
    }

    async fn snapshots(&self) -> Result<Vec<u64>, Wrong> {
        let (name, disk) = (self.workspace.to_string(), self.disk());
        let rows = disk.store().range(&name, SNAPSHOTS_SPACE, "at/", "at0", usize::MAX >> 1).await;
        let rows = rows.map_err(|why| failed("the snapshots", why))?;
        Ok(rows.iter().filter_map(|(key, _)| Manifest::pos_of(key)).collect())
    }

    /// As if the snapshots behind `at` were not there.
    async fn replayed_from(&mut self, at: u64, roots: &Roots) -> Held {
        let store = std::rc::Rc::new(Older { disk: self.disk(), until: at });
        let claimed = Sequencer::claim(store, self.workspace, KEY).await;
        let mut it = claimed.map_err(|failure| failed("a claim", failure))?;
        let past = it.past(self.log.pos).await.map_err(|failure| failed("the past", failure))?;
        let what = format!("the replay from {at}");
        // What a line stands on may be told by the log alone; then everything is.
        let fits = past.from.is_none_or(|from| from == at) && past.passed_over.is_empty();
        Rule::Roots.must(fits, || format!("{what} began at {:?}: {:?}", past.from, past.passed_over))?;
        self.counts.note(if past.from.is_some() { "replayed from a snapshot" } else { "replayed from empty instead" });
        for (space, root) in roots {
            let found = past.replay.root(*space).map_err(|why| failed(&what, why))?;
            Rule::Roots.must(found == *root, || format!("{what} leads to another root of {space}"))?;
        }
        // The one that claimed before goes on as if nothing had happened.
        self.claim();
        self.settle().await
    }

    /// Whoever means another head removes nothing.
    async fn nobody_else_removes_it(&mut self) -> Held {
        let (name, disk) = (self.workspace.to_string(), self.disk());
        let head = disk.store().head(&name).await.map_err(|why| failed("the head", why))?;
        let removed = disk.store().delete_at(&name, head.pos - 1, head.epoch).await;
        let refused = matches!(removed, Err(StoreError::Conflict(Conflict::Head { .. })));
        Rule::OneHead.must(refused, || format!("it was removed at {}, and is at {}", head.pos - 1, head.pos))
    }

    /// Whatever is altered behind the store's back is found when it is read, and named.
    async fn damage_is_named(&mut self) -> Held {
        let name = self.workspace.to_string();
        let before = self.described().await?.roots;
        self.seats.drain(..).for_each(super::seats::Seat::die);
        let mut addresses = Vec::new();
        for space in ["chunks", "control", "main@0", SEGMENTS_SPACE] {
            let rows = self.disk().store().range(&name, space, "", "\u{7f}", usize::MAX >> 1).await;
            let rows = rows.map_err(|why| failed("rows", why))?;
            // One that names what may be collected is no chunk.
            let keys: Vec<String> = rows.into_iter().map(|(key, _)| key).collect();
            addresses.extend(self.rng.pick(&keys).map(|key| kernel::storage::Address::new(space, key.as_str())));
        }
        // Those that are packed are in rows.
        let log = self.disk().store().events(&name, 0, 1).await.map_err(|why| failed("the log", why))?;
        let first = log.first().map_or(1, |event| event.pos);
        let pos = first + self.rng.below(self.log.pos + 1 - first);
        let Some(mut disk) = self.disk.take() else { return Ok(()) };
        let Some(open) = std::rc::Rc::get_mut(&mut disk) else {
            return Rule::Answers.broken("somebody holds the disk");
        };
        for at in &addresses {
            open.alter_row(&name, at).await.map_err(|why| failed("damage", why))?;
            let read = open.store().rows(&name, std::slice::from_ref(at)).await;
            let named = matches!(&read, Err(StoreError::Damaged { what }) if what.contains(&at.key));
            Rule::Damage.must(named, || format!("{}/{} was altered, and read as {read:?}", at.space, at.key))?;
        }
        open.alter_event(&name, pos).await.map_err(|why| failed("damage", why))?;
        let read = open.store().events(&name, pos - 1, 1).await;
        let named = matches!(&read, Err(StoreError::Damaged { what }) if what.contains(&pos.to_string()));
        Rule::Damage.must(named, || format!("event {pos} was altered, and read as {read:?}"))?;
        // The event and the rows are as they were again; the chunk is not.
        open.alter_event(&name, pos).await.map_err(|why| failed("damage", why))?;
        for at in addresses.iter().filter(|at| at.space != "chunks") {
            open.alter_row(&name, at).await.map_err(|why| failed("damage", why))?;
        }
        self.disk = Some(disk);
        self.damaged_chunk_is_passed_over(&before).await
    }

    async fn damaged_chunk_is_passed_over(&mut self, before: &Roots) -> Held {
        let verified =
            verify(self.disk().store(), self.workspace, &KEY).await.map_err(|why| failed("a verification", why))?;
        let has_snapshots = !self.snapshots().await?.is_empty();
        let is_named = verified.findings.iter().any(|finding| finding.what.contains("chunk"));
        if has_snapshots {
            self.counts.note("a damaged chunk is named");
            Rule::Damage
                .must(is_named, || format!("a chunk was altered, and what is found is {:?}", verified.findings))?;
        }
        self.claim();
        self.settle().await?;
        let pos = self.log.pos;
        let past = self.newest()?.past(pos).await.map_err(|failure: Failure| failed("the past", failure))?;
        for (space, root) in before {
            let found = past.replay.root(*space).map_err(|why| failed("a root", why))?;
            Rule::Damage.must(found == *root, || format!("past a damaged chunk {space} has another root"))?;
        }
        Ok(())
    }
}

fn same(one: &Roots, other: &Roots, what: &str) -> Held {
    Rule::Roots.must(one == other, || format!("{what} has the roots {one:?}, and the events lead to {other:?}"))
}
