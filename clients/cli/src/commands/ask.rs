//! `kernelos ask`: one step of one agent, waited for.

use super::provider::refuse_key;
use super::send::{define, made, once};
use super::{block_on, ids, shown, workspaces};
use crate::api::Api;
use crate::args::Ask;
use crate::outcome::Problem;
use crate::place::Place;
use serde_json::{Value, json};
use std::path::Path;

/// Longest one request waits for an answer; then it is asked again.
const POLL_MS: u64 = 20_000;

pub fn run(place: &Place, ask: &Ask) -> Result<(), Problem> {
    refuse_key(ask.key_ref.as_deref())?;
    let api = Api::reach(place)?;
    block_on(async {
        let workspace = workspaces::existing_or_new(&api, ask.workspace.as_deref()).await?;
        let base = format!("/v1/workspaces/{workspace}");
        let agent = agent(&api, &base, &place.data, ask).await?;
        let known = match &ask.task {
            Some(part) => Some(ids::task(&api, &base, part).await?),
            None => None,
        };
        let task = begin(&api, &base, &agent, known, ask).await?;
        let view = wait(&api, &base, &task, ask).await?;
        show(&view, &task, ask)
    })
}

/// The agent that is asked: defined by the flags, or the one asked last.
async fn agent(api: &Api, base: &str, data: &Path, ask: &Ask) -> Result<String, Problem> {
    let remembered = data.join("last-agent.json");
    let (Some(base_url), Some(model)) = (&ask.base_url, &ask.model) else {
        let known = std::fs::read(&remembered).ok().and_then(|file| serde_json::from_slice::<Value>(&file).ok());
        let known = known.as_ref().and_then(|known| known.get(base)?.as_str().map(str::to_owned));
        return known.ok_or_else(|| {
            Problem::usage(
                "no provider is known yet",
                "Name one: kernelos ask \"…\" --base-url https://host/v1 --model NAME --key-ref env:NAME",
            )
        });
    };
    let provider = json!({
        "name": model, "dialect": ask.dialect, "base_url": base_url, "model": model, "key_ref": ask.key_ref,
    });
    let provider = define(api, base, "provider.define", &provider).await?;
    let agent = json!({ "name": "assistant", "provider": provider, "instructions": ask.instructions });
    let agent = define(api, base, "agent.define", &agent).await?;
    let mut known = std::fs::read(&remembered).ok().and_then(|file| serde_json::from_slice::<Value>(&file).ok());
    let known = known.get_or_insert_with(|| json!({}));
    if let Some(known) = known.as_object_mut() {
        known.insert(base.to_owned(), json!(agent));
    }
    // It is a convenience: without it the next question only has to name the provider again.
    let _ = std::fs::write(&remembered, known.to_string());
    Ok(agent)
}

async fn begin(api: &Api, base: &str, agent: &str, known: Option<String>, ask: &Ask) -> Result<String, Problem> {
    let data = json!({ "agent": agent, "prompt": ask.question, "task": known, "max_tokens": ask.max_tokens });
    let outcome = once(api, base, "task.ask", &data).await?;
    known.map_or_else(|| made(&outcome, 0), Ok)
}

async fn wait(api: &Api, base: &str, task: &str, ask: &Ask) -> Result<Value, Problem> {
    eprintln!("task {task}: waiting for the answer");
    let mut left_ms = ask.wait.saturating_mul(1000);
    loop {
        let wait = left_ms.min(POLL_MS);
        let view = api.get(&format!("{base}/tasks/{task}?wait={wait}"), wait + 10_000).await?;
        left_ms -= wait;
        if status(&view) != Some("waiting") || left_ms == 0 {
            return Ok(view);
        }
    }
}

fn last_step(view: &Value) -> Option<&Value> {
    view.get("steps")?.as_array()?.last()
}

fn status(view: &Value) -> Option<&str> {
    last_step(view)?.get("status")?.as_str()
}

fn show(view: &Value, task: &str, ask: &Ask) -> Result<(), Problem> {
    if ask.json {
        shown::line(&view.to_string());
    }
    let text = |path: &str| last_step(view).and_then(|step| step.pointer(path)).and_then(Value::as_str);
    match status(view) {
        Some("answered") => {
            if !ask.json {
                shown::line(text("/answer").unwrap_or_default());
            }
            let tokens = |name: &str| view.get(name).and_then(Value::as_u64).unwrap_or_default();
            eprintln!("task {task}: {} tokens in, {} out", tokens("input_tokens"), tokens("output_tokens"));
            Ok(())
        }
        Some("failed") => {
            let class = text("/failure/class").unwrap_or("unknown");
            let detail = text("/failure/detail").unwrap_or_default();
            Err(Problem::failed(
                format!("provider_{class}"),
                detail,
                "Everything up to here is in the log: kernelos log",
            ))
        }
        _ => Err(Problem::failed(
            "still_waiting",
            format!("task {task} has no answer yet"),
            "It is in the log and goes on when a host runs: kernelos dev",
        )),
    }
}
