//! Where an entity lives: its space (control, or a branch with its incarnation) and its key in that space.
//!
//! The order of keys is the byte order of their text, because stores order by text and the kernel's cache by key.

use crate::id::text::{read_number, write_number};
use crate::id::{BadId, BlobId, CommandId, DeviceId, Id, KeyId, RuntimeId, serde_by_text};
use crate::seal::Subject;
use crate::storage::Address;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A branch of a workspace's data. Branches are ordered like their texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BranchId {
    /// The line the sequencer owns.
    #[default]
    Main,
    /// A branch that a command forked.
    Forked(Id),
}

impl Ord for BranchId {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Main, Self::Main) => Ordering::Equal,
            (Self::Forked(one), Self::Forked(other)) => one.cmp(other),
            (Self::Main, Self::Forked(fork)) => main_before(fork),
            (Self::Forked(fork), Self::Main) => main_before(fork).reverse(),
        }
    }
}

impl PartialOrd for BranchId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// How the text `main` compares to that of a fork. Texts of ids begin with the device and have no `i`, so the first
/// three digits tell: up to `mah` they stand before `main`, from `maj` on behind it.
fn main_before(fork: &Id) -> Ordering {
    const MAH: u16 = 20 << 10 | 10 << 5 | 17;
    let DeviceId([first, second, ..]) = fork.command.device;
    if u16::from_be_bytes([first, second]) >> 1 <= MAH { Ordering::Greater } else { Ordering::Less }
}

impl fmt::Display for BranchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Main => f.write_str("main"),
            Self::Forked(id) => id.fmt(f),
        }
    }
}

impl FromStr for BranchId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        if text == "main" { Ok(Self::Main) } else { text.parse().map(Self::Forked) }
    }
}

/// A branch in one of its incarnations; a restore begins a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Line {
    /// The branch.
    pub branch: BranchId,
    /// Its incarnation, from 0.
    pub incarnation: u32,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.branch, self.incarnation)
    }
}

impl FromStr for Line {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let (branch, incarnation) = text.split_once('@').ok_or(BadId)?;
        let number: u32 = incarnation.parse().map_err(|_| BadId)?;
        if number.to_string() != incarnation {
            return Err(BadId);
        }
        Ok(Self { branch: branch.parse()?, incarnation: number })
    }
}

/// A stream of events, and the space of the rows those events write first of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Space {
    /// What no fork, merge, restore or import may turn back.
    Control,
    /// Data of one line.
    Data(Line),
    /// Which command an idempotency key stands for. It only repeats what events say, in an order that scatters, so it
    /// is in no state map.
    Dedupe,
    /// Rows of a line as they were before an overwrite, while a live fork needs them.
    Kept(Line),
}

impl Space {
    /// Data of `main` in its first incarnation.
    pub const MAIN: Self = Self::Data(Line { branch: BranchId::Main, incarnation: 0 });
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Control => f.write_str("control"),
            Self::Data(line) => line.fmt(f),
            Self::Dedupe => f.write_str("dedupe"),
            Self::Kept(line) => write!(f, "kept/{line}"),
        }
    }
}

impl FromStr for Space {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        match text.strip_prefix("kept/") {
            Some(line) => line.parse().map(Self::Kept),
            None if text == "control" => Ok(Self::Control),
            None if text == "dedupe" => Ok(Self::Dedupe),
            None => text.parse().map(Self::Data),
        }
    }
}

serde_by_text!(BranchId, Line, Space, Key);

