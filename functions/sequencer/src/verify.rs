//! `replay --verify`: everything a store holds of a workspace, against what its events say.

mod segments;
mod snapshots;

use crate::past;
use crate::segments::WholeLog;
use kernel::hash::HashText;
use kernel::id::WorkspaceId;
use kernel::key::Space;
use kernel::machine::{BLOBS_SPACE, Heads, KEYS_SPACE, chunk_address, key_address, page_row, pages_space};
use kernel::replay::{Pins, Replay};
use kernel::seal::{DataKey, commitment};
use kernel::segment::SEGMENTS_SPACE;
use kernel::snapshot::{CHUNKS_SPACE, SNAPSHOTS_SPACE};
use kernel::storage::Row;
use ports::{Store, StoreError};
use snapshots::Snapshots;
use std::collections::{BTreeMap, BTreeSet};

/// Events and rows read in one go.
const PAGE: usize = 1024;

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where: an event, a row, a page, the head, a file.
    pub what: String,
    /// How it is not as written.
    pub why: String,
}

/// What a verification came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verified {
    /// Events replayed.
    pub events: u64,
    /// Rows compared.
    pub rows: u64,
    /// Roots the events lead to.
    pub roots: BTreeMap<Space, HashText>,
    /// Everything that is not as written. Empty: the workspace is whole.
    pub findings: Vec<Finding>,
    /// Chunks that no snapshot refers to: of one that was removed, or that is being made. They are collected in time.
    pub loose: Vec<String>,
}

impl Verified {
    fn find(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.findings.push(Finding { what: what.into(), why: why.into() });
    }
}

/// Rows by space and key.
type Spaces = BTreeMap<String, BTreeMap<String, Row>>;

/// Replay the workspace from its first event and compare everything. `key` unwraps its data keys. Writes nothing.
///
/// A store that cannot be read at all is an error; whatever is merely wrong is a finding.
pub async fn verify(store: &dyn Store, id: WorkspaceId, key: &[u8; 32]) -> Result<Verified, StoreError> {
    let whole = WholeLog::of(store);
    let (store, name): (&dyn Store, _) = (&whole, id.to_string());
    let mut verified = Verified::default();
    for finding in store.check(&name).await? {
        verified.find("store", finding);
    }
    let head = match store.head(&name).await {
        Ok(head) => head,
        Err(StoreError::Damaged { what }) => {
            verified.find("head", what);
            return Ok(verified);
        }
        Err(error) => return Err(error),
    };
    let heads = if head.pos == 0 {
        Heads::default()
    } else {
        match Heads::decode(&head.value) {
            Ok(heads) => heads,
            Err(_) => {
                verified.find("head", "it is malformed");
                return Ok(verified);
            }
        }
    };
    let Some(restores) = restores(store, &name, &mut verified).await? else { return Ok(verified) };
    let mut replay = Replay::with_restores(id, restores);
    let mut expected = Spaces::new();
    let mut snapshots = Snapshots::read(store, &name, id, &mut verified).await?;
    if !replay_all(store, &name, &heads, &mut replay, &mut expected, &mut snapshots, &mut verified).await? {
        return Ok(verified);
    }
    compare_heads(&heads, &replay, head.pos, &mut verified);
    expected.extend(replay.rows().map_err(unreadable)?);
    // The line that main is on has a root although nothing may have happened on it yet.
    let main = Space::Data(replay.main());
    let spaces: Vec<Space> = replay.state().mapped().map(|(space, _)| space).chain([main]).collect();
    for space in spaces {
        verified.roots.insert(space, replay.root(space).map_err(unreadable)?);
    }
    compare_rows(store, &name, &expected, &mut verified).await?;
    compare_keys(store, &name, id, key, &replay, &mut verified).await?;
    compare_blobs(store, &name, &replay, &mut verified).await?;
    snapshots.compare_chunks(store, &name, &mut verified).await?;
    let log = whole.unpacked(&name, 0, 1).await?.first().map_or(1, |event| event.pos);
    segments::compare(store, log, &name, &mut verified).await?;
    Ok(verified)
}

