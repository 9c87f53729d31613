//! A workspace came here in a file.

use super::{EventType, Place};
use crate::entity::Origin;
use crate::hash::HashText;
use crate::key::Key;
use crate::merge::Lww;
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A workspace came here in a file. It is another incarnation of the one it was, which may go on elsewhere: so what it
/// owes the outside world is held until a person adopts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkspaceImported {
    /// The incarnation that began with it; the one it was made in is 0.
    pub incarnation: u32,
    /// Position up to which the file goes.
    pub pos: u64,
    /// Hash over the whole file.
    pub file: HashText,
}

impl EventType for WorkspaceImported {
    const NAME: &'static str = "workspace.imported";
    const CONTROL: bool = true;

    fn places(&self) -> Vec<Place> {
        vec![Place::Control(Key::Origin)]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let Self { incarnation, pos, file } = *self;
        let origin = Origin { incarnation: Lww(incarnation), pos: Lww(pos), file: Lww(file), held: Lww(true) };
        to.put_control(Key::Origin, origin);
    }
}
