//! What a folder declares, made known to the workspace.

use super::super::ids::texts;
use super::super::send::define_current;
use super::prepare::{Prepared, agents_named, mistakes};
use crate::api::Api;
use crate::outcome::Problem;
use crate::project::{Agent, Project};
use crate::source::Finding;
use crate::timeline::Names;
use serde_json::{Value, json};

/// Define the agents of `project`. One that is known as it stands there is left alone.
pub async fn agents(api: &Api, base: &str, project: &Project) -> Result<(), Problem> {
    if project.agents.is_empty() {
        return Ok(());
    }
    let providers = api.get(&format!("{base}/providers"), 30_000).await?;
    for agent in &project.agents {
        define_current(api, base, "agent", &definition(&providers, agent)?).await?;
    }
    Ok(())
}

/// The arguments that define a declared agent.
pub fn definition(providers: &Value, agent: &Agent) -> Result<Value, Problem> {
    let mut data = agent.rest.clone();
    data.insert("name".to_owned(), json!(agent.name));
    data.insert("provider".to_owned(), json!(provider(providers, agent)?));
    Ok(Value::Object(data))
}

/// The provider that an agent names, or the newest of those that are current.
fn provider(providers: &Value, agent: &Agent) -> Result<String, Problem> {
    let all = providers.get("providers").and_then(Value::as_array).into_iter().flatten();
    let current: Vec<&Value> = all.filter(|it| it.get("current") == Some(&Value::Bool(true))).collect();
    let id = |it: &&Value| it.get("id").and_then(Value::as_str).map(str::to_owned);
    let Some(wanted) = &agent.provider else {
        return current.last().and_then(id).ok_or_else(|| {
            Problem::failed(
                "no_provider",
                format!("agent {} needs a provider of models, and none is connected", agent.name),
                "Connect one: kernelos provider connect",
            )
        });
    };
    let named = |it: &&&Value| it.get("name").and_then(Value::as_str) == Some(wanted);
    current.iter().find(named).and_then(id).ok_or_else(|| {
        let what = format!("agent {} is to use provider {wanted}, and none is called that", agent.name);
        let names = texts(providers, "/providers", "name");
        let near = kernel::workflow::nearest(wanted, names.iter().map(String::as_str));
        let near = near.map(|near| format!("Did you mean {near}? ")).unwrap_or_default();
        Problem::failed("not_found", what, format!("{near}See `kernelos provider list`."))
    })
}

/// Every agent that the workflow names is there.
pub async fn known(api: &Api, base: &str, prepared: &Prepared) -> Result<(), Problem> {
    let named = agents_named(prepared);
    if named.is_empty() {
        return Ok(());
    }
    let agents = api.get(&format!("{base}/agents"), 30_000).await?;
    let known = texts(&agents, "/agents", "name");
    let missing: Vec<Finding> = named
        .iter()
        .filter(|(name, _)| !known.contains(name))
        .map(|(name, pointer)| {
            let what = format!("no agent is called `{name}`");
            let finding = Finding::new(prepared.source.mark(pointer, false), "unknown_agent", what);
            match kernel::workflow::nearest(name, known.iter().map(String::as_str)) {
                Some(near) => finding.hint(format!("did you mean `{near}`?")),
                None => finding.hint(format!("declare it in {} beside the workflow", crate::project::FILE)),
            }
        })
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(mistakes(&prepared.file, &missing)) }
}

/// Names of agents and of their models, by id.
pub async fn names(api: &Api, base: &str) -> Result<Names, Problem> {
    let agents = api.get(&format!("{base}/agents"), 30_000).await?;
    let providers = api.get(&format!("{base}/providers"), 30_000).await?;
    let list = |answer: &Value, name: &str| answer.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |it: &Value, name: &str| it.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let models: std::collections::BTreeMap<String, String> =
        list(&providers, "providers").iter().map(|it| (text(it, "id"), text(it, "model"))).collect();
    let agents = list(&agents, "agents");
    let named = agents.iter().map(|it| {
        let model = models.get(&text(it, "provider")).cloned().unwrap_or_default();
        (text(it, "id"), (text(it, "name"), model))
    });
    Ok(named.collect())
}
