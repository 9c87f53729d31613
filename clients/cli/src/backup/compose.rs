//! Putting a workspace together again: from pieces of its log and its newest data keys to one file, as `kernelos export`
//! writes them, which any host takes in and verifies.
//!
//! The same pieces come to the same bytes, so a restore that was cut off goes on where it was. The file is never on a disk:
//! it is put together twice, once to look at everything and once on its way.

mod state;

use super::of_file;
use super::part::another;
use super::plan::Plan;
use crate::outcome::Problem;
use crate::transfer::{Frames, Slices};
use bytes::Bytes;
use kernel::hash::HashText;
use kernel::seal::TransferKey;
use ports::transfer::{self, About, Ending, FILE_FORMAT, Frame, FrameKind, KeyAbout, MAGIC, Record, records};
use serde::Serialize;
use state::State;
use std::path::Path;

/// A workspace that was put together.
pub struct Composed<'p> {
    plan: &'p Plan,
    key: &'p TransferKey,
    /// How many bytes the file has.
    pub bytes: u64,
    /// Hash over the file.
    pub file: HashText,
    /// How many events it has.
    pub events: u64,
    run: Composer<'p>,
    /// What was put together and not given yet, and where that begins.
    ahead: Vec<u8>,
    begins: u64,
}

impl<'p> Composed<'p> {
    /// Look at everything, and be ready to give it.
    pub fn of(plan: &'p Plan, key: &'p TransferKey) -> Result<Self, Problem> {
        let mut look = Composer::new(plan, key);
        let mut bytes = 0;
        while let Some(frame) = look.next()? {
            bytes += frame.len() as u64;
        }
        let (file, events, run) = (look.chain, look.state.events, Composer::new(plan, key));
        Ok(Self { plan, key, bytes, file, events, run, ahead: Vec::new(), begins: 0 })
    }
}

impl Slices for Composed<'_> {
    fn head(&mut self) -> Result<Bytes, Problem> {
        let head = Composer::new(self.plan, self.key).next()?;
        Ok(head.unwrap_or_default().into())
    }

    fn slice(&mut self, at: u64, most: u64) -> Result<Bytes, Problem> {
        if at < self.begins {
            (self.run, self.ahead, self.begins) = (Composer::new(self.plan, self.key), Vec::new(), 0);
        }
        loop {
            let passed = usize::try_from(at - self.begins).unwrap_or(usize::MAX).min(self.ahead.len());
            self.ahead.drain(..passed);
            self.begins += passed as u64;
            if self.begins == at && self.ahead.len() as u64 >= most {
                break;
            }
            let Some(frame) = self.run.next()? else { break };
            self.ahead.extend(frame);
        }
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(self.ahead.len());
        Ok(Bytes::copy_from_slice(self.ahead.get(..most).unwrap_or_default()))
    }
}

/// Where putting together stands.
enum Stage {
    Beginning,
    Log(usize, Option<Frames>),
    Keys(Option<Frames>),
    Chunk(usize),
    Ending,
    Over,
}

/// Puts a workspace together, one frame after the other.
struct Composer<'p> {
    plan: &'p Plan,
    key: &'p TransferKey,
    stage: Stage,
    chain: HashText,
    state: State,
}

impl<'p> Composer<'p> {
    fn new(plan: &'p Plan, key: &'p TransferKey) -> Self {
        Self { plan, key, stage: Stage::Beginning, chain: transfer::begin(), state: State::default() }
    }

