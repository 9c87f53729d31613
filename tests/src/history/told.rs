//! A story in which everything happens that can happen, told once: events of every type.

use super::{Author, World};
use kernel::command::{Command, Intent, WorkspaceImport};
use kernel::event::{ApprovalRequested, EventData, Header, LeaseGranted};
use kernel::hash::HashText;
use kernel::id::{BootId, Id, RuntimeId};
use kernel::key::BranchId;
use kernel::seal::Subject;
use serde_json::{Value, json};
use testkit::block_on;

/// Bodies of all events of the story.
pub fn told() -> Vec<Vec<u8>> {
    let mut teller = Teller::new();
    teller.conversations();
    teller.tools();
    teller.runs();
    teller.goes_back();
    teller.travels();
    teller.world.dump().events.into_iter().map(|event| event.body).collect()
}

struct Teller {
    author: Author,
    world: World,
    runtime: RuntimeId,
    provider: Id,
}

const BOOT: BootId = BootId([7; 16]);

impl Teller {
    fn new() -> Self {
        let (author, opening) = Author::begin(0);
        let mut world = block_on(World::new());
        block_on(world.play(&opening, &[]));
        let runtime = RuntimeId { device: author.devices[0].id, slot: 1 };
        let mut teller = Self {
            author,
            world,
            runtime,
            provider: Id::new(super::Device::new(99).next(), kernel::id::Role::Provider),
        };
        let plain = json!({"name": "plain", "dialect": "openai-chat", "base_url": "https://example.org", "model": "m"});
        teller.send(0, "provider.define", plain);
        let provider = json!({"name": "p", "dialect": "openai-chat", "base_url": "https://example.org", "model": "m",
            "key_ref": "env:KEY", "prices": {"input_micros_per_mtok": 1_000_000, "output_micros_per_mtok": 2_000_000}});
        teller.provider = teller.one("provider.define", provider);
        teller.send(0, "runtime.join", json!({"runtime": runtime, "boot": BOOT}));
        teller
    }

    fn send(&mut self, by: usize, name: &str, data: Value) -> Vec<Id> {
        self.send_on(by, BranchId::Main, name, data)
    }

    fn send_on(&mut self, by: usize, branch: BranchId, name: &str, data: Value) -> Vec<Id> {
        let job = self.author.write(by, branch, name, &data);
        block_on(self.world.send(&job)).expect("the store is in memory").made
    }

    /// What the owner's command makes first.
    fn one(&mut self, name: &str, data: Value) -> Id {
        self.send(0, name, data).first().copied().expect("it makes something")
    }

    /// The newest event of a type.
    fn newest<T: TryFrom<EventData>>(&self) -> T {
        let events = self.world.dump().events;
        let decoded = events.iter().rev().map(|event| Header::decode(&event.body).expect("it was just written").1);
        decoded.into_iter().find_map(|data| T::try_from(data).ok()).expect("it happened")
    }

    /// What waits longest is leased and reported.
    fn report(&mut self, outcome: &Value) {
        self.send(0, "effect.lease", json!({"runtime": self.runtime, "boot": BOOT, "ttl_ms": 1_000}));
        let LeaseGranted { effect, fence, .. } = self.newest();
        self.report_of(effect, fence, outcome);
    }

    fn report_of(&mut self, effect: Id, fence: u64, outcome: &Value) {
        let data = json!({"runtime": self.runtime, "boot": BOOT, "effect": effect, "fence": fence, "outcome": outcome});
        self.send(0, "effect.report", data);
    }

    /// Time goes by, and what is due happens.
    fn wait(&mut self, ms: u64) {
        self.author.pass(ms);
        self.send(0, "timers.fire", json!({}));
    }

    fn decide(&mut self, decision: &str, more: &Value) {
        let ApprovalRequested { approval, digest, .. } = self.newest();
        let mut data = json!({"approval": approval, "digest": digest, "decision": decision});
        super::extend(&mut data, more);
        self.send(0, "approval.decide", data);
    }

    fn ask(&mut self, agent: &Value) -> Id {
        let mut data = json!({"name": "worker", "provider": self.provider});
        super::extend(&mut data, agent);
        let agent = self.one("agent.define", data);
        self.one("task.ask", json!({"agent": agent, "prompt": "Find out."}))
    }

