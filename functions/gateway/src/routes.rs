//! The table of routes. The handler answers what stands here and the published description says what stands here, so
//! neither can know a route that the other does not.

mod numbers;

pub use numbers::*;

use crate::path::{Params, params};
use crate::portability::{UPLOAD_OFFSET, WHOLE};
use crate::query::Number;
use http::{Method, StatusCode};

/// What answers a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// Whether the host is there.
    Health,
    /// The published description.
    Description,
    /// See [`crate::workspaces::create`].
    CreateWorkspace,
    /// See [`crate::workspaces::list`].
    ListWorkspaces,
    /// See [`crate::workspaces::describe`].
    DescribeWorkspace,
    /// See [`crate::commands::submit`].
    SubmitCommands,
    /// See [`crate::reads::events`].
    ReadEvents,
    /// See [`crate::reads::task`].
    ReadTask,
    /// See [`crate::models::tasks`].
    ListTasks,
    /// See [`crate::models::list`].
    ListAgents,
    /// See [`crate::models::list`].
    ListProviders,
    /// See [`crate::verify::provider`].
    VerifyProvider,
    /// See [`crate::models::list`].
    ListWorkflows,
    /// See [`crate::models::list`].
    ListCapabilities,
    /// See [`crate::models::approvals`].
    ListApprovals,
    /// See [`crate::models::list`].
    ReadUsage,
    /// See [`crate::models::list`].
    ReadEgress,
    /// See [`crate::models::list`].
    ReadRestored,
    /// See [`crate::models::restore`].
    PreviewRestore,
    /// See [`crate::models::list`].
    ListDocuments,
    /// See [`crate::models::document`].
    ReadDocument,
    /// See [`crate::models::context`].
    ReadContext,
    /// See [`crate::history::state`].
    ReadState,
    /// See [`crate::history::diff`].
    ReadDiff,
    /// See [`crate::history::why`].
    ReadWhy,
    /// See [`crate::reads::due`].
    ListDueEffects,
    /// See [`crate::reads::effect`].
    ReadEffect,
    /// See [`crate::read_models::search`].
    Search,
    /// See [`crate::read_models::stand`].
    ReadModels,
    /// See [`crate::read_models::rebuild`].
    RebuildModels,
    /// See [`crate::read_models::entries`].
    ReadEntries,
    /// See [`crate::read_models::entries_of`].
    ReadEntriesOf,
    /// See [`crate::snapshots::list`].
    ListSnapshots,
    /// See [`crate::snapshots::make`].
    MakeSnapshot,
    /// See [`crate::space::space`].
    ReadSpace,
    /// See [`crate::space::compact`].
    Compact,
    /// See [`crate::portability::export`].
    ExportWorkspace,
    /// See [`crate::portability::begin`].
    BeginImport,
    /// See [`crate::portability::append`].
    AppendImport,
    /// See [`crate::portability::stand`].
    StandImport,
    /// See [`crate::portability::abandon`].
    AbandonImport,
}

/// The methods that routes have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Reads, and may be repeated at will.
    Get,
    /// Changes something, under an identity that makes repeating safe.
    Post,
    /// Changes nothing either, or nothing twice, and has a body to ask with.
    Ask,
    /// Goes on with what was begun.
    Patch,
    /// Tells how far it is, without a body.
    Head,
    /// Gives it up.
    Delete,
}

impl Verb {
    /// The method's name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post | Self::Ask => "POST",
            Self::Patch => "PATCH",
            Self::Head => "HEAD",
            Self::Delete => "DELETE",
        }
    }
}

/// A line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// What answers it.
    pub endpoint: Endpoint,
    /// Its method.
    pub method: Verb,
    /// Its path, with `{names}` for what varies.
    pub path: &'static str,
    /// Whether it is answered without a token.
    pub open: bool,
    /// Its query parameters.
    pub query: &'static [&'static Number],
    /// The header it wants.
    pub header: Option<&'static Number>,
    /// What it does.
    pub summary: &'static str,
    /// Schema of the body it takes.
    pub takes: Option<&'static str>,
    /// Status of its answer when all is well.
    pub status: StatusCode,
    /// Schema of that answer.
    pub gives: &'static str,
    /// What the stream tells that is given instead to those who accept one: names of its messages, each with its schema.
    pub streams: Option<&'static [(&'static str, &'static str)]>,
}

