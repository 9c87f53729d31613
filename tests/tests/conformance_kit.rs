//! The standard's own conformance kit for workflows, performed by the kernel over a store in memory.
//!
//! Each scenario either comes out as it says, or its workflow is refused by naming a feature that is not supported; which
//! of the two is on a list here, so that neither can change unnoticed. The web service that the kit calls is far away: the
//! test is the runtime, and answers in its place.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use kernel::id::{BootId, DeviceId, Id, RuntimeId, WorkspaceId};
use kernel::key::BranchId;
use kernel::machine::{Moment, Reply};
use kernel::reject::Code;
use kernel::workflow::Definition;
use kernelos::source::Source;
use kernelos_tests::history::{Device, entropy, under_key};
use ports::Store as _;
use ports::sequencing::Work;
use ports::views::TaskStatus;
use sequencer::{Failure, Job, Sequencer};
use serde_json::{Value, json};
use std::path::Path;
use std::rc::Rc;
use store_memory::MemoryStore;
use testkit::block_on;

/// What a scenario expects.
#[derive(Debug, Default)]
struct Scenario {
    name: String,
    definition: Value,
    input: Value,
    output: Option<Value>,
    error: Option<Value>,
    properties: Vec<String>,
}

/// Scenarios that the kernel performs.
const PERFORMED: [&str; 8] = [
    "Call HTTP With Content Output",
    "Call HTTP With Response Output",
    "Input Filtering",
    "Output Filtering",
    "Use Non-object Output",
    "Task With Sequential Sub Tasks",
    "Raise task with inline error",
    "Set Task",
];

/// Scenarios that are refused, and the feature that they need.
const REFUSED: [(&str, &str); 4] = [
    ("Fork Task With Competing Concurrent Sub Tasks", "`fork`"),
    ("Call HTTP Using Basic Authentication", "`authentication`"),
    ("Call OpenAPI With Content Output", "`call: openapi`"),
    ("Call OpenAPI With Response Output", "`call: openapi`"),
];

#[test]
fn every_scenario_of_the_kit_comes_out_as_it_says_or_is_refused_by_name() {
    let scenarios = scenarios();
    assert_eq!(scenarios.len(), PERFORMED.len() + REFUSED.len());
    for scenario in &scenarios {
        match REFUSED.iter().find(|(name, _)| *name == scenario.name) {
            Some((_, feature)) => is_refused(scenario, feature),
            None => {
                assert!(PERFORMED.contains(&scenario.name.as_str()), "{}", scenario.name);
                block_on(comes_out(scenario));
            }
        }
    }
}

fn is_refused(scenario: &Scenario, feature: &str) {
    let mistakes = Definition::parse(&scenario.definition).unwrap_err();
    assert!(mistakes.iter().all(|it| it.code == "unsupported_feature"), "{}: {mistakes:?}", scenario.name);
    assert!(mistakes.iter().any(|it| it.message.contains(feature)), "{}: {mistakes:?}", scenario.name);
}

async fn comes_out(scenario: &Scenario) {
    let view = Kit::begin().await.perform(&scenario.definition, &scenario.input).await;
    let run = view["run"].clone();
    if let Some(expected) = &scenario.error {
        assert_eq!(view["status"], json!(TaskStatus::Failed), "{}", scenario.name);
        let error: Value = serde_json::from_str(run["failure"]["detail"].as_str().unwrap()).unwrap();
        for (member, value) in expected.as_object().unwrap() {
            assert_eq!(&error[member], value, "{}: {member}", scenario.name);
        }
        return;
    }
    assert_eq!(view["status"], json!(TaskStatus::Done), "{}: {run}", scenario.name);
    if let Some(expected) = &scenario.output {
        assert_eq!(&run["output"], expected, "{}", scenario.name);
    }
    for property in &scenario.properties {
        let pointer = format!("/{}", property.replace('.', "/"));
        assert!(run["output"].pointer(&pointer).is_some(), "{}: {property} in {}", scenario.name, run["output"]);
    }
}

/// A workspace in memory, with the test as its runtime.
struct Kit {
    sequencer: Sequencer,
    host: Device,
    runtime: RuntimeId,
    boot: BootId,
    sent: u64,
}

impl Kit {
    async fn begin() -> Self {
        let host = Device::new(1);
        let workspace = WorkspaceId::new(&[1; 32], &[9; 16]);
        let store = MemoryStore::default();
        store.create(&workspace.to_string()).await.unwrap();
        let sequencer = Sequencer::claim(Rc::new(store), workspace, [5; 32]).await.unwrap();
        let runtime = RuntimeId { device: DeviceId::of(&[1; 32]), slot: 0 };
        let mut kit = Self { sequencer, host, runtime, boot: BootId([1; 16]), sent: 0 };
        let public_key = kit.host.public_key();
        kit.must("workspace.create", &json!({"name": "kit", "public_key": public_key})).await;
        kit.must("runtime.join", &json!({"runtime": kit.runtime, "boot": kit.boot})).await;
        kit
    }

