//! Days of agents at work: runs of workflows, each with model calls, tools and a request outside, as a runtime performs them.

use super::{Author, World};
use kernel::id::{BootId, Id, Role, RuntimeId};
use kernel::key::BranchId;
use serde_json::{Value, json};
use simulation::workflows;
use testkit::block_on;

/// An office where agents work.
pub struct Office {
    /// The workspace.
    pub world: World,
    /// Who writes commands.
    pub author: Author,
    runtime: RuntimeId,
    workflow: Value,
    nth: u64,
}

const BOOT: BootId = BootId([7; 16]);

impl Default for Office {
    fn default() -> Self {
        Self::new()
    }
}

impl Office {
    /// With a provider, an agent, a workflow and a runtime.
    pub fn new() -> Self {
        let (author, opening) = Author::begin(0);
        let mut world = block_on(World::new());
        block_on(world.play(&opening, &[]));
        let runtime = RuntimeId { device: author.devices[1].id, slot: 1 };
        let mut office = Self { world, author, runtime, workflow: Value::Null, nth: 0 };
        let defined = office.send(0, "workflow.define", &json!({"source": workflows::sources()[2]}));
        office.workflow = json!(defined.iter().find(|id| id.role == Role::Workflow).expect("the workflow is defined"));
        office.send(0, "egress.allow", &json!({"hosts": ["example.org"]}));
        office.send(1, "runtime.join", &json!({"runtime": runtime, "boot": BOOT}));
        office
    }

    /// Runs, one begun after the other, three under way at a time.
    pub fn work(&mut self, runs: u64) {
        for _ in 0..runs {
            self.nth += 1;
            let input = format!("ticket {}: the printer on floor {} does not answer", self.nth, self.nth % 7);
            self.send(0, "run.start", &json!({"workflow": self.workflow, "input": input}));
            for _ in 0..6 {
                self.perform();
            }
            self.pass(900);
            self.send(1, "timers.fire", &json!({}));
        }
    }

    /// Lease what waits, if anything does, and report what it came to.
    fn perform(&mut self) {
        let (runtime, boot) = (self.runtime, BOOT);
        if block_on(self.world.sequencer.due(1)).is_ok_and(|due| due.is_empty()) {
            return;
        }
        let leased = self.send(1, "effect.lease", &json!({"runtime": runtime, "boot": boot, "ttl_ms": 30_000}));
        let Some(effect) = leased.iter().find(|id| id.role == Role::Effect) else { return };
        self.pass(400);
        let view =
            block_on(self.world.sequencer.effect(*effect)).expect("the store is in memory").expect("it is leased");
        self.nth += 1;
        let outcome = match (&view.work, self.nth % 3) {
            (ports::sequencing::Work::Model { .. }, 0) => workflows::asks(&workflows::tools(0)),
            (ports::sequencing::Work::Model { .. }, 1) => workflows::asks(&workflows::tools(self.nth % 2 * 4 + 6)),
            (ports::sequencing::Work::Model { .. }, _) => {
                let text = format!("The printer was restarted; ticket {} can be closed.", self.nth);
                json!({"is": "answered", "text": text, "stop": "end", "input_tokens": 700 + self.nth % 90, "output_tokens": 20 + self.nth % 17})
            }
            _ => json!({"is": "returned", "result": {"status": 200, "body": format!("page {}", self.nth)}}),
        };
        let report =
            json!({"runtime": runtime, "boot": boot, "effect": effect, "fence": view.fence, "outcome": outcome});
        self.send(1, "effect.report", &report);
    }

    /// The clock goes on, never by the same.
    fn pass(&mut self, about_ms: u64) {
        let [a, b, ..] = super::entropy(self.nth.wrapping_mul(31).wrapping_add(about_ms));
        self.author.pass(about_ms / 2 + u64::from(u16::from_be_bytes([a, b])) % about_ms);
    }

    /// Have a command decided that is accepted, and give what it made.
    pub fn send(&mut self, by: usize, name: &str, data: &Value) -> Vec<Id> {
        let job = self.author.write(by, BranchId::Main, name, data);
        block_on(self.world.send(&job)).expect("the store is in memory").made
    }
}
