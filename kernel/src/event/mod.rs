//! Events: what the kernel recorded. One type, one file: its fields, how it changes state, what of it is sealed.
//!
//! An event type carries its version. Versions once released decode for ever: an old one is decoded as it was and lifted
//! to the newest by an upcaster in the type's own file.

mod agent_defined;
mod approval_decided;
mod approval_escalated;
mod approval_requested;
mod branch_forked;
mod branch_restored;
mod call_asks;
mod call_edited;
mod call_requested;
mod call_settled;
mod closing;
mod command_rejected;
mod device_enrolled;
mod document_written;
mod effect_closed;
mod effect_queued;
mod effect_requested;
mod effect_retried;
mod egress_allowed;
mod header;
mod key_created;
mod key_destroyed;
mod lease_granted;
mod lease_lost;
mod lease_renewed;
mod note_remembered;
mod provider_defined;
mod report_late;
mod run_ended;
mod run_moved;
mod run_resumed;
mod run_started;
mod run_waits;
mod runtime_joined;
mod step_requested;
mod step_resumed;
mod step_settled;
mod step_stopped;
mod task_cancelled;
mod task_created;
mod timer_ended;
mod timer_set;
mod turn_answered;
mod used;
mod work_decided;
mod work_held;
mod work_released;
mod workflow_defined;
mod workspace_adopted;
mod workspace_created;
mod workspace_frozen;
mod workspace_imported;
mod workspace_left;
mod workspace_unfrozen;

pub use agent_defined::AgentDefined;
pub use approval_decided::ApprovalDecided;
pub use approval_escalated::ApprovalEscalated;
pub use approval_requested::ApprovalRequested;
pub use branch_forked::BranchForked;
pub use branch_restored::BranchRestored;
pub use call_asks::CallAsks;
pub use call_edited::CallEdited;
pub use call_requested::CallRequested;
pub use call_settled::{CallOutcome, CallSettled};
pub use closing::Closing;
pub use command_rejected::CommandRejected;
pub use device_enrolled::DeviceEnrolled;
pub use document_written::DocumentWritten;
pub use effect_closed::EffectClosed;
pub use effect_queued::EffectQueued;
pub use effect_requested::EffectRequested;
pub use effect_retried::EffectRetried;
pub use egress_allowed::EgressAllowed;
pub use header::{BlobRef, ENVELOPE, First, Header, apply_blobs, apply_first, event_hash, next_link};
pub use key_created::KeyCreated;
pub use key_destroyed::KeyDestroyed;
pub use lease_granted::LeaseGranted;
pub use lease_lost::{LeaseLost, LostBecause};
pub use lease_renewed::LeaseRenewed;
pub use note_remembered::NoteRemembered;
pub use provider_defined::ProviderDefined;
pub use report_late::ReportLate;
pub use run_ended::{RunEnded, RunOutcome};
pub use run_moved::RunMoved;
pub use run_resumed::RunResumed;
pub use run_started::RunStarted;
pub use run_waits::RunWaits;
pub use runtime_joined::RuntimeJoined;
pub use step_requested::StepRequested;
pub use step_resumed::StepResumed;
pub use step_settled::{Outcome, StepSettled};
pub use step_stopped::StepStopped;
pub use task_cancelled::TaskCancelled;
pub use task_created::TaskCreated;
pub use timer_ended::TimerEnded;
pub use timer_set::TimerSet;
pub use turn_answered::TurnAnswered;
pub use used::Used;
pub use work_decided::WorkDecided;
pub use work_held::{HeldItem, WorkHeld};
pub use work_released::WorkReleased;
pub use workflow_defined::WorkflowDefined;
pub use workspace_adopted::WorkspaceAdopted;
pub use workspace_created::WorkspaceCreated;
pub use workspace_frozen::WorkspaceFrozen;
pub use workspace_imported::WorkspaceImported;
pub use workspace_left::WorkspaceLeft;
pub use workspace_unfrozen::WorkspaceUnfrozen;

use crate::key::Key;
use crate::seal::{Content, Subject};
use crate::state::Writer;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// A row an event may write: where its stream's data lives, or in control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the data of the event's line.
    Data(Key),
    /// In control.
    Control(Key),
}

/// One type of event, in its newest version.
pub trait EventType: Serialize + DeserializeOwned {
    /// Its name: what happened to what.
    const NAME: &'static str;
    /// Its newest version.
    const VERSION: u16 = 1;
    /// Whether it belongs to the control stream.
    const CONTROL: bool;

    /// Every row that [`EventType::apply`] reads or writes. They have to be loaded before it runs.
    fn places(&self) -> Vec<Place>;

