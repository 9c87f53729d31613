//! What an imported workspace owes the outside world is owed here.

use super::{EventType, Place, Undecodable};
use crate::entity::{Move, Origin, is_default};
use crate::hash::HashText;
use crate::key::Key;
use crate::merge::Lww;
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// This incarnation goes on, because a person says so or because the one it came from left: its effects are held no
/// longer, and it is on no way any more. Version 2 says which of the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkspaceAdopted {
    /// The incarnation.
    pub incarnation: u32,
    /// Hash of the event by which the workspace left where it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<HashText>,
    /// A person insisted although nothing proves that it left.
    #[serde(default, skip_serializing_if = "is_default")]
    pub anyway: bool,
}

impl EventType for WorkspaceAdopted {
    const NAME: &'static str = "workspace.adopted";
    const VERSION: u16 = 2;
    const CONTROL: bool = true;

    fn places(&self) -> Vec<Place> {
        vec![Place::Control(Key::Move), Place::Control(Key::Origin)]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        to.edit_control::<Origin>(Key::Origin, |origin| origin.held = Lww(false));
        if to.control::<Move>(Key::Move).is_some() {
            to.unmark(Key::Move);
        }
    }

    fn decode(version: u16, data: &str) -> Result<Self, Undecodable> {
        match version {
            1 | 2 => serde_json::from_str(data).map_err(|why| Undecodable::Data(why.to_string())),
            _ => Err(Undecodable::Version(version)),
        }
    }
}
