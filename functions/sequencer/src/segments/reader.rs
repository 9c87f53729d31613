//! Reading events from wherever they are: the log, or a segment.

use kernel::segment::{Entry, SEGMENTS_SPACE};
use kernel::storage::{Address, StoredEvent};
use ports::{Store, StoreError};
use std::cell::RefCell;
use std::rc::Rc;

/// Unpacked segments that are held.
const HELD_MAX: usize = 4;
/// And so many bytes of them together, unless it is one.
const HELD_BYTES_MAX: usize = 8 << 20;

/// What is known of the segments of one workspace. All of it can be lost.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    known: RefCell<Known>,
}

#[derive(Debug, Default)]
struct Known {
    workspace: String,
    /// Up to there events are packed, and maybe farther.
    packed: u64,
    /// Segments that were read, the last used last.
    held: Vec<Held>,
}

#[derive(Debug, Clone)]
struct Held {
    entry: Rc<Entry>,
    events: Rc<Vec<StoredEvent>>,
}

impl Reader {
    /// Events with `pos > after`, ordered, at most `limit`. Nobody has to know where they are; one that is in neither place
    /// is damage.
    pub(crate) async fn events(
        &self,
        store: &dyn Store,
        workspace: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let (mut found, mut at) = (Vec::new(), after);
        while found.len() < limit {
            let left = limit - found.len();
            if at >= self.packed(workspace) {
                let page = store.events(workspace, at, left).await?;
                let Some(gap) = page.first().filter(|event| event.pos > at.saturating_add(1)) else {
                    found.extend(page);
                    break;
                };
                self.note_packed(gap.pos - 1);
            }
            let segment = self.segment_behind(store, workspace, at).await?;
            let from = segment.events.partition_point(|event| event.pos <= at);
            found.extend(segment.events.iter().skip(from).take(left).cloned());
            at = found.last().map_or(segment.entry.last, |event| event.pos);
        }
        Ok(found)
    }

    /// The segment that holds the event behind `after`.
    async fn segment_behind(&self, store: &dyn Store, workspace: &str, after: u64) -> Result<Held, StoreError> {
        let missing = || StoreError::Damaged { what: format!("event {} is not there", after.saturating_add(1)) };
        if let Some(held) = self.held(after) {
            return Ok(held);
        }
        // What an entry names may be replaced after the entry was read, when something that was sealed is dropped.
        let mut before = None;
        loop {
            let entry = entry_behind(store, workspace, after).await?.ok_or_else(missing)?;
            if entry.first > after.saturating_add(1) {
                return Err(missing());
            }
            match read(store, workspace, &entry).await {
                Err(StoreError::Damaged { .. }) if before.as_ref().is_some_and(|before| *before != entry) => {}
                Err(error @ StoreError::Damaged { .. }) if before.is_some() => return Err(error),
                Err(StoreError::Damaged { .. }) => {}
                Err(error) => return Err(error),
                Ok(events) => {
                    let held = Held { entry: Rc::new(entry), events: Rc::new(events) };
                    self.hold(held.clone());
                    return Ok(held);
                }
            }
            before = Some(entry);
        }
    }

    /// Forget everything.
    pub(crate) fn forget(&self) {
        self.known.take();
    }

    fn packed(&self, workspace: &str) -> u64 {
        let mut known = self.known.borrow_mut();
        if known.workspace != workspace {
            *known = Known { workspace: workspace.to_owned(), ..Known::default() };
        }
        known.packed
    }

    fn note_packed(&self, pos: u64) {
        let mut known = self.known.borrow_mut();
        known.packed = known.packed.max(pos);
    }

    fn held(&self, after: u64) -> Option<Held> {
        let mut known = self.known.borrow_mut();
        let is_meant = |held: &Held| held.entry.first <= after.saturating_add(1) && after < held.entry.last;
        let at = known.held.iter().position(is_meant)?;
        let held = known.held.remove(at);
        known.held.push(held.clone());
        Some(held)
    }

    fn hold(&self, held: Held) {
        let mut known = self.known.borrow_mut();
        known.held.push(held);
        let bytes = |held: &Held| held.entry.raw_bytes.saturating_add(held.entry.sealed_bytes) as usize;
        while known.held.len() > 1
            && (known.held.len() > HELD_MAX || known.held.iter().map(bytes).sum::<usize>() > HELD_BYTES_MAX)
        {
            known.held.remove(0);
        }
    }
}

/// The entry of the segment that ends first behind `after`.
pub(crate) async fn entry_behind(store: &dyn Store, workspace: &str, after: u64) -> Result<Option<Entry>, StoreError> {
    let (from, until) = Entry::behind(after);
    let found = store.range(workspace, SEGMENTS_SPACE, &from, &until, 1).await?;
    let Some((key, row)) = found.into_iter().next() else { return Ok(None) };
    let damaged = |why: String| StoreError::Damaged { what: format!("row {SEGMENTS_SPACE}/{key}: {why}") };
    let last = Entry::last_of(&key).ok_or_else(|| damaged("it is no entry".to_owned()))?;
    Entry::read(last, &row.value).map(Some).map_err(damaged)
}

/// The events of a segment. Damage names the segment, and the event where that can be told.
pub(crate) async fn read(store: &dyn Store, workspace: &str, entry: &Entry) -> Result<Vec<StoredEvent>, StoreError> {
    let of = format!("segment of events {} to {}", entry.first, entry.last);
    let addresses: Vec<Address> = entry.names().map(Entry::named).collect();
    let rows = store.rows(workspace, &addresses).await.map_err(|error| match error {
        StoreError::Damaged { what } => StoreError::Damaged { what: format!("{of}: {what}") },
        other => other,
    })?;
    let mut named = Vec::with_capacity(rows.len());
    for (at, row) in addresses.iter().zip(rows) {
        let missing = || StoreError::Damaged { what: format!("{of}: row {}/{} is not there", at.space, at.key) };
        named.push(row.ok_or_else(missing)?.value);
    }
    entry.events(&named).map_err(|unfit| StoreError::Damaged {
        what: match unfit.pos {
            Some(pos) => format!("event {pos} in the {of}: {}", unfit.why),
            None => format!("{of}: {}", unfit.why),
        },
    })
}
