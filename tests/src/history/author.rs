//! Writes the commands of a history, without looking at state.

use super::{Device, Kind, Op, entropy, text, under_key};
use kernel::hash::{Domain, HashText, hash};
use kernel::id::{BootId, CommandId, Id, Role, RuntimeId};
use kernel::key::BranchId;
use kernel::machine::{Moment, Request};
use kernel::seal::Subject;
use sequencer::Job;
use serde_json::{Value, json};
use simulation::workflows;

/// Devices, and what their commands so far make if they are accepted.
#[derive(Debug, Clone)]
pub struct Author {
    /// The devices; the first one begins the workspace.
    pub devices: Vec<Device>,
    /// Agents.
    pub agents: Vec<Id>,
    /// Tasks.
    pub tasks: Vec<Id>,
    /// Effects.
    pub effects: Vec<Id>,
    /// Branches beside `main`.
    pub branches: Vec<Id>,
    providers: Vec<Id>,
    workflows: Vec<Id>,
    /// Approvals that there may be, with the digests of what they would be about.
    approvals: Vec<(Id, HashText)>,
    /// Leases that may have been granted: the effect, the number of the device, and the token.
    leases: Vec<(Id, usize, u64)>,
    /// Boot id of the runtime on each device.
    boots: Vec<BootId>,
    now_ms: u64,
    sent: u64,
    /// Added to the number that entropy is made of.
    salt: u64,
}

/// Devices that author commands in a history.
const DEVICES: u8 = 3;
/// Number of the host's device, which counts for those who send under an idempotency key and for nobody else.
const HOST: u8 = 9;

impl Author {
    /// An author, and the commands that every history begins with.
    pub fn begin(salt: u64) -> (Self, Vec<Job>) {
        let devices: Vec<Device> = (1..=DEVICES).map(Device::new).collect();
        let boots = (1..=DEVICES).map(|number| BootId([number; 16])).collect();
        let mut author = Self {
            devices,
            agents: Vec::new(),
            tasks: Vec::new(),
            effects: Vec::new(),
            branches: Vec::new(),
            providers: Vec::new(),
            workflows: Vec::new(),
            approvals: Vec::new(),
            leases: Vec::new(),
            boots,
            now_ms: 1_000,
            sent: 0,
            salt,
        };
        let mut jobs = Vec::new();
        let keys: Vec<_> = author.devices.iter().chain([&Device::new(HOST)]).map(Device::public_key).collect();
        for (nth, key) in keys.iter().enumerate() {
            let (name, data) = match nth {
                0 => ("workspace.create", json!({"name": "history", "public_key": key})),
                _ => ("device.enroll", json!({"public_key": key})),
            };
            jobs.push(author.write(0, BranchId::Main, name, &data));
        }
        let opening = |kind, device| Op { kind, device, pick: 0, other: 0, branch: 255, passes_ms: 1 };
        for op in [opening(Kind::Provider, 0), opening(Kind::Agent, 0)] {
            jobs.push(author.job(&op));
        }
        for other in 0..4 {
            jobs.push(author.job(&Op { other, ..opening(Kind::Workflow, 0) }));
        }
        for device in 0..DEVICES {
            jobs.push(author.join(usize::from(device)));
        }
        (author, jobs)
    }

    /// The command that `op` stands for.
    pub fn job(&mut self, op: &Op) -> Job {
        self.now_ms += u64::from(op.passes_ms);
        let by = usize::from(op.device) % self.devices.len();
        let branch = match op.branch {
            0..30 => pick(&self.branches, op.pick).map_or(BranchId::Main, BranchId::Forked),
            _ => BranchId::Main,
        };
        match op.kind {
            Kind::Provider | Kind::Agent | Kind::Create | Kind::Fork | Kind::Incarnation => self.make(op, by, branch),
            Kind::Ask | Kind::AskOn => self.ask(op, by, branch),
            Kind::Lease | Kind::LeaseNamed | Kind::Renew => self.perform(op, by, branch),
            Kind::Answer | Kind::Fail | Kind::Tools | Kind::Told => self.perform(op, by, branch),
            Kind::Workflow | Kind::Run | Kind::Decide | Kind::Fire => self.go_on(op, by, branch),
            Kind::Cancel => self.write(by, branch, "task.cancel", &json!({"task": self.some_task(op)})),
            Kind::Retry => self.write(by, branch, "task.retry", &json!({"task": self.some_task(op)})),
            Kind::Egress => self.write(by, branch, "egress.allow", &json!({"hosts": [text(op.other)]})),
            Kind::CreateUnderKey => {
                let data = json!({"title": text(op.other)}).to_string();
                let mut key = [0; 16];
                key[..2].copy_from_slice(&op.pick.to_be_bytes());
                let request = under_key(key, &Device::new(HOST), branch, self.now_ms, "task.create", &data);
                self.sent(request)
            }
            Kind::Restart => {
                self.boots[by] = BootId([op.other as u8; 16]);
                self.join(by)
            }
            Kind::Destroy => {
                let task = pick(&self.tasks, op.pick).map(Subject::Task);
                let agent = pick(&self.agents, op.pick).map(Subject::Agent);
                let subject = if op.other.is_multiple_of(4) { agent } else { task };
                self.write(by, branch, "key.destroy", &json!({"subject": subject.unwrap_or(Subject::Workspace)}))
            }
            Kind::Enroll => {
                let key = self.devices[usize::from(op.pick) % self.devices.len()].public_key();
                self.write(by, branch, "device.enroll", &json!({"public_key": key}))
            }
            Kind::Restore | Kind::Settle | Kind::Release => self.go_back(op, by, branch),
            Kind::Bad => self.write(by, branch, "task.create", &json!({"title": "a\u{7}b"})),
        }
    }