    async fn must(&mut self, name: &str, data: &Value) -> Reply {
        let reply = self.send(name, data).await.unwrap();
        assert_eq!(reply.rejected, None, "{name} {data}");
        reply
    }

    async fn send(&mut self, name: &str, data: &Value) -> Result<Reply, Failure> {
        self.sent += 1;
        let mut key = [0; 16];
        key[..8].copy_from_slice(&self.sent.to_be_bytes());
        let now_ms = 1_000 + self.sent;
        let request = under_key(key, &self.host, BranchId::Main, now_ms, name, &data.to_string());
        let moment = Moment { now_ms, entropy: entropy(self.sent) };
        self.sequencer.submit(&[Job { request, moment }]).await.remove(0)
    }

    /// Run the workflow to its end; the task as the read model shows it.
    async fn perform(&mut self, definition: &Value, input: &Value) -> Value {
        let workflow = self.must("workflow.define", &json!({"source": definition})).await.made[0];
        let task = self.must("run.start", &json!({"workflow": workflow, "input": input})).await.made[0];
        while let Some(effect) = self.leased().await {
            let view = self.sequencer.effect(effect).await.unwrap().unwrap();
            let Work::Capability { arguments, .. } = view.work else { panic!("the kit only calls over HTTP") };
            let outcome = json!({"is": "returned", "result": pet_store(&arguments)});
            let data = json!({"runtime": self.runtime, "boot": self.boot, "effect": effect, "fence": view.fence, "outcome": outcome});
            self.must("effect.report", &data).await;
        }
        serde_json::to_value(self.sequencer.task(task).await.unwrap().unwrap()).unwrap()
    }

    async fn leased(&mut self) -> Option<Id> {
        let data = json!({"runtime": self.runtime, "boot": self.boot, "ttl_ms": 60_000});
        match self.send("effect.lease", &data).await {
            Ok(reply) => reply.made.first().copied(),
            Err(Failure::Refused(why)) if why.code == Code::NothingToLease => None,
            Err(why) => panic!("{why:?}"),
        }
    }
}

/// The pet store of the kit's workflows: what it answers as the egress broker brings it.
fn pet_store(arguments: &Value) -> Value {
    assert_eq!(arguments["method"], "GET");
    let url = arguments["endpoint"].as_str().unwrap();
    let path = url.strip_prefix("https://petstore.swagger.io/v2/pet/").unwrap();
    let pet = |id: u64| json!({"id": id, "name": "Rex", "status": "available"});
    let body = match path {
        "findByStatus?status=available" => json!([pet(7), pet(8)]),
        id => pet(id.parse().unwrap()),
    };
    json!({"status": 200, "headers": {"content-type": "application/json"}, "body": body, "url": url})
}

/// Every scenario of the kit.
fn scenarios() -> Vec<Scenario> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/standards/serverless-workflow/ctk");
    let files = std::fs::read_dir(&folder).unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths.iter().flat_map(|path| features(&std::fs::read_to_string(path).unwrap())).collect()
}

/// Scenarios of one feature file: the few steps of Gherkin that the kit uses, with their documents.
fn features(text: &str) -> Vec<Scenario> {
    let mut scenarios: Vec<Scenario> = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let step = line.trim();
        if let Some(name) = step.strip_prefix("Scenario: ") {
            scenarios.push(Scenario { name: name.to_owned(), ..Scenario::default() });
        }
        let Some(scenario) = scenarios.last_mut() else { continue };
        if step.contains("a workflow with definition:") {
            scenario.definition = document(&mut lines);
        } else if step.contains("the workflow input is:") {
            scenario.input = document(&mut lines);
        } else if step.contains("should complete with output:") {
            scenario.output = Some(document(&mut lines));
        } else if step.contains("should fault with error:") {
            scenario.error = Some(document(&mut lines));
        } else if let Some((_, names)) = step.split_once("should have properties ") {
            scenario.properties.extend(names.split(", ").map(|name| name.trim_matches('\'').to_owned()));
        }
    }
    scenarios
}

/// The YAML between the next two lines of quotes, without the indentation that all of it has.
fn document<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Value {
    let begin = lines.find(|line| line.trim_start().starts_with("\"\"\"")).unwrap();
    let indent = begin.len() - begin.trim_start().len();
    let inside = lines.take_while(|line| !line.trim_start().starts_with("\"\"\""));
    let text: Vec<&str> = inside.map(|line| line.get(indent..).unwrap_or_default()).collect();
    Source::read(text.join("\n").as_bytes()).unwrap_or_else(|bad| panic!("{bad:?}")).value
}