const WORKSPACES: &str = "/v1/workspaces";
const IMPORT: &str = "/v1/workspaces/{workspace}/import";
const READ_MODELS: &str = "/v1/workspaces/{workspace}/read-models";
const SNAPSHOTS: &str = "/v1/workspaces/{workspace}/snapshots";

/// The schema of a file and of its parts, which are not JSON.
pub const FILE: &str = "File";
/// The schema of an answer that is told by its status and headers.
pub const NOTHING: &str = "";

const fn get(endpoint: Endpoint, path: &'static str, summary: &'static str, gives: &'static str) -> Route {
    let (method, status) = (Verb::Get, StatusCode::OK);
    let (query, header, takes, streams) = (&[], None, None, None);
    Route { endpoint, method, path, open: false, query, header, summary, takes, status, gives, streams }
}

/// Every route.
pub static ROUTES: [Route; 41] = [
    Route {
        method: Verb::Post,
        takes: Some("Batch"),
        ..get(
            Endpoint::SubmitCommands,
            "/v1/workspaces/{workspace}/commands",
            "Submit commands. Each is decided and committed in order; one that does not take effect does not stop the \
             others. The same request gets the same answer, however often it is sent.",
            "Outcomes",
        )
    },
    Route { open: true, ..get(Endpoint::Health, "/health", "Tell whether the host is there.", "Health") },
    Route {
        open: true,
        ..get(Endpoint::Description, "/openapi.json", "Describe this interface, as OpenAPI 3.1.", "Description")
    },
    Route {
        method: Verb::Post,
        takes: Some("NewWorkspace"),
        status: StatusCode::CREATED,
        ..get(
            Endpoint::CreateWorkspace,
            WORKSPACES,
            "Create a workspace. The client may bring an id made offline; else the id follows from the idempotency key.",
            "CreatedWorkspace",
        )
    },
    get(Endpoint::ListWorkspaces, WORKSPACES, "List the workspaces here.", "Workspaces"),
    get(Endpoint::DescribeWorkspace, "/v1/workspaces/{workspace}", "Tell where a workspace stands.", "Workspace"),
    Route {
        query: &[&AFTER, &EVENTS_LIMIT],
        streams: Some(&[("event", "Event"), ("delta", "Delta")]),
        ..get(
            Endpoint::ReadEvents,
            "/v1/workspaces/{workspace}/events",
            "Read the log, or follow it: with Accept: text/event-stream, what is there and then what happens.",
            "Events",
        )
    },
    Route {
        query: &[&WAIT],
        ..get(
            Endpoint::ReadTask,
            "/v1/workspaces/{workspace}/tasks/{task}",
            "Read a task with its conversation, at once or when its answer is there.",
            "Task",
        )
    },
    Route {
        query: &[&SKIP, &TASKS_LIMIT],
        ..get(Endpoint::ListTasks, "/v1/workspaces/{workspace}/tasks", "List tasks, newest first.", "Tasks")
    },
    get(Endpoint::ListAgents, "/v1/workspaces/{workspace}/agents", "List agents.", "Agents"),
    get(Endpoint::ListProviders, "/v1/workspaces/{workspace}/providers", "List providers of models.", "Providers"),
    Route {
        method: Verb::Ask,
        takes: Some("ProviderEntry"),
        ..get(
            Endpoint::VerifyProvider,
            "/v1/workspaces/{workspace}/providers/verify",
            "Find out whether a provider works, by asking it a few tiny questions. Nothing of it is recorded.",
            "Verification",
        )
    },
    get(Endpoint::ListWorkflows, "/v1/workspaces/{workspace}/workflows", "List workflows.", "Workflows"),
    get(
        Endpoint::ListCapabilities,
        "/v1/workspaces/{workspace}/capabilities",
        "List what workflows and agents can ask for.",
        "Capabilities",
    ),
    Route {
        query: &[&ALL],
        ..get(
            Endpoint::ListApprovals,
            "/v1/workspaces/{workspace}/approvals",
            "List what waits for a person. The command approval.decide decides.",
            "Approvals",
        )
    },
    get(Endpoint::ReadUsage, "/v1/workspaces/{workspace}/usage", "Read what was used of providers.", "Usage"),
    get(
        Endpoint::ReadEgress,
        "/v1/workspaces/{workspace}/egress",
        "Read where requests of the workspace may go. The command egress.allow replaces it.",
        "Egress",
    ),
    get(
        Endpoint::ReadRestored,
        "/v1/workspaces/{workspace}/restored",
        "Read what was under way at the newest restore. The command work.decide decides about each, and work.release lets \
         all of it go on.",
        "Restored",
    ),
    Route {
        query: &[&BACK_TO],
        ..get(
            Endpoint::PreviewRestore,
            "/v1/workspaces/{workspace}/restore",
            "Read what going back to a position would change. The command branch.restore goes back.",
            "RestorePreview",
        )
    },
    get(Endpoint::ListDocuments, "/v1/workspaces/{workspace}/documents", "List documents.", "Documents"),
    get(Endpoint::ReadDocument, "/v1/workspaces/{workspace}/documents/{document}", "Read a document.", "Document"),
    Route {
        query: &[&TURN],
        ..get(
            Endpoint::ReadContext,
            "/v1/workspaces/{workspace}/steps/{step}/context",
            "Read what the model is told in a turn of a step, or was told then.",
            "Context",
        )
    },
    Route {
        query: &[&AT],
        ..get(
            Endpoint::ReadState,
            "/v1/workspaces/{workspace}/state/{kind}/{id}",
            "Read an entity as it was at a position, or as it is. What is only one of its kind has the id -, and a / in an \
             id is written %2F.",
            "State",
        )
    },
    Route {
        query: &[&FROM, &TO, &DIFF_SKIP, &DIFF_LIMIT],
        ..get(
            Endpoint::ReadDiff,
            "/v1/workspaces/{workspace}/diff",
            "Read what is other at a position than at one before it: how many entities of each kind, and their fields as \
             they were and as they are.",
            "Diff",
        )
    },
    get(
        Endpoint::ReadWhy,
        "/v1/workspaces/{workspace}/why/{of}",
        "Read why something is as it is: an event by its position, or what a command made by its id. Everything that led \
         to it, back to the first cause, and what came of it.",
        "Why",
    ),
    Route {
        method: Verb::Ask,
        takes: Some("Search"),
        query: &[&WAIT_FOR],
        ..get(
            Endpoint::Search,
            "/v1/workspaces/{workspace}/search",
            "Search documents, notes, titles of tasks, what models were asked and answered, outcomes of runs, and names of \
             agents and workflows, as they are on the line that main is on.",
            "Found",
        )
    },
    Route {
        query: &[&WAIT_FOR],
        ..get(
            Endpoint::ReadModels,
            READ_MODELS,
            "Tell how far the read models know the log, and how large they are.",
            "ReadModels",
        )
    },
    Route {
        method: Verb::Ask,
        takes: Some("Rebuild"),
        status: StatusCode::ACCEPTED,
        ..get(
            Endpoint::RebuildModels,
            "/v1/workspaces/{workspace}/read-models/rebuild",
            "Make the read models anew from the log. Those that are there answer until it is done.",
            "ReadModels",
        )
    },
    Route {
        query: &[&BEFORE, &ENTRIES_LIMIT, &WAIT_FOR],
        ..get(
            Endpoint::ReadEntries,
            "/v1/workspaces/{workspace}/read-models/{model}",
            "List a read model: agents, tasks, timeline or usage. What changed last comes first.",
            "Entries",
        )
    },
    Route {
        query: &[&BEFORE, &ENTRIES_LIMIT, &WAIT_FOR],
        ..get(
            Endpoint::ReadEntriesOf,
            "/v1/workspaces/{workspace}/read-models/{model}/{of}",
            "List what in a read model is of one thing: tasks of a status, the timeline of a task, usage of a provider.",
            "Entries",
        )
    },
    Route {
        query: &[&EFFECTS_LIMIT],
        ..get(
            Endpoint::ListDueEffects,
            "/v1/workspaces/{workspace}/effects",
            "List effects that wait for a runtime. A runtime leases one with the command effect.lease and reports with \
             effect.report.",
            "DueEffects",
        )
    },
    get(
        Endpoint::ReadEffect,
        "/v1/workspaces/{workspace}/effects/{effect}",
        "Read a leased effect: what its runtime needs to perform it.",
        "Effect",
    ),
    get(
        Endpoint::ListSnapshots,
        SNAPSHOTS,
        "List the snapshots of a workspace, the oldest first. They are made by themselves as it is worked with.",
        "Snapshots",
    ),
    Route {
        method: Verb::Ask,
        takes: Some("NewSnapshot"),
        status: StatusCode::CREATED,
        ..get(
            Endpoint::MakeSnapshot,
            SNAPSHOTS,
            "Make a snapshot of a workspace as it is. Where there is one of its position, that is the answer.",
            "Snapshot",
        )
    },
    get(
        Endpoint::ReadSpace,
        "/v1/workspaces/{workspace}/space",
        "Read how much room a workspace takes, and what takes it.",
        "Space",
    ),
    Route {
        method: Verb::Ask,
        takes: Some("NewCompaction"),
        ..get(
            Endpoint::Compact,
            "/v1/workspaces/{workspace}/compact",
            "Make room: pack old events, which are read as before, and remove what nothing refers to. This is done by \
             itself as the workspace is worked with.",
            "Compaction",
        )
    },
    Route {
        method: Verb::Ask,
        takes: Some("Export"),
        ..get(
            Endpoint::ExportWorkspace,
            "/v1/workspaces/{workspace}/export",
            "Give the workspace away as a file: its log, its data keys wrapped under the key in the body, its large \
             content. A file without its last frame is of no use.",
            FILE,
        )
    },
    Route {
        method: Verb::Ask,
        takes: Some("BeginImport"),
        status: StatusCode::CREATED,
        ..get(
            Endpoint::BeginImport,
            IMPORT,
            "Begin to take a workspace in from a file, or go on with what was begun with the same file. Until all of it \
             was verified the workspace does not exist.",
            "Import",
        )
    },
    Route {
        method: Verb::Patch,
        header: Some(&UPLOAD_OFFSET),
        takes: Some(FILE),
        ..get(
            Endpoint::AppendImport,
            IMPORT,
            "Take in what stands in the file at Upload-Offset: all whole frames of it. With the last one the workspace \
             exists, and holds its effects until the command workspace.adopt.",
            "Import",
        )
    },
    Route {
        method: Verb::Head,
        status: StatusCode::NO_CONTENT,
        ..get(Endpoint::StandImport, IMPORT, "Tell in Upload-Offset how far an import is.", NOTHING)
    },
    Route {
        method: Verb::Delete,
        status: StatusCode::NO_CONTENT,
        query: &[&WHOLE],
        ..get(
            Endpoint::AbandonImport,
            IMPORT,
            "Give an import up, or a copy that is whole and owes nothing here. Nothing of it is left.",
            NOTHING,
        )
    },
];

/// Why no route fits.
#[derive(Debug, PartialEq, Eq)]
pub enum Missing {
    /// No route has this path.
    Path,
    /// Routes with this path have other methods: these.
    Method(String),
}

/// The route of a request, and what its path names.
pub fn find<'p>(method: &Method, path: &'p str) -> Result<(&'static Route, Params<'p>), Missing> {
    let mut allowed = Vec::new();
    for route in &ROUTES {
        let Some(params) = params(route.path, path) else { continue };
        if route.method.name() == method.as_str() {
            return Ok((route, params));
        }
        allowed.push(route.method.name());
    }
    if allowed.is_empty() { Err(Missing::Path) } else { Err(Missing::Method(allowed.join(", "))) }
}
