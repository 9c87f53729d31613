//! Stories of workflows: what is performed, in which order, and what comes of it. Nothing is stored; calls are answered
//! from a list, and time passes only when it is waited for or when a call takes long.

mod constructs;
mod errors;
mod times;

use super::{Facts, Next, Position, RunError, Values, next, resumed};
use crate::seal::Content;
use crate::view::Halt;
use crate::workflow::Definition;
use serde_json::{Value, json};
use std::rc::Rc;

/// When every run begins.
const BEGUN_MS: u64 = 1_000_000;

/// Values as they were written.
struct Plain;

impl Values for Plain {
    fn open(&self, content: &Content) -> Result<Rc<Value>, Halt> {
        let Content::Plain(text) = content else { panic!("nothing is sealed here") };
        Ok(Rc::new(serde_json::from_str(text).unwrap()))
    }
}

/// A run that came to its end.
#[derive(Debug)]
struct Played {
    /// What was called, and with what.
    calls: Vec<(String, Value)>,
    /// How long was waited, each time.
    waits: Vec<u64>,
    /// What came of it.
    end: Result<Value, RunError>,
    /// How many moves it took.
    moves: usize,
}

impl Played {
    /// Title and status of the error it ended in.
    fn error(&self) -> (&str, u16) {
        let error = self.end.as_ref().expect_err("it failed");
        (&error.title, error.status)
    }
}

/// A workflow of these tasks.
fn tasks(list: Value) -> Value {
    json!({"document": {"dsl": "1.0.0", "namespace": "stories", "name": "story", "version": "0.1.0"}, "do": list})
}

/// A workflow of these tasks with more around them.
fn with(list: Value, more: Value) -> Value {
    let mut source = tasks(list);
    source.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    source
}

/// How a call is answered: how long it takes, and what comes of it.
type Answer = (u64, Result<Value, RunError>);

fn ok(value: Value) -> Answer {
    (0, Ok(value))
}

fn fails(status: u16) -> Answer {
    (0, Err(RunError::standard("communication", status, "http_status", "it did not work")))
}

/// Perform `source` on `input`.
#[track_caller]
fn play(source: &Value, input: &Value, answers: &[Answer]) -> Played {
    let definition = Definition::parse(source).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let mut position = Position::begin(Content::plain(input.to_string()));
    let deadline = definition.timeout_ms.map(|ms| BEGUN_MS + ms);
    let mut facts = Facts { run: "run".to_owned(), now_ms: BEGUN_MS, started_ms: BEGUN_MS, deadline, seed: 5 };
    let mut answers = answers.iter().cloned();
    let mut played = Played { calls: Vec::new(), waits: Vec::new(), end: Ok(Value::Null), moves: 0 };
    let mut came: Option<Result<Value, RunError>> = None;
    while played.moves < 10_000 {
        played.moves += 1;
        let decided = match came.take() {
            Some(outcome) => resumed(&definition, &position, &facts, &Plain, outcome),
            None => next(&definition, &position, &facts, &Plain),
        };
        match decided.unwrap() {
            Next::Move(step) => position.apply(&step, 0),
            Next::Call { step, capability, arguments, .. } => {
                position.apply(&step, 0);
                played.calls.push((capability, arguments));
                let (ms, outcome) = answers.next().expect("there is an answer to every call");
                facts.now_ms += ms;
                came = Some(outcome);
            }
            Next::Wait { step, until_ms } => {
                position.apply(&step, 0);
                played.waits.push(until_ms - facts.now_ms);
                // A run is woken when it takes too long, too.
                let deadline = super::deadline(&definition, &position, &facts).unwrap_or(u64::MAX);
                facts.now_ms = until_ms.min(deadline);
                came = Some(Ok(Value::Null));
            }
            Next::Done { output } => {
                played.end = Ok(output);
                return played;
            }
            Next::Failed(error) => {
                played.end = Err(error);
                return played;
            }
        }
    }
    panic!("it does not end: {played:?}");
}

/// What comes of these tasks, which call nobody.
#[track_caller]
fn comes_to(list: Value, input: Value) -> Value {
    play(&tasks(list), &input, &[]).end.unwrap()
}
