//! The events of a task, as far as they say why something happened, gathered while the log is read.

use super::node::{Node, task_of};
use kernel::event::{EventData, Header};
use kernel::id::{CommandId, Id};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};

/// Events that are kept of the beginning of a long story.
const FIRST: usize = 16;
/// Events that are kept before what is asked about, and as many behind it.
const NEAR: usize = 1_000;

/// What is gathered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Story {
    /// The task.
    pub task: Id,
    /// The event that is asked about; none when it is found out in the end.
    pub of: Option<u64>,
    /// The last event that was read, and the last that is.
    pub pos: u64,
    pub until: u64,
    /// How many events of the task before what is asked about were let go.
    pub left_out: u64,
    effects: BTreeSet<Id>,
    approvals: BTreeSet<Id>,
    /// Those that are over with the command that is read: what else it says of them still belongs to the task.
    over: Vec<Id>,
    first: Vec<Node>,
    near: VecDeque<Node>,
    after: Vec<Node>,
    /// The last event of the task: its position, command and type.
    last: Option<(u64, CommandId, String)>,
}

impl Story {
    /// The story of `task`, whose events stand after `pos`, up to `until`.
    pub fn new(task: Id, of: Option<u64>, pos: u64, until: u64) -> Self {
        let (effects, approvals) = (BTreeSet::new(), BTreeSet::new());
        let (over, first, near, after) = (Vec::new(), Vec::new(), VecDeque::new(), Vec::new());
        Self { task, of, pos, until, left_out: 0, effects, approvals, over, first, near, after, last: None }
    }

    /// Take the next event of the log.
    pub fn take(&mut self, header: &Header, data: &EventData) {
        let node = Node::of(header, data);
        if self.last.as_ref().is_some_and(|(_, command, _)| *command != node.command) {
            for id in std::mem::take(&mut self.over) {
                self.effects.remove(&id);
                self.approvals.remove(&id);
            }
        }
        // What is asked about belongs to the task, also where a restore took up again what was over.
        if !self.concerns(&node, data) && Some(node.pos) != self.of {
            return;
        }
        let links = &node.links;
        match data {
            EventData::StepRequested(_) | EventData::EffectRequested(_) => self.effects.extend(links.effect),
            EventData::ApprovalRequested(_) => self.approvals.extend(links.approval),
            EventData::ApprovalDecided(_) => self.over.extend(links.approval),
            EventData::CallSettled(_) | EventData::EffectClosed(_) => self.over.extend(links.effect),
            EventData::StepSettled(_) | EventData::TurnAnswered(_) => self.over.extend(links.effect),
            _ => {}
        }
        let is_kept = Some(node.pos) == self.of || self.says_why(&node);
        self.last = Some((node.pos, node.command, node.name.clone()));
        if is_kept {
            self.keep(node);
        }
    }

    /// Everything that was kept, in order.
    pub fn nodes(self) -> Vec<Node> {
        self.first.into_iter().chain(self.near).chain(self.after).collect()
    }

    fn keep(&mut self, node: Node) {
        if self.of.is_some_and(|of| node.pos > of) {
            if self.after.len() < NEAR {
                self.after.push(node);
            }
            return;
        }
        if self.first.len() < FIRST {
            self.first.push(node);
            return;
        }
        self.near.push_back(node);
        if self.near.len() > NEAR {
            self.near.pop_front();
            self.left_out += 1;
        }
    }

    /// Whether an event is about this task.
    fn concerns(&self, node: &Node, data: &EventData) -> bool {
        let links = &node.links;
        if let Some(task) = task_of(data) {
            return task == self.task;
        }
        let owed = links.effect.or(links.timer).is_some_and(|id| self.effects.contains(&id));
        let asked = links.approval.or(links.timer).is_some_and(|id| self.approvals.contains(&id));
        // What the kernel itself does for a call says nothing of the task, and stands beside what does.
        let beside = matches!(data, EventData::DocumentWritten(_) | EventData::NoteRemembered(_))
            && self.last.as_ref().is_some_and(|(_, command, _)| *command == node.command);
        owed || asked || beside || links.timer == Some(self.task)
    }

    /// Whether it says more than that the machinery went on.
    fn says_why(&self, node: &Node) -> bool {
        match node.name.as_str() {
            "run.moved" | "timer.set" | "lease.renewed" | "effect.queued" | "call.asks" | "key.created" => false,
            // A timer that ends because its reason is gone.
            "timer.ended" => !self.last.as_ref().is_some_and(|(_, command, name)| {
                *command == node.command && (name == "approval.decided" || name == "run.waits" || name == "timer.ended")
            }),
            _ => true,
        }
    }
}