/// The key of an entity or an index entry. Variants stand in the order of their text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// Data: an agent.
    Agent(Id),
    /// Control: a point at which the work waits for a person.
    Approval(Id),
    /// Data: a reference to content that is kept apart.
    Blob(BlobId),
    /// Control: a branch.
    Branch(BranchId),
    /// Data: a use of a capability.
    Call(Id),
    /// Control: what is known of a device's chain of commands in one incarnation.
    Chain(DeviceId, u32),
    /// Control: what became of a command.
    Command(CommandId),
    /// Control: a device.
    Device(DeviceId),
    /// Data: a document; the tag of its path.
    Document(KeyId),
    /// Control, index: what is due, by the time.
    Due(u64, Id),
    /// Data: an effect.
    Effect(Id),
    /// Control: where requests of this workspace may go.
    Egress,
    /// Control, index: leases by the time they expire.
    Expiry(u64, Id),
    /// Dedupe: the command sent under an idempotency key; the hash of principal and key.
    Idempotency(KeyId),
    /// Control: the lease of an effect.
    Lease(Id),
    /// Control, index: leases by the runtime that holds them.
    Leased(RuntimeId, Id),
    /// Control: where the workspace is on its way to, or went.
    Move,
    /// Data: what a name stands for; the tag of kind and name.
    Name(KeyId),
    /// Data: a note.
    Note(Id),
    /// Control, index: approvals that wait.
    Open(Id),
    /// Control: where an imported workspace came from.
    Origin,
    /// Data: a provider.
    Provider(Id),
    /// Control, index: effects that wait for a runtime.
    Ready(Id),
    /// Control: what was under way at a restore.
    Restored(Id),
    /// Data: a workflow that is performed, under the id of its task.
    Run(Id),
    /// Control: a runtime.
    Runtime(RuntimeId),
    /// Data: a step of a task.
    Step(Id),
    /// Control: the data key of a subject.
    Subject(Subject),
    /// Data: a task.
    Task(Id),
    /// Data: a model call of a step that did not end it.
    Turn(Id),
    /// Control: what was used of a provider.
    Usage(Id),
    /// Data: a workflow.
    Workflow(Id),
    /// Data: the workspace itself.
    Workspace,
}

impl Key {
    /// The text before the first slash.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Agent(_) => "agent",
            Self::Approval(_) => "approval",
            Self::Blob(_) => "blob",
            Self::Branch(_) => "branch",
            Self::Call(_) => "call",
            Self::Chain(..) => "chain",
            Self::Command(_) => "command",
            Self::Device(_) => "device",
            Self::Document(_) => "document",
            Self::Due(..) => "due",
            Self::Effect(_) => "effect",
            Self::Egress => "egress",
            Self::Expiry(..) => "expiry",
            Self::Idempotency(_) => "idempotency",
            Self::Lease(_) => "lease",
            Self::Leased(..) => "leased",
            Self::Move => "move",
            Self::Name(_) => "name",
            Self::Note(_) => "note",
            Self::Open(_) => "open",
            Self::Origin => "origin",
            Self::Provider(_) => "provider",
            Self::Ready(_) => "ready",
            Self::Restored(_) => "restored",
            Self::Run(_) => "run",
            Self::Runtime(_) => "runtime",
            Self::Step(_) => "step",
            Self::Subject(_) => "subject",
            Self::Task(_) => "task",
            Self::Turn(_) => "turn",
            Self::Usage(_) => "usage",
            Self::Workflow(_) => "workflow",
            Self::Workspace => "workspace",
        }
    }

    /// The command that makes the thing of this key; none for what no single command makes.
    pub fn made_by(&self) -> Option<CommandId> {
        match self {
            Self::Agent(id) | Self::Effect(id) | Self::Lease(id) | Self::Provider(id) => Some(id.command),
            Self::Ready(id) | Self::Step(id) | Self::Task(id) | Self::Run(id) | Self::Turn(id) => Some(id.command),
            Self::Approval(id) | Self::Call(id) | Self::Note(id) | Self::Open(id) | Self::Workflow(id) => {
                Some(id.command)
            }
            Self::Branch(BranchId::Forked(id)) => Some(id.command),
            Self::Subject(subject) => subject.made_by(),
            Self::Command(command) => Some(*command),
            _ => None,
        }
    }

    /// The row's address in `space`.
    pub fn address(&self, space: Space) -> Address {
        Address::new(space.to_string(), self.to_string())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.kind())?;
        match self {
            Self::Agent(id) | Self::Effect(id) | Self::Lease(id) | Self::Provider(id) => id.fmt(f),
            Self::Ready(id) | Self::Step(id) | Self::Task(id) | Self::Run(id) | Self::Turn(id) => id.fmt(f),
            Self::Approval(id) | Self::Call(id) | Self::Note(id) | Self::Open(id) => id.fmt(f),
            Self::Restored(id) | Self::Usage(id) | Self::Workflow(id) => id.fmt(f),
            Self::Blob(blob) => blob.fmt(f),
            Self::Branch(branch) => branch.fmt(f),
            Self::Chain(device, incarnation) => {
                write!(f, "{device}.")?;
                write_number(f, u64::from(*incarnation))
            }
            Self::Command(command) => command.fmt(f),
            Self::Device(device) => device.fmt(f),
            Self::Expiry(at, id) | Self::Due(at, id) => {
                write_number(f, *at)?;
                write!(f, "/{id}")
            }
            Self::Idempotency(hash) | Self::Document(hash) | Self::Name(hash) => hash.fmt(f),
            Self::Leased(runtime, id) => write!(f, "{runtime}/{id}"),
            Self::Runtime(runtime) => runtime.fmt(f),
            Self::Subject(subject) => subject.fmt(f),
            Self::Egress | Self::Move | Self::Origin | Self::Workspace => Ok(()),
        }
    }
}

