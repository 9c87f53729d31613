//! `kernelos.yaml`: what the workflows of a folder need, written beside them.

use crate::outcome::Problem;
use crate::source::{Finding, Place, Source, open};
use kernel::capability::BUILT_IN;
use ports::EgressPolicy;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// Name of the file.
pub const FILE: &str = "kernelos.yaml";

const AGENT: &[&str] = &["instructions", "tools", "approve", "limits", "schema", "context_tokens", "provider"];
const LIMITS: &[&str] = &["turns", "tokens", "cost_micros", "ms"];
const EGRESS: &[&str] = &["hosts", "private", "secrets"];

/// What the workflows of a folder need.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Project {
    /// Agents, by name.
    pub agents: Vec<Agent>,
    /// Where they have to reach.
    pub egress: Egress,
}

/// An agent that a folder declares.
#[derive(Debug, Clone, PartialEq)]
pub struct Agent {
    /// What workflows call it.
    pub name: String,
    /// Name of its provider; the workspace's current one when absent.
    pub provider: Option<String>,
    /// Arguments of `agent.define` beside name and provider.
    pub rest: Map<String, Value>,
}

/// Rules of the way out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Egress {
    /// Hosts that may be reached.
    pub hosts: Vec<String>,
    /// Ranges of addresses that are not public and may be reached nevertheless.
    pub private: Vec<String>,
    /// Which secret may be sent to whom.
    pub secrets: Vec<String>,
}

impl Egress {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.private.is_empty() && self.secrets.is_empty()
    }

    /// What `self` asks for and `given` does not hold.
    #[must_use]
    pub fn beyond(&self, given: &Self) -> Self {
        let beyond = |wanted: &[String], given: &[String]| -> Vec<String> {
            wanted.iter().filter(|rule| !given.contains(rule)).cloned().collect()
        };
        Self {
            hosts: beyond(&self.hosts, &given.hosts),
            private: beyond(&self.private, &given.private),
            secrets: beyond(&self.secrets, &given.secrets),
        }
    }

    /// Both together.
    #[must_use]
    pub fn with(mut self, more: &Self) -> Self {
        let more = more.beyond(&self);
        self.hosts.extend(more.hosts);
        self.private.extend(more.private);
        self.secrets.extend(more.secrets);
        self
    }

    /// Arguments of `egress.allow`.
    pub fn json(&self) -> Value {
        json!({ "hosts": self.hosts, "private": self.private, "secrets": self.secrets })
    }
}

impl Project {
    /// The file beside a workflow, if there is one.
    pub fn beside(workflow: &Path) -> Option<PathBuf> {
        let path = workflow.parent().unwrap_or(Path::new("")).join(FILE);
        path.is_file().then_some(path)
    }

    /// Read the file at `path`. Mistakes come with the outer `Ok`, what keeps it from being read at all does not.
    pub fn read(path: &Path) -> Result<Result<Self, Vec<Finding>>, Problem> {
        Ok(Self::parse(&open(path)?))
    }

    /// Read the bytes of such a file, or say everything that is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Self, Vec<Finding>> {
        let source = Source::read(bytes).map_err(|finding| vec![finding])?;
        let (root, mut findings) = (source.root(), Vec::new());
        root.only("kernelos.yaml", &["agents", "egress"], &mut findings);
        let agents = root.get("agents").map(|place| agents(&place, &mut findings)).unwrap_or_default();
        let egress = root.get("egress").map(|place| egress(&place, &mut findings)).unwrap_or_default();
        findings.sort_by_key(|finding| finding.mark);
        if findings.is_empty() { Ok(Self { agents, egress }) } else { Err(findings) }
    }
}

fn agents(place: &Place<'_>, findings: &mut Vec<Finding>) -> Vec<Agent> {
    let members = place.members("agents by name", findings);
    members.into_iter().map(|(name, place)| agent(name, &place, findings)).collect()
}

fn agent(name: &str, place: &Place<'_>, findings: &mut Vec<Finding>) -> Agent {
    place.only("an agent", AGENT, findings);
    let mut rest = Map::new();
    let mut keep = |key: &str, value: Option<Value>| rest.extend(value.map(|value| (key.to_owned(), value)));
    keep("instructions", place.text("instructions", findings).map(Value::from));
    for key in ["tools", "approve"] {
        keep(key, place.get(key).map(|list| tools(&list, findings).into()));
    }
    keep("limits", place.get("limits").map(|limits| self::limits(&limits, findings)));
    keep("schema", place.get("schema").map(|schema| self::schema(&schema, findings)));
    keep("context_tokens", place.get("context_tokens").map(|count| self::count(&count, findings)));
    let provider = place.text("provider", findings).map(str::to_owned);
    Agent { name: name.to_owned(), provider, rest }
}

fn tools(list: &Place<'_>, findings: &mut Vec<Finding>) -> Vec<String> {
    let known: Vec<&str> = BUILT_IN.iter().filter(|it| it.is_tool).map(|it| it.name).collect();
    let mut tools = Vec::new();
    for (name, place) in list.texts(findings) {
        if kernel::capability::find(name).is_none_or(|found| !found.is_tool) {
            findings.push(place.unknown(&format!("`{name}` is no tool that an agent may have"), name, &known));
        }
        tools.push(name.to_owned());
    }
    tools
}

fn limits(place: &Place<'_>, findings: &mut Vec<Finding>) -> Value {
    place.only("limits", LIMITS, findings);
    for (_, place) in place.members("limits", &mut Vec::new()) {
        count(&place, findings);
    }
    place.value.clone()
}

fn count(place: &Place<'_>, findings: &mut Vec<Finding>) -> Value {
    if place.value.as_u64().is_none_or(|count| count == 0) {
        findings.push(place.not("a whole number from 1 on"));
    }
    place.value.clone()
}

fn schema(place: &Place<'_>, findings: &mut Vec<Finding>) -> Value {
    if let Err(why) = kernel::schema::Schema::compile(place.value) {
        findings.push(place.wrong("bad_schema", format!("this is no JSON Schema that can be checked: {why}")));
    }
    place.value.clone()
}

fn egress(place: &Place<'_>, findings: &mut Vec<Finding>) -> Egress {
    place.only("egress", EGRESS, findings);
    let mut rules = |key: &str| -> Vec<String> {
        let Some(list) = place.get(key) else { return Vec::new() };
        let texts = list.texts(findings);
        for (rule, place) in &texts {
            if let Err(why) = readable(key, rule) {
                findings.push(place.wrong("bad_rule", why));
            }
        }
        texts.into_iter().map(|(rule, _)| rule.to_owned()).collect()
    };
    Egress { hosts: rules("hosts"), private: rules("private"), secrets: rules("secrets") }
}

/// Whether the broker can read a rule; it is asked, so that nothing is accepted here that it refuses later.
fn readable(key: &str, rule: &str) -> Result<(), String> {
    let rules = vec![rule.to_owned()];
    let policy = match key {
        "hosts" => EgressPolicy { hosts: rules, ..EgressPolicy::default() },
        "private" => EgressPolicy { private: rules, ..EgressPolicy::default() },
        _ => EgressPolicy { secrets: rules, ..EgressPolicy::default() },
    };
    ::egress::Policy::parse(&policy).map(|_| ()).map_err(|failure| failure.detail)
}

#[cfg(test)]
mod tests;
