//! The id of a thing that a command makes.

use super::text::{read_number, write_number};
use super::{BadId, CommandId, serde_by_text};
use std::fmt;
use std::str::FromStr;

/// What a made thing is to the command that makes it. The name is part of the id; the order is that of the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// An agent.
    Agent,
    /// A point at which the work waits for a person.
    Approval,
    /// A branch.
    Branch,
    /// A use of a capability.
    Call,
    /// An effect.
    Effect,
    /// A note.
    Note,
    /// A provider.
    Provider,
    /// A step of a task.
    Step,
    /// A task.
    Task,
    /// A model call of a step that did not end it.
    Turn,
    /// A workflow.
    Workflow,
}

impl Role {
    const ALL: [Self; 11] = [
        Self::Agent,
        Self::Approval,
        Self::Branch,
        Self::Call,
        Self::Effect,
        Self::Note,
        Self::Provider,
        Self::Step,
        Self::Task,
        Self::Turn,
        Self::Workflow,
    ];

    /// The role's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Approval => "approval",
            Self::Branch => "branch",
            Self::Call => "call",
            Self::Effect => "effect",
            Self::Note => "note",
            Self::Provider => "provider",
            Self::Step => "step",
            Self::Task => "task",
            Self::Turn => "turn",
            Self::Workflow => "workflow",
        }
    }
}

/// The id of a thing: the command that makes it, the role it has there, and `k` where a role occurs more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id {
    /// The command that makes the thing.
    pub command: CommandId,
    /// What it is to that command.
    pub role: Role,
    /// Which of that role, from 0.
    pub k: u16,
}

impl Id {
    /// The one thing of `role` that `command` makes.
    pub const fn new(command: CommandId, role: Role) -> Self {
        Self { command, role, k: 0 }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.command, self.role.name())?;
        if self.k > 0 {
            f.write_str(".")?;
            write_number(f, u64::from(self.k))?;
        }
        Ok(())
    }
}

impl FromStr for Id {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let third_dot = text.match_indices('.').nth(2).ok_or(BadId)?.0;
        let (command, rest) = text.split_at_checked(third_dot).ok_or(BadId)?;
        let mut rest = rest.strip_prefix('.').ok_or(BadId)?.split('.');
        let role = rest.next().ok_or(BadId)?;
        let role = Role::ALL.into_iter().find(|known| known.name() == role).ok_or(BadId)?;
        let k = match rest.next() {
            None => 0,
            Some(k) => u16::try_from(read_number(k)?).ok().filter(|k| *k > 0).ok_or(BadId)?,
        };
        match rest.next() {
            None => Ok(Self { command: command.parse()?, role, k }),
            Some(_) => Err(BadId),
        }
    }
}

serde_by_text!(Id);