    fn make(&mut self, op: &Op, by: usize, branch: BranchId) -> Job {
        if op.kind == Kind::Incarnation {
            self.devices[by].begin_incarnation();
        }
        let command = self.devices[by].next();
        let text = text(op.other);
        let (list, role, name, data) = match op.kind {
            Kind::Provider => {
                let data =
                    json!({"name": text, "dialect": "openai-chat", "base_url": "http://127.0.0.1:1", "model": "m"});
                (&mut self.providers, Role::Provider, "provider.define", data)
            }
            Kind::Agent => {
                let provider = pick(&self.providers, op.pick);
                let instructions = (op.other.is_multiple_of(2)).then_some(text.clone());
                let mut data = workflows::worker(&json!(provider));
                super::extend(&mut data, &json!({"instructions": instructions}));
                (&mut self.agents, Role::Agent, "agent.define", data)
            }
            Kind::Fork => (&mut self.branches, Role::Branch, "branch.fork", json!({"name": text})),
            _ => (&mut self.tasks, Role::Task, "task.create", json!({"title": text})),
        };
        list.push(Id::new(command, role));
        self.write(by, branch, name, &data)
    }

    fn ask(&mut self, op: &Op, by: usize, branch: BranchId) -> Job {
        let command = self.devices[by].next();
        let task = (op.kind == Kind::AskOn).then(|| pick(&self.tasks, op.pick)).flatten();
        if task.is_none() {
            self.tasks.push(Id::new(command, Role::Task));
        }
        self.effects.push(Id::new(command, Role::Effect));
        let data = json!({"task": task, "agent": pick(&self.agents, op.pick), "prompt": text(op.other)});
        self.write(by, branch, "task.ask", &data)
    }

    fn perform(&mut self, op: &Op, by: usize, branch: BranchId) -> Job {
        let ttl_ms = 1 + op.other % 4_000;
        let leasing = matches!(op.kind, Kind::Lease | Kind::LeaseNamed);
        let guess = if leasing { None } else { recent(&self.leases, op.pick).filter(|_| op.other % 8 < 6) };
        let unknown = Id::new(Device::new(99).next(), Role::Effect);
        let (effect, by, fence) = guess
            .unwrap_or_else(|| (recent(&self.effects, op.pick).unwrap_or(unknown), by, 1 + u64::from(op.other % 3)));
        let (runtime, boot) = (RuntimeId { device: self.devices[by].id, slot: 0 }, self.boots[by]);
        let (name, data) = match op.kind {
            Kind::Lease => ("effect.lease", json!({"runtime": runtime, "boot": boot, "ttl_ms": ttl_ms})),
            Kind::LeaseNamed => {
                let before = self.leases.iter().filter(|(leased, ..)| *leased == effect).count() as u64;
                self.leases.push((effect, by, before + 1));
                ("effect.lease", json!({"runtime": runtime, "boot": boot, "ttl_ms": ttl_ms, "effect": effect}))
            }
            Kind::Renew => (
                "effect.renew",
                json!({"runtime": runtime, "boot": boot, "effect": effect, "fence": fence, "ttl_ms": ttl_ms}),
            ),
            _ => {
                let answered = json!({"is": "answered", "text": text(op.other), "stop": "end", "output_tokens": 5});
                let failed = json!({"is": "failed", "class": "refused", "detail": text(op.other)});
                let number = u64::from(op.other);
                let outcome = match op.kind {
                    Kind::Answer => answered,
                    Kind::Fail => failed,
                    Kind::Tools => workflows::asks(&workflows::tools(number)),
                    _ => {
                        workflows::outcome((number << 6) | (1 + number % 31), number.is_multiple_of(3), &text(op.other))
                    }
                };
                self.may_make(by, &workflows::tools(number));
                let data =
                    json!({"runtime": runtime, "boot": boot, "effect": effect, "fence": fence, "outcome": outcome});
                ("effect.report", data)
            }
        };
        self.write(by, branch, name, &data)
    }

    /// A task there may be.
    fn some_task(&self, op: &Op) -> Id {
        pick(&self.tasks, op.pick).unwrap_or(Id::new(Device::new(99).next(), Role::Task))
    }

