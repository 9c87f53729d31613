//! Clients: what they know, and what they write next.

use super::rng::Rng;
use crate::history::{Device, under_key};
use kernel::id::{Id, Role};
use kernel::key::BranchId;
use kernel::machine::{Reply, Request};
use kernel::seal::Subject;
use serde_json::{Value, json};

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
}

impl Known {
    /// Learn from an answer.
    pub(super) fn learn(&mut self, reply: &Reply) {
        for id in &reply.made {
            match id.role {
                Role::Provider => self.providers.push(*id),
                Role::Agent => self.agents.push(*id),
                Role::Task => self.tasks.push(*id),
                Role::Effect => self.effects.push(*id),
                Role::Branch => self.branches.push(*id),
                Role::Approval | Role::Call | Role::Note | Role::Step | Role::Turn | Role::Workflow => {}
            }
        }
    }
}

/// What a client wants next: a branch, the name of a command, and its data.
pub(super) fn wish(rng: &mut Rng, known: &Known, nth: usize) -> (BranchId, &'static str, Value) {
    let text = format!("wish {nth} {}", "so ".repeat(rng.below(120) as usize));
    let agent = rng.pick(&known.agents).copied();
    let task = rng.pick(&known.tasks).copied();
    let branch = rng.pick(&known.branches).copied().filter(|_| rng.chance(50));
    let branch = branch.map_or(BranchId::Main, BranchId::Forked);
    match (rng.below(100), agent, task) {
        (0..45, Some(agent), _) => (BranchId::Main, "task.ask", json!({"agent": agent, "prompt": text})),
        (45..65, Some(agent), Some(task)) => {
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
