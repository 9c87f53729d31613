//! The capabilities that come with the kernel.

use super::{Capability, OfferedBy};
use crate::entity::Idempotency;

const NOTHING_DOUBTFUL: Capability = Capability {
    name: "",
    version: "1.0.0",
    description: "",
    input: "{}",
    output: "{}",
    offered_by: OfferedBy::Kernel,
    idempotency: Idempotency::Retry,
    is_tool: true,
};

/// Every one of them, by name.
pub static BUILT_IN: &[Capability] = &[
    Capability {
        name: "agent",
        description: "Ask an agent of this workspace and wait for its answer.",
        input: r#"{"type":"object","required":["agent","prompt"],"additionalProperties":false,"properties":{
            "agent":{"type":"string","minLength":1},"prompt":{},"schema":{"type":"object"},
            "max_tokens":{"type":"integer","minimum":1}}}"#,
        offered_by: OfferedBy::Agent,
        is_tool: false,
        ..NOTHING_DOUBTFUL
    },
    Capability {
        name: "ask",
        description: "Ask a person and wait for the answer, or have a person approve something.",
        input: r#"{"type":"object","additionalProperties":false,"properties":{
            "question":{"type":"string","minLength":1},"approve":{},"options":{"type":"array","maxItems":32},
            "schema":{"type":"object"},"timeout":{},"otherwise":{},
            "escalate":{"type":"object","required":["after","to"],"additionalProperties":false,
                "properties":{"after":{},"to":{"type":"string","minLength":1}}}},
            "anyOf":[{"required":["question"]},{"required":["approve"]}]}"#,
        output: r#"{"type":"object","required":["decision"],"properties":{"decision":{"enum":
            ["answered","approved","edited","rejected","timed_out"]},"value":{},"by":{"type":"string"},
            "reason":{"type":"string"}}}"#,
        offered_by: OfferedBy::Person,
        ..NOTHING_DOUBTFUL
    },
    Capability {
        name: "documents.list",
        description: "List the documents of the workspace whose path begins with a prefix.",
        input: r#"{"type":"object","additionalProperties":false,"properties":{"prefix":{"type":"string"}}}"#,
        output: r#"{"type":"object","required":["documents"],"properties":{"documents":{"type":"array","items":
            {"type":"object","properties":{"path":{"type":"string"},"version":{"type":"integer"},
            "bytes":{"type":"integer"}}}}}}"#,
        ..NOTHING_DOUBTFUL
    },
    Capability {
        name: "documents.read",
        description: "Read a document of the workspace.",
        input: r#"{"type":"object","required":["path"],"additionalProperties":false,
            "properties":{"path":{"type":"string","minLength":1,"maxLength":512}}}"#,
        output: r#"{"type":"object","required":["path","text","version"],"properties":{"path":{"type":"string"},
            "text":{"type":"string"},"version":{"type":"integer"}}}"#,
        ..NOTHING_DOUBTFUL
    },
    Capability {
        name: "documents.write",
        description: "Write a document of the workspace, or append to it.",
        input: r#"{"type":"object","required":["path","text"],"additionalProperties":false,"properties":{
            "path":{"type":"string","minLength":1,"maxLength":512},"text":{"type":"string"},
            "append":{"type":"boolean"}}}"#,
        output: r#"{"type":"object","required":["path","version"],"properties":{"path":{"type":"string"},
            "version":{"type":"integer"}}}"#,
        ..NOTHING_DOUBTFUL
    },
    Capability {
        name: "http.request",
        description: "Send an HTTP request to a place on the workspace's allow-list.",
        input: r#"{"type":"object","additionalProperties":false,"anyOf":[{"required":["endpoint"]},{"required":["uri"]}],
            "properties":{"method":{"type":"string","minLength":1,"maxLength":16},
            "endpoint":{"anyOf":[{"type":"string","minLength":1},{"type":"object","required":["uri"],
                "properties":{"uri":{"type":"string","minLength":1}}}]},
            "uri":{"type":"string","minLength":1},"headers":{"type":"object"},"query":{"type":"object"},"body":{},
            "output":{"enum":["content","response","raw"]},"redirect":{"type":"boolean"},
            "idempotency":{"enum":["retry","ask","fail"]}}}"#,
        offered_by: OfferedBy::Runtime,
        idempotency: Idempotency::Ask,
        ..NOTHING_DOUBTFUL
    },
    Capability {
        name: "notes.recall",
        description: "Find notes that were remembered earlier, best match first.",
        input: r#"{"type":"object","required":["query"],"additionalProperties":false,"properties":{
            "query":{"type":"string"},"limit":{"type":"integer","minimum":1,"maximum":32}}}"#,
        output: r#"{"type":"object","required":["notes"],"properties":{"notes":{"type":"array","items":
            {"type":"object","properties":{"text":{"type":"string"}}}}}}"#,
        ..NOTHING_DOUBTFUL
    },
    Capability {
        name: "notes.remember",
        description: "Remember something for later, in this task or another one.",
        input: r#"{"type":"object","required":["text"],"additionalProperties":false,
            "properties":{"text":{"type":"string","minLength":1}}}"#,
        output: r#"{"type":"object","required":["note"],"properties":{"note":{"type":"string"}}}"#,
        ..NOTHING_DOUBTFUL
    },
];
