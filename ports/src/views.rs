//! Read models: what is shown of a workspace, content opened. A text is absent when its key was destroyed.

use crate::provider::{Message, Tool};
use kernel::entity::{ApprovalKind, CallStatus, Decision, Limits, StepStatus};
use kernel::hash::HashText;
use kernel::id::{Id, KeyId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which read model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Query {
    /// Tasks, newest first: how many to pass over, and at most how many to answer with: `{tasks: [TaskSummary]}`.
    Tasks(usize, usize),
    /// Agents: `{agents: [AgentView]}`.
    Agents,
    /// Providers: `{providers: [ProviderView]}`.
    Providers,
    /// Workflows: `{workflows: [WorkflowView]}`.
    Workflows,
    /// What can be asked for: `{capabilities: [CapabilityView]}`.
    Capabilities,
    /// Approvals; those that wait, or all of them: `{approvals: [ApprovalView]}`.
    Approvals(bool),
    /// What was used: `{providers: [UsageView], total: UsageView}`.
    Usage,
    /// Where requests may go: an EgressView.
    Egress,
    /// Documents: `{documents: [DocumentView]}`.
    Documents,
    /// One document: a DocumentView with its text.
    Document(KeyId),
    /// What a model was told in a turn of a step, or in the newest: a ContextView.
    Context(Id, Option<u64>),
    /// What was under way at the newest restore: a RestoredView.
    Restored,
    /// What going back to a position would change, 0 being the newest: a RestorePreview.
    RestorePreview(u64),
}

/// Why something failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureView {
    /// Kind of failure.
    pub class: String,
    /// What happened.
    pub detail: Option<String>,
}

/// What a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// A conversation with an agent.
    Conversation,
    /// A workflow that is performed.
    Run,
}

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// Nothing was asked yet.
    Open,
    /// It goes on by itself.
    Running,
    /// It waits for a person.
    Waiting,
    /// It came to its end, or its last question is answered.
    Done,
    /// It failed.
    Failed,
    /// It was cancelled.
    Cancelled,
}

/// A task in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskSummary {
    /// The task.
    pub id: Id,
    /// What it is about.
    pub title: Option<String>,
    /// What it is.
    pub kind: TaskKind,
    /// Where it stands.
    pub status: TaskStatus,
    /// Name of the workflow it performs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// Tokens its requests had.
    pub input_tokens: u64,
    /// Tokens its answers had.
    pub output_tokens: u64,
    /// What its model calls cost, in millionths of a currency.
    pub cost_micros: u64,
}

/// A task with its steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskView {
    /// What a list shows of it.
    #[serde(flatten)]
    pub summary: TaskSummary,
    /// Its steps, oldest first; the newest 64.
    pub steps: Vec<StepView>,
    /// The calls it waits for.
    pub calls: Vec<CallView>,
    /// Where the workflow stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunView>,
    /// Approvals that wait.
    pub approvals: Vec<Id>,
}

/// A workflow that is performed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunView {
    /// The workflow.
    pub workflow: Id,
    /// Name of the task of the workflow it is at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// JSON pointer to that task in the workflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// When it goes on by itself, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<u64>,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// Why nothing came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureView>,
}

/// A step of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepView {
    /// The step.
    pub id: Id,
    /// The agent that is asked.
    pub agent: Id,
    /// Its newest effect.
    pub effect: Id,
    /// Where it stands.
    pub status: StepStatus,
    /// What was asked.
    pub prompt: Option<String>,
    /// The answer, if there is one that can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Why there is no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureView>,
    /// How many model calls were made for it.
    pub turns: u64,
    /// How often its newest effect was leased.
    pub attempts: u64,
    /// How many of those attempts were lost: from one on, the effect may have taken place more than once, under one
    /// key.
    pub lost: u64,
    /// How many reports came too late and were kept.
    pub late: u64,
}

/// The use of a capability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallView {
    /// The call.
    pub id: Id,
    /// The capability.
    pub capability: String,
    /// Where it stands.
    pub status: CallStatus,
    /// What it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Value>,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// Why nothing came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureView>,
    /// How many effects were made for it.
    pub attempts: u64,
}

