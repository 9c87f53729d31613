//! An example of the folder `examples`, as `kernelos run` would set it up, but by the API alone.

use super::desk::accepted;
use super::web::Web;
use kernelos::source::Source;
use kernelos_tests::crash::Client;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Where an example would reach out to in earnest; the test's own server stands for all of them.
const ORIGINS: [&str; 4] =
    ["https://www.rfc-editor.org", "https://www.ietf.org", "https://sales.example.com", "https://hooks.example.com"];

/// What stands in the folder of an example.
#[derive(Debug, Clone)]
pub struct Example {
    dir: PathBuf,
    /// `workflow.yaml`
    pub workflow: Value,
    /// `kernelos.yaml`
    pub needs: Value,
    /// `input.json`
    pub input: Value,
}

/// A run of an example.
#[derive(Debug, Clone)]
pub struct Begun {
    /// The workspace.
    pub workspace: String,
    /// The task.
    pub task: String,
}

/// What a person says to what waits: the rest of `approval.decide`, or nothing yet.
pub type Person = dyn Fn(&Value) -> Option<Value>;

/// What came of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// `done` or `failed`.
    pub status: String,
    /// Its output.
    pub output: Value,
    /// Every document of the workspace: its text and how often it was written, by path.
    pub documents: BTreeMap<String, (String, u64)>,
}

impl Example {
    /// The example called `name`.
    pub fn read(name: &str) -> Self {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name);
        let file = |file: &str| {
            let bytes = std::fs::read(dir.join(file)).unwrap();
            Source::read(&bytes).unwrap_or_else(|finding| panic!("{}", finding.line(file))).value
        };
        let (workflow, needs, input) = (file("workflow.yaml"), file("kernelos.yaml"), file("input.json"));
        Self { workflow, needs, input, dir }
    }

    /// The answers of the test endpoint to it.
    pub fn fixtures(&self) -> PathBuf {
        self.dir.join("fixtures.json")
    }

    /// Where a file of it is.
    pub fn file(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }

    /// With `web` in the place of every host it reaches, which it may then reach.
    pub fn on(mut self, web: &Web) -> Self {
        let input = ORIGINS.iter().fold(self.input.to_string(), |text, origin| text.replace(origin, &web.origin()));
        self.input = serde_json::from_str(&input).unwrap();
        self.needs["egress"] = json!({"hosts": [web.origin()], "private": ["127.0.0.0/8"]});
        self
    }

    /// Define everything and begin a run, in a workspace of its own; models are at `base_url`.
    pub fn begin(&self, client: &mut Client, base_url: &str) -> Begun {
        let made = client.post("/v1/workspaces", "begin", br#"{"name":"example"}"#).unwrap();
        assert_eq!(made.status, 201, "{}", made.json());
        let workspace = made.text("/id");
        let mut send = |key: &str, name: &str, data: &Value| {
            let answer = client.command(&workspace, key, name, data).unwrap();
            assert_eq!(
                (answer.status, answer.text("/outcomes/0/status").as_str()),
                (200, "accepted"),
                "{}",
                answer.json()
            );
            answer
        };
        let provider = json!({
            "name": "endpoint", "dialect": "openai-chat", "base_url": base_url, "model": "test-model",
            "prices": {"input_micros_per_mtok": 150_000, "output_micros_per_mtok": 600_000},
        });
        let provider = accepted(&send("provider", "provider.define", &provider));
        for (name, agent) in self.needs["agents"].as_object().unwrap() {
            let mut agent = agent.clone();
            agent["name"] = json!(name);
            agent["provider"] = json!(provider);
            send(&format!("agent-{name}"), "agent.define", &agent);
        }
        if let Some(egress) = self.needs.get("egress") {
            send("egress", "egress.allow", egress);
        }
        let workflow = accepted(&send("workflow", "workflow.define", &json!({"source": self.workflow})));
        let started = send("run", "run.start", &json!({"workflow": workflow, "input": self.input}));
        let task = accepted(&started);
        Begun { workspace, task }
    }
}

impl Begun {
    /// `rest` below the workspace.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/workspaces/{}{rest}", self.workspace)
    }

    /// Let `person` decide what waits, and see whether the run came to its end.
    pub fn look(&self, client: &mut Client, person: &Person) -> io::Result<Option<Ended>> {
        for approval in self.waiting(client)? {
            let Some(mut says) = person(&approval) else { continue };
            says["approval"] = approval["id"].clone();
            says["digest"] = approval["digest"].clone();
            let key = format!("decide-{}", approval["id"].as_str().unwrap());
            let answer = client.command(&self.workspace, &key, "approval.decide", &says)?;
            // A decision whose answer was lost in a kill is known already; in between, its time may have come.
            assert!([200, 409, 503].contains(&answer.status), "{}", answer.json());
        }
        let answer = client.get(&self.path(&format!("/tasks/{}", self.task)))?;
        if answer.status == 503 {
            return Ok(None);
        }
        assert_eq!(answer.status, 200, "{}", answer.json());
        let task = answer.json();
        let status = task["status"].as_str().unwrap().to_owned();
        if !["done", "failed", "cancelled"].contains(&status.as_str()) {
            return Ok(None);
        }
        let end = if status == "done" { "output" } else { "failure" };
        let documents = self.documents(client)?;
        Ok(Some(Ended { status, output: task["run"][end].clone(), documents }))
    }

    /// What waits for a person.
    pub fn waiting(&self, client: &mut Client) -> io::Result<Vec<Value>> {
        let approvals = client.get(&self.path("/approvals"))?;
        Ok(approvals.json()["approvals"].as_array().cloned().unwrap_or_default())
    }

    fn documents(&self, client: &mut Client) -> io::Result<BTreeMap<String, (String, u64)>> {
        let mut documents = BTreeMap::new();
        let listed = client.get(&self.path("/documents"))?.json();
        for listed in listed["documents"].as_array().into_iter().flatten() {
            let document = client.get(&self.path(&format!("/documents/{}", listed["id"].as_str().unwrap())))?.json();
            let (path, text) = (document["path"].as_str().unwrap(), document["text"].as_str().unwrap());
            documents.insert(path.to_owned(), (text.to_owned(), document["version"].as_u64().unwrap()));
        }
        Ok(documents)
    }
}