    /// Change state. It cannot fail, and it moves sealed content unopened.
    fn apply(&self, to: &mut Writer<'_>);

    /// Its content by field name, in the order in which it is sealed.
    fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        Vec::new()
    }

    /// Whose data its content is.
    fn subject(&self) -> Option<Subject> {
        None
    }

    /// Read the data of `version`, lifting it to the newest.
    fn decode(version: u16, data: &str) -> Result<Self, Undecodable> {
        if version != Self::VERSION {
            return Err(Undecodable::Version(version));
        }
        serde_json::from_str(data).map_err(|why| Undecodable::Data(why.to_string()))
    }
}

/// Why stored bytes are not an event this kernel knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undecodable {
    /// The envelope is malformed.
    Envelope(String),
    /// The type is not known: the event was written by a newer kernel.
    Type(String),
    /// The version is not known: the event was written by a newer kernel.
    Version(u16),
    /// The data are malformed.
    Data(String),
}

impl std::fmt::Display for Undecodable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Envelope(why) => write!(f, "its envelope is malformed: {why}"),
            Self::Type(name) => write!(f, "its type {name} is not known to this kernel"),
            Self::Version(version) => write!(f, "version {version} of its type is not known to this kernel"),
            Self::Data(why) => write!(f, "its data are malformed: {why}"),
        }
    }
}

impl std::error::Error for Undecodable {}

macro_rules! events {
    ($($name:ident)+) => {
        /// The data of an event of any type.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum EventData {
            $(#[doc = concat!("See [`", stringify!($name), "`].")]
            $name($name),)+
        }

        $(impl From<$name> for EventData {
            fn from(data: $name) -> Self {
                Self::$name(data)
            }
        })+

        $(impl TryFrom<EventData> for $name {
            type Error = EventData;
            fn try_from(data: EventData) -> Result<Self, EventData> {
                match data {
                    EventData::$name(data) => Ok(data),
                    other => Err(other),
                }
            }
        })+

        impl EventData {
            /// Names of all types.
            pub const NAMES: &'static [&'static str] = &[$($name::NAME),+];

            /// Name and newest version of its type.
            pub fn schema(&self) -> (&'static str, u16) {
                match self { $(Self::$name(_) => ($name::NAME, $name::VERSION),)+ }
            }

            /// Whether it belongs to the control stream.
            pub fn is_control(&self) -> bool {
                match self { $(Self::$name(_) => $name::CONTROL,)+ }
            }

            /// See [`EventType::places`].
            pub fn places(&self) -> Vec<Place> {
                match self { $(Self::$name(data) => data.places(),)+ }
            }

            /// See [`EventType::apply`].
            pub fn apply(&self, to: &mut Writer<'_>) {
                match self { $(Self::$name(data) => data.apply(to),)+ }
            }

            /// See [`EventType::contents`].
            pub fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
                match self { $(Self::$name(data) => data.contents(),)+ }
            }

            /// See [`EventType::subject`].
            pub fn subject(&self) -> Option<Subject> {
                match self { $(Self::$name(data) => data.subject(),)+ }
            }

            /// The data as JSON. An error means that content was not sealed.
            pub fn encode(&self) -> Result<Box<RawValue>, serde_json::Error> {
                match self { $(Self::$name(data) => serde_json::value::to_raw_value(data),)+ }
            }

            /// Read data of a type and version.
            pub fn decode(name: &str, version: u16, data: &str) -> Result<Self, Undecodable> {
                match name {
                    $($name::NAME => $name::decode(version, data).map(Self::$name),)+
                    _ => Err(Undecodable::Type(name.to_owned())),
                }
            }
        }
    };
}
events! {
    AgentDefined ApprovalDecided ApprovalEscalated ApprovalRequested BranchForked BranchRestored CallAsks CallEdited CallRequested CallSettled CommandRejected DeviceEnrolled DocumentWritten EffectClosed EffectQueued EffectRequested EffectRetried EgressAllowed KeyCreated KeyDestroyed LeaseGranted LeaseLost LeaseRenewed NoteRemembered ProviderDefined ReportLate RunEnded RunMoved RunResumed RunStarted RunWaits RuntimeJoined StepRequested StepResumed StepSettled StepStopped TaskCancelled TaskCreated TimerEnded TimerSet TurnAnswered WorkDecided WorkHeld WorkReleased WorkflowDefined WorkspaceAdopted WorkspaceCreated WorkspaceFrozen WorkspaceImported WorkspaceLeft WorkspaceUnfrozen
}
