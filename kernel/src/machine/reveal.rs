//! Opening content: from the reference in a row to the unit in the event that carries it.

use super::{Stop, Workspace};
use crate::entity::DataKey as DataKeyEntity;
use crate::event::Header;
use crate::key::{Key, Line};
use crate::seal::{Bound, Content, OpenError, commitment, unframe};
use crate::storage::StoredEvent;
use crate::view::Want;

/// What is shown where content cannot be read any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revealed {
    /// The content.
    Text(String),
    /// Its key was destroyed.
    Destroyed,
}

impl Workspace {
    /// Open content that a row refers to.
    pub fn reveal(&self, content: &Content) -> Result<Revealed, Stop> {
        let unit = match content {
            Content::Plain(text) => return Ok(Revealed::Text(text.to_string())),
            Content::Sealed(unit) => unit,
        };
        let pos = unit.at.ok_or_else(|| Stop::Broken("content does not say where it stands".into()))?;
        let event = self.carriers.get(&pos).or_else(|| self.events.iter().find(|event| event.pos == pos));
        let event = event.ok_or(Stop::Load(Want::Event(pos)))?;
        let opened = self.reveal_event(event)?;
        let found =
            opened.into_iter().find(|(_, candidate, _)| candidate.unit().is_some_and(|it| it.hash == unit.hash));
        match found {
            Some((_, _, revealed)) => Ok(revealed),
            None => Err(Stop::Broken(format!("event {pos} does not carry unit {}", unit.hash))),
        }
    }

    /// Open all content that `event` carries, by field name.
    pub fn reveal_event(&self, event: &StoredEvent) -> Result<Vec<(&'static str, Content, Revealed)>, Stop> {
        let broken = |why: String| Stop::Broken(format!("event {}: {why}", event.pos));
        let (header, mut data) = Header::decode(&event.body).map_err(|why| broken(why.to_string()))?;
        let Some(subject) = data.subject() else { return Ok(Vec::new()) };
        let key = self.read(Line::default()).control::<DataKeyEntity>(Key::Subject(subject))?;
        let destroyed = key.is_none_or(|key| *key.destroyed);
        let units = unframe(&event.sealed).ok_or_else(|| broken("its sealed units are malformed".into()))?;
        let schema = (header.name.as_ref(), header.version);
        let mut opened = Vec::new();
        for (role, content) in data.contents() {
            let Some(unit) = content.unit().cloned() else { continue };
            if destroyed {
                opened.push((role, content.clone(), Revealed::Destroyed));
                continue;
            }
            let open = self.keys.get(&unit.key).ok_or(Stop::Load(Want::DataKey(unit.key, subject)))?;
            let bytes = match unit.blob() {
                None => units.iter().copied().find(|bytes| commitment(bytes) == unit.hash),
                Some(blob) => Some(self.blobs.get(&blob).ok_or(Stop::Load(Want::Blob(blob, unit.chunks)))?.as_slice()),
            };
            let bytes = bytes.ok_or_else(|| broken(format!("{role} was altered or is not there")))?;
            let bound = Bound { workspace: self.id, command: header.command, schema, role, k: 0 };
            let text = bound.open(open, bytes, &unit.hash).map_err(|why| {
                broken(match why {
                    OpenError::Altered => format!("{role} was altered"),
                    OpenError::WrongKey => format!("{role} is not sealed by the key of {subject}"),
                    OpenError::Malformed => format!("{role} is malformed"),
                })
            })?;
            self.insight.keep(unit.hash, subject, &text);
            opened.push((role, content.clone(), Revealed::Text(text)));
        }
        Ok(opened)
    }
}
