//! Entities: the addressable pieces of a workspace's state.
//!
//! A field's type says how it merges ([`crate::merge`]); one that does not say so does not compile:
//!
//! ```
//! use kernelos_kernel::{entity::entity, merge::Lww};
//! entity! {
//!     /// A thing whose name's last writer wins.
//!     Thing { always {} may {
//!         /// Its name.
//!         name: Lww<Option<String>>,
//!     } }
//! }
//! ```
//!
//! ```compile_fail,E0277
//! use kernelos_kernel::entity::entity;
//! entity! {
//!     /// A thing whose name says nothing.
//!     Thing { always {} may {
//!         /// Its name.
//!         name: Option<String>,
//!     } }
//! }
//! ```
//!
//! Rows are written as JSON with fields in the order declared and defaults absent, so a value has one encoding.

use crate::hash::HashText;
use crate::id::{BootId, CommandId, Id, KeyId, RuntimeId};
use crate::key::{BranchId, Key, Line};
use crate::merge::{Append, Counter, Exclusive, Lww};
use crate::seal::Content;
use serde::{Deserialize, Serialize};

mod call;
mod person;
mod restored;
mod run;
mod step;
mod things;

pub use call::{Call, CallStatus, Idempotency, Owner};
pub use person::{Approval, ApprovalKind, Decision};
pub use restored::{Choice, Restored, Standing};
pub use run::{Run, RunStatus, Workflow};
pub use step::{Failure, Step, StepStatus, Task, Turn};
pub use things::{Agent, Document, Egress, Limits, Move, Name, Note, Origin, Provider, Usage};

