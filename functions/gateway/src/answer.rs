//! From the sequencer's replies to the response.
//!
//! The same request gets the same bytes, however often it is sent; only a header tells that it was known already.

use bytes::Bytes;
use http::header::HeaderValue;
use http::{Response, StatusCode};
use kernel::id::{CommandId, Id};
use kernel::machine::{Identity, Reply, Request};
use ports::problem::{Fault, json};
use ports::{Problem, SequencingError};
use serde::Serialize;

/// Set when every command of the request was known already.
const REPLAYED: &str = "idempotent-replayed";

/// What came of one command.
#[derive(Debug, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum Outcome {
    /// It took effect.
    Accepted {
        /// Its id.
        command: CommandId,
        /// Position of its first event.
        pos: u64,
        /// How many events it has.
        events: u32,
        /// What it made.
        made: Vec<Id>,
    },
    /// It was rejected for good: the rejection is in the log and the same command gets it again.
    Rejected {
        /// Its id.
        command: CommandId,
        /// Position of the event that records the rejection.
        pos: u64,
        /// Why.
        problem: Problem,
    },
    /// It was refused, or not answered. Nothing remembers that; it may be sent again.
    Refused {
        /// Its id, if it came with one.
        #[serde(skip_serializing_if = "Option::is_none")]
        command: Option<CommandId>,
        /// Why.
        problem: Problem,
    },
}

#[derive(Serialize)]
struct Outcomes {
    outcomes: Vec<Outcome>,
}

/// The ids that commands came with.
pub fn ids(requests: &[Request]) -> Vec<Option<CommandId>> {
    let id = |request: &Request| match request.identity {
        Identity::Device { command, .. } => Some(command),
        Identity::Key { .. } => None,
    };
    requests.iter().map(id).collect()
}

/// The response to a batch of commands that came with `ids`.
///
/// A single command that did not take effect is answered with its problem, and so is a batch when there is no workspace to
/// decide it: then the status tells, and nobody has to look inside.
pub fn batch(ids: &[Option<CommandId>], results: Vec<Result<Reply, SequencingError>>) -> Response<Bytes> {
    if results.len() != ids.len() {
        return Fault::Unavailable.because("the sequencer did not answer every command").response();
    }
    if let Some(problem) = undecided(&results) {
        return problem.response();
    }
    let replayed = all_known(&results);
    let mut outcomes: Vec<Outcome> = ids.iter().zip(results).map(|(id, result)| outcome(*id, result)).collect();
    let response = match outcomes.as_mut_slice() {
        [Outcome::Rejected { problem, .. } | Outcome::Refused { problem, .. }] => problem.response(),
        _ => json(StatusCode::OK, &Outcomes { outcomes }),
    };
    if replayed { mark_replayed(response) } else { response }
}

/// Why no command was decided, when that is the same for all of them and not for any of them in particular.
fn undecided(results: &[Result<Reply, SequencingError>]) -> Option<Problem> {
    let Some(Err(first)) = results.first() else { return None };
    let is_alike = |result: &Result<_, _>| result.as_ref().is_err_and(|error| error == first);
    let particular = matches!(first, SequencingError::Refused(_));
    if particular || !results.iter().all(is_alike) { None } else { Some(first.clone().into()) }
}

/// What came of one command.
pub fn outcome(id: Option<CommandId>, result: Result<Reply, SequencingError>) -> Outcome {
    match result {
        Ok(Reply { command, pos, rejected: Some((code, detail)), .. }) => {
            Outcome::Rejected { command, pos, problem: Problem::recorded(code, &detail, command) }
        }
        Ok(Reply { command, pos, events, made, .. }) => Outcome::Accepted { command, pos, events, made },
        Err(error) => Outcome::Refused { command: id, problem: error.into() },
    }
}

fn all_known(results: &[Result<Reply, SequencingError>]) -> bool {
    results.iter().all(|result| result.as_ref().is_ok_and(|reply| reply.known))
}

/// Say that the request was answered before.
pub fn mark_replayed(mut response: Response<Bytes>) -> Response<Bytes> {
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
