//! Commands: what a principal asks for. One type, one file: its arguments, and how it is decided.
//!
//! An **intent** is decided again wherever it lands. An **observation** happened and cannot un-happen: its record is
//! always kept, its authority is decided. They are different types, so that no code can treat one as the other.

mod agent_define;
mod approval_decide;
mod branch_fork;
mod branch_restore;
mod device_enroll;
mod effect_lease;
mod effect_renew;
mod effect_report;
mod egress_allow;
mod key_destroy;
mod provider_define;
mod run_start;
mod runtime_join;
mod task_ask;
mod task_cancel;
mod task_create;
mod task_retry;
mod timers_fire;
mod work_decide;
mod work_release;
mod workflow_define;
mod workspace_adopt;
mod workspace_create;
mod workspace_freeze;
mod workspace_import;
mod workspace_leave;
mod workspace_unfreeze;

pub use agent_define::AgentDefine;
pub use approval_decide::{ApprovalDecide, Says};
pub use branch_fork::BranchFork;
pub use branch_restore::BranchRestore;
pub(crate) use branch_restore::effect_left;
pub use branch_restore::lines_left;
pub use device_enroll::DeviceEnroll;
pub use effect_lease::EffectLease;
pub use effect_renew::EffectRenew;
pub use effect_report::{EffectReport, Reported};
pub use egress_allow::EgressAllow;
pub use key_destroy::KeyDestroy;
pub use provider_define::ProviderDefine;
pub use run_start::RunStart;
pub use runtime_join::RuntimeJoin;
pub use task_ask::TaskAsk;
pub use task_cancel::TaskCancel;
pub use task_create::TaskCreate;
pub use task_retry::TaskRetry;
pub use timers_fire::TimersFire;
pub use work_decide::WorkDecide;
pub use work_release::WorkRelease;
pub use workflow_define::WorkflowDefine;
pub use workspace_adopt::WorkspaceAdopt;
pub use workspace_create::WorkspaceCreate;
pub use workspace_freeze::WorkspaceFreeze;
pub use workspace_import::WorkspaceImport;
pub use workspace_leave::WorkspaceLeave;
pub use workspace_unfreeze::WorkspaceUnfreeze;

use crate::event::EventData;
use crate::hash::HashText;
use crate::id::{CommandId, Id, Role};
use crate::key::{Key, Line, Space};
use crate::machine::Restoring;
use crate::reject::Rejection;
use crate::view::{Halt, Reader, View};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// Longest name or title, in bytes.
pub const NAME_MAX: usize = 512;
/// Longest URL or reference, in bytes.
pub const REFERENCE_MAX: usize = 2_048;
/// Longest prompt, instruction or answer, in bytes; leaves room in a row for what surrounds it.
pub const TEXT_MAX: usize = 512 * 1024;

/// Longest answer a runtime may report, in bytes. Long ones are kept apart from their event.
pub const REPORT_MAX: usize = 8 << 20;

/// What a command is decided with, beside its own arguments.
#[derive(Debug)]
pub struct Context<'a, V> {
    /// State as the command's line sees it.
    pub read: Reader<'a, V>,
    /// The command's id.
    pub command: CommandId,
    /// Milliseconds since 1970, by the sequencer's clock.
    pub now_ms: u64,
    /// Who sent it.
    pub actor: String,
    /// Data root of the command's line and the position it stands at; computed for commands that need it.
    pub root: Option<(HashText, u64)>,
    /// Where the whole workspace stands, with the roots of all its spaces; looked at for commands that need it.
    pub stand: Option<(u64, BTreeMap<Space, HashText>)>,
    /// What going back to a position comes to, or why that cannot be; looked at for commands that need it.
    pub restoring: Option<Result<Restoring, Rejection>>,
}

impl<V: View> Context<'_, V> {
    /// The id of what the command makes in `role`.
    pub fn id(&self, role: Role) -> Id {
        Id::new(self.command, role)
    }

    /// The line the command works on.
    pub fn line(&self) -> Line {
        self.read.line()
    }
}

/// An event as decided: not yet sealed, not yet in a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What happened.
    pub data: EventData,
    /// Commands without which it would not have happened.
    pub causes: Vec<CommandId>,
    /// The command at the beginning of the causes; none when that is this one.
    pub root: Option<CommandId>,
    /// Entities whose content was read for it.
    pub read: Vec<Key>,
}

impl<T: Into<EventData>> From<T> for Draft {
    fn from(data: T) -> Self {
        Self { data: data.into(), causes: Vec::new(), root: None, read: Vec::new() }
    }
}

