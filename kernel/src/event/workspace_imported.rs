//! A workspace came here in a file.

use super::{EventType, Place, Undecodable};
use crate::entity::{Move, Origin};
use crate::hash::HashText;
use crate::key::Key;
use crate::merge::Lww;
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A workspace came here in a file. It is another incarnation of the one it was, which may go on elsewhere: so what it
/// owes the outside world is held until it is adopted. Version 2 says which event of control was the last in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkspaceImported {
    /// The incarnation that began with it; the one it was made in is 0.
    pub incarnation: u32,
    /// Position up to which the file goes.
    pub pos: u64,
    /// Hash over the whole file.
    pub file: HashText,
    /// Hash of the last event of control in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<HashText>,
}

impl EventType for WorkspaceImported {
    const NAME: &'static str = "workspace.imported";
    const VERSION: u16 = 2;
    const CONTROL: bool = true;

    fn places(&self) -> Vec<Place> {
        vec![Place::Control(Key::Move), Place::Control(Key::Origin)]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let Self { incarnation, pos, file, control } = *self;
        let origin = Origin { incarnation: Lww(incarnation), pos: Lww(pos), file: Lww(file), held: Lww(true) };
        to.put_control(Key::Origin, origin);
        to.edit_control::<Move>(Key::Move, |moving| moving.control = Lww(control));
    }

    fn decode(version: u16, data: &str) -> Result<Self, Undecodable> {
        match version {
            1 | 2 => serde_json::from_str(data).map_err(|why| Undecodable::Data(why.to_string())),
            _ => Err(Undecodable::Version(version)),
        }
    }
}
