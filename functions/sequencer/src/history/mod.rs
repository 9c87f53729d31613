//! The past: what was, what changed, and why. Nothing here writes, and everything is done in slices, so that a question
//! about a long log costs no commands their turn and no host its memory.

mod diff;
mod log;
mod past;
mod show;
mod state;
mod why;

use crate::{Failure, Sequencer, broken};
use kernel::machine::Stop;
use kernel::reject::Code;
use ports::history::{Asked, HistoryAsk, HistorySlice};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

impl Sequencer {
    /// The next slice of an answer about the past.
    pub async fn history(&mut self, ask: &HistoryAsk) -> Result<HistorySlice, Failure> {
        self.exists()?;
        if self.is_stale() {
            self.reopen().await?;
        }
        let so_far = ask.so_far.as_ref();
        match &ask.asked {
            Asked::State { key, at } => self.state_at(key, *at, so_far).await,
            Asked::Diff { from, to, skip, limit } => {
                self.diff(diff::Range { from: *from, to: *to, skip: *skip, limit: *limit }, so_far).await
            }
            Asked::Why(of) => self.why(*of, so_far).await,
        }
    }

    /// `at`, if the log reaches it; its end when nothing is said.
    fn reached(&self, at: Option<u64>) -> Result<u64, Failure> {
        let end = self.pos();
        let Some(at) = at else { return Ok(end) };
        match at {
            0 => Err(refused("positions begin with 1")),
            at if at > end => Err(refused(format!("there is no event {at}: the log ends at {end}"))),
            at => Ok(at),
        }
    }
}

fn refused(why: impl Into<String>) -> Failure {
    Failure::Refused(Code::InvalidArgument.because(why))
}

/// What a slice hands over to the next.
fn more(so_far: &impl Serialize) -> Result<HistorySlice, Failure> {
    Ok(HistorySlice::More(written(so_far)?))
}

fn answer(view: Option<&impl Serialize>) -> Result<HistorySlice, Failure> {
    Ok(HistorySlice::Answer(view.map(written).transpose()?))
}

fn written(value: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(value).map_err(|why| broken(Stop::Broken(why.to_string())))
}

/// What the slice before handed over.
fn taken<T: DeserializeOwned>(so_far: &Value) -> Result<T, Failure> {
    T::deserialize(so_far).map_err(|why| refused(format!("this is nothing that a slice handed over: {why}")))
}
