//! Answering from the models, and opening what is shown.

use crate::Projector;
use crate::draft::TaskLine;
use crate::query::Query;
use crate::slice::{Read, fields_of};
use crate::snippet::snippet;
use crate::words::words;
use kernel::event::Header;
use kernel::id::Id;
use kernel::reject::Code;
use ports::read_models::{
    Edition, EntriesView, Entry, Found, HitView, ItemKind, Model, ModelView, ModelsAsked, ModelsError, ModelsState,
    PAGE_MAX, ReadModelsView, SEARCH, SearchView, TaskEntry, Wanted,
};
use ports::{SequencingError, StoreError};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Hits that can be passed over.
pub const SKIP_MAX: usize = 10_000;

impl Projector {
    /// Answer what is asked. What the models do not know yet is not in it.
    pub async fn answer(&mut self, asked: &ModelsAsked) -> Result<Value, SequencingError> {
        if let Err(error) = self.ready().await {
            let read = Err::<(), _>(Unread::Models(error));
            // How they stand can always be told.
            self.said(read).await.or_else(|error| if *asked == ModelsAsked::Stand { Ok(()) } else { Err(error) })?;
        }
        match asked {
            ModelsAsked::Stand => value(&self.stand().await?),
            ModelsAsked::Rebuild => {
                self.rebuild = true;
                value(&ReadModelsView { state: ModelsState::Rebuilding, ..self.stand().await? })
            }
            ModelsAsked::Entries { model, of, before, limit } => {
                let view = self.listed(*model, of.as_deref(), before.unwrap_or(u64::MAX >> 1), *limit).await;
                value(&self.said(view).await?)
            }
            ModelsAsked::Search { query, kinds, skip, limit } => {
                let invalid = |why: String| SequencingError::Refused(Code::InvalidArgument.because(why));
                let mut query = Query::read(query).map_err(invalid)?;
                query.kinds.extend(kinds);
                let view = self.found(&query, (*skip).min(SKIP_MAX), *limit).await;
                value(&self.said(view).await?)
            }
        }
    }

    /// What came of reading. Models that cannot be read are made anew, and say so.
    async fn said<T>(&mut self, read: Result<T, Unread>) -> Result<T, SequencingError> {
        match read {
            Ok(view) => Ok(view),
            Err(Unread::None) => Err(SequencingError::Unavailable(
                "the read models are being made; ask how they stand, and ask again".to_owned(),
            )),
            Err(Unread::Store(error)) => Err(SequencingError::Unavailable(error.to_string())),
            Err(Unread::Models(error)) => {
                let why = error.to_string();
                // What follows is what would follow in a slice.
                let _ = self.after(error).await;
                Err(SequencingError::Unavailable(why))
            }
        }
    }

    /// How the models stand.
    pub(crate) async fn stand(&mut self) -> Result<ReadModelsView, SequencingError> {
        let end = self.end().await.map_err(|why| SequencingError::Unavailable(why.to_string()))?;
        let made = self.editions.as_ref().and_then(|there| there.made.as_ref()).map(|edition| edition.pos);
        let answers = self.editions.as_ref().and_then(|there| there.answers.clone());
        let sizes = match &answers {
            Some(answers) => self.models.sizes(answers.number).await.unwrap_or_default(),
            None => ports::read_models::Sizes::default(),
        };
        let as_of = self.as_of();
        let count = |model: &str| sizes.entries.get(model).copied().unwrap_or_default();
        let mut models: Vec<ModelView> = Model::ALL
            .iter()
            .map(|model| ModelView { name: model.name().to_owned(), as_of, entries: count(model.name()) })
            .collect();
        models.push(ModelView { name: SEARCH.to_owned(), as_of, entries: sizes.items });
        let state = match (&self.fault, &answers) {
            (Some(_), _) => ModelsState::Stopped,
            (None, None) => ModelsState::Rebuilding,
            _ if made.is_some() || self.rebuild => ModelsState::Rebuilding,
            _ if as_of < end => ModelsState::Behind,
            _ => ModelsState::Current,
        };
        let (lag, bytes, rebuilt_to) = (end.saturating_sub(as_of), sizes.bytes, made);
        let (fault, renewed) = (self.fault.clone(), self.renewed.clone());
        Ok(ReadModelsView { state, as_of, end, lag, bytes, models, rebuilt_to, fault, renewed })
    }