/// Declares an entity: fields that are `always` written, and fields that `may` be absent because they are default.
#[macro_export]
macro_rules! declare_entity {
    ($(#[$doc:meta])* $name:ident {
        always { $($(#[$adoc:meta])* $afield:ident: $aty:ty,)* }
        may { $($(#[$mdoc:meta])* $mfield:ident: $mty:ty,)* }
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, $crate::entity::serde::Serialize, $crate::entity::serde::Deserialize)]
        #[serde(crate = "kernelos_kernel::entity::serde")]
        pub struct $name {
            $($(#[$adoc])* pub $afield: $aty,)*
            $($(#[$mdoc])*
            #[serde(default, skip_serializing_if = "kernelos_kernel::entity::is_default")]
            pub $mfield: $mty,)*
        }

        impl $name {
            /// Names of the fields that differ from `before`.
            pub fn changed(&self, before: Option<&Self>) -> Vec<&'static str> {
                let mut fields = Vec::new();
                $(if before.is_none_or(|old| old.$afield != self.$afield) {
                    fields.push(stringify!($afield));
                })*
                $(if before.map_or_else(|| self.$mfield != Default::default(), |old| old.$mfield != self.$mfield) {
                    fields.push(stringify!($mfield));
                })*
                fields
            }
        }

        const _: fn() = || {
            fn says_how_it_merges<T: $crate::merge::MergeType>() {}
            $(says_how_it_merges::<$aty>();)*
            $(says_how_it_merges::<$mty>();)*
        };
    };
}
pub use declare_entity as entity;
#[doc(hidden)]
pub use serde;

/// Whether a field is left out of the encoding.
pub fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

entity! {
    /// The workspace itself.
    Workspace { always {} may {
        /// What people call it.
        name: Lww<Option<Content>>,
    } }
}

entity! {
    /// Work that the outside world owes us: the next model call of a step, a call of a capability, or a notice that a
    /// person is waited for. Exactly one of the three is there.
    Effect { always {} may {
        /// The step whose model call it is.
        step: Exclusive<Option<Id>>,
        /// Fencing token of the attempt whose outcome was taken; none while it is outstanding.
        settled_by: Exclusive<Option<u64>>,
        /// The call that it performs.
        call: Exclusive<Option<Id>>,
        /// The approval that it gives notice of.
        approval: Exclusive<Option<Id>>,
        /// How many attempts failed and were to be repeated.
        failed: Counter,
        /// When it may be tried again, milliseconds since 1970; none when it need not wait.
        due: Exclusive<Option<u64>>,
    } }
}

impl Effect {
    /// The next model call of a step.
    pub fn of_step(step: Id) -> Self {
        Self { step: Exclusive(Some(step)), ..Self::unclaimed() }
    }

    /// An effect that nobody wants yet.
    pub fn unclaimed() -> Self {
        Self {
            step: Exclusive(None),
            settled_by: Exclusive(None),
            call: Exclusive(None),
            approval: Exclusive(None),
            failed: Counter(0),
            due: Exclusive(None),
        }
    }
}

entity! {
    /// A reference to content that is kept apart because it is large. Its chunks lie beside the log.
    Blob { always {
        /// Bytes of the ciphertext with all that belongs to it.
        size: Exclusive<u32>,
        /// In how many chunks it is kept.
        chunks: Exclusive<u16>,
        /// Media type of the content.
        kind: Exclusive<String>,
        /// The data key that sealed it.
        key: Exclusive<KeyId>,
    } may {} }
}

entity! {
    /// A branch of the data.
    Branch { always {} may {
        /// What people call it; `main` needs no name.
        name: Lww<Option<Content>>,
        /// Its incarnation; a restore begins a new one.
        incarnation: Lww<u32>,
        /// Where its reads go when it has no row of its own.
        base: Lww<Option<Base>>,
        /// Live forks of it, by the position they were forked at.
        forks: Append<Fork>,
        /// The incarnations before this one, from the first on.
        earlier: Append<Earlier>,
        /// Whether what was under way at a restore is held until somebody releases it.
        held: Lww<bool>,
    } }
}

impl Branch {
    /// A branch in its first incarnation.
    pub fn new(name: Option<Content>, base: Option<Base>) -> Self {
        Self {
            name: Lww(name),
            incarnation: Lww(0),
            base: Lww(base),
            forks: Append(Vec::new()),
            earlier: Append(Vec::new()),
            held: Lww(false),
        }
    }

    /// What the branch stands on in one of its incarnations.
    pub fn base_of(&self, incarnation: u32) -> Option<&Base> {
        if incarnation == *self.incarnation {
            return self.base.as_ref();
        }
        self.earlier.get(incarnation as usize).and_then(|earlier| earlier.base.as_ref())
    }

    /// The incarnation that was the newest at a position.
    pub fn incarnation_at(&self, pos: u64) -> u32 {
        let ended = self.earlier.iter().take_while(|earlier| earlier.until < pos).count();
        u32::try_from(ended).unwrap_or(u32::MAX)
    }

    /// The position the branch began behind: the first incarnation's base.
    pub fn began_after(&self) -> u64 {
        self.base_of(0).map_or(0, |base| base.pos)
    }

    /// The lines that restores of `branch` went back to, each with the position.
    pub fn restores(&self, branch: BranchId) -> impl Iterator<Item = &Base> {
        let bases = self.earlier.iter().map(|earlier| earlier.base.as_ref()).chain([self.base.as_ref()]);
        bases.flatten().filter(move |base| base.parent.branch == branch)
    }

    /// Positions of `line` that a later incarnation of its branch stands on.
    pub fn pins(&self, line: Line) -> impl Iterator<Item = u64> {
        self.restores(line.branch).filter(move |base| base.parent == line).map(|base| base.pos)
    }
}

/// An incarnation of a branch that a restore ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Earlier {
    /// The last event of the workspace before that restore.
    pub until: u64,
    /// What it stood on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Base>,
}

/// What a branch stands on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Base {
    /// The line it was forked from.
    pub parent: Line,
    /// The last event of the workspace that it sees of its parent.
    pub pos: u64,
    /// Data root of the parent there.
    pub root: HashText,
}

/// A fork, seen from its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fork {
    /// The forked branch.
    pub branch: BranchId,
    /// The last event it sees of its parent.
    pub pos: u64,
}

entity! {
    /// A device that may author commands.
    Device { always {
        /// Its ed25519 public key, base64url.
        public_key: Lww<HashText>,
    } may {} }
}

entity! {
    /// A runtime and the process it lives in now.
    Runtime { always {
        /// Boot id of the process that joined last.
        boot: Lww<BootId>,
    } may {} }
}

/// Where a lease stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeaseStatus {
    /// A runtime holds it.
    #[default]
    Held,
    /// Its runtime restarted or let it expire; whether the effect took place is in doubt.
    Lost,
    /// Its outcome was taken.
    Closed,
}

entity! {
    /// A runtime's right to perform one effect. The row outlives the lease, so the fencing token only rises.
    Lease { always {
        /// Who holds or held it.
        runtime: Lww<RuntimeId>,
        /// The process that holds or held it.
        boot: Lww<BootId>,
        /// Fencing token: how often the effect was leased.
        fence: Lww<u64>,
        /// When it expires, milliseconds since 1970.
        expires_at: Lww<u64>,
    } may {
        /// Where it stands.
        status: Lww<LeaseStatus>,
        /// How many attempts were lost; from one on, the effect may have taken place before.
        lost: Counter,
        /// How many reports came too late and were kept.
        late: Counter,
    } }
}

entity! {
    /// The data key of a subject.
    DataKey { always {
        /// The key that seals new content of the subject.
        key: Lww<KeyId>,
        /// Commitment to the key itself, so that no other key can open what it sealed.
        check: Lww<HashText>,
    } may {
        /// Whether the key was destroyed; its content is unreadable for ever.
        destroyed: Lww<bool>,
    } }
}

entity! {
    /// What is known of a device's chain of commands.
    Chain { always {
        /// The highest counter seen.
        mark: Lww<u64>,
        /// Hash over the chain up to the highest command; zero when the device did not say what came before a gap.
        link: Lww<HashText>,
    } may {
        /// Counters below the mark that were not seen, as ranges, both ends included.
        gaps: Append<(u64, u64)>,
    } }
}

entity! {
    /// What became of a command.
    Record { always {
        /// The command's id.
        command: Lww<CommandId>,
        /// Hash over the command as it was sent.
        hash: Lww<HashText>,
        /// Position of its first event.
        pos: Lww<u64>,
        /// How many events it has.
        events: Lww<u32>,
    } may {
        /// Code of its rejection; absent when it was accepted.
        rejected: Lww<Option<String>>,
        /// What exactly was wrong with it.
        detail: Lww<String>,
        /// What it made.
        made: Append<Id>,
    } }
}

entity! {
    /// The command that an idempotency key stands for.
    Alias { always {
        /// The command.
        command: Lww<CommandId>,
    } may {} }
}

/// A kind of entity that a row can hold.
pub trait Kind: Sized {
    /// The entity, when `any` is of this kind.
    fn of(any: &Entity) -> Option<&Self>;
    /// The same, to change it.
    fn of_mut(any: &mut Entity) -> Option<&mut Self>;
    /// Any entity.
    fn any(self) -> Entity;
}

macro_rules! kinds {
    ($($name:ident)+) => {
        /// An entity of any kind, or the mark that an index entry is.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Entity {
            $(#[doc = concat!("See [`", stringify!($name), "`].")]
            $name($name),)+
            /// An index entry: its key says all.
            Mark,
        }

        impl Entity {
            /// The canonical bytes. An error means that plain content was about to be written unsealed.
            pub fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
                match self {
                    $(Self::$name(entity) => serde_json::to_vec(entity),)+
                    Self::Mark => Ok(b"1".to_vec()),
                }
            }

            /// Names of the fields that differ from `before`.
            pub fn changed(&self, before: Option<&Self>) -> Vec<&'static str> {
                match self {
                    $(Self::$name(entity) => entity.changed(before.and_then($name::of)),)+
                    Self::Mark => Vec::new(),
                }
            }
        }

        $(impl Kind for $name {
            fn of(any: &Entity) -> Option<&Self> {
                match any {
                    Entity::$name(entity) => Some(entity),
                    _ => None,
                }
            }
            fn of_mut(any: &mut Entity) -> Option<&mut Self> {
                match any {
                    Entity::$name(entity) => Some(entity),
                    _ => None,
                }
            }
            fn any(self) -> Entity {
                Entity::$name(self)
            }
        })+
    };
}
kinds! {
    Agent Alias Approval Blob Branch Call Chain DataKey Device Document Effect Egress Lease Move Name Note Origin Provider Record
    Restored Run Runtime Step Task Turn Usage Workflow Workspace
}

