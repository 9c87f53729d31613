//! What a workspace was: for restores, and for reads of lines that stand on what another was at a position.

use crate::views::would_hold;
use crate::{Failure, Sequencer, broken};
use kernel::entity::Entity;
use kernel::event::{Header, Place};
use kernel::id::WorkspaceId;
use kernel::key::{BranchId, Index, Key, Line, Space};
use kernel::machine::{Moment, Stop, Workspace, kept_key};
use kernel::reject::{Code, Rejection};
use kernel::replay::{Pins, Replay, Versions, note_restore};
use kernel::snapshot::Manifest;
use kernel::storage::{Row, StoredEvent};
use kernel::under_way::{AsOf, UnderWay};
use kernel::view::{Want, resolve};
use ports::restored::{Change, RestorePreview, ThingView};
use ports::{Store, StoreError};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Events read in one go.
const PAGE: usize = 256;
/// How many things a preview names.
const THINGS_MAX: usize = 100;

/// What is known of positions that restores go back to. All of it can be lost.
#[derive(Debug, Default)]
pub(crate) struct Pinned {
    /// Manifests of the snapshots that lines stand on; none where there is none that can be used.
    manifests: BTreeMap<u64, Option<Manifest>>,
    /// Where there is no snapshot, everything is found out from the log: for these positions,
    pins: Pins,
    /// rows as they were there, where they were overwritten since.
    rows: Versions,
}

impl Sequencer {
    /// Earlier versions of a row that restores go back to, as kept rows of it: out of the snapshots at those positions, or
    /// out of the log.
    pub(crate) async fn earlier(&mut self, line: Line, key: Key) -> Result<Vec<(String, Row)>, Failure> {
        self.load_rows(Space::Control, vec![Key::Branch(line.branch)]).await?;
        let wanted: BTreeSet<u64> = self.workspace.pins(line).map_err(broken)?.into_iter().collect();
        let mut versions = Vec::new();
        for pos in &wanted {
            match self.in_snapshot(*pos, line, key).await? {
                Some(found) => versions.extend(found.map(|row| (kept_key(&key, row.since), row))),
                None => {
                    self.find_out(line, &wanted).await?;
                    versions.extend(self.pinned.rows.get(&(line, key)).cloned().unwrap_or_default());
                    break;
                }
            }
        }
        versions.sort_by(|(one, _), (other, _)| one.cmp(other));
        versions.dedup_by(|(one, _), (other, _)| one == other);
        Ok(versions)
    }

    /// A row as it was at a snapshot; none when there is no snapshot that can be used.
    async fn in_snapshot(&mut self, pos: u64, line: Line, key: Key) -> Result<Option<Option<Row>>, Failure> {
        if self.import.is_some() {
            return Ok(None);
        }
        if !self.pinned.manifests.contains_key(&pos) {
            let manifest = usable(self.snapshot_at(pos).await)?;
            self.pinned.manifests.insert(pos, manifest);
        }
        let Some(manifest) = self.pinned.manifests.get(&pos).cloned().flatten() else { return Ok(None) };
        let rows = usable(self.read_at(&manifest, Space::Data(line), &[key.to_string()]).await)?;
        if rows.is_none() {
            self.pinned.manifests.insert(pos, None);
        }
        Ok(rows.map(|rows| rows.into_iter().next().flatten()))
    }

    /// Replay the log for what snapshots do not tell.
    async fn find_out(&mut self, line: Line, wanted: &BTreeSet<u64>) -> Result<(), Failure> {
        if self.pinned.pins.get(&line).is_some_and(|known| wanted.is_subset(known)) {
            return Ok(());
        }
        let pins = self.restores().await?;
        let replay = self.replayed(pins.clone(), u64::MAX).await?;
        (self.pinned.pins, self.pinned.rows) = (pins, replay.pinned().map_err(damaged)?);
        Ok(())
    }