/// What a command comes to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decision {
    /// Events, in order.
    pub drafts: Vec<Draft>,
    /// What the command makes.
    pub made: Vec<Id>,
}

impl Decision {
    /// One event that makes `made`.
    pub fn one(draft: impl Into<Draft>, made: Vec<Id>) -> Self {
        Self { drafts: vec![draft.into()], made }
    }
}

/// Arguments of one type of command, and how it is decided.
pub trait Decide: DeserializeOwned + Serialize {
    /// Its name on the wire: what is to be done to what.
    const NAME: &'static str;
    /// The permission it uses.
    const SCOPE: &'static str;

    /// What it comes to. Reads state through the context and nothing else.
    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt>;
}

/// Why bytes are not a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadCommand {
    /// No command has this name.
    Unknown(String),
    /// The arguments are not those of the command.
    Arguments(String),
}

macro_rules! commands {
    (intents { $($intent:ident)+ } observations { $($observation:ident)+ } of_the_sequencer { $($inner:ident)+ }) => {
        /// What somebody wants; decided again wherever it lands.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Intent {
            $(#[doc = concat!("See [`", stringify!($intent), "`].")]
            $intent($intent),)+
            $(#[doc = concat!("See [`", stringify!($inner), "`]. Has no name on the wire.")]
            $inner($inner),)+
        }

        /// What happened and cannot un-happen.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Observation {
            $(#[doc = concat!("See [`", stringify!($observation), "`].")]
            $observation($observation),)+
        }

        /// A command.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Command {
            /// See [`Intent`].
            Intent(Intent),
            /// See [`Observation`].
            Observation(Observation),
        }

        impl Command {
            /// Names of all commands that can be sent.
            pub const NAMES: &'static [&'static str] = &[$($intent::NAME,)+ $($observation::NAME,)+];

            /// Read the arguments of the command called `name`.
            pub fn parse(name: &str, data: &str) -> Result<Self, BadCommand> {
                let bad = |why: serde_json::Error| BadCommand::Arguments(why.to_string());
                match name {
                    $($intent::NAME => serde_json::from_str(data).map(|it| Self::Intent(Intent::$intent(it))).map_err(bad),)+
                    $($observation::NAME => serde_json::from_str(data)
                        .map(|it| Self::Observation(Observation::$observation(it))).map_err(bad),)+
                    _ => Err(BadCommand::Unknown(name.to_owned())),
                }
            }

            /// Its arguments, which [`Command::parse`] reads if it can be sent.
            pub fn data(&self) -> serde_json::Result<String> {
                match self {
                    $(Self::Intent(Intent::$intent(it)) => serde_json::to_string(it),)+
                    $(Self::Intent(Intent::$inner(it)) => serde_json::to_string(it),)+
                    $(Self::Observation(Observation::$observation(it)) => serde_json::to_string(it),)+
                }
            }

            /// Its name.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::Intent(Intent::$intent(_)) => $intent::NAME,)+
                    $(Self::Intent(Intent::$inner(_)) => $inner::NAME,)+
                    $(Self::Observation(Observation::$observation(_)) => $observation::NAME,)+
                }
            }

            /// The permission it uses.
            pub fn scope(&self) -> &'static str {
                match self {
                    $(Self::Intent(Intent::$intent(_)) => $intent::SCOPE,)+
                    $(Self::Intent(Intent::$inner(_)) => $inner::SCOPE,)+
                    $(Self::Observation(Observation::$observation(_)) => $observation::SCOPE,)+
                }
            }

            /// What it comes to.
            pub fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
                match self {
                    $(Self::Intent(Intent::$intent(it)) => it.decide(with),)+
                    $(Self::Intent(Intent::$inner(it)) => it.decide(with),)+
                    $(Self::Observation(Observation::$observation(it)) => it.decide(with),)+
                }
            }
        }
    };
}
commands! {
    intents {
        AgentDefine ApprovalDecide BranchFork BranchRestore DeviceEnroll EffectLease EffectRenew EgressAllow KeyDestroy ProviderDefine RunStart RuntimeJoin TaskAsk TaskCancel TaskCreate TaskRetry TimersFire WorkDecide WorkRelease WorkflowDefine WorkspaceAdopt WorkspaceCreate WorkspaceFreeze WorkspaceLeave WorkspaceUnfreeze
    }
    observations { EffectReport }
    of_the_sequencer { WorkspaceImport }
}