    /// Workflows, and what lets them go on.
    fn go_on(&mut self, op: &Op, by: usize, branch: BranchId) -> Job {
        let command = self.devices[by].next();
        let (name, data) = match op.kind {
            Kind::Workflow => {
                let sources = workflows::sources();
                self.workflows.push(Id::new(command, Role::Workflow));
                ("workflow.define", json!({"source": sources[usize::from(op.other) % sources.len()]}))
            }
            Kind::Run => {
                self.tasks.push(Id::new(command, Role::Task));
                self.effects.push(Id::new(command, Role::Effect));
                self.may_ask(command, None, workflows::QUESTION);
                let nth = usize::from(op.other) % self.workflows.len();
                ("run.start", json!({"workflow": self.workflows[nth], "input": text(op.other)}))
            }
            Kind::Decide => {
                let (approval, digest) = recent(&self.approvals, op.pick).unzip();
                let digest = digest.filter(|_| !op.other.is_multiple_of(8)).unwrap_or(HashText([7; 32]));
                let write = json!({"path": "b.md", "text": text(op.other)});
                let (decision, value) = match op.other % 5 {
                    0 => ("reject", None),
                    1 => ("answer", Some(json!({"n": 1}))),
                    2 => ("approve", Some(write)),
                    _ => ("approve", None),
                };
                let approval = approval.unwrap_or(Id::new(Device::new(99).next(), Role::Approval));
                let data = json!({"approval": approval, "digest": digest, "decision": decision, "value": value});
                ("approval.decide", data)
            }
            _ => {
                self.now_ms += u64::from(op.other % 2_500);
                ("timers.fire", json!({}))
            }
        };
        self.write(by, branch, name, &data)
    }

    /// Going back, and what becomes of work that was under way.
    fn go_back(&mut self, op: &Op, by: usize, branch: BranchId) -> Job {
        let (name, data) = match op.kind {
            Kind::Restore => {
                // A command comes to about two events.
                let most = 20 + 2 * self.sent;
                let pos = 8 + u64::from(op.other) * most / (1 << 16) + u64::from(op.pick);
                ("branch.restore", json!({"pos": pos}))
            }
            Kind::Settle => {
                let choice = ["take", "again", "give_up"][usize::from(op.other) % 3];
                ("work.decide", json!({"item": self.under_way(op), "choice": choice}))
            }
            _ => ("work.release", json!({})),
        };
        self.write(by, branch, name, &data)
    }

    /// Something that may have been under way: among the newest, or among the oldest.
    fn under_way(&self, op: &Op) -> Id {
        let nth = usize::from(op.pick / 2);
        let approvals: Vec<Id> = self.approvals.iter().map(|(approval, _)| *approval).collect();
        let things = [&self.effects, &self.effects, &approvals, &self.tasks][nth % 4];
        let nth = if op.pick.is_multiple_of(2) { things.len().checked_sub(1 + nth) } else { Some(nth) };
        let unknown = Id::new(Device::new(99).next(), Role::Effect);
        nth.and_then(|nth| things.get(nth)).copied().unwrap_or(unknown)
    }

    /// The command may ask a person: what about follows from what it would show.
    fn may_ask(&mut self, command: CommandId, value: Option<&Value>, question: &str) {
        let approval = Id::new(command, Role::Approval);
        let shown = json!([approval.to_string(), value, question]).to_string();
        self.approvals.push((approval, HashText(hash(Domain::Approval, &[shown.as_bytes()]))));
    }

    /// What the report that is written next may make, if a model asks for these tools.
    fn may_make(&mut self, by: usize, tools: &[(&'static str, Value)]) {
        let command = self.devices[by].next();
        self.effects.extend((0..2).map(|k| Id { command, role: Role::Effect, k }));
        let asks = tools.iter().find(|(name, _)| ["ask", "http.request", "documents.write"].contains(name));
        match asks {
            Some((name, arguments)) if *name != "ask" => {
                self.may_ask(command, Some(arguments), &format!("May {name} be used like this?"));
            }
            _ => self.may_ask(command, None, workflows::QUESTION),
        }
    }

    fn join(&mut self, by: usize) -> Job {
        let runtime = RuntimeId { device: self.devices[by].id, slot: 0 };
        self.write(by, BranchId::Main, "runtime.join", &json!({"runtime": runtime, "boot": self.boots[by]}))
    }

    /// Write any command by the device of that number.
    pub fn write(&mut self, by: usize, branch: BranchId, name: &str, data: &Value) -> Job {
        let request = self.devices[by].author(branch, self.now_ms, name, &data.to_string());
        self.sent(request)
    }

    /// The clock moves on.
    pub fn pass(&mut self, ms: u64) {
        self.now_ms += ms;
    }

    fn sent(&mut self, request: Request) -> Job {
        self.sent += 1;
        Job { request, moment: Moment { now_ms: self.now_ms, entropy: entropy(self.salt + self.sent) } }
    }
}

/// One of `things`, the newer the likelier.
fn pick(things: &[Id], number: u16) -> Option<Id> {
    let back = usize::from(number % 7) * usize::from(number % 11) / 4;
    let last = things.len().checked_sub(1)?;
    things.get(last.saturating_sub(back)).copied()
}

/// One of the newest four of `things`.
fn recent<T: Copy>(things: &[T], number: u16) -> Option<T> {
    let newest = things.get(things.len().saturating_sub(4)..)?;
    newest.get(usize::from(number) % newest.len().max(1)).copied()
}
