//! `kernelos task`: where tasks stand, and what can be done about them.

use super::run::ending::advice;
use super::run::watch::Watching;
use super::send::once;
use super::{block_on, ids, workspaces};
use crate::api::Api;
use crate::args::{Task, TaskCancel, TaskFollow, TaskList, TaskRetry, TaskShow, Watch};
use crate::outcome::{Problem, print};
use crate::place::Place;
use crate::timeline::{Names, Timeline, clock, cost, short, shown};
use serde_json::{Value, json};

pub fn run(place: &Place, task: &Task) -> Result<(), Problem> {
    let api = match task {
        Task::Follow(_) | Task::Retry(_) => Api::reach(place)?,
        Task::List(_) | Task::Show(_) | Task::Cancel(_) => Api::reach_to_tell(place)?,
    };
    block_on(async {
        match task {
            Task::List(list) => self::list(&api, list).await,
            Task::Show(show) => self::show(&api, show).await,
            Task::Follow(follow) => self::follow(&api, follow).await,
            Task::Cancel(cancel) => self::cancel(&api, cancel).await,
            Task::Retry(retry) => self::retry(&api, retry).await,
        }
    })
}

/// The workspace, its path, and the task that a part of an id stands for.
async fn found(api: &Api, workspace: Option<&str>, part: &str) -> Result<(String, String, String), Problem> {
    let workspace = workspaces::existing(api, workspace).await?;
    let base = format!("/v1/workspaces/{workspace}");
    let task = ids::task(api, &base, part).await?;
    Ok((workspace, base, task))
}

async fn list(api: &Api, list: &TaskList) -> Result<(), Problem> {
    let workspace = workspaces::existing(api, list.workspace.as_deref()).await?;
    let answer =
        api.get(&format!("/v1/workspaces/{workspace}/tasks?limit={}", list.limit.clamp(1, 256)), 30_000).await?;
    let tasks = answer.get("tasks").and_then(Value::as_array).cloned().unwrap_or_default();
    if tasks.is_empty() && !list.json {
        eprintln!("there is no task yet: kernelos run, or kernelos ask");
    }
    for task in &tasks {
        print(if list.json { task.to_string() } else { line(task) });
    }
    Ok(())
}

fn line(task: &Value) -> String {
    let text = |name: &str| task.get(name).and_then(Value::as_str).unwrap_or_default();
    let title = task.get("title").map(shown).unwrap_or_default();
    format!("{}  {:<9}  {:<12}  {}  {title}", text("id"), text("status"), text("kind"), used(task))
}

/// Tokens and cost.
fn used(task: &Value) -> String {
    let number = |name: &str| task.get(name).and_then(Value::as_u64).unwrap_or_default();
    let cost = cost(number("cost_micros")).map(|cost| format!(", cost {cost}")).unwrap_or_default();
    format!("{} tokens in, {} out{cost}", number("input_tokens"), number("output_tokens"))
}

async fn show(api: &Api, show: &TaskShow) -> Result<(), Problem> {
    let (_, base, task) = found(api, show.workspace.as_deref(), &show.id).await?;
    let view = api.get(&format!("{base}/tasks/{task}"), 30_000).await?;
    if show.json {
        print(view);
        return Ok(());
    }
    let agents = api.get(&format!("{base}/agents"), 30_000).await?;
    for line in lines(&view, &agents) {
        print(line);
    }
    for approval in view.get("approvals").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        print(format_args!("waits      for a person: kernelos approve {}", short(approval)));
    }
    if let Some(class) = view.pointer("/run/failure/class").or(view.pointer("/failure/class")).and_then(Value::as_str) {
        eprintln!("\nhint: {}", advice(class, short(&task)));
    }
    Ok(())
}

/// A task, in lines.
fn lines(view: &Value, agents: &Value) -> Vec<String> {
    let text = |pointer: &str| view.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let mut lines = vec![
        format!("task       {}", text("/id")),
        format!("about      {}", view.get("title").map(shown).unwrap_or_default()),
        format!("status     {}", text("/status")),
        format!("used       {}", used(view)),
    ];
    if !text("/run/node").is_empty() {
        lines.push(format!("stands at  {} ({})", text("/run/node"), text("/run/pointer")));
    }
    if let Some(due) = view.pointer("/run/due").and_then(Value::as_u64) {
        lines.push(format!("goes on    at {}", clock(due)));
    }
    let list = |name: &str| view.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    lines.extend(list("steps").iter().map(|it| step(it, agents)));
    lines.extend(list("calls").iter().map(call));
    if let Some(output) = view.pointer("/run/output").filter(|output| !output.is_null()) {
        lines.push(format!("output     {output}"));
    }
    if let Some(failure) = view.pointer("/run/failure") {
        lines.push(format!("failure    {}", self::failure(failure)));
    }
    lines
}