impl FromStr for Key {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let (kind, rest) = text.split_once('/').ok_or(BadId)?;
        Ok(match kind {
            "agent" => Self::Agent(rest.parse()?),
            "approval" => Self::Approval(rest.parse()?),
            "blob" => Self::Blob(rest.parse()?),
            "branch" => Self::Branch(rest.parse()?),
            "call" => Self::Call(rest.parse()?),
            "chain" => {
                let (device, incarnation) = rest.split_once('.').ok_or(BadId)?;
                Self::Chain(device.parse()?, u32::try_from(read_number(incarnation)?).map_err(|_| BadId)?)
            }
            "command" => Self::Command(rest.parse()?),
            "device" => Self::Device(rest.parse()?),
            "document" => Self::Document(rest.parse()?),
            "due" => {
                let (at, id) = rest.split_once('/').ok_or(BadId)?;
                Self::Due(read_number(at)?, id.parse()?)
            }
            "effect" => Self::Effect(rest.parse()?),
            "egress" if rest.is_empty() => Self::Egress,
            "expiry" => {
                let (at, id) = rest.split_once('/').ok_or(BadId)?;
                Self::Expiry(read_number(at)?, id.parse()?)
            }
            "idempotency" => Self::Idempotency(rest.parse()?),
            "lease" => Self::Lease(rest.parse()?),
            "leased" => {
                let (runtime, id) = rest.split_once('/').ok_or(BadId)?;
                Self::Leased(runtime.parse()?, id.parse()?)
            }
            "move" if rest.is_empty() => Self::Move,
            "name" => Self::Name(rest.parse()?),
            "note" => Self::Note(rest.parse()?),
            "open" => Self::Open(rest.parse()?),
            "origin" if rest.is_empty() => Self::Origin,
            "provider" => Self::Provider(rest.parse()?),
            "ready" => Self::Ready(rest.parse()?),
            "restored" => Self::Restored(rest.parse()?),
            "run" => Self::Run(rest.parse()?),
            "runtime" => Self::Runtime(rest.parse()?),
            "step" => Self::Step(rest.parse()?),
            "subject" => Self::Subject(rest.parse()?),
            "task" => Self::Task(rest.parse()?),
            "turn" => Self::Turn(rest.parse()?),
            "usage" => Self::Usage(rest.parse()?),
            "workflow" => Self::Workflow(rest.parse()?),
            "workspace" if rest.is_empty() => Self::Workspace,
            _ => return Err(BadId),
        })
    }
}

