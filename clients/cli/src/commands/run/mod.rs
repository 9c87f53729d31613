//! `kernelos run`: a workflow, from its file to its output.

pub mod apply;
mod editor;
mod egress;
pub mod ending;
mod lines;
pub mod people;
mod prepare;
mod screen;
pub mod watch;

use super::send::{made, once};
use super::{block_on, workspaces};
use crate::api::Api;
use crate::args::Run;
use crate::host::Config;
use crate::outcome::{Problem, print};
use crate::place::Place;
use crate::timeline::Timeline;
use prepare::Prepared;
use serde_json::{Value, json};

pub fn run(place: &Place, run: &Run) -> Result<(), Problem> {
    let prepared = prepare::read(run)?;
    let api = Api::reach_or(place, &Config { notify: run.notify.clone(), ..Config::new(&place.data) })?;
    if run.detach && api.is_own() {
        return Err(Problem::usage(
            "no host runs over this directory, so nobody would go on with the run",
            "Start one in another terminal, then run this again: kernelos dev",
        ));
    }
    if run.notify.is_some() && !api.is_own() {
        eprintln!("the running host gives notice as it was told when it was started (kernelos dev --notify)");
    }
    block_on(start(&api, run, prepared))
}

async fn start(api: &Api, run: &Run, prepared: Prepared) -> Result<(), Problem> {
    let workspace = workspaces::existing_or_new(api, run.workspace.as_deref()).await?;
    let base = format!("/v1/workspaces/{workspace}");
    apply::agents(api, &base, &prepared.project).await?;
    apply::known(api, &base, &prepared).await?;
    egress::cover(api, &base, &prepared.project.egress, run.allow_egress).await?;
    let workflow = json!({ "source": prepared.source.value });
    let workflow = super::send::define(api, &base, "workflow.define", &workflow).await?;
    let names = apply::names(api, &base).await?;
    let after = api.get(&base, 30_000).await?.get("pos").and_then(Value::as_u64).unwrap_or_default();
    let started = once(api, &base, "run.start", &json!({ "workflow": workflow, "input": prepared.input })).await?;
    let task = made(&started, 0)?;
    if run.detach {
        print(if run.watch.json { json!({ "task": task }).to_string() } else { task.clone() });
        eprintln!("it runs; to watch it: kernelos task follow {}", crate::timeline::short(&task));
        return Ok(());
    }
    let timeline = Timeline::new(&task, Some(prepared.definition), names);
    let (workspace, task) = (workspace.as_str(), task.as_str());
    let watching = watch::Watching { api, workspace, task, how: &run.watch, shown_after: 0, head: 0 };
    watching.to_the_end(timeline, after).await
}
