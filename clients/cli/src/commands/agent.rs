//! `kernelos agent`: who can be asked.

use super::block_on;
use super::send::{made, once};
use super::shown::{
    There, called, is_current, list, not_found, nothing, number, print, print_json, state, text, texts,
};
use crate::args::Reading;
use crate::args::agent::{Agent, AgentDefine, AgentShow};
use crate::outcome::Problem;
use crate::project::{Agent as Declared, Project};
use crate::table::{Table, one_line, short};
use serde_json::{Value, json};
use std::path::Path;

pub fn run(data: &Path, agent: &Agent) -> Result<(), Problem> {
    match agent {
        Agent::List(reading) => show_list(data, reading),
        Agent::Show(wanted) => show(data, wanted),
        Agent::Define(wanted) => define(data, wanted),
    }
}

const DEFINE: &str = "kernelos agent define kernelos.yaml";

fn show_list(data: &Path, reading: &Reading) -> Result<(), Problem> {
    block_on(async {
        let there = There::find(data, reading.workspace.as_deref()).await?;
        let agents = there.list("agents").await?;
        if reading.json {
            print_json(&json!({ "agents": agents }));
            return Ok(());
        }
        if agents.is_empty() {
            nothing("there are no agents", DEFINE);
            return Ok(());
        }
        let providers = there.list("providers").await?;
        let mut table = Table::new(&["NAME", "PROVIDER", "TOOLS", "STATE", "ID"]);
        for agent in &agents {
            let id = short(text(agent, "id")).to_owned();
            let (name, tools) = (text(agent, "name").to_owned(), texts(agent, "tools").join(", "));
            table.row([name, provider(agent, &providers), tools, state(agent), id]);
        }
        print(&table.text());
        Ok(())
    })
}

/// The name of an agent's provider.
fn provider(agent: &Value, providers: &[Value]) -> String {
    let id = text(agent, "provider");
    let found = providers.iter().find(|provider| text(provider, "id") == id);
    found.map_or_else(|| short(id).to_owned(), |provider| text(provider, "name").to_owned())
}

fn show(data: &Path, wanted: &AgentShow) -> Result<(), Problem> {
    let agents = list(data, &wanted.reading, "agents")?;
    let Some(agent) = called(&agents, &wanted.name) else {
        return Err(not_found("agent", &wanted.name, &agents, &format!("Define one: {DEFINE}")));
    };
    if wanted.reading.json {
        print_json(agent);
        return Ok(());
    }
    let or_none = |texts: Vec<String>| if texts.is_empty() { "none".to_owned() } else { texts.join(", ") };
    let limits = agent.get("limits").and_then(Value::as_object).cloned().unwrap_or_default();
    let limits =
        limits.iter().filter(|(_, most)| !most.is_null()).map(|(name, most)| format!("{name} {most}")).collect();
    print(&format!(
        "name            {}\nid              {}\nstate           {}\nprovider        {}\ntools           {}\n\
         asks before     {}\nlimits          {}\n",
        one_line(text(agent, "name")),
        text(agent, "id"),
        state(agent),
        text(agent, "provider"),
        or_none(texts(agent, "tools")),
        or_none(texts(agent, "approve")),
        or_none(limits),
    ));
    let instructions = text(agent, "instructions");
    if !instructions.is_empty() {
        print(&format!("instructions\n{}", instructions.lines().map(|it| format!("  {it}\n")).collect::<String>()));
    }
    Ok(())
}

fn define(data: &Path, wanted: &AgentDefine) -> Result<(), Problem> {
    let project = Project::read(&wanted.file)?.map_err(|findings| {
        let file = wanted.file.display().to_string();
        let lines: Vec<String> = findings.iter().map(|finding| finding.line(&file)).collect();
        Problem::usage(lines.join("\n"), "Nothing was defined. Each line says where, and what to write instead.")
    })?;
    if project.agents.is_empty() {
        let what = format!("{} declares no agents", wanted.file.display());
        return Err(Problem::usage(what, "See how they are written: kernelos agent define --help"));
    }
    block_on(async {
        let there = There::find(data, wanted.reading.workspace.as_deref()).await?;
        let providers = there.list("providers").await?;
        // All of them are looked at first: a file with a mistake defines nothing.
        let chosen = project.agents.iter().map(|agent| Ok((agent, chosen(agent, &providers)?)));
        let chosen = chosen.collect::<Result<Vec<_>, Problem>>()?;
        let before = there.list("agents").await?;
        let mut told = Vec::new();
        for (agent, provider) in chosen {
            told.push(apply(&there, &before, agent, &provider).await?);
        }
        if wanted.reading.json {
            print_json(&json!({ "agents": told }));
            return Ok(());
        }
        for agent in &told {
            let change = if agent.get("defined") == Some(&json!(true)) { "defined" } else { "as it was" };
            print(&format!("{}: {change}\n", one_line(text(agent, "name"))));
        }
        Ok(())
    })
}

/// The id of the provider that a declared agent calls: the one it names, else the newest that is current.
fn chosen(agent: &Declared, providers: &[Value]) -> Result<String, Problem> {
    const CONNECT: &str = "Connect one: kernelos provider connect --base-url URL --model NAME";
    let current = || providers.iter().filter(|provider| is_current(provider));
    let found = match &agent.provider {
        Some(name) => current().find(|provider| text(provider, "name") == name),
        None => current().max_by_key(|provider| made_at(text(provider, "id"))),
    };
    match (found, &agent.provider) {
        (Some(provider), _) => Ok(text(provider, "id").to_owned()),
        (None, Some(name)) => Err(not_found("provider", name, providers, CONNECT)),
        (None, None) => Err(Problem::failed("no_provider", "no provider is connected", CONNECT)),
    }
}

/// What orders ids by when they were made: their texts do, within one device.
fn made_at(id: &str) -> &str {
    short(id)
}

/// Define an agent, unless the one that its name stands for is the same.
async fn apply(there: &There, before: &[Value], agent: &Declared, provider: &str) -> Result<Value, Problem> {
    let mut data = agent.rest.clone();
    data.insert("name".to_owned(), json!(agent.name));
    data.insert("provider".to_owned(), json!(provider));
    let data = Value::Object(data);
    let known = before.iter().find(|known| is_current(known) && text(known, "name") == agent.name);
    if let Some(known) = known.filter(|known| is_as_declared(known, &data)) {
        return Ok(json!({ "name": agent.name, "id": text(known, "id"), "defined": false }));
    }
    // Meant anew: under a key made of the content, a definition that was replaced would be found and stay replaced.
    let outcome = once(&there.api, &there.base, "agent.define", &data).await?;
    Ok(json!({ "name": agent.name, "id": made(&outcome, 0)?, "defined": true }))
}

/// Whether an agent is what a definition would make it. What the view does not show has to be absent.
fn is_as_declared(known: &Value, data: &Value) -> bool {
    let limits = |of: &Value| {
        let limits = of.get("limits").cloned().unwrap_or_default();
        ["turns", "tokens", "cost_micros", "ms"].map(|name| number(&limits, name))
    };
    let shown = ["schema", "context_tokens"].iter().all(|name| data.get(name).is_none());
    let same_text = ["name", "provider", "instructions"].iter().all(|name| text(known, name) == text(data, name));
    let same_list = ["tools", "approve"].iter().all(|name| texts(known, name) == texts(data, name));
    shown && same_text && same_list && limits(known) == limits(data)
}
