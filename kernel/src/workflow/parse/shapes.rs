//! Which keys stand where. The lists are those of the standard's schema; what is not supported is named.

use super::place::Shape;

/// Nothing of the standard is left out here.
const NONE: &[(&str, &str)] = &[];

/// The workflow itself.
pub const WORKFLOW: Shape = Shape {
    what: "a workflow",
    keys: &["document", "input", "use", "do", "timeout", "output"],
    required: &["document", "do"],
    unsupported: &[("schedule", "starts a workflow by time or by events: not supported, start it with a command")],
};

/// `document`.
pub const DOCUMENT: Shape = Shape {
    what: "`document`",
    keys: &["dsl", "namespace", "name", "version", "title", "summary", "tags", "metadata"],
    required: &["dsl", "namespace", "name", "version"],
    unsupported: NONE,
};

/// `use`.
pub const USE: Shape = Shape {
    what: "`use`",
    keys: &["errors", "retries", "timeouts"],
    required: &[],
    unsupported: &[
        ("authentications", "defines authentication: not supported, hosts and their keys are set by the workspace"),
        ("extensions", "wraps tasks in others: not supported"),
        ("functions", "defines functions of its own: not supported, `call` asks for a capability of the workspace"),
        ("secrets", "hands secrets to expressions: not supported, a workflow never sees a secret"),
        ("catalogs", "loads functions from elsewhere: not supported"),
    ],
};

/// `input` of the workflow.
pub const INPUT: Shape = Shape { what: "`input`", keys: &["schema", "from"], required: &[], unsupported: NONE };

/// `output` of the workflow.
pub const OUTPUT: Shape = Shape { what: "`output`", keys: &["schema", "as"], required: &[], unsupported: NONE };

const CHECKED_BY_TASK: &[(&str, &str)] =
    &[("schema", "of a task: not supported, only the workflow's own input and output are checked")];

/// `input` of a task.
pub const TASK_INPUT: Shape =
    Shape { what: "`input` of a task", keys: &["from"], required: &[], unsupported: CHECKED_BY_TASK };

/// `output` of a task.
pub const TASK_OUTPUT: Shape =
    Shape { what: "`output` of a task", keys: &["as"], required: &[], unsupported: CHECKED_BY_TASK };

/// `export` of a task.
pub const EXPORT: Shape = Shape { what: "`export`", keys: &["as"], required: &[], unsupported: CHECKED_BY_TASK };

/// A schema.
pub const SCHEMA: Shape = Shape {
    what: "`schema`",
    keys: &["format", "document"],
    required: &[],
    unsupported: &[("resource", "loads a schema from elsewhere: not supported, write it under `document`")],
};

/// A timeout.
pub const TIMEOUT: Shape = Shape { what: "a timeout", keys: &["after"], required: &["after"], unsupported: NONE };

/// A case of a `switch`.
pub const CASE: Shape =
    Shape { what: "a case of `switch`", keys: &["when", "then"], required: &["then"], unsupported: NONE };

/// `for`.
pub const FOR: Shape = Shape { what: "`for`", keys: &["each", "in", "at"], required: &["in"], unsupported: NONE };

/// `catch`.
pub const CATCH: Shape = Shape {
    what: "`catch`",
    keys: &["errors", "as", "when", "exceptWhen", "retry", "do"],
    required: &[],
    unsupported: NONE,
};

/// `catch.errors`.
pub const CATCH_ERRORS: Shape = Shape { what: "`errors`", keys: &["with"], required: &[], unsupported: NONE };

/// `catch.errors.with`.
pub const ERROR_FILTER: Shape = Shape {
    what: "`with` of `errors`",
    keys: &["type", "status", "instance", "title", "detail", "details"],
    required: &[],
    unsupported: NONE,
};

/// A retry policy.
pub const RETRY: Shape = Shape {
    what: "a retry policy",
    keys: &["delay", "backoff", "limit", "jitter"],
    required: &[],
    unsupported: &[
        ("when", "of a retry policy: not supported, say it in `catch.when`"),
        ("exceptWhen", "of a retry policy: not supported, say it in `catch.exceptWhen`"),
    ],
};

/// `backoff`.
pub const BACKOFF: Shape =
    Shape { what: "`backoff`", keys: &["constant", "linear", "exponential"], required: &[], unsupported: NONE };

/// `limit` of a retry policy.
pub const LIMIT: Shape = Shape { what: "`limit`", keys: &["attempt", "duration"], required: &[], unsupported: NONE };

/// `limit.attempt`.
pub const ATTEMPT: Shape = Shape {
    what: "`attempt`",
    keys: &["count"],
    required: &[],
    unsupported: &[("duration", "limits a single attempt: not supported, give the tasks a `timeout`")],
};

/// `jitter`.
pub const JITTER: Shape =
    Shape { what: "`jitter`", keys: &["from", "to"], required: &["from", "to"], unsupported: NONE };

/// `raise`.
pub const RAISE: Shape = Shape { what: "`raise`", keys: &["error"], required: &["error"], unsupported: NONE };

/// An error.
pub const ERROR: Shape = Shape {
    what: "an error",
    keys: &["type", "status", "instance", "title", "detail"],
    required: &["type", "status"],
    unsupported: NONE,
};

/// `with` of `call: http`.
pub const HTTP: Shape = Shape {
    what: "`with` of `call: http`",
    keys: &["method", "endpoint", "headers", "body", "query", "output", "redirect", "idempotency"],
    required: &["method", "endpoint"],
    unsupported: NONE,
};

/// `endpoint` as an object.
pub const ENDPOINT: Shape = Shape {
    what: "`endpoint`",
    keys: &["uri"],
    required: &["uri"],
    unsupported: &[("authentication", "of an endpoint: not supported, hosts and their keys are set by the workspace")],
};

/// `with` of `call: agent`.
pub const AGENT: Shape = Shape {
    what: "`with` of `call: agent`",
    keys: &["agent", "prompt", "schema", "max_tokens"],
    required: &["agent", "prompt"],
    unsupported: NONE,
};

/// `with` of `call: ask`.
pub const ASK: Shape = Shape {
    what: "`with` of `call: ask`",
    keys: &["question", "approve", "options", "schema", "timeout", "otherwise", "escalate"],
    required: &[],
    unsupported: NONE,
};

/// `escalate`.
pub const ESCALATE: Shape =
    Shape { what: "`escalate`", keys: &["after", "to"], required: &["after", "to"], unsupported: NONE };

/// `with` of `call: documents.read`.
pub const READ: Shape =
    Shape { what: "`with` of `call: documents.read`", keys: &["path"], required: &["path"], unsupported: NONE };

/// `with` of `call: documents.write`.
pub const WRITE: Shape = Shape {
    what: "`with` of `call: documents.write`",
    keys: &["path", "text", "append"],
    required: &["path", "text"],
    unsupported: NONE,
};

/// `with` of `call: documents.list`.
pub const LIST: Shape =
    Shape { what: "`with` of `call: documents.list`", keys: &["prefix"], required: &[], unsupported: NONE };

/// `with` of `call: remember`.
pub const REMEMBER: Shape =
    Shape { what: "`with` of `call: remember`", keys: &["text"], required: &["text"], unsupported: NONE };

/// `with` of `call: recall`.
pub const RECALL: Shape =
    Shape { what: "`with` of `call: recall`", keys: &["query", "limit"], required: &["query"], unsupported: NONE };
