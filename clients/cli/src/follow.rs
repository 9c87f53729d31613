//! Following a workspace: its events as a stream, across breaks of the connection.
//!
//! Each event comes once and in order, whatever becomes of connections in between: the stream is opened again after the
//! last event that came.

use crate::api::Api;
use crate::outcome::Problem;
use crate::sse::{Message, Parser};
use bytes::Bytes;
use http::{Request, StatusCode};
use ports::egress::ConnectionBody;
use serde_json::Value;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::timeout;

/// How often in a row a host of this machine may fail to go on before it is given up, and one elsewhere, which may be
/// started again on another machine meanwhile.
const ATTEMPTS_MAX: (u32, u32) = (5, 45);
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
    /// How long nothing may come, not even a heartbeat.
    silence: Duration,
}

struct Open {
    body: Box<dyn ConnectionBody>,
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
        let (workspace, retry_ms) = (workspace.to_owned(), RETRY_MS);
        Self { api, workspace, after, open, told, retry_ms, attempts: 0, silence: SILENCE }
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
                    let (here, elsewhere) = ATTEMPTS_MAX;
                    if self.attempts >= if self.api.is_elsewhere() { elsewhere } else { here } {
                        return Err(self.given_up(problem));
                    }
                    tokio::time::sleep(Duration::from_millis(self.retry_ms)).await;
                }
            }
        }
    }

    fn given_up(&self, problem: Problem) -> Problem {
        let (there, after) = (self.api.whether_it_is_there(), self.after);
        Problem { hint: format!("{there} To go on from here: kernelos log --follow --after {after}"), ..problem }
    }

    /// Read until something came, opening the stream if need be.
    async fn go_on(&mut self) -> Result<(), Break> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => Open { body: self.connect().await?, parser: Parser::new() },
        };
        let came = timeout(self.silence, open.body.chunk()).await;
        let came = came.map_err(|_| self.interrupted("it is silent"))?.map_err(|why| self.interrupted(&why))?;
        let bytes = came.ok_or_else(|| self.interrupted("it ended the stream"))?;
        let mut messages = Vec::new();
        let taken = open.parser.take(&bytes, &mut messages);
        taken.map_err(|_| Break::Refused(protocol("the host's stream has a message without end")))?;
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

    async fn connect(&self) -> Result<Box<dyn ConnectionBody>, Break> {
        let request = Request::get(format!("/v1/workspaces/{}/events", self.workspace))
            .header("accept", "text/event-stream")
            .header("last-event-id", self.after.to_string());
        let answer = timeout(ANSWER_WITHIN, self.api.open(request, Bytes::new())).await;
        let answer = answer.map_err(|_| self.interrupted("nothing came"))?;
        let answer = answer.map_err(|problem| match problem.code.as_str() {
            "host_unreachable" => Break::Interrupted(problem),
            _ => Break::Refused(problem),
        })?;
        if answer.status() == StatusCode::OK {
            return Ok(answer.into_body());
        }
        let later = answer.status() == StatusCode::SERVICE_UNAVAILABLE;
        let problem = self.problem(answer.into_body()).await?;
        Err(if later { Break::Interrupted(problem) } else { Break::Refused(problem) })
    }

    /// Why the host does not give a stream.
    async fn problem(&self, mut body: Box<dyn ConnectionBody>) -> Result<Problem, Break> {
        let mut document = Vec::new();
        while let Some(piece) = body.chunk().await.map_err(|why| self.interrupted(&why))? {
            document.extend_from_slice(&piece);
            if document.len() > PROBLEM_MAX {
                return Err(Break::Refused(protocol("the host's problem document has no end")));
            }
        }
        let document: Value =
            serde_json::from_slice(&document).map_err(|why| Break::Refused(self.api.not_json(&why)))?;
        Ok(self.api.refused(&document))
    }

    fn interrupted(&self, why: &str) -> Break {
        Break::Interrupted(self.api.unreachable(why))
    }
}

fn protocol(what: &str) -> Problem {
    Problem::failed("protocol", what, "Are the host and this program of one version?")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Target;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    /// Take a request, and give its head and a stream with one event; what follows is silence.
    async fn one_event(listener: &TcpListener, pos: u64) -> (String, TcpStream) {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let said = format!("retry: 1\n\nid: {pos}\nevent: event\ndata: {{\"nth\":{pos}}}\n\n");
        let answer = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
        stream.write_all(format!("{answer}{said}").as_bytes()).await.unwrap();
        (String::from_utf8(head).unwrap(), stream)
    }

    #[tokio::test]
    async fn a_stream_whose_heartbeats_stop_is_opened_again_after_the_last_event() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api = Api::there(Target::here(listener.local_addr().unwrap()), "token").unwrap();
        let mut follow = Follow::new(&api, "7zr2m0f4kq1s8x3b6v9w5nchg4", 6);
        follow.silence = Duration::from_millis(50);
        let host = async {
            let (first, _silent) = one_event(&listener, 7).await;
            let (second, _open) = one_event(&listener, 8).await;
            (first, second)
        };
        let client = async { [follow.next().await.unwrap(), follow.next().await.unwrap()] };
        let ((first, second), told) = tokio::join!(host, client);
        assert_eq!(told.map(|told| matches!(told, Told::Event(_))), [true, true]);
        assert!(first.contains("last-event-id: 6\r\n") && second.contains("last-event-id: 7\r\n"), "{first}{second}");
        assert!(second.contains("authorization: Bearer token\r\n"), "{second}");
    }
}