    async fn end(&self) -> Result<u64, StoreError> {
        Ok(self.store.head(&self.workspace.to_string()).await?.pos)
    }

    fn answering(&self) -> Result<Edition, Unread> {
        self.editions.as_ref().and_then(|there| there.answers.clone()).ok_or(Unread::None)
    }

    async fn listed(
        &mut self,
        model: Model,
        of: Option<&str>,
        before: u64,
        limit: usize,
    ) -> Result<EntriesView, Unread> {
        let (edition, end) = (self.answering()?, self.end().await?);
        let limit = limit.clamp(1, PAGE_MAX);
        let found = self.models.newest(edition.number, model.name(), of, before, limit).await?;
        let before = (found.len() == limit).then(|| found.last().map(|last| last.pos)).flatten();
        let entries = self.shown(model, &found).await?;
        Ok(EntriesView { as_of: edition.pos, end, lag: end.saturating_sub(edition.pos), entries, before })
    }

    /// Entries as they are shown: with their titles and names.
    async fn shown(&mut self, model: Model, found: &[Entry]) -> Result<Vec<Value>, Unread> {
        let damaged = |entry: &Entry| ModelsError::Damaged(format!("{} {} is not readable", entry.model, entry.key));
        let mut shown = Vec::with_capacity(found.len());
        for entry in found {
            let value = entry.value.as_deref().unwrap_or_default();
            shown.push(match model {
                Model::Tasks => {
                    let line: TaskLine = serde_json::from_str(value).map_err(|_| damaged(entry))?;
                    json!(line.entry)
                }
                _ => serde_json::from_str(value).map_err(|_| damaged(entry))?,
            });
        }
        let (carries, kind, called) = match model {
            Model::Tasks => ("titled_by", ItemKind::Task, "title"),
            Model::Agents => ("named_by", ItemKind::Agent, "name"),
            Model::Timeline | Model::Usage => return Ok(shown),
        };
        let wanted = shown.iter().filter_map(|it| it.get(carries)?.as_u64()).collect();
        let said = self.open(wanted, kind).await?;
        for entry in &mut shown {
            let text = entry.get(carries).and_then(Value::as_u64).and_then(|pos| said.get(&pos)?.last().cloned());
            if let (Some(entry), Some(text)) = (entry.as_object_mut(), text) {
                entry.insert(called.to_owned(), Value::String(text));
            }
        }
        Ok(shown)
    }

    async fn found(&mut self, query: &Query, skip: usize, limit: usize) -> Result<SearchView, Unread> {
        let (edition, end) = (self.answering()?, self.end().await?);
        let limit = limit.clamp(1, PAGE_MAX);
        let expression = query.expression(self.tokens(edition.number));
        let wanted = Wanted { expression, kinds: query.kinds.clone(), skip, limit: limit + 1 };
        let mut found = self.models.find(edition.number, &wanted).await?;
        let next = (found.len() > limit).then_some((skip + limit) as u64);
        found.truncate(limit);
        let titles = self.titles(&edition, &found).await?;
        let mut hits = Vec::with_capacity(found.len());
        for it in found {
            let said = self.open([it.pos].into(), it.kind).await?.remove(&it.pos).unwrap_or_default();
            hits.extend(hit(it, &said, query, &titles));
        }
        Ok(SearchView { as_of: edition.pos, end, lag: end.saturating_sub(edition.pos), hits, next })
    }

