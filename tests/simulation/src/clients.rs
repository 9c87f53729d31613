//! Clients: what they know, and what they write next.

use super::device::{Device, under_key};
use super::rng::Rng;
use super::workflows::sources;
use kernel::entity::Standing;
use kernel::event::EventData;
use kernel::hash::HashText;
use kernel::id::{Id, Role};
use kernel::key::BranchId;
use kernel::machine::{Identity, Reply, Request};
use kernel::seal::Subject;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How a client's commands are told from others.
#[derive(Debug)]
pub(crate) enum By {
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
    pub(crate) fn write(&mut self, branch: BranchId, now_ms: u64, name: &str, data: &Value) -> Request {
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

/// A client.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) by: By,
    /// A copy of its device, made some time ago.
    backup: Option<Device>,
    /// Whether it was ever set back to a copy.
    was_set_back: bool,
}

impl Client {
    pub(crate) fn new(by: By) -> Self {
        Self { by, backup: None, was_set_back: false }
    }

    /// Somebody copies the device, or sets it back to the copy. True when it was set back.
    pub(crate) fn back_up_or_set_back(&mut self, rng: &mut Rng) -> bool {
        let By::Device(device) = &mut self.by else { return false };
        match self.backup.take() {
            Some(copy) if rng.chance(60) => {
                *device = copy;
                self.was_set_back = true;
                true
            }
            _ => {
                self.backup = Some(device.clone());
                false
            }
        }
    }

    /// Whether its count may have been used before.
    pub(crate) fn was_set_back(&self) -> bool {
        self.was_set_back
    }

    /// It was told that the count of `refused` is used up: it counts on in a new incarnation, if it does not yet.
    pub(crate) fn begin_incarnation(&mut self, refused: &Request) -> bool {
        let (By::Device(device), Identity::Device { command, .. }) = (&mut self.by, &refused.identity) else {
            return false;
        };
        let is_now = command.incarnation == device.incarnation;
        if is_now {
            device.begin_incarnation();
        }
        is_now
    }
}

/// Number of the host's device.
pub(crate) const HOST: u8 = 9;

/// What all clients know of the workspace, from answers.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) providers: Vec<Id>,
    pub(crate) agents: Vec<Id>,
    pub(crate) tasks: Vec<Id>,
    pub(crate) effects: Vec<Id>,
    pub(crate) branches: Vec<Id>,
    pub(crate) workflows: Vec<Id>,
    /// Effects that are model calls.
    pub(crate) models: BTreeSet<Id>,
    /// Approvals, and the digests of what they are about.
    pub(crate) approvals: Vec<(Id, HashText)>,
    /// Positions behind whole commands.
    pub(crate) ends: Vec<u64>,
    /// Positions of snapshots.
    pub(crate) snapshots: Vec<u64>,
    /// Positions before restores.
    pub(crate) undos: Vec<u64>,
    /// What the newest restore holds.
    pub(crate) held: Vec<Id>,
    /// Whether it is held still.
    pub(crate) is_held: bool,
}

impl Known {
    /// Learn from an answer.
    pub(crate) fn learn(&mut self, reply: &Reply) {
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
    pub(crate) fn see(&mut self, pos: u64, data: &EventData) {
        match data {
            EventData::BranchRestored(it) if it.branch == BranchId::Main => {
                self.undos.push(pos - 1);
                (self.held, self.is_held) = (Vec::new(), it.held);
            }
            EventData::WorkHeld(it) => {
                let open = it.items.iter().filter(|item| item.standing == Standing::Undecided);
                self.held.extend(open.map(|item| item.item));
            }
            EventData::WorkReleased(_) => self.is_held = false,
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
pub(crate) fn wish(rng: &mut Rng, known: &Known, nth: usize) -> (BranchId, &'static str, Value) {
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