fn step(step: &Value, agents: &Value) -> String {
    let text = |name: &str| step.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut agents = agents.get("agents").and_then(Value::as_array).into_iter().flatten();
    let agent = agents.find(|agent| agent.get("id").and_then(Value::as_str) == Some(text("agent")));
    let agent = agent.and_then(|agent| agent.get("name")?.as_str()).unwrap_or("an agent");
    let number = |name: &str| step.get(name).and_then(Value::as_u64).unwrap_or_default();
    let lost = if number("lost") > 0 { format!(", {} lost", number("lost")) } else { String::new() };
    let came = match step.get("failure") {
        Some(it) => failure(it),
        None => step.get("answer").map(shown).unwrap_or_default(),
    };
    let asked = step.get("prompt").map(shown).unwrap_or_default();
    let turns = crate::words::counted(number("turns") as usize, "model call");
    format!(
        "step       {} {agent}, {turns}{lost}\n             asked: {asked}\n             came: {came}",
        text("status")
    )
}

fn call(call: &Value) -> String {
    let text = |name: &str| call.get(name).and_then(Value::as_str).unwrap_or_default();
    let arguments = call.get("arguments").map(shown).unwrap_or_default();
    format!("call       {} {} {arguments}", text("status"), text("capability"))
}

/// An error of the workflow language is JSON; other failures are words.
fn failure(failure: &Value) -> String {
    let text = |name: &str| failure.get(name).and_then(Value::as_str).unwrap_or_default();
    let error: Option<Value> = serde_json::from_str(text("detail")).ok();
    let said = |name: &str| error.as_ref().and_then(|error| error.get(name)).map(shown).unwrap_or_default();
    match &error {
        Some(Value::Object(_)) => format!("{} ({}): {}", said("title"), text("class"), said("detail")),
        _ => format!("{}: {}", text("class"), shown(&json!(text("detail")))),
    }
}

async fn follow(api: &Api, follow: &TaskFollow) -> Result<(), Problem> {
    let (workspace, base, task) = found(api, follow.workspace.as_deref(), &follow.id).await?;
    let head = position(api, &base).await?;
    watch(api, &workspace, &task, &follow.watch, (0, head)).await
}

async fn position(api: &Api, base: &str) -> Result<u64, Problem> {
    Ok(api.get(base, 30_000).await?.get("pos").and_then(Value::as_u64).unwrap_or_default())
}

/// Watch from the beginning of the log: everything that has to be known of the task stands there.
async fn watch(api: &Api, workspace: &str, task: &str, how: &Watch, known: (u64, u64)) -> Result<(), Problem> {
    let (shown_after, head) = known;
    let watching = Watching { api, workspace, task, how, shown_after, head };
    watching.to_the_end(Timeline::new(task, None, Names::default()), 0).await
}

async fn cancel(api: &Api, cancel: &TaskCancel) -> Result<(), Problem> {
    let (_, base, task) = found(api, cancel.workspace.as_deref(), &cancel.id).await?;
    let data = json!({ "task": task, "reason": cancel.reason });
    once(api, &base, "task.cancel", &data).await.map_err(|problem| not_outstanding(problem, &task))?;
    print(task);
    eprintln!("it is cancelled with everything beneath it; what is under way at this moment is not waited for");
    Ok(())
}

async fn retry(api: &Api, retry: &TaskRetry) -> Result<(), Problem> {
    let (workspace, base, task) = found(api, retry.workspace.as_deref(), &retry.id).await?;
    let before = position(api, &base).await?;
    let retried = once(api, &base, "task.retry", &json!({ "task": task })).await;
    retried.map_err(|problem| not_outstanding(problem, &task))?;
    let head = position(api, &base).await?;
    watch(api, &workspace, &task, &retry.watch, (before, head)).await
}

/// The kernel's words are about effects; these are about the task that was named.
fn not_outstanding(problem: Problem, task: &str) -> Problem {
    if problem.code != "not_outstanding" {
        return problem;
    }
    let what = problem.what.split_once(". ").map_or(problem.what.as_str(), |(_, detail)| detail).to_owned();
    Problem { what, hint: format!("See where it stands: kernelos task show {}", short(task)), ..problem }
}