    /// What `line` was at `pos`. A snapshot is made there if there is none, for it is gone back to.
    pub(crate) async fn load_past(&mut self, line: Line, pos: u64) -> Result<(), Failure> {
        if self.import.is_some() {
            let pins = self.restores().await?;
            let past = self.replayed(pins, pos).await?.past(line).map_err(damaged)?;
            self.workspace.supply_past(line, pos, past);
            return Ok(());
        }
        // The position may be one that was not committed yet, and a snapshot is of what was.
        self.commit().await?;
        if let Some(past) = self.past_in_snapshot(line, pos).await? {
            self.workspace.supply_past(line, pos, past);
            return Ok(());
        }
        let made_at = self.recorded_last().await?;
        self.snapshot_of(pos, made_at).await?;
        self.pinned.manifests.remove(&pos);
        // Of a line on which nothing had happened yet there is no root.
        let past = match self.past_in_snapshot(line, pos).await? {
            Some(past) => past,
            None => self.past(pos).await?.replay.past(line).map_err(damaged)?,
        };
        self.workspace.supply_past(line, pos, past);
        Ok(())
    }

    async fn past_in_snapshot(&mut self, line: Line, pos: u64) -> Result<Option<AsOf>, Failure> {
        let Some(manifest) = usable(self.snapshot_at(pos).await)? else { return Ok(None) };
        let Some(root) = manifest.roots.get(&Space::Data(line)).copied() else { return Ok(None) };
        let mut keys = Vec::new();
        for index in UnderWay::INDEXES {
            let (prefix, end) = (index.prefix(), index.end());
            let rows = self.range_at(&manifest, Space::Control, [&prefix, &end], usize::MAX).await;
            let Some(rows) = usable(rows)? else { return Ok(None) };
            keys.extend(rows.into_iter().filter_map(|(key, _)| key.parse::<Key>().ok()));
        }
        let mut under_way = UnderWay::of(keys);
        let (prefix, end) = (Index::Restored.prefix(), Index::Restored.end());
        let rows = self.range_at(&manifest, Space::Control, [&prefix, &end], usize::MAX).await;
        let Some(rows) = usable(rows)? else { return Ok(None) };
        for (key, row) in rows {
            let Ok(Key::Restored(id)) = key.parse::<Key>() else { continue };
            let Ok(Entity::Restored(held)) = Entity::decode(&Key::Restored(id), &row.value) else { return Ok(None) };
            under_way.note_held(line, id, &held);
        }
        Ok(Some(AsOf { root, under_way }))
    }

    /// When the last event was accepted, milliseconds since 1970: about now, for a snapshot that is made while a command is
    /// decided.
    async fn recorded_last(&self) -> Result<u64, Failure> {
        let event = self.store.events(&self.name(), self.workspace.pos().saturating_sub(1), 1).await?.pop();
        let header = event.and_then(|event| Header::decode(&event.body).ok());
        Ok(header.map_or(0, |(header, _)| header.accepted_at))
    }

    /// A replay that began with the snapshot at `from` goes on: it has to know what restores go back to.
    pub(crate) async fn announced(&mut self, from: &Manifest, replay: &mut Replay) -> Result<bool, Failure> {
        let pins = self.restores().await?;
        for (line, positions) in &pins {
            for pos in positions.range(..from.pos) {
                let Some(manifest) = usable(self.snapshot_at(*pos).await)? else { return Ok(false) };
                let Some(root) = manifest.roots.get(&Space::Data(*line)).copied() else { return Ok(false) };
                let rows = self.range_at(&manifest, Space::Data(*line), ["", "\u{7f}"], usize::MAX).await;
                let Some(rows) = usable(rows)? else { return Ok(false) };
                replay.supply_past(*line, *pos, root, rows).map_err(damaged)?;
            }
        }
        replay.announce(pins).map_err(damaged)?;
        Ok(true)
    }

    /// A replay from the first event, which knows what restores go back to.
    pub(crate) async fn begin_replay(&mut self) -> Result<Replay, Failure> {
        Ok(Replay::with_restores(self.workspace.id(), self.restores().await?))
    }

