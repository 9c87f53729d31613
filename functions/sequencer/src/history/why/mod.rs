//! Why: from an event back to the first cause, and forward to what came of it.
//!
//! A task's events name what they are about – effects, calls, approvals, attempts – and who recorded them. So the story of
//! the task is read once, from where it begins, and every event's causes are found in what it names. What stands outside of
//! the story, the definition of an agent or a rule for the way out, is looked up by the command that made it.

mod find;
mod node;
mod reasons;
mod story;
mod view;

use super::log::{Budget, parts};
use super::{answer, more, taken};
use crate::{Failure, Sequencer};
use kernel::id::Id;
use ports::history::{CameView, HistorySlice, Of, WhyView};
use reasons::Reasons;
use serde_json::Value;
use std::collections::BTreeMap;
use story::Story;

/// Events that are told of at most.
const REASONS_MAX: usize = 200;
/// Events behind the one asked about that are read to see what came of it.
const CAME_EVENTS_MAX: u64 = 20_000;

/// What a question leads to.
enum Found {
    /// Nothing is there.
    Nothing,
    /// An event that belongs to no task.
    Alone(u64),
    /// A task's story, of which one event is asked about; none when it shows in the end.
    Task(Id, Option<u64>),
}

impl Sequencer {
    /// Why something is as it is.
    pub(super) async fn why(&mut self, of: Of, so_far: Option<&Value>) -> Result<HistorySlice, Failure> {
        let story = match so_far {
            Some(so_far) => taken(so_far)?,
            None => match self.found(of).await? {
                Found::Nothing => return answer(None::<&WhyView>),
                Found::Alone(pos) => return answer(Some(&self.alone(pos).await?)),
                Found::Task(task, pos) => self.begun(task, pos).await?,
            },
        };
        let story = self.read_on(story).await?;
        if story.pos < story.until {
            return more(&story);
        }
        answer(self.why_view(of, story).await?.as_ref())
    }

    /// The story before its first event.
    async fn begun(&mut self, task: Id, of: Option<u64>) -> Result<Story, Failure> {
        let first = self.recorded(task.command).await?.map_or(0, |(pos, _)| pos - 1);
        let end = self.end_of(task).await?;
        let until = match of {
            None => end,
            Some(of) => end.min(of.saturating_add(CAME_EVENTS_MAX)).max(of),
        };
        Ok(Story::new(task, of, first, until))
    }

    async fn read_on(&self, mut story: Story) -> Result<Story, Failure> {
        let (pos, until) = (story.pos, story.until);
        story.pos = self
            .scan(pos, until, &mut Budget::default(), |event| {
                let (header, data) = parts(event)?;
                story.take(&header, &data);
                Ok(())
            })
            .await?;
        Ok(story)
    }

    async fn why_view(&mut self, of: Of, story: Story) -> Result<Option<WhyView>, Failure> {
        let (task, until, left_out) = (story.task, story.until, story.left_out);
        let at = story.of;
        let reasons = Reasons::new(story.nodes());
        let found = match of {
            Of::Event(pos) => Some(pos),
            Of::Thing(thing) => at.or_else(|| reasons.newest(thing, task)),
        };
        let Some(pos) = found else { return Ok(None) };
        let (chain, more) = reasons.all(pos, REASONS_MAX);
        let came = came(&reasons, pos, until);
        let reasons = self.views(&reasons, &chain).await?;
        Ok(Some(WhyView { of: pos, task: Some(task), reasons, left_out: left_out + more, came }))
    }

    /// An event that belongs to no task: it, and the commands it names as causes.
    async fn alone(&mut self, pos: u64) -> Result<WhyView, Failure> {
        let mut reasons = Vec::new();
        let mut next = Some(pos);
        while let Some(pos) = next.filter(|_| reasons.len() < REASONS_MAX) {
            let (view, causes) = self.plain_view(pos).await?;
            next = causes.into_iter().filter(|cause| *cause < pos).max();
            reasons.push(view);
        }
        let came = CameView { events: BTreeMap::new(), newest: None, until: pos };
        Ok(WhyView { of: pos, task: None, reasons, left_out: 0, came })
    }
}

fn came(reasons: &Reasons, pos: u64, until: u64) -> CameView {
    let nodes = reasons.came(pos);
    let mut events = BTreeMap::new();
    for node in &nodes {
        *events.entry(node.name.clone()).or_default() += 1;
    }
    CameView { events, newest: nodes.last().map(|node| node.pos), until }
}
