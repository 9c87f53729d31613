//! Whether an event that was stored elsewhere fits behind those before it, and carries what it says it carries.

use crate::event::{EventData, Header};
use crate::hash::FORMAT;
use crate::id::WorkspaceId;
use crate::machine::Heads;
use crate::seal::{Subject, commitment, unframe};
use crate::storage::StoredEvent;

/// Whether `stored`, whose envelope is `header`, is the next event of `workspace` after `heads`.
pub fn follows(heads: &Heads, workspace: WorkspaceId, header: &Header, stored: &StoredEvent) -> Result<(), String> {
    let head = heads.stream(header.stream);
    let pos = heads.pos() + 1;
    if header.pos != pos || stored.pos != pos {
        return Err(format!("it stands at position {} and says {}, where {pos} comes next", stored.pos, header.pos));
    }
    if stored.stream.parse() != Ok(header.stream) || header.seq != stored.seq || header.seq != head.seq + 1 {
        return Err(format!(
            "it stands in {} at {} and says {} at {}, where {} comes next",
            stored.stream,
            stored.seq,
            header.stream,
            header.seq,
            head.seq + 1
        ));
    }
    if header.previous != head.hash {
        return Err(format!("it does not follow the event before it in {}", header.stream));
    }
    if header.workspace != workspace || header.format != FORMAT {
        return Err("it belongs to another workspace or hash format".to_owned());
    }
    Ok(())
}

/// Whether the sealed units beside the event are those it commits to. Where they are gone, says whose they were: then the
/// key of that subject has to be destroyed.
pub fn content_is_whole(data: &mut EventData, stored: &StoredEvent) -> Result<Option<Subject>, String> {
    let subject = data.subject();
    // What is kept apart is compared where it lies.
    let mut contents = data.contents();
    contents.retain(|(_, content)| content.unit().is_some_and(|unit| unit.chunks == 0));
    if stored.sealed.is_empty() && !contents.is_empty() {
        return Ok(subject);
    }
    let units = unframe(&stored.sealed).ok_or("its sealed units are malformed")?;
    if units.len() != contents.len() {
        return Err(format!("it commits to {} sealed units and carries {}", contents.len(), units.len()));
    }
    for ((role, content), unit) in contents.into_iter().zip(units) {
        if content.unit().is_none_or(|it| it.hash != commitment(unit) || it.size as usize != unit.len()) {
            return Err(format!("its sealed {role} was altered"));
        }
    }
    Ok(None)
}