/// A run of keys that is read in order, page by page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Index {
    /// Data: agents.
    Agents,
    /// Control: every approval there ever was.
    Approvals,
    /// Data: documents.
    Documents,
    /// Control: what is due, by the time.
    Due,
    /// Control: leases by the time they expire.
    Expiry,
    /// Control: leases that a runtime holds.
    Leased(RuntimeId),
    /// Data: notes.
    Notes,
    /// Control: approvals that wait.
    Open,
    /// Data: providers.
    Providers,
    /// Control: effects that wait for a runtime.
    Ready,
    /// Control: what was under way at a restore.
    Restored,
    /// Data: tasks in the order of their ids.
    Tasks,
    /// Control: what was used, by provider.
    Usage,
    /// Data: workflows.
    Workflows,
}

impl Index {
    /// What every key of the index begins with.
    pub fn prefix(&self) -> String {
        match self {
            Self::Agents => "agent/".to_owned(),
            Self::Approvals => "approval/".to_owned(),
            Self::Documents => "document/".to_owned(),
            Self::Due => "due/".to_owned(),
            Self::Expiry => "expiry/".to_owned(),
            Self::Leased(runtime) => format!("leased/{runtime}/"),
            Self::Notes => "note/".to_owned(),
            Self::Open => "open/".to_owned(),
            Self::Providers => "provider/".to_owned(),
            Self::Ready => "ready/".to_owned(),
            Self::Restored => "restored/".to_owned(),
            Self::Tasks => "task/".to_owned(),
            Self::Usage => "usage/".to_owned(),
            Self::Workflows => "workflow/".to_owned(),
        }
    }

    /// A text above every key of the index: `0` is the character after `/`.
    pub fn end(&self) -> String {
        let mut end = self.prefix();
        end.pop();
        end.push('0');
        end
    }

    /// Whether `key` belongs to the index.
    pub fn holds(&self, key: &Key) -> bool {
        match (self, key) {
            (Self::Expiry, Key::Expiry(..)) | (Self::Ready, Key::Ready(_)) | (Self::Tasks, Key::Task(_)) => true,
            (Self::Agents, Key::Agent(_))
            | (Self::Approvals, Key::Approval(_))
            | (Self::Documents, Key::Document(_)) => true,
            (Self::Due, Key::Due(..)) | (Self::Notes, Key::Note(_)) | (Self::Open, Key::Open(_)) => true,
            (Self::Providers, Key::Provider(_))
            | (Self::Restored, Key::Restored(_))
            | (Self::Usage, Key::Usage(_))
            | (Self::Workflows, Key::Workflow(_)) => true,
            (Self::Leased(of), Key::Leased(runtime, _)) => of == runtime,
            _ => false,
        }
    }

    /// A key that is not above any key of the index.
    pub fn start(&self) -> Key {
        let least = Id {
            command: CommandId { device: DeviceId([0; 16]), incarnation: 0, counter: 0 },
            role: crate::id::Role::Agent,
            k: 0,
        };
        match self {
            Self::Agents => Key::Agent(least),
            Self::Approvals => Key::Approval(least),
            Self::Documents => Key::Document(KeyId([0; 16])),
            Self::Due => Key::Due(0, least),
            Self::Expiry => Key::Expiry(0, least),
            Self::Leased(runtime) => Key::Leased(*runtime, least),
            Self::Notes => Key::Note(least),
            Self::Open => Key::Open(least),
            Self::Providers => Key::Provider(least),
            Self::Ready => Key::Ready(least),
            Self::Restored => Key::Restored(least),
            Self::Tasks => Key::Task(least),
            Self::Usage => Key::Usage(least),
            Self::Workflows => Key::Workflow(least),
        }
    }
}
