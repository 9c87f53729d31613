//! `kernelos approve`: what waits for a person, and what a person decides.

use super::run::people::{decision, json_or_text};
use super::send::once;
use super::{block_on, ids, workspaces};
use crate::api::Api;
use crate::args::Approve;
use crate::outcome::{Problem, print};
use crate::place::Place;
use crate::timeline::{Ask, clock, lines, short};
use serde_json::Value;

pub fn run(place: &Place, approve: &Approve) -> Result<(), Problem> {
    let api = Api::reach_to_tell(place)?;
    block_on(async {
        let workspace = workspaces::existing(&api, approve.workspace.as_deref()).await?;
        let base = format!("/v1/workspaces/{workspace}");
        let decides = approve.reject || approve.reason.is_some() || approve.edit.is_some() || approve.answer.is_some();
        match &approve.approval {
            Some(part) => one(&api, &base, part, approve).await,
            None if approve.all && !approve.list => all(&api, &base, approve).await,
            None if decides && !approve.list => Err(Problem::usage(
                "a decision is about one approval",
                "Name it, or decide all with --all: kernelos approve --list shows what waits.",
            )),
            None => list(&api, &base, approve).await,
        }
    })
}

async fn views(api: &Api, base: &str, all: bool) -> Result<Vec<Value>, Problem> {
    let answer = api.get(&format!("{base}/approvals?all={}", u8::from(all)), 30_000).await?;
    Ok(answer.get("approvals").and_then(Value::as_array).cloned().unwrap_or_default())
}

async fn list(api: &Api, base: &str, approve: &Approve) -> Result<(), Problem> {
    let views = views(api, base, approve.all).await?;
    if views.is_empty() && !approve.json {
        eprintln!("nothing waits for a person");
    }
    for view in &views {
        print(if approve.json { view.to_string() } else { shown(view) });
    }
    Ok(())
}

/// An approval, in lines.
pub fn shown(view: &Value) -> String {
    let text = |name: &str| view.get(name).and_then(Value::as_str).unwrap_or_default();
    let asked = view.get("asked_at").and_then(Value::as_u64).map(clock).unwrap_or_default();
    let state = match view.get("decision").and_then(Value::as_str) {
        Some(decision) => format!("{} by {}", decision.replace('_', " "), text("by")),
        None => "waits".to_owned(),
    };
    let question = if text("question").is_empty() { "may this go on?" } else { text("question") };
    let mut out = vec![format!("{}  {state} since {asked}  {question}", text("id"))];
    out.extend(view.get("value").map(lines).unwrap_or_default().into_iter().map(|line| format!("    {line}")));
    if let Some(options) = view.get("options").filter(|options| options.is_array()) {
        out.push(format!("    one of: {options}"));
    }
    if !text("reason").is_empty() {
        out.push(format!("    because: {}", text("reason")));
    }
    out.join("\n")
}

async fn one(api: &Api, base: &str, part: &str, approve: &Approve) -> Result<(), Problem> {
    let views = views(api, base, true).await?;
    let known: Vec<String> = views.iter().filter_map(|view| Some(view.get("id")?.as_str()?.to_owned())).collect();
    let id = ids::whole(part, &known, "approval", "kernelos approve --list --all")?;
    let view = views.iter().find(|view| view.get("id").and_then(Value::as_str) == Some(&id));
    let ask = ask(view.unwrap_or(&Value::Null));
    eprintln!("{}", shown(view.unwrap_or(&Value::Null)));
    let data = data(&ask, approve)?;
    once(api, base, "approval.decide", &data).await?;
    print(id);
    let task = view.and_then(|view| view.get("task")?.as_str()).unwrap_or_default();
    goes_on(api, task);
    Ok(())
}

async fn all(api: &Api, base: &str, approve: &Approve) -> Result<(), Problem> {
    let waiting = views(api, base, false).await?;
    for view in waiting.iter().filter(|view| view.get("kind").and_then(Value::as_str) == Some("approval")) {
        let ask = ask(view);
        once(api, base, "approval.decide", &data(&ask, approve)?).await?;
        print(ask.id);
    }
    Ok(())
}

fn goes_on(api: &Api, task: &str) {
    if api.is_own() {
        eprintln!("it is on record; no host runs to go on with it: kernelos task follow {}", short(task));
    } else {
        eprintln!("it is on record, and the task goes on; to watch it: kernelos task follow {}", short(task));
    }
}

fn ask(view: &Value) -> Ask {
    let text = |name: &str| view.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ask {
        id: text("id"),
        kind: text("kind"),
        digest: text("digest"),
        question: None,
        value: view.get("value").cloned(),
        options: Vec::new(),
    }
}

/// What is sent. What was shown a moment ago is what is decided about: its digest goes along.
fn data(ask: &Ask, approve: &Approve) -> Result<Value, Problem> {
    let reason = approve.reason.as_deref();
    let (says, value) = match (&approve.answer, &approve.edit, approve.reject) {
        (Some(answer), _, _) => ("answer", Some(json_or_text(answer))),
        (None, Some(edit), _) => ("approve", Some(edited(ask, edit)?)),
        (None, None, true) => ("reject", None),
        (None, None, false) if ask.kind == "question" => {
            return Err(Problem::usage("this is a question, and a question is answered", "Give --answer JSON|TEXT."));
        }
        (None, None, false) => ("approve", None),
    };
    Ok(decision(ask, says, value, reason))
}

/// The value of `--edit`: JSON here or in a file; text where text stood before.
fn edited(ask: &Ask, edit: &str) -> Result<Value, Problem> {
    let text = match edit.strip_prefix('@') {
        Some(path) => std::fs::read_to_string(path)
            .map_err(|why| Problem::usage(format!("{path}: {why}"), "Name a file that can be read."))?,
        None => edit.to_owned(),
    };
    match serde_json::from_str(&text) {
        Ok(value) => Ok(value),
        Err(_) if ask.value.as_ref().is_some_and(Value::is_string) => Ok(Value::from(text.trim_end_matches('\n'))),
        Err(why) => Err(Problem::usage(format!("--edit is not JSON: {why}"), "Give JSON, or @FILE with JSON in it.")),
    }
}
