//! What a workspace has at hand: agents, providers, documents, notes, names.

use super::entity;
use crate::hash::HashText;
use crate::id::Id;
use crate::merge::{Counter, Exclusive, Lww, Text};
use crate::seal::Content;
use serde::{Deserialize, Serialize};

/// How far an agent may go in one step. What is absent is bounded by [`Limits::TURNS`] and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Model calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turns: Option<u64>,
    /// Tokens of requests and answers together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Cost, in millionths of the currency of the provider's prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_micros: Option<u64>,
    /// Time from the question to the answer, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
}

impl Limits {
    /// Model calls of a step when nothing else is said.
    pub const TURNS: u64 = 24;
}

entity! {
    /// An agent: who answers, with which instructions, through which provider.
    Agent { always {
        /// The provider its model calls go to.
        provider: Exclusive<Id>,
    } may {
        /// What people call it.
        name: Lww<Option<Content>>,
        /// What it is told before every conversation.
        instructions: Text,
        /// Names of the capabilities it may use.
        tools: Lww<Vec<String>>,
        /// Names of those for which a person is asked first.
        approve: Lww<Vec<String>>,
        /// How far it may go.
        limits: Lww<Limits>,
        /// JSON Schema of its answers.
        schema: Lww<Option<Content>>,
        /// Most tokens of context it is given, as estimated.
        context_tokens: Lww<Option<u64>>,
    } }
}

entity! {
    /// A provider of models. Everything about the vendor is data.
    Provider { always {
        /// Name of the wire dialect; a codec of that name translates.
        dialect: Exclusive<String>,
    } may {
        /// What people call it.
        name: Lww<Option<Content>>,
        /// Where it is reached.
        base_url: Lww<Option<Content>>,
        /// The vendor's name of the model.
        model: Lww<Option<Content>>,
        /// Reference to the key in the host's vault; never the key.
        key_ref: Lww<Option<Content>>,
        /// How long one call may take, in milliseconds.
        timeout_ms: Lww<Option<u64>>,
        /// Whether conversation and key may travel in clear to another machine.
        allow_plain_http: Lww<bool>,
        /// Price of a million tokens of requests, in millionths of a currency.
        input_micros_per_mtok: Lww<u64>,
        /// Price of a million tokens of answers, in millionths of the same currency.
        output_micros_per_mtok: Lww<u64>,
    } }
}

entity! {
    /// What was used of a provider.
    Usage { always {} may {
        /// Model calls with an answer.
        calls: Counter,
        /// Tokens of requests.
        input_tokens: Counter,
        /// Tokens of answers.
        output_tokens: Counter,
        /// Cost, in millionths of the currency of the provider's prices.
        cost_micros: Counter,
    } }
}

entity! {
    /// What a name stands for.
    Name { always {
        /// The thing.
        id: Lww<Id>,
    } may {} }
}

entity! {
    /// A document of the workspace.
    Document { always {
        /// How often it was written.
        version: Lww<u64>,
        /// Bytes of its text.
        bytes: Lww<u64>,
    } may {
        /// Where it is.
        path: Exclusive<Option<Content>>,
        /// What it says.
        text: Text,
    } }
}

entity! {
    /// Something an agent or a workflow remembered.
    Note { always {} may {
        /// What it says.
        text: Exclusive<Option<Content>>,
    } }
}

entity! {
    /// Where requests of this workspace may go.
    Egress { always {} may {
        /// A JSON object: `hosts` and `private`, lists of rules as the egress broker reads them.
        rules: Lww<Option<Content>>,
    } }
}

entity! {
    /// Where an imported workspace came from. What it owes the outside world may be owed there, too.
    Origin { always {
        /// Which incarnation of the workspace this is; the one it was made in is 0 and has no such row.
        incarnation: Lww<u32>,
        /// Position up to which the file went that it came in.
        pos: Lww<u64>,
        /// Hash over that file.
        file: Lww<HashText>,
    } may {
        /// Whether its effects are held until somebody adopts it.
        held: Lww<bool>,
    } }
}

entity! {
    /// Where the workspace is on its way to, or went. There is no such row while it stays.
    Move { always {
        /// The host: where people find it.
        to: Lww<String>,
    } may {
        /// Position up to which it is there, once it left for good.
        left: Lww<Option<u64>>,
        /// The last event of control in the file that it came in: what proves that it left names it.
        control: Lww<Option<HashText>>,
    } }
}