    /// Questions without tools, and what may become of them; branches; what is refused.
    fn conversations(&mut self) {
        self.send(0, "agent.define", json!({"name": "plain", "provider": self.provider}));
        let agent = json!({"name": "brief", "provider": self.provider, "instructions": "Be brief."});
        let agent = self.one("agent.define", agent);
        let fork = BranchId::Forked(self.one("branch.fork", json!({"name": "draft"})));
        self.send_on(0, fork, "task.create", json!({"title": "on the draft"}));
        let [answered, failed] = [answered("Eight."), json!({"is": "failed", "class": "refused", "detail": "no"})];
        let returned = json!({"is": "returned", "result": 8});
        let (runtime, boot) = (self.runtime, BOOT);
        for (nth, outcome) in [&answered, &failed, &answered].into_iter().enumerate() {
            let ask = json!({"agent": agent, "prompt": "How many legs has a spider?", "max_tokens": 64});
            let made = self.send(1, "task.ask", ask);
            let [task, _, effect] = made[..] else { return };
            let lease = json!({"runtime": runtime, "boot": boot, "ttl_ms": 1_000});
            self.send(0, "effect.lease", lease.clone());
            let renew = json!({"runtime": runtime, "boot": boot, "effect": effect, "fence": 1, "ttl_ms": 2_000});
            self.send(0, "effect.renew", renew);
            self.send(2, "runtime.join", json!({"runtime": runtime, "boot": BootId([8; 16])}));
            self.send(2, "runtime.join", json!({"runtime": runtime, "boot": boot}));
            self.send(0, "effect.lease", lease);
            if nth == 2 {
                self.send(0, "key.destroy", json!({"subject": Subject::Task(task)}));
            }
            self.report_of(effect, 1, if nth == 1 { &returned } else { outcome });
            self.report_of(effect, 1, outcome);
            self.report_of(effect, 2, outcome);
        }
        self.send(0, "task.create", json!({"title": "a\u{7}b"}));
    }

    /// An agent with tools, and people who are asked.
    fn tools(&mut self) {
        let post = json!({"method": "POST", "endpoint": "https://example.org/", "body": {"a": 1}});
        self.ask(&json!({"tools": ["http.request", "documents.write", "remember"], "limits": {"turns": 3}}));
        self.report(&calls(&[
            ("documents.write", &json!({"path": "a.md", "text": "A."})),
            ("remember", &json!({"text": "Spiders have eight legs."})),
            ("http.request", &post),
            ("documents.read", &json!({})),
        ]));
        self.decide("approve", &json!({"value": post, "reason": "fine"}));
        self.report(&json!({"is": "returned", "result": null}));
        self.report(&json!({"is": "failed", "class": "overload", "detail": "later", "retriable": true}));
        self.wait(1_000);
        self.report(&json!({"is": "returned", "result": {"status": 200, "body": "done"}}));
        self.report(&answered("It is done."));

        let task = self.ask(&json!({"schema": {"type": "integer"}, "limits": {"turns": 1}}));
        self.report(&answered("eight"));
        self.send(0, "task.retry", json!({"task": task}));
        self.send(0, "task.cancel", json!({"task": task, "reason": "not needed"}));

        self.ask(&json!({"tools": ["ask"]}));
        self.report(&calls(&[(
            "ask",
            &json!({"question": "How many?", "options": [6, 8], "schema": {"type": "integer"},
            "timeout": "PT2S", "otherwise": 6, "escalate": {"after": "PT1S", "to": "the boss"}}),
        )]));
        self.wait(1_000);
        self.decide("answer", &json!({"value": 8}));
        self.ask(&json!({"tools": ["ask"]}));
        self.report(&calls(&[("ask", &json!({"approve": {"text": "Dear all"}}))]));
        self.decide("approve", &json!({}));
        let task = self.ask(&json!({"tools": ["ask"]}));
        self.report(&answered("nothing to ask"));
        self.send(0, "task.cancel", json!({"task": task}));
        self.send(0, "egress.allow", json!({"hosts": ["https://example.org"]}));
    }