    /// Titles of the tasks that hits belong to.
    async fn titles(&mut self, edition: &Edition, found: &[Found]) -> Result<BTreeMap<String, String>, Unread> {
        let tasks: BTreeSet<&String> = found.iter().filter_map(|hit| hit.task.as_ref()).collect();
        let keys: Vec<_> = tasks.into_iter().map(|task| (Model::Tasks.name(), task.clone())).collect();
        let entries = self.models.entries(edition.number, &keys).await?;
        let lines = entries.iter().filter_map(|it| serde_json::from_str::<TaskLine>(it.value.as_deref()?).ok());
        let tasks: Vec<TaskEntry> = lines.map(|line| line.entry).collect();
        let said = self.open(tasks.iter().map(|task| task.titled_by).collect(), ItemKind::Task).await?;
        let title = |task: &TaskEntry| Some((text(&task.id), said.get(&task.titled_by)?.last()?.clone()));
        Ok(tasks.iter().filter_map(title).collect())
    }

    /// What the events at these positions say in the fields of a kind: nothing where the key was destroyed, even if that is
    /// younger than what the models know.
    async fn open(&mut self, positions: BTreeSet<u64>, kind: ItemKind) -> Result<BTreeMap<u64, Vec<String>>, Unread> {
        let mut events = Vec::with_capacity(positions.len());
        for pos in positions {
            let page = self.store.events(&self.workspace.to_string(), pos.saturating_sub(1), 1).await?;
            let Some(stored) = page.into_iter().find(|event| event.pos == pos) else { continue };
            let Ok((header, data)) = Header::decode(&stored.body) else { continue };
            events.push(Read { stored, header, data });
        }
        let subjects: BTreeSet<_> = events.iter().filter_map(|event| event.data.subject()).collect();
        subjects.iter().for_each(|subject| self.keys.forget(Some(subject)));
        self.keys.load(&subjects).await?;
        let mut said = BTreeMap::new();
        for event in &mut events {
            let mut texts = Vec::new();
            for role in fields_of(kind) {
                texts.extend(self.keys.open(&event.stored, &event.header, &mut event.data, role).await?);
            }
            said.insert(event.header.pos, texts);
        }
        Ok(said)
    }
}

/// A hit as it is shown; none when what it says is not what was looked for. Beginnings are found by a part of them, what
/// stands for two words may be the same, and a key may have been destroyed meanwhile.
fn hit(found: Found, said: &[String], query: &Query, titles: &BTreeMap<String, String>) -> Option<HitView> {
    let text = said.last()?;
    let path = said.first().filter(|_| said.len() > 1);
    let (words, path_words) = (words(text), path.map(|path| words(path)).unwrap_or_default());
    let marks = query.marks(&[&words, &path_words])?;
    let Found { kind, key, task, pos, at, score } = found;
    let title = match kind {
        ItemKind::Document => path.cloned(),
        ItemKind::Agent | ItemKind::Workflow | ItemKind::Task => Some(text.clone()),
        ItemKind::Answer | ItemKind::Outcome | ItemKind::Prompt => {
            task.as_ref().and_then(|task| titles.get(task)).cloned()
        }
        ItemKind::Note => None,
    };
    let snippet = snippet(text, &words, marks.first()?);
    Some(HitView { kind, id: key, task, title, snippet, score, pos, at })
}

fn text(id: &Id) -> String {
    id.to_string()
}

/// Why something could not be read.
enum Unread {
    /// No edition answers yet.
    None,
    Store(StoreError),
    Models(ModelsError),
}

impl From<StoreError> for Unread {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<ModelsError> for Unread {
    fn from(error: ModelsError) -> Self {
        Self::Models(error)
    }
}

fn value<T: serde::Serialize>(view: &T) -> Result<Value, SequencingError> {
    serde_json::to_value(view).map_err(|why| SequencingError::Unavailable(why.to_string()))
}