/// The positions that restores go back to; none when the log cannot be read, which is then a finding.
async fn restores(store: &dyn Store, name: &str, verified: &mut Verified) -> Result<Option<Pins>, StoreError> {
    match past::restores(store, name).await {
        Ok(pins) => Ok(Some(pins)),
        Err(StoreError::Damaged { what }) => {
            verified.find(what, "it cannot be read");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Feed every event; false when one does not fit, because nothing after it can be judged.
async fn replay_all(
    store: &dyn Store,
    name: &str,
    heads: &Heads,
    replay: &mut Replay,
    expected: &mut Spaces,
    snapshots: &mut Snapshots,
    verified: &mut Verified,
) -> Result<bool, StoreError> {
    loop {
        let page = match store.events(name, verified.events, PAGE).await {
            Ok(page) => page,
            Err(StoreError::Damaged { what }) => {
                verified.find(what, "it cannot be read");
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        let last = page.len() < PAGE;
        for event in page {
            if let Err(why) = replay.event(&event) {
                verified.find(format!("event {}", event.pos), why);
                return Ok(false);
            }
            verified.events += 1;
            snapshots.compare(replay, verified)?;
            if verified.events == heads.folded {
                compare_maps(heads, replay, expected, verified)?;
            }
        }
        if last {
            return Ok(true);
        }
    }
}

/// The state maps as they were folded last, and the pages they are stored in.
fn compare_maps(
    heads: &Heads,
    replay: &Replay,
    expected: &mut Spaces,
    verified: &mut Verified,
) -> Result<(), StoreError> {
    let mut trees = BTreeMap::new();
    for (space, _) in replay.state().mapped() {
        let folded = replay.map(space).map_err(unreadable)?;
        trees.insert(space, folded.tree);
        let pages = folded.pages.iter().filter_map(|(key, page)| {
            let page = page.as_ref()?;
            // Pages keep the position they changed at; that is not compared, so any will do.
            Some((key.text(), page_row(key, page, 0)))
        });
        expected.insert(pages_space(space), pages.collect());
    }
    if trees != heads.trees {
        verified.find("head", "its state maps are not those the events lead to");
    }
    Ok(())
}

fn compare_heads(heads: &Heads, replay: &Replay, pos: u64, verified: &mut Verified) {
    if replay.heads().streams != heads.streams || replay.heads().pos() != pos {
        verified
            .find("head", format!("it names streams that end at {pos}; the events end at {}", replay.heads().pos()));
    }
    if heads.folded > pos {
        verified.find("head", "its state maps are ahead of its events");
    }
}

async fn compare_rows(
    store: &dyn Store,
    name: &str,
    expected: &Spaces,
    verified: &mut Verified,
) -> Result<(), StoreError> {
    let nothing = BTreeMap::new();
    let mut spaces: BTreeSet<String> = store.spaces(name).await?.into_iter().collect();
    spaces.extend(expected.keys().cloned());
    // What stands beside the log is compared for itself.
    spaces.retain(|space| {
        ![KEYS_SPACE, BLOBS_SPACE, CHUNKS_SPACE, SNAPSHOTS_SPACE, SEGMENTS_SPACE].contains(&space.as_str())
    });
    for space in spaces {
        let expected = expected.get(&space).unwrap_or(&nothing);
        let Some(stored) = all_rows(store, name, &space, verified).await? else { continue };
        verified.rows += stored.len() as u64;
        let is_page = space.starts_with("pages/");
        for (key, row) in &stored {
            match expected.get(key) {
                None => verified.find(format!("row {space}/{key}"), "no event wrote it"),
                Some(wanted) if wanted.value != row.value => {
                    verified.find(format!("row {space}/{key}"), "its value is another")
                }
                Some(wanted) if !is_page && wanted.since != row.since => {
                    verified.find(
                        format!("row {space}/{key}"),
                        format!("it says event {} wrote it, not {}", row.since, wanted.since),
                    );
                }
                Some(_) => {}
            }
        }
        for key in expected.keys().filter(|key| !stored.contains_key(*key)) {
            verified.find(format!("row {space}/{key}"), "it is not there");
        }
    }
    Ok(())
}

/// Wrapped data keys: one for every key that was not destroyed, and each the one its event committed to.
async fn compare_keys(
    store: &dyn Store,
    name: &str,
    id: WorkspaceId,
    key: &[u8; 32],
    replay: &Replay,
    verified: &mut Verified,
) -> Result<(), StoreError> {
    let Some(mut stored) = all_rows(store, name, KEYS_SPACE, verified).await? else { return Ok(()) };
    for (subject, entity) in replay.keys() {
        let row = stored.remove(&key_address(subject, *entity.key).key);
        let opens = |row: &Row| DataKey::unwrap(*entity.key, &row.value, id, key, &entity.check).is_ok();
        match row {
            Some(_) if *entity.destroyed => {
                verified.find(format!("key of {subject}"), "it was destroyed and is still there")
            }
            Some(row) if !opens(&row) => {
                verified.find(format!("key of {subject}"), "it was altered or is wrapped under another key")
            }
            None if !*entity.destroyed => verified.find(format!("key of {subject}"), "it is not there"),
            _ => {}
        }
        if replay.dropped().contains(&subject) && !*entity.destroyed {
            verified.find(format!("content of {subject}"), "it is not there, and its key was not destroyed");
        }
    }
    for key in stored.keys() {
        verified.find(format!("row {KEYS_SPACE}/{key}"), "no event made this key");
    }
    Ok(())
}

/// Content that is kept apart: every chunk there, and together what the log committed to.
async fn compare_blobs(
    store: &dyn Store,
    name: &str,
    replay: &Replay,
    verified: &mut Verified,
) -> Result<(), StoreError> {
    let Some(mut stored) = all_rows(store, name, BLOBS_SPACE, verified).await? else { return Ok(()) };
    for (blob, chunks) in replay.blobs() {
        let mut bytes = Vec::new();
        for nth in 0..chunks {
            bytes.extend(stored.remove(&chunk_address(blob, nth).key).map(|row| row.value).unwrap_or_default());
        }
        if commitment(&bytes).0 != blob.0 {
            verified.find(format!("blob {blob}"), "it was altered or is not all there");
        }
    }
    for key in stored.keys() {
        verified.find(format!("row {BLOBS_SPACE}/{key}"), "no event brought it");
    }
    Ok(())
}

/// All rows of a space; none when they cannot be read, which is then a finding.
async fn all_rows(
    store: &dyn Store,
    name: &str,
    space: &str,
    verified: &mut Verified,
) -> Result<Option<BTreeMap<String, Row>>, StoreError> {
    let mut rows = BTreeMap::new();
    loop {
        let after = rows.last_key_value().map_or(String::new(), |(key, _): (&String, &Row)| key.clone());
        match store.range(name, space, &after, "\u{7f}", PAGE).await {
            Ok(page) => {
                let last = page.len() < PAGE;
                rows.extend(page);
                if last {
                    return Ok(Some(rows));
                }
            }
            Err(StoreError::Damaged { what }) => {
                verified.find(what, "it cannot be read");
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
    }
}

fn unreadable(what: String) -> StoreError {
    StoreError::Damaged { what }
}