    /// Workflows, and the ways in which they go on.
    fn runs(&mut self) {
        let workflow = self.one("workflow.define", json!({"source": source()}));
        let task = self.one("run.start", json!({"workflow": workflow, "input": {"items": [1, 2]}}));
        self.wait(1_000);
        self.decide("reject", &json!({"reason": "not today"}));
        self.wait(60_000);
        self.send(0, "task.retry", json!({"task": task}));
        self.one("run.start", json!({"workflow": workflow, "input": {"items": []}}));
        self.wait(10_000);
        let task = self.one("run.start", json!({"workflow": workflow, "input": {"items": []}}));
        self.send(0, "task.cancel", json!({"task": task}));
        let done =
            json!({"document": document("done"), "do": [{"keep": {"set": {"a": 1}, "export": {"as": "$context"}}}]});
        let workflow = self.one("workflow.define", json!({"source": done}));
        self.send(0, "run.start", json!({"workflow": workflow}));
    }

    /// It goes back, and what was under way then is decided about.
    fn goes_back(&mut self) {
        let agent = self.one("agent.define", json!({"name": "careful", "provider": self.provider}));
        let ask = json!({"agent": agent, "prompt": "What was under way?"});
        self.send(0, "task.ask", ask);
        let stands = block_on(self.world.sequencer.describe()).expect("the store is in memory");
        self.send(0, "task.create", json!({"title": "a mistake"}));
        self.send(0, "branch.restore", json!({"pos": stands.pos}));
        let view = block_on(self.world.sequencer.read(&ports::views::Query::Restored)).expect("the store is in memory");
        let items = view.and_then(|view| view["items"].as_array().cloned()).unwrap_or_default();
        for item in items.iter().filter(|item| item["open"] == true) {
            self.send(0, "work.decide", json!({"item": item["item"], "choice": "give_up"}));
        }
        self.send(0, "work.release", json!({}));
    }

    /// It came here in a file, and goes on here.
    fn travels(&mut self) {
        let mut job = self.author.write(0, BranchId::Main, "timers.fire", &json!({}));
        let public_key = self.author.devices[0].public_key();
        let import = WorkspaceImport { pos: 9, file: HashText([4; 32]), control: HashText([6; 32]), public_key };
        job.request.command = Command::Intent(Intent::WorkspaceImport(import));
        block_on(self.world.send(&job)).expect("the store is in memory");
        self.send(0, "workspace.adopt", json!({}));
        self.send(0, "workspace.freeze", json!({"to": "https://there.example"}));
        self.send(0, "workspace.unfreeze", json!({}));
        self.send(0, "workspace.freeze", json!({"to": "https://there.example"}));
        let stands = block_on(self.world.sequencer.describe()).expect("the store is in memory");
        self.send(
            0,
            "workspace.leave",
            json!({"to": "https://there.example", "pos": stands.pos, "roots": stands.roots}),
        );
    }
}

fn document(name: &str) -> Value {
    json!({"dsl": "1.0.0", "namespace": "golden", "name": name, "version": "0.1.0"})
}

/// A workflow with every kind of move.
fn source() -> Value {
    json!({
        "document": document("everything"),
        "timeout": {"after": "PT1H"},
        "input": {"from": ".items"},
        "do": [
            {"skipped": {"if": "false", "set": {"a": 1}}},
            {"each": {"for": {"in": "."}, "do": [{"keep": {"set": {"item": "${ $item }"}}}]}},
            {"again": {"try": [{"fails": {"raise": {"error": {"type": "https://example.org/odd", "status": 500}}}}],
                "catch": {"retry": {"delay": "PT1S", "limit": {"attempt": {"count": 1}}},
                    "do": [{"told": {"set": {"error": "${ $error.status }"}}}]}}},
            {"person": {"call": "ask", "with": {"question": "Go on?", "timeout": "PT5S"}}},
            {"pause": {"wait": "PT1M"}},
            {"end": {"raise": {"error": {"type": "https://example.org/end", "status": 400, "title": "the end"}}}}
        ]
    })
}

fn answered(text: &str) -> Value {
    json!({"is": "answered", "text": text, "stop": "end", "input_tokens": 9, "output_tokens": 5})
}

fn calls(calls: &[(&str, &Value)]) -> Value {
    let call = |(nth, (name, arguments)): (usize, &(&str, &Value))| json!({"id": format!("call_{nth}"), "name": name, "arguments": arguments.to_string()});
    let calls: Vec<Value> = calls.iter().enumerate().map(call).collect();
    json!({"is": "answered", "text": "", "calls": calls, "stop": "tool", "input_tokens": 9, "output_tokens": 5})
}