    /// Every snapshot that a line stands on is there, and stays: after an import there are none.
    pub(crate) async fn pin_all(&mut self) -> Result<(), Failure> {
        for pos in self.stood_on().await? {
            let made_at = self.recorded_last().await?;
            self.pin(pos, made_at).await?;
        }
        Ok(())
    }

    /// Positions that lines stand on.
    pub(crate) async fn stood_on(&self) -> Result<BTreeSet<u64>, Failure> {
        Ok(self.restores().await?.into_values().flatten().collect())
    }

    /// Whether there is a snapshot at a position that a line stands on, and when that is asked, whether it is whole.
    pub(crate) async fn has_base(&mut self, pos: u64, whole: bool) -> Result<bool, Failure> {
        let Some(manifest) = usable(self.snapshot_at(pos).await)? else { return Ok(false) };
        Ok(!whole || usable(self.look_through(&manifest).await)?.is_some())
    }

    /// Make the snapshot that a line stands on, if it is not there, and keep it.
    pub(crate) async fn pin(&mut self, pos: u64, made_at: u64) -> Result<(), Failure> {
        self.snapshot_of(pos, made_at).await?;
        self.pin_snapshot(pos);
        self.commit().await?;
        self.pinned.manifests.remove(&pos);
        Ok(())
    }

    /// What going back to `pos` would change, 0 being where the workspace is. Nothing is recorded.
    pub(crate) async fn restore_preview(&mut self, pos: u64) -> Result<Value, Failure> {
        let main = self.ask(|workspace| Ok(workspace.main()?)).await?;
        if pos == 0 || pos == self.workspace.pos() {
            return written(&RestorePreview::nothing(self.workspace.pos(), main));
        }
        let moment = Moment { now_ms: 0, entropy: [0; 32] };
        let stand = |workspace: &mut Workspace| Ok((workspace.line_at(main.branch, pos)?, workspace.meets(main, pos)?));
        let (line, from) = self.ask(stand).await?;
        let then = self.past(pos.min(self.workspace.pos())).await?.replay;
        // No snapshot is made for somebody who only looks.
        self.workspace.supply_past(line, pos, then.past(line).map_err(damaged)?);
        let items = self.ask(|workspace| would_hold(workspace, pos, (then.state(), line), &moment)).await;
        // Whoever goes back there asks anew, so that it is made then.
        self.workspace.forget();
        let items = items?;
        let mut preview = RestorePreview { items, ..RestorePreview::nothing(pos, line) };
        for key in self.touched_after(from, main.branch).await? {
            let before = resolve(then.state(), line, &key).map_err(unloadable)?.map(|found| found.entity.clone());
            let now =
                self.ask(|workspace| Ok(resolve(workspace, main, &key)?.map(|found| found.entity.clone()))).await?;
            count(&mut preview, key, before.as_ref(), now.as_ref());
        }
        written(&preview)
    }

    /// Keys of data that events of a branch after a position name.
    async fn touched_after(&self, pos: u64, branch: BranchId) -> Result<BTreeSet<Key>, Failure> {
        let (mut keys, mut after) = (BTreeSet::new(), pos);
        loop {
            let page = self.store.events(&self.name(), after, PAGE).await?;
            for event in &page {
                let (header, data) = Header::decode(&event.body).map_err(|why| damaged(why.to_string()))?;
                if !matches!(header.stream, Space::Data(line) if line.branch == branch) {
                    continue;
                }
                keys.extend(header.places(&data).into_iter().filter_map(|place| match place {
                    Place::Data(key) => Some(key),
                    Place::Control(_) => None,
                }));
            }
            match page.last().filter(|_| page.len() == PAGE) {
                Some(last) => after = last.pos,
                None => return Ok(keys),
            }
        }
    }

