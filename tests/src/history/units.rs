//! The sealed units of a workspace, opened.

use super::World;
use kernel::event::Header;
use kernel::id::KeyId;
use kernel::seal::unframe;

/// A unit as it is stored, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Position of the event that carries it.
    pub pos: u64,
    /// The key that sealed it.
    pub key: KeyId,
    /// The nonce it was sealed with.
    pub nonce: Vec<u8>,
    /// What it says; none when its key was destroyed.
    pub plaintext: Option<String>,
}

impl World {
    /// Every unit that events carry.
    pub async fn units(&mut self) -> Vec<Opened> {
        let views = self.sequencer.events(0, usize::MAX >> 1).await.expect("events can be read");
        let mut units = Vec::new();
        for view in views {
            let (_, mut data) = Header::decode(&view.event.body).expect("what was written decodes");
            let frame = unframe(&view.event.sealed).expect("units are framed");
            for ((role, content), bytes) in data.contents().into_iter().zip(frame) {
                units.push(Opened {
                    pos: view.event.pos,
                    key: content.unit().expect("stored content is sealed").key,
                    nonce: bytes.get(1..25).expect("a unit has a nonce").to_vec(),
                    plaintext: view.content.get(role).cloned().flatten(),
                });
            }
        }
        units
    }
}