/// A point at which the work waits, or waited, for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalView {
    /// The approval.
    pub id: Id,
    /// The task that waits.
    pub task: Id,
    /// The call that waits.
    pub call: Id,
    /// What is asked for.
    pub kind: ApprovalKind,
    /// The capability that waits.
    pub capability: Option<String>,
    /// What a person is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// What is to be approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Answers to choose from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Value>,
    /// Hash over exactly what is to be decided; a decision names it.
    pub digest: HashText,
    /// When it began to wait, milliseconds since 1970.
    pub asked_at: u64,
    /// When it gives up waiting, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<u64>,
    /// Whether somebody else was told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub escalated: bool,
    /// What was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// Who decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentView {
    /// The agent.
    pub id: Id,
    /// What people call it.
    pub name: Option<String>,
    /// The provider its model calls go to.
    pub provider: Id,
    /// What it is told before every conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// Names of the capabilities it may use.
    pub tools: Vec<String>,
    /// Names of those for which a person is asked first.
    pub approve: Vec<String>,
    /// How far it may go in one step.
    pub limits: Limits,
    /// Whether its name stands for it; else it was replaced.
    pub current: bool,
}

/// A provider of models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderView {
    /// The provider.
    pub id: Id,
    /// What people call it.
    pub name: Option<String>,
    /// Name of the wire dialect.
    pub dialect: String,
    /// Where it is reached.
    pub base_url: Option<String>,
    /// The vendor's name of the model.
    pub model: Option<String>,
    /// Reference to the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_ref: Option<String>,
    /// How long one call may take, in milliseconds; the host's usual time when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Whether conversation and key may travel in clear to another machine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_plain_http: bool,
    /// Price of a million tokens of requests, in millionths of a currency.
    pub input_micros_per_mtok: u64,
    /// Price of a million tokens of answers, in millionths of the same currency.
    pub output_micros_per_mtok: u64,
    /// Whether its name stands for it; else it was replaced.
    pub current: bool,
}

/// A workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkflowView {
    /// The workflow.
    pub id: Id,
    /// What people call it.
    pub name: Option<String>,
    /// Its namespace.
    pub namespace: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Whether its name stands for it; else it was replaced.
    pub current: bool,
}

/// Something that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapabilityView {
    /// Its name.
    pub name: String,
    /// Version of its schemas.
    pub version: String,
    /// What it does.
    pub description: String,
    /// JSON Schema of its arguments.
    pub input: Value,
    /// JSON Schema of its result.
    pub output: Value,
    /// What is done when an attempt is in doubt: `retry`, `ask` or `fail`.
    pub idempotency: String,
    /// Who performs it: `kernel`, `runtime`, `person` or `agent`.
    pub offered_by: String,
    /// How far what it gives may be trusted.
    pub trust: String,
}

/// What was used of a provider.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UsageView {
    /// The provider; absent in a sum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Id>,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Model calls with an answer.
    pub calls: u64,
    /// Tokens of requests.
    pub input_tokens: u64,
    /// Tokens of answers.
    pub output_tokens: u64,
    /// Cost, in millionths of the currency of the provider's prices.
    pub cost_micros: u64,
}

/// Where requests of a workspace may go. Empty lists let nothing out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EgressView {
    /// Whom it may speak to.
    pub hosts: Vec<String>,
    /// Ranges of addresses that are not public and may be reached nevertheless.
    pub private: Vec<String>,
    /// Which secret may be sent to whom.
    pub secrets: Vec<String>,
}

/// What a model was told in one turn of a step, compiled from the log as it was compiled then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextView {
    /// The task.
    pub task: Id,
    /// The step.
    pub step: Id,
    /// Which turn, counted from 1. A call that was made again for a failed one is of the same turn.
    pub turn: u64,
    /// How many turns the model was asked for so far.
    pub turns: u64,
    /// What it was told; absent when that cannot be read any more.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub told: Option<ToldView>,
    /// Why nothing is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// All that a model is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldView {
    /// The messages, oldest first.
    pub messages: Vec<Message>,
    /// What it may ask for.
    pub tools: Vec<Tool>,
    /// JSON Schema of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
    /// Most tokens the answer may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// Tokens of the messages, estimated as the budget counts them.
    pub estimated_tokens: u64,
    /// Tokens the messages may have.
    pub budget_tokens: u64,
}

/// A document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentView {
    /// The document.
    pub id: KeyId,
    /// Where it is.
    pub path: Option<String>,
    /// How often it was written.
    pub version: u64,
    /// Bytes of its text.
    pub bytes: u64,
    /// What it says; not in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}
