//! A slice: the next events, what they change, and the change.

use crate::Projector;
use crate::draft::{Draft, Source};
use crate::lineage::Lineage;
use crate::project::{agents_of, field_of, needs, project};
use crate::tokens::Tokens;
use kernel::event::{EventData, Header};
use kernel::hash::HashText;
use kernel::key::{BranchId, Space};
use kernel::seal::{IndexKey, Subject};
use kernel::storage::StoredEvent;
use ports::read_models::{Change, Edition, Item, ItemKind, ModelsError};
use std::collections::{BTreeMap, BTreeSet};

/// Events read with one question. Each may be a megabyte.
const TOGETHER: usize = 128;
/// Bytes of events after which a slice takes no more.
const EVENT_BYTES: usize = 8 << 20;

/// Something an event brought that can be found: its kind and key, and where what it says stands.
type Brought<'a> = (&'a (ItemKind, String), &'a Source);

/// How far a slice went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Went {
    /// There are no more events.
    ToTheEnd,
    /// There are more.
    On,
    /// What follows is of a line that this edition does not tell of.
    UpToARestore,
}

/// An event that was read.
pub(crate) struct Read {
    pub(crate) stored: StoredEvent,
    pub(crate) header: Header,
    pub(crate) data: EventData,
}

impl Projector {
    /// Take `edition` a slice further.
    pub(crate) async fn slice(&mut self, edition: &mut Edition, lineage: &Lineage) -> Result<Went, ModelsError> {
        let (mut events, mut went) = self.events(edition.pos).await?;
        let left = events.iter().position(|event| leaves(event, edition.begun.incarnation));
        if let Some(left) = left {
            events.truncate(left);
            went = Went::UpToARestore;
        }
        while !events.is_empty() {
            let mut draft = self.draft(edition, &events).await?;
            for Read { header, data, .. } in &events {
                let counts = match header.stream {
                    Space::Data(line) => lineage.has(line, header.pos),
                    _ => true,
                };
                project(&mut draft, header, data, counts);
            }
            let (items, only_to) = self.items(edition.number, &draft, &mut events).await?;
            let Some(only_to) = only_to else {
                self.change(edition, &draft, items, &events).await?;
                break;
            };
            // The texts are more than a slice should have: it ends before the events that brought the rest.
            events.retain(|event| event.header.pos <= only_to);
            went = Went::On;
        }
        Ok(went)
    }

    async fn change(
        &mut self,
        edition: &mut Edition,
        draft: &Draft,
        items: Vec<Item>,
        events: &[Read],
    ) -> Result<(), ModelsError> {
        let Some(last) = events.last() else { return Ok(()) };
        let change = Change {
            edition: edition.number,
            from: edition.pos,
            to: last.header.pos,
            hash: HashText(last.stored.hash),
            forgotten: draft.forgotten.iter().map(Subject::to_string).collect(),
            items,
            entries: draft.entries()?,
        };
        self.models.apply(&change).await?;
        if !change.forgotten.is_empty() {
            draft.forgotten.iter().for_each(|subject| self.keys.forget(Some(subject)));
            self.models.settle().await?;
        }
        (edition.pos, edition.hash) = (change.to, Some(change.hash));
        Ok(())
    }

    /// The events after a position, as many as a slice has.
    async fn events(&self, after: u64) -> Result<(Vec<Read>, Went), ModelsError> {
        let (mut events, mut bytes) = (Vec::new(), 0);
        let name = self.workspace.to_string();
        while events.len() < self.pace.events && bytes < EVENT_BYTES {
            let from = events.last().map_or(after, |last: &Read| last.header.pos);
            let wanted = TOGETHER.min(self.pace.events - events.len());
            let page = self.store.events(&name, from, wanted).await.map_err(Self::unread)?;
            let is_last = page.len() < wanted;
            for stored in page {
                bytes += stored.body.len() + stored.sealed.len();
                let unreadable = |why| ModelsError::Unavailable(format!("event {} cannot be read: {why}", stored.pos));
                let (header, data) = Header::decode(&stored.body).map_err(unreadable)?;
                events.push(Read { stored, header, data });
            }
            if is_last {
                return Ok((events, Went::ToTheEnd));
            }
        }
        Ok((events, Went::On))
    }

