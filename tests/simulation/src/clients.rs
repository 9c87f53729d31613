//! Clients: what they know, and what they write next.

use super::rng::Rng;
use crate::history::{Device, under_key};
use crate::workflows::sources;
use kernel::event::EventData;
use kernel::hash::HashText;
use kernel::id::{Id, Role};
use kernel::key::BranchId;
use kernel::machine::{Reply, Request};
use kernel::seal::Subject;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How a client's commands are told from others.
#[derive(Debug)]
pub(super) enum By {
    /// Its device counts them.
    Device(Device),
    /// It sends them under idempotency keys, and the host counts.
    Keys {
        /// The first bytes of its keys.
        client: u8,
        /// How many it sent.
        sent: u64,
    },
}

impl By {
    /// Write a command.
    pub(super) fn write(&mut self, branch: BranchId, now_ms: u64, name: &str, data: &Value) -> Request {
        match self {
            Self::Device(device) => device.author(branch, now_ms, name, &data.to_string()),
            Self::Keys { client, sent } => {
                *sent += 1;
                let mut key = [*client; 16];
                key[8..].copy_from_slice(&sent.to_be_bytes());
                under_key(key, &Device::new(HOST), branch, now_ms, name, &data.to_string())
            }
        }
    }
}

/// Number of the host's device.
pub(super) const HOST: u8 = 9;

/// What all clients know of the workspace, from answers.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) providers: Vec<Id>,
    pub(super) agents: Vec<Id>,
    pub(super) tasks: Vec<Id>,
    pub(super) effects: Vec<Id>,
    pub(super) branches: Vec<Id>,
    pub(super) workflows: Vec<Id>,
    /// Effects that are model calls.
    pub(super) models: BTreeSet<Id>,
    /// Approvals, and the digests of what they are about.
    pub(super) approvals: Vec<(Id, HashText)>,
}

impl Known {
    /// Learn from an answer.
    pub(super) fn learn(&mut self, reply: &Reply) {
        for id in &reply.made {
            match id.role {
                Role::Provider => self.providers.push(*id),
                Role::Agent => self.agents.push(*id),
                Role::Task => self.tasks.push(*id),
                Role::Workflow => self.workflows.push(*id),
                Role::Branch => self.branches.push(*id),
                Role::Approval | Role::Call | Role::Effect | Role::Note | Role::Step | Role::Turn => {}
            }
        }
    }

    /// Learn from an event.
    pub(super) fn see(&mut self, data: &EventData) {
        match data {
            EventData::StepRequested(it) => {
                self.effects.push(it.effect);
                self.models.insert(it.effect);
            }
            EventData::EffectRequested(it) => {
                self.effects.push(it.effect);
                self.models.extend(it.step.map(|_| it.effect));
            }
            EventData::ApprovalRequested(it) => self.approvals.push((it.approval, it.digest)),
            _ => {}
        }
    }
}

/// A decision about something that waits, or waited: mostly about the bytes that are to be decided, not always.
fn decision(rng: &mut Rng, known: &Known) -> Value {
    let newest = known.approvals.len().saturating_sub(4);
    let recent = known.approvals.get(newest..).filter(|_| rng.chance(80)).unwrap_or(&known.approvals);
    let (approval, digest) = rng.pick(recent).copied().unzip();
    let digest = digest.filter(|_| rng.chance(85)).unwrap_or(HashText([7; 32]));
    let write = json!({"path": "b.md", "text": "better"});
    let (decision, value) = match rng.below(7) {
        0 => ("reject", None),
        1 | 2 => ("answer", Some(json!({"n": 1}))),
        3 | 4 => ("approve", Some(write)),
        _ => ("approve", None),
    };
    json!({"approval": approval, "digest": digest, "decision": decision, "value": value})
}

/// What a client wants next: a branch, the name of a command, and its data.
pub(super) fn wish(rng: &mut Rng, known: &Known, nth: usize) -> (BranchId, &'static str, Value) {
    let text = format!("wish {nth} {}", "so ".repeat(rng.below(120) as usize));
    let agent = rng.pick(&known.agents).copied();
    let task = rng.pick(&known.tasks).copied();
    let branch = rng.pick(&known.branches).copied().filter(|_| rng.chance(50));
    let branch = branch.map_or(BranchId::Main, BranchId::Forked);
    match (rng.below(100), agent, task) {
        (0..18, ..) if !known.workflows.is_empty() => {
            (BranchId::Main, "run.start", json!({"workflow": rng.pick(&known.workflows), "input": text}))
        }
        (18..34, ..) if !known.approvals.is_empty() => (BranchId::Main, "approval.decide", decision(rng, known)),
        (34..36, _, Some(task)) => (BranchId::Main, "task.cancel", json!({"task": task, "reason": text})),
        (36..40, _, Some(task)) => (BranchId::Main, "task.retry", json!({"task": task})),
        (40..41, ..) => (branch, "egress.allow", json!({"hosts": ["https://example.org"]})),
        (41..42, ..) => {
            let sources = sources();
            (BranchId::Main, "workflow.define", json!({"source": rng.pick(&sources)}))
        }
        (0..60, Some(agent), _) => (BranchId::Main, "task.ask", json!({"agent": agent, "prompt": text})),
        (60..65, Some(agent), Some(task)) => {
            (BranchId::Main, "task.ask", json!({"agent": agent, "task": task, "prompt": text}))
        }
        (65..69, _, Some(task)) => (BranchId::Main, "key.destroy", json!({"subject": Subject::Task(task)})),
        (69..72, ..) => (branch, "branch.fork", json!({"name": text.trim()})),
        (72..75, ..) => (branch, "task.create", json!({"title": "a\u{7}b"})),
        (75..80, ..) => {
            let provider = rng.pick(&known.providers);
            (branch, "agent.define", json!({"name": "helper", "provider": provider, "instructions": text}))
        }
        _ => (branch, "task.create", json!({"title": text.trim()})),
    }
}
