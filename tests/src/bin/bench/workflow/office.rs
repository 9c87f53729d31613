//! A workspace of a host, over HTTP, and the workflows that are measured.

use crate::commands::begin;
use crate::http::Client;
use crate::server::Server;
use serde_json::{Value, json};

/// How long a client waits for a run to end, in milliseconds.
const WAIT_MS: u64 = 20_000;

/// A connection to a workspace of a host.
pub struct Office {
    client: Client,
    commands: String,
}

impl Office {
    /// Make the workspace.
    pub fn open(server: &Server) -> Result<Self, String> {
        let commands = begin(server)?;
        Self::at(server, &commands)
    }

    /// Let requests go to `address` on this machine.
    pub fn allow(&mut self, address: &str) -> Result<(), String> {
        let rules = json!({ "hosts": [format!("http://{address}")], "private": ["127.0.0.0/8"] });
        self.send("egress", "egress.allow", &rules).map(drop)
    }

    /// Another connection to the workspace whose commands go to `path`.
    pub fn at(server: &Server, path: &str) -> Result<Self, String> {
        let client = Client::connect(&server.address, &server.token)?;
        Ok(Self { client, commands: path.to_owned() })
    }

    /// Where its commands go.
    pub fn path(&self) -> &str {
        &self.commands
    }

    /// Send a command; gives what came of it.
    pub fn send(&mut self, key: &str, name: &str, data: &Value) -> Result<Value, String> {
        let body = json!({ "commands": [{ "type": name, "data": data }] });
        let answer = self.client.json("POST", &self.commands, key, &body)?;
        match answer.pointer("/outcomes/0/made") {
            Some(made) => Ok(made.get(0).cloned().unwrap_or_default()),
            None => Err(format!("{name}: {answer}")),
        }
    }

    /// Define a workflow of these tasks; gives its id.
    pub fn define(&mut self, name: &str, tasks: &Value) -> Result<Value, String> {
        self.send(&format!("define-{name}"), "workflow.define", &json!({ "source": source(name, tasks) }))
    }

    /// Begin a run; gives its task.
    pub fn start(&mut self, key: &str, workflow: &Value, input: &Value) -> Result<String, String> {
        let made = self.send(key, "run.start", &json!({ "workflow": workflow, "input": input }))?;
        made.as_str().map(str::to_owned).ok_or_else(|| "a run made no task".to_owned())
    }

    /// Wait until a run came to its end.
    pub fn finished(&mut self, task: &str) -> Result<(), String> {
        let workspace = self.commands.trim_end_matches("/commands");
        let path = format!("{workspace}/tasks/{task}?wait={WAIT_MS}");
        let answer = self.client.json("GET", &path, "-", &Value::Null)?;
        match answer.get("status").and_then(Value::as_str) {
            Some("done") => Ok(()),
            _ => Err(format!("a run did not come to its end: {answer}")),
        }
    }
}

/// A workflow of these tasks.
pub fn source(name: &str, tasks: &Value) -> Value {
    json!({ "document": { "dsl": "1.0.0", "namespace": "bench", "name": name, "version": "1.0.0" }, "do": tasks })
}

/// Two recorded steps: a document is written, a note is remembered.
pub fn two_steps() -> Value {
    json!([
        { "write": { "call": "documents.write", "with": {
            "path": "${ \"tickets/\" + .nr }", "text": "${ \"ticket \" + .nr + \": the invoice was charged twice\" }" } } },
        { "remember": { "call": "notes.remember", "with": { "text": "${ \"done: \" + .path }" } } }
    ])
}

/// Two recorded steps, the second of which a runtime performs: a document is written, a server on this machine is asked.
pub fn step_and_effect(address: &str) -> Value {
    json!([
        { "write": { "call": "documents.write", "with": {
            "path": "${ \"tickets/\" + .nr }", "text": "${ \"ticket \" + .nr + \": the invoice was charged twice\" }" } } },
        { "ask": { "call": "http", "with": { "method": "get", "endpoint": format!("http://{address}/x") } } }
    ])
}