    /// The positions that restores go back to, those that are not committed yet among them. Branches say so themselves.
    async fn restores(&self) -> Result<Pins, Failure> {
        let (mut pins, mut after) = (Pins::new(), "branch/".to_owned());
        loop {
            let page = self.store.range(&self.name(), &Space::Control.to_string(), &after, "branch0", PAGE).await?;
            for (key, row) in &page {
                let unreadable = || damaged(format!("row control/{key} is not readable"));
                let Ok(key @ Key::Branch(id)) = key.parse::<Key>() else { return Err(unreadable()) };
                let Ok(Entity::Branch(branch)) = Entity::decode(&key, &row.value) else { return Err(unreadable()) };
                for base in branch.restores(id) {
                    pins.entry(base.parent).or_default().insert(base.pos);
                }
            }
            match page.last().filter(|_| page.len() == PAGE) {
                Some((last, _)) => after.clone_from(last),
                None => break,
            }
        }
        self.workspace.uncommitted().iter().for_each(|event| note_restore(event, &mut pins));
        Ok(pins)
    }

    /// Everything that the events up to `pos` lead to.
    async fn replayed(&self, pins: Pins, pos: u64) -> Result<Replay, Failure> {
        let mut replay = replayed(&*self.store, self.workspace.id(), pins, pos).await?;
        let next = replay.heads().pos().saturating_add(1);
        for event in self.workspace.uncommitted().iter().filter(|event| event.pos >= next && event.pos <= pos) {
            replay.event(event).map_err(|why| damaged(format!("event {}: {why}", event.pos)))?;
        }
        Ok(replay)
    }
}

/// The positions that restores of a stored log go back to.
pub(crate) async fn restores(store: &dyn Store, name: &str) -> Result<Pins, StoreError> {
    let (mut pins, mut after) = (Pins::new(), 0);
    loop {
        let page = store.events(name, after, PAGE).await?;
        page.iter().for_each(|event| note_restore(event, &mut pins));
        match page.last().filter(|_| page.len() == PAGE) {
            Some(last) => after = last.pos,
            None => return Ok(pins),
        }
    }
}

async fn replayed(store: &dyn Store, id: WorkspaceId, pins: Pins, pos: u64) -> Result<Replay, Failure> {
    let name = id.to_string();
    let mut replay = Replay::with_restores(id, pins);
    loop {
        let after = replay.heads().pos();
        let page: Vec<StoredEvent> = store.events(&name, after, PAGE).await?;
        let is_last = page.len() < PAGE;
        for event in page.iter().take_while(|event| event.pos <= pos) {
            replay.event(event).map_err(|why| damaged(format!("event {}: {why}", event.pos)))?;
        }
        if is_last || replay.heads().pos() >= pos {
            return Ok(replay);
        }
    }
}

fn written(preview: &RestorePreview) -> Result<Value, Failure> {
    serde_json::to_value(preview).map_err(|why| broken(Stop::Broken(why.to_string())))
}

/// Note how a thing would be another, if it would.
fn count(preview: &mut RestorePreview, key: Key, then: Option<&Entity>, now: Option<&Entity>) {
    let change = match (then, now) {
        (Some(then), Some(now)) if then != now => Change::Changed,
        (None, Some(_)) => Change::Gone,
        (Some(_), None) => Change::Back,
        _ => return,
    };
    let kind = preview.kinds.entry(key.kind().to_owned()).or_default();
    let counter = match change {
        Change::Changed => &mut kind.changed,
        Change::Gone => &mut kind.gone,
        Change::Back => &mut kind.back,
    };
    *counter = counter.saturating_add(1);
    if preview.things.len() < THINGS_MAX {
        preview.things.push(ThingView { key, change });
    } else {
        preview.more = true;
    }
}

/// What was read of a snapshot; none when there is none, or when it is damaged: the log tells the same.
fn usable<T>(read: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(Failure::Refused(Rejection { code: Code::NotFound, .. })) => Ok(None),
        Err(Failure::Store(StoreError::Damaged { .. })) => Ok(None),
        Err(failure) => Err(failure),
    }
}

fn damaged(what: String) -> Failure {
    Failure::Store(StoreError::Damaged { what })
}

fn unloadable(want: Want) -> Failure {
    damaged(format!("{want:?} is not there"))
}
