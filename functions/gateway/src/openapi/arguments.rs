//! The arguments of every command. A test holds them against what the kernel reads.

use super::schemas::{amount, list, named, text};
use kernel::command::{NAME_MAX, REFERENCE_MAX, TEXT_MAX};
use serde_json::{Map, Value, json};

/// A command.
pub struct Described {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// Its arguments.
    pub arguments: &'static [Argument],
}

/// An argument.
pub struct Argument {
    /// Its name.
    pub name: &'static str,
    /// What it may be.
    pub is: Is,
    /// Whether it must be there.
    pub required: bool,
}

/// What an argument may be.
pub enum Is {
    /// A text of at most so many bytes.
    Text(usize),
    /// A whole number that every client represents exactly.
    Amount,
    /// What the schema of this name says.
    Named(&'static str),
    /// Texts.
    Texts,
    /// Whether something is so.
    Flag,
    /// Roots by space.
    Roots,
    /// Any JSON value, said in words.
    Value(&'static str),
}

impl Is {
    fn schema(&self) -> Value {
        match self {
            Self::Text(bytes) => text(*bytes),
            Self::Amount => amount(),
            Self::Named(schema) => named(schema),
            Self::Texts => list(&text(REFERENCE_MAX)),
            Self::Flag => json!({"type": "boolean"}),
            Self::Roots => json!({"type": "object", "additionalProperties": named("Hash")}),
            Self::Value(what) => json!({"description": what}),
        }
    }
}

const fn must(name: &'static str, is: Is) -> Argument {
    Argument { name, is, required: true }
}

const fn may(name: &'static str, is: Is) -> Argument {
    Argument { name, is, required: false }
}

const RUNTIME: Argument = must("runtime", Is::Named("RuntimeId"));
const BOOT: Argument = must("boot", Is::Named("BootId"));
const EFFECT: Argument = must("effect", Is::Named("Id"));
const FENCE: Argument = must("fence", Is::Amount);
const TTL_MS: Argument = must("ttl_ms", Is::Amount);
const NAME: Argument = must("name", Is::Text(NAME_MAX));
const PUBLIC_KEY: Argument = must("public_key", Is::Named("Hash"));

const LEFT: &str = "The event workspace.left as it is stored where the workspace came from, as a text.";

/// Every command.
pub const COMMANDS: &[Described] = &[
    Described {
        name: "agent.define",
        summary: "Make an agent known.",
        arguments: &[
            NAME,
            must("provider", Is::Named("Id")),
            may("instructions", Is::Text(TEXT_MAX)),
            may("tools", Is::Texts),
            may("approve", Is::Texts),
            may("limits", Is::Named("Limits")),
            may("schema", Is::Value("JSON Schema of its answers.")),
            may("context_tokens", Is::Amount),
        ],
    },
    Described {
        name: "approval.decide",
        summary: "Decide about an approval, or answer a question. The first decision counts; the digest says which \
                  bytes it is about.",
        arguments: &[
            must("approval", Is::Named("Id")),
            must("decision", Is::Named("Says")),
            must("digest", Is::Named("Hash")),
            may("value", Is::Value("Bytes to go on with instead, or the answer.")),
            may("reason", Is::Text(TEXT_MAX)),
        ],
    },
    Described { name: "branch.fork", summary: "Begin a branch of the line the command works on.", arguments: &[NAME] },
    Described {
        name: "branch.restore",
        summary: "Go back to what the branch was at a position. What was written since stays in the log, control stays as it \
                  is, and what was under way is held until somebody decided about it.",
        arguments: &[must("pos", Is::Amount)],
    },
    Described { name: "device.enroll", summary: "Let a device author commands.", arguments: &[PUBLIC_KEY] },
    Described {
        name: "effect.lease",
        summary: "Take an effect to perform; the one that waits longest when none is named.",
        arguments: &[RUNTIME, BOOT, TTL_MS, may("effect", Is::Named("Id"))],
    },
    Described {
        name: "effect.renew",
        summary: "Hold a lease for longer.",
        arguments: &[RUNTIME, BOOT, EFFECT, FENCE, TTL_MS],
    },
    Described {
        name: "effect.report",
        summary: "Tell what came of an effect.",
        arguments: &[RUNTIME, BOOT, EFFECT, FENCE, must("outcome", Is::Named("Reported"))],
    },
    Described {
        name: "egress.allow",
        summary: "Say where requests of this workspace may go. The lists replace the ones before.",
        arguments: &[must("hosts", Is::Texts), may("private", Is::Texts), may("secrets", Is::Texts)],
    },
    Described {
        name: "key.destroy",
        summary: "Make a subject's content unreadable, for ever and everywhere.",
        arguments: &[must("subject", Is::Named("Subject"))],
    },
    Described {
        name: "provider.define",
        summary: "Make a provider of models known.",
        arguments: &[
            NAME,
            must("dialect", Is::Text(64)),
            must("base_url", Is::Text(REFERENCE_MAX)),
            must("model", Is::Text(NAME_MAX)),
            may("key_ref", Is::Text(REFERENCE_MAX)),
            may("timeout_ms", Is::Amount),
            may("allow_plain_http", Is::Flag),
            may("prices", Is::Named("Prices")),
        ],
    },
    Described {
        name: "run.start",
        summary: "Perform a workflow, as a new task.",
        arguments: &[must("workflow", Is::Named("Id")), may("input", Is::Value("What it is given."))],
    },
    Described { name: "runtime.join", summary: "Say that a runtime's process is there.", arguments: &[RUNTIME, BOOT] },
    Described {
        name: "task.ask",
        summary: "Ask an agent, in a task that goes on or in a new one.",
        arguments: &[
            may("task", Is::Named("Id")),
            must("agent", Is::Named("Id")),
            must("prompt", Is::Text(TEXT_MAX)),
            may("max_tokens", Is::Amount),
        ],
    },
    Described {
        name: "task.cancel",
        summary: "Cancel a task with everything beneath it.",
        arguments: &[must("task", Is::Named("Id")), may("reason", Is::Text(NAME_MAX))],
    },
    Described { name: "task.create", summary: "Begin a task.", arguments: &[must("title", Is::Text(NAME_MAX))] },
    Described {
        name: "task.retry",
        summary: "Try what failed again, from where it failed.",
        arguments: &[must("task", Is::Named("Id"))],
    },
    Described { name: "timers.fire", summary: "Let what is due by now happen.", arguments: &[] },
    Described {
        name: "work.decide",
        summary: "Say what becomes of something that was under way at a restore.",
        arguments: &[must("item", Is::Named("Id")), must("choice", Is::Named("Choice"))],
    },
    Described {
        name: "work.release",
        summary: "Let what a restore held go on. Everything has to be decided first.",
        arguments: &[],
    },
    Described {
        name: "workflow.define",
        summary: "Make a workflow known. It is checked first.",
        arguments: &[must("source", Is::Value("The workflow, as JSON."))],
    },
    Described {
        name: "workspace.adopt",
        summary: "Let go what an imported workspace owes the outside world. Only when it does not go on where it came from: \
                  for one that was frozen to come here, `left` proves that.",
        arguments: &[may("left", Is::Value(LEFT)), may("anyway", Is::Flag)],
    },
    Described {
        name: "workspace.create",
        summary: "Begin a workspace. The device that authors this command is enrolled by it.",
        arguments: &[NAME, PUBLIC_KEY],
    },
    Described {
        name: "workspace.freeze",
        summary: "Let nothing happen any more but what is under way, so that the workspace can go to another host.",
        arguments: &[must("to", Is::Text(REFERENCE_MAX))],
    },
    Described {
        name: "workspace.leave",
        summary: "Confirm that a frozen workspace is on the other host, as it is here. Nothing happens here ever after.",
        arguments: &[must("to", Is::Text(REFERENCE_MAX)), must("pos", Is::Amount), must("roots", Is::Roots)],
    },
    Described { name: "workspace.unfreeze", summary: "Undo workspace.freeze.", arguments: &[] },
];

impl Described {
    /// The command as a schema.
    pub fn schema(&self) -> Value {
        let properties: Map<String, Value> =
            self.arguments.iter().map(|it| (it.name.to_owned(), it.is.schema())).collect();
        let required: Vec<&str> = self.arguments.iter().filter(|it| it.required).map(|it| it.name).collect();
        json!({
            "type": "object",
            "description": self.summary,
            "properties": {
                "type": {"const": self.name},
                "data": {
                    "type": "object",
                    "properties": properties,
                    "required": required,
                    "additionalProperties": false,
                },
                "id": named("CommandId"),
                "previous": named("Hash"),
                "branch": named("BranchId"),
                "authored_at": {"type": "string", "format": "date-time"},
            },
            "required": ["type", "data"],
            "additionalProperties": false,
        })
    }
}
