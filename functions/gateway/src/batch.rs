//! From the body of a batch to requests the sequencer takes.
//!
//! The whole batch is read before any of it is sent on: a body with one unreadable command changes nothing. Commands stay
//! borrowed from the body, because their bytes as sent are what their hash is over.

use crate::body::{is_object, not_an_object, read};
use crate::identity;
use crate::limits::COMMANDS;
use crate::near;
use crate::time::Time;
use kernel::command::{BadCommand, Command};
use kernel::hash::{Domain, HashText, hash};
use kernel::id::{CommandId, DeviceId, WorkspaceId};
use kernel::key::BranchId;
use kernel::machine::{Identity, Request};
use kernel::reject::Code;
use ports::Problem;
use ports::problem::{Fault, Kind, bad_arguments};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// What is the same for every command of a batch.
pub struct Sender<'a> {
    /// Who acts.
    pub principal: &'a str,
    /// The request's idempotency key.
    pub key: Option<&'a str>,
    /// The host's device, which counts commands that have no id.
    pub device: DeviceId,
    /// Its incarnation.
    pub incarnation: u32,
    /// When commands were authored that do not say.
    pub now_ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body<'a> {
    #[serde(borrow)]
    commands: Commands<'a>,
    #[serde(default)]
    workspace: Option<WorkspaceId>,
}

/// A command as it was sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent<'a> {
    #[serde(rename = "type", borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    data: &'a RawValue,
    #[serde(default)]
    id: Option<CommandId>,
    #[serde(default)]
    previous: Option<HashText>,
    #[serde(default)]
    branch: BranchId,
    #[serde(default)]
    authored_at: Option<Time>,
}

/// The requests in `text`, in order.
pub fn requests(text: &str, workspace: WorkspaceId, sender: &Sender<'_>) -> Result<Vec<Request>, Problem> {
    let body: Body<'_> = read(text)?;
    if body.workspace.is_some_and(|named| named != workspace) {
        return Err(Fault::WrongWorkspace.because("the body is meant for another workspace"));
    }
    if body.commands.count > COMMANDS {
        let detail = format!("there are {} commands; at most {COMMANDS} are allowed", body.commands.count);
        return Err(Fault::TooManyCommands.because(detail));
    }
    if body.commands.count == 0 {
        return Err(invalid("there is no command"));
    }
    let commands = body.commands.first.iter().enumerate();
    commands.map(|(index, raw)| request(raw.get(), index, sender).map_err(|it| it.within(&place(index)))).collect()
}

fn place(index: usize) -> String {
    format!("commands[{index}]")
}

fn request(text: &str, index: usize, sender: &Sender<'_>) -> Result<Request, Problem> {
    let sent: Sent<'_> = read(text)?;
    let command = command(&sent)?;
    Ok(Request {
        identity: identity(&sent, index, sender)?,
        hash: HashText(hash(Domain::Command, &[text.as_bytes()])),
        actor: sender.principal.to_owned(),
        on_behalf_of: Vec::new(),
        authored_ms: sent.authored_at.map_or(sender.now_ms, |time| time.0),
        branch: sent.branch,
        command,
    })
}

fn command(sent: &Sent<'_>) -> Result<Command, Problem> {
    if !is_object(sent.data.get()) {
        return Err(not_an_object().within("data"));
    }
    Command::parse(&sent.name, sent.data.get()).map_err(|bad| match bad {
        BadCommand::Unknown(name) => {
            let near = near::names(&name, Command::NAMES);
            Fault::UnknownCommand.because(format!("perhaps one of these is meant: {}", near.join(", ")))
        }
        BadCommand::Arguments(text) => bad_arguments(&text).within("data"),
    })
}

fn identity(sent: &Sent<'_>, index: usize, sender: &Sender<'_>) -> Result<Identity, Problem> {
    match (sent.id, sent.previous, sender.key) {
        (Some(command), previous, _) => Ok(Identity::Device { command, previous }),
        (None, Some(_), _) => Err(invalid("previous goes with an id")),
        (None, None, Some(key)) => Ok(Identity::Key {
            key: identity::of_command(sender.principal, key, u32::try_from(index).unwrap_or(u32::MAX)),
            device: sender.device,
            incarnation: sender.incarnation,
        }),
        (None, None, None) => {
            Err(Fault::MissingIdempotencyKey
                .because("the command has no id, and the request no Idempotency-Key header"))
        }
    }
}

fn invalid(detail: &str) -> Problem {
    Problem::new(Kind::Rejected(Code::InvalidArgument), detail)
}

/// The first commands of a list, and how many there are in all: a list far above the limit is counted, not kept.
struct Commands<'a> {
    first: Vec<&'a RawValue>,
    count: usize,
}

impl<'de: 'a, 'a> Deserialize<'de> for Commands<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(List)
    }
}

struct List;

impl<'de> Visitor<'de> for List {
    type Value = Commands<'de>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of commands")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut first = Vec::new();
        while first.len() < COMMANDS {
            let Some(command) = list.next_element()? else { break };
            first.push(command);
        }
        let mut count = first.len();
        while count >= COMMANDS && list.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Commands { first, count })
    }
}
