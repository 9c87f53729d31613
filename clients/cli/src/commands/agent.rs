//! `kernelos agent`: who can be asked.

use super::block_on;
use super::run::apply::definition;
use super::send::define_current;
use super::shown::{There, called, is_current, list, not_found, nothing, print, print_json, state, text, texts};
use crate::args::Reading;
use crate::args::agent::{Agent, AgentDefine, AgentShow};
use crate::outcome::Problem;
use crate::place::Place;
use crate::project::Project;
use crate::table::{Table, one_line, short};
use serde_json::{Value, json};

pub fn run(place: &Place, agent: &Agent) -> Result<(), Problem> {
    match agent {
        Agent::List(reading) => show_list(place, reading),
        Agent::Show(wanted) => show(place, wanted),
        Agent::Define(wanted) => define(place, wanted),
    }
}

const DEFINE: &str = "kernelos agent define kernelos.yaml";

fn show_list(place: &Place, reading: &Reading) -> Result<(), Problem> {
    block_on(async {
        let there = There::find(place, reading.workspace.as_deref()).await?;
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

fn show(place: &Place, wanted: &AgentShow) -> Result<(), Problem> {
    let agents = list(place, &wanted.reading, "agents")?;
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

fn define(place: &Place, wanted: &AgentDefine) -> Result<(), Problem> {
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
        let there = There::find(place, wanted.reading.workspace.as_deref()).await?;
        let providers = there.read("providers").await?;
        // All of them are looked at first: a file with a mistake defines nothing.
        let defined = project.agents.iter().map(|agent| definition(&providers, agent));
        let defined = defined.collect::<Result<Vec<Value>, Problem>>()?;
        let before = there.list("agents").await?;
        let mut told = Vec::new();
        for data in defined {
            let id = define_current(&there.api, &there.base, "agent", &data).await?;
            let known = before.iter().any(|agent| is_current(agent) && text(agent, "id") == id);
            told.push(json!({ "name": text(&data, "name"), "id": id, "defined": !known }));
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