    /// The next bytes of the file.
    fn next(&mut self) -> Result<Option<Vec<u8>>, Problem> {
        loop {
            let made = match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Beginning => Some(self.beginning()?),
                Stage::Log(nth, frames) => self.log(nth, frames)?,
                Stage::Keys(frames) => self.keys(frames)?,
                Stage::Chunk(nth) => self.chunk(nth)?,
                Stage::Ending => Some(self.ending()?),
                Stage::Over => return Ok(None),
            };
            if made.is_some() {
                return Ok(made);
            }
        }
    }

    fn beginning(&mut self) -> Result<Vec<u8>, Problem> {
        let path = self.plan.logs.first().map(|(path, _)| path.as_path()).unwrap_or(Path::new(""));
        let mut frames = Frames::open(path).map_err(|why| of_file(path, why))?;
        let first = frames.about().map_err(|why| of_file(path, why))?;
        let held = &self.plan.held;
        let about = About {
            file: FILE_FORMAT,
            workspace: self.plan.workspace,
            after: 0,
            pos: held.pos,
            roots: held.roots.clone(),
            written_at: held.as_of,
            key: KeyAbout { check: self.key.check(self.plan.workspace), age: None },
            ..first
        };
        self.stage = Stage::Log(0, None);
        let frame = transfer::write(&mut self.chain, FrameKind::About, &json(&about)?);
        Ok([MAGIC, &frame].concat())
    }

    /// The next frame of events; where chunks stand is noted on the way.
    fn log(&mut self, nth: usize, frames: Option<Frames>) -> Result<Option<Vec<u8>>, Problem> {
        let Some((path, written)) = self.plan.logs.get(nth) else {
            self.state.log_is_whole(self.plan)?;
            self.stage = Stage::Keys(None);
            return Ok(None);
        };
        let named = |why| of_file(path, why);
        let mut frames = match frames {
            Some(frames) => frames,
            None => {
                let mut frames = Frames::open(path).map_err(named)?;
                self.state.follows(path, &frames.about().map_err(named)?, self.plan)?;
                frames
            }
        };
        let stand = frames.stand();
        let Some(frame) = frames.frame().map_err(named)? else {
            let read = frames.end().map_err(named)?;
            if read.file != written.hash || read.bytes != written.bytes {
                return Err(another(path));
            }
            self.stage = Stage::Log(nth + 1, None);
            return Ok(None);
        };
        let are_events = frame.kind == FrameKind::Records && self.state.take(path, nth, stand, &frame)?;
        self.stage = Stage::Log(nth, Some(frames));
        Ok(are_events.then(|| transfer::write(&mut self.chain, FrameKind::Records, &frame.raw)))
    }

    /// The next frame of data keys: of those that the log knows as living at this point.
    fn keys(&mut self, frames: Option<Frames>) -> Result<Option<Vec<u8>>, Problem> {
        let (path, written) = &self.plan.keys;
        let named = |why| of_file(path, why);
        let mut frames = match frames {
            Some(frames) => frames,
            None => Frames::open(path).map_err(named)?,
        };
        let Some(frame) = frames.frame().map_err(named)? else {
            let read = frames.end().map_err(named)?;
            if read.file != written.hash || read.bytes != written.bytes {
                return Err(another(path));
            }
            if !read.is_sealed_by(self.key) {
                return Err(super::damaged(path, "it was not written by somebody who knows its key"));
            }
            self.state.keys_are_all(path, self.plan)?;
            self.state.chunks_are_all(self.plan)?;
            self.stage = Stage::Chunk(0);
            return Ok(None);
        };
        let raw = if frame.kind == FrameKind::Records { self.state.living(path, &frame)? } else { Vec::new() };
        self.stage = Stage::Keys(Some(frames));
        Ok((!raw.is_empty()).then(|| transfer::write(&mut self.chain, FrameKind::Records, &raw)))
    }

    /// The next chunk of large content, in the order of their names.
    fn chunk(&mut self, nth: usize) -> Result<Option<Vec<u8>>, Problem> {
        let Some(at) = self.state.chunks.get(nth) else {
            self.stage = Stage::Ending;
            return Ok(None);
        };
        let path = self.plan.logs.get(at.piece).map(|(path, _)| path.as_path()).unwrap_or(Path::new(""));
        let named = |why| of_file(path, why);
        let frame: Frame = crate::transfer::frame_at(path, at.offset, &at.chain).map_err(named)?;
        let mut raw = Vec::new();
        for record in records(&frame.raw) {
            let record = record.map_err(|bad| super::damaged(path, bad))?;
            if matches!(&record, Record::Chunk(row) if row.at == at.name) {
                record.write(&mut raw);
            }
        }
        self.stage = Stage::Chunk(nth + 1);
        Ok(Some(transfer::write(&mut self.chain, FrameKind::Records, &raw)))
    }

    fn ending(&mut self) -> Result<Vec<u8>, Problem> {
        let (events, keys, chunks) = (self.state.events, self.state.keys, self.state.chunks.len() as u64);
        let (roots, seal) = (self.plan.held.roots.clone(), self.key.seal(&self.chain));
        let ending = Ending { events, keys, chunks, roots, seal };
        Ok(transfer::write(&mut self.chain, FrameKind::Ending, &json(&ending)?))
    }
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(value).map_err(|why| Problem::failed("protocol", why.to_string(), ""))
}