    /// Entries as they are before these events.
    async fn draft(&self, edition: &Edition, events: &[Read]) -> Result<Draft, ModelsError> {
        let mut draft = Draft::default();
        let all: BTreeSet<_> = events.iter().flat_map(|it| needs(&it.header, &it.data)).collect();
        draft.load(self.models.entries(edition.number, &all.into_iter().collect::<Vec<_>>()).await?)?;
        // Agents of steps that began before.
        let agents: BTreeSet<_> = events.iter().filter_map(|it| agents_of(&draft, &it.data)).collect();
        let missing = agents.into_iter().filter(|(_, agent)| draft.agents.get(agent).is_none()).collect::<Vec<_>>();
        draft.load(self.models.entries(edition.number, &missing).await?)?;
        Ok(draft)
    }

    /// What can be found, with what stands for its words; and the position of the last event whose texts all are in it, when
    /// they are more than a slice should have.
    async fn items(
        &mut self,
        edition: u64,
        draft: &Draft,
        events: &mut [Read],
    ) -> Result<(Vec<Item>, Option<u64>), ModelsError> {
        let subjects = draft.items.values().map(|source| source.subject).collect();
        self.keys.load(&subjects).await.map_err(Self::unread)?;
        let mut by_event: BTreeMap<u64, Vec<Brought<'_>>> = BTreeMap::new();
        for (named, source) in &draft.items {
            by_event.entry(source.pos).or_default().push((named, source));
        }
        let (mut items, mut bytes, mut before) = (Vec::with_capacity(draft.items.len()), 0, None);
        for event in events {
            let Some(brought) = by_event.get(&event.header.pos) else { continue };
            for ((kind, key), source) in brought {
                let item = self.item(edition, *kind, key, source, event).await?;
                bytes += item.words.as_ref().map_or(0, String::len) + item.starts.len();
                items.push(item);
            }
            if bytes > self.pace.bytes
                && let Some(before) = before
            {
                return Ok((items, Some(before)));
            }
            before = Some(event.header.pos);
        }
        Ok((items, None))
    }

    async fn item(
        &mut self,
        edition: u64,
        kind: ItemKind,
        key: &str,
        source: &Source,
        event: &mut Read,
    ) -> Result<Item, ModelsError> {
        let mut said = Vec::new();
        for role in fields_of(kind) {
            let opened = self.keys.open(&event.stored, &event.header, &mut event.data, role).await;
            said.extend(opened.map_err(Self::unread)?);
        }
        let tokens = self.tokens(edition);
        let (words, starts) = if said.is_empty() {
            (None, String::new())
        } else {
            // A phrase that goes on from one field into the next is sorted out when it is shown.
            let (words, starts) = tokens.of(&said.join("\n"));
            (Some(words), starts)
        };
        Ok(Item {
            kind,
            key: key.to_owned(),
            subject: source.subject.to_string(),
            task: source.task.map(|task| task.to_string()),
            pos: source.pos,
            at: source.at,
            words,
            starts,
        })
    }

    /// What makes the tokens of an edition.
    pub(crate) fn tokens(&mut self, edition: u64) -> &mut Tokens {
        if self.tokens.as_ref().is_some_and(|(of, _)| *of != edition) {
            self.tokens = None;
        }
        let (workspace, key, bytes) = (self.workspace, self.key, self.pace.bytes);
        let made = || (edition, Tokens::new(IndexKey::of(workspace, &key, edition), bytes));
        &mut self.tokens.get_or_insert_with(made).1
    }
}

/// The fields of an event that say what can be found of it, the title first.
pub(crate) fn fields_of(kind: ItemKind) -> Vec<&'static str> {
    let title = (kind == ItemKind::Document).then_some("path");
    title.into_iter().chain([field_of(kind)]).collect()
}

/// Whether an event leaves the line that an edition tells of.
fn leaves(event: &Read, incarnation: u32) -> bool {
    matches!(&event.data, EventData::BranchRestored(it) if it.branch == BranchId::Main && it.incarnation > incarnation)
}
