//! Following a workspace: its events as a stream, across breaks of the connection.
//!
//! Each event comes once and in order, whatever becomes of connections in between: the stream is opened again after the
//! last event that came.

use crate::api::{Api, refused};
use crate::outcome::Problem;
use crate::sse::{Message, Parser};
use bytes::{Buf as _, Bytes};
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How often in a row a host may fail to go on before it is given up.
const ATTEMPTS_MAX: u32 = 5;
/// How long to wait before coming back, unless the host says.
const RETRY_MS: u64 = 1_000;
/// Longest pause that a host may ask for.
const RETRY_MS_MAX: u64 = 30_000;
/// Three heartbeats: a connection that is silent for longer is broken.
const SILENCE: Duration = Duration::from_secs(45);
/// How long a host may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// The largest problem document that is read.
const PROBLEM_MAX: usize = 1 << 16;

/// Something the stream tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// An event, as the list of events shows it.
    Event(Value),
    /// A piece of an answer that is on its way: `effect`, `task`, `text`.
    Delta(Value),
}

/// A workspace that is followed.
pub struct Follow<'a> {
    api: &'a Api,
    workspace: String,
    /// The last event that came.
    after: u64,
    open: Option<Open>,
    told: VecDeque<Told>,
    retry_ms: u64,
    /// Attempts since something came.
    attempts: u32,
}

struct Open {
    body: Incoming,
    parser: Parser,
}

/// Why a stream does not go on.
enum Break {
    /// It may go on when it is opened again.
    Interrupted(Problem),
    /// It will not.
    Refused(Problem),
}

impl<'a> Follow<'a> {
    /// Follow `workspace` from the event after `after`.
    pub fn new(api: &'a Api, workspace: &str, after: u64) -> Self {
        let (open, told) = (None, VecDeque::new());
        Self { api, workspace: workspace.to_owned(), after, open, told, retry_ms: RETRY_MS, attempts: 0 }
    }

    /// What is told next. Ends only with a problem: when the host refuses, or is gone.
    pub async fn next(&mut self) -> Result<Told, Problem> {
        loop {
            if let Some(told) = self.told.pop_front() {
                return Ok(told);
            }
            match self.go_on().await {
                Ok(()) => self.attempts = 0,
                Err(Break::Refused(problem)) => return Err(problem),
                Err(Break::Interrupted(problem)) => {
                    self.open = None;
                    self.attempts += 1;
                    if self.attempts >= ATTEMPTS_MAX {
                        return Err(self.given_up(problem));
                    }
                    tokio::time::sleep(Duration::from_millis(self.retry_ms)).await;
                }
            }
        }
    }

    fn given_up(&self, problem: Problem) -> Problem {
        let after = self.after;
        let hint =
            format!("Is `kernelos dev` still running? To go on from here: kernelos log --follow --after {after}");
        Problem { hint, ..problem }
    }

    /// Read until something came, opening the stream if need be.
    async fn go_on(&mut self) -> Result<(), Break> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => Open { body: self.connect().await?, parser: Parser::new() },
        };
        let frame = timeout(SILENCE, open.body.frame()).await;
        let frame =
            frame.map_err(|_| interrupted("it is silent"))?.ok_or_else(|| interrupted("it ended the stream"))?;
        let mut messages = Vec::new();
        if let Ok(bytes) = frame.map_err(interrupted)?.into_data() {
            let taken = open.parser.take(&bytes, &mut messages);
            taken.map_err(|_| Break::Refused(protocol("the host's stream has a message without end")))?;
        }
        self.retry_ms = open.parser.retry_ms().map_or(self.retry_ms, |ms| ms.min(RETRY_MS_MAX));
        self.open = Some(open);
        messages.iter().try_for_each(|message| self.take(message))
    }

    fn take(&mut self, message: &Message) -> Result<(), Break> {
        let unreadable = |_| Break::Refused(protocol("the host's stream is not JSON"));
        match message.name.as_str() {
            "event" => {
                let pos: u64 = message.id.parse().map_err(|_| Break::Refused(protocol("an event has no position")))?;
                if pos <= self.after {
                    return Err(Break::Refused(protocol("the host told an event twice")));
                }
                self.told.push_back(Told::Event(serde_json::from_str(&message.data).map_err(unreadable)?));
                self.after = pos;
            }
            "delta" => self.told.push_back(Told::Delta(serde_json::from_str(&message.data).map_err(unreadable)?)),
            // Told by a newer host to those who understand it.
            _ => {}
        }
        Ok(())
    }

    async fn connect(&self) -> Result<Incoming, Break> {
        let address = self.api.address();
        let stream = timeout(ANSWER_WITHIN, TcpStream::connect(&address)).await.map_err(interrupted)?;
        let stream = TokioIo::new(stream.map_err(interrupted)?);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.map_err(interrupted)?;
        // It ends with the stream, and what ends it shows there.
        tokio::task::spawn_local(async { drop(connection.await) });
        let request = Request::get(format!("/v1/workspaces/{}/events", self.workspace))
            .header("host", &address)
            .header("authorization", format!("Bearer {}", self.api.token()))
            .header("accept", "text/event-stream")
            .header("last-event-id", self.after.to_string())
            .body(Empty::<Bytes>::new())
            .map_err(|why| Break::Refused(Problem::usage(why.to_string(), "Check the ids that were given.")))?;
        let answer = timeout(ANSWER_WITHIN, sender.send_request(request)).await.map_err(interrupted)?;
        let answer = answer.map_err(interrupted)?;
        if answer.status() == StatusCode::OK {
            return Ok(answer.into_body());
        }
        let later = answer.status() == StatusCode::SERVICE_UNAVAILABLE;
        let document = Limited::new(answer.into_body(), PROBLEM_MAX).collect().await;
        let document = document.map_err(interrupted)?.aggregate();
        let document: Value = serde_json::from_reader(document.reader())
            .map_err(|why| Break::Refused(protocol(&format!("the host's answer is not JSON: {why}"))))?;
        let problem = refused(&document);
        Err(if later { Break::Interrupted(problem) } else { Break::Refused(problem) })
    }
}

fn interrupted(why: impl ToString) -> Break {
    let what = format!("the host does not answer: {}", why.to_string());
    Break::Interrupted(Problem::failed("host_unreachable", what, ""))
}

fn protocol(what: &str) -> Problem {
    Problem::failed("protocol", what, "Are the host and this program of one version?")
}
