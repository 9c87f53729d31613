//! What goes into the machine, and what comes out.

use crate::command::Command;
use crate::hash::HashText;
use crate::id::{CommandId, DeviceId, Id, KeyId};
use crate::key::BranchId;
use crate::reject::Code;
use serde::{Deserialize, Serialize};

/// How a command is told from every other.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// A device counted it.
    Device {
        /// The device's id for it.
        command: CommandId,
        /// The device's chain of commands before it, when the device says so.
        previous: Option<HashText>,
    },
    /// A client without a durable count sent it under an idempotency key; the host counts for it.
    Key {
        /// Hash of principal and key.
        key: KeyId,
        /// The host's device.
        device: DeviceId,
        /// The incarnation of that device.
        incarnation: u32,
    },
}

/// A command with all that came with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// How it is told from every other.
    pub identity: Identity,
    /// Hash over the command as it was sent.
    pub hash: HashText,
    /// Who acts: a principal's pseudonym, never a name.
    pub actor: String,
    /// For whom, nearest first.
    pub on_behalf_of: Vec<String>,
    /// When it was authored, by its device's clock; milliseconds since 1970.
    pub authored_ms: u64,
    /// The branch it works on.
    pub branch: BranchId,
    /// The command.
    pub command: Command,
}

/// Time and entropy, which the kernel does not have.
#[derive(Clone)]
pub struct Moment {
    /// Milliseconds since 1970, by the sequencer's clock.
    pub now_ms: u64,
    /// Fresh random bytes, used for this command only. New data keys are made of them.
    pub entropy: [u8; 32],
}

impl std::fmt::Debug for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Moment({} ms)", self.now_ms)
    }
}

/// What became of a command. The same command gets the same reply, however often it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reply {
    /// The command's id.
    pub command: CommandId,
    /// Position of its first event.
    pub pos: u64,
    /// How many events it has.
    pub events: u32,
    /// Why it was rejected; none when it was accepted.
    #[serde(skip)]
    pub rejected: Option<(Code, String)>,
    /// What it made.
    pub made: Vec<Id>,
    /// Whether the reply is to a command that was known already.
    #[serde(skip)]
    pub known: bool,
}