impl Entity {
    /// Read the canonical bytes of the entity that `key` names.
    pub fn decode(key: &Key, bytes: &[u8]) -> Result<Self, serde_json::Error> {
        Ok(match key {
            Key::Agent(_) => Self::Agent(serde_json::from_slice(bytes)?),
            Key::Blob(_) => Self::Blob(serde_json::from_slice(bytes)?),
            Key::Approval(_) => Self::Approval(serde_json::from_slice(bytes)?),
            Key::Branch(_) => Self::Branch(serde_json::from_slice(bytes)?),
            Key::Call(_) => Self::Call(serde_json::from_slice(bytes)?),
            Key::Chain(..) => Self::Chain(serde_json::from_slice(bytes)?),
            Key::Command(_) => Self::Record(serde_json::from_slice(bytes)?),
            Key::Device(_) => Self::Device(serde_json::from_slice(bytes)?),
            Key::Document(_) => Self::Document(serde_json::from_slice(bytes)?),
            Key::Egress => Self::Egress(serde_json::from_slice(bytes)?),
            Key::Effect(_) => Self::Effect(serde_json::from_slice(bytes)?),
            Key::Due(..) | Key::Expiry(..) | Key::Leased(..) | Key::Open(_) | Key::Ready(_) => {
                serde_json::from_slice::<u8>(bytes)?;
                Self::Mark
            }
            Key::Idempotency(_) => Self::Alias(serde_json::from_slice(bytes)?),
            Key::Lease(_) => Self::Lease(serde_json::from_slice(bytes)?),
            Key::Move => Self::Move(serde_json::from_slice(bytes)?),
            Key::Name(_) => Self::Name(serde_json::from_slice(bytes)?),
            Key::Note(_) => Self::Note(serde_json::from_slice(bytes)?),
            Key::Origin => Self::Origin(serde_json::from_slice(bytes)?),
            Key::Provider(_) => Self::Provider(serde_json::from_slice(bytes)?),
            Key::Restored(_) => Self::Restored(serde_json::from_slice(bytes)?),
            Key::Run(_) => Self::Run(serde_json::from_slice(bytes)?),
            Key::Runtime(_) => Self::Runtime(serde_json::from_slice(bytes)?),
            Key::Step(_) => Self::Step(serde_json::from_slice(bytes)?),
            Key::Subject(_) => Self::DataKey(serde_json::from_slice(bytes)?),
            Key::Task(_) => Self::Task(serde_json::from_slice(bytes)?),
            Key::Turn(_) => Self::Turn(serde_json::from_slice(bytes)?),
            Key::Usage(_) => Self::Usage(serde_json::from_slice(bytes)?),
            Key::Workflow(_) => Self::Workflow(serde_json::from_slice(bytes)?),
            Key::Workspace => Self::Workspace(serde_json::from_slice(bytes)?),
        })
    }
}
