//! `kernelos workspace`: where work is kept.

use super::send::once;
use super::shown::{nothing, number, print, print_json, text};
use super::{block_on, space, workspace_move, workspaces};
use crate::api::Api;
use crate::args::workspace::{Workspace, WorkspaceAdopt, WorkspaceCreate, WorkspaceShow};
use crate::outcome::Problem;
use crate::place::Place;
use crate::table::{Table, one_line, short};
use serde_json::{Value, json};

/// How long one question may take, in milliseconds.
const READ_MS: u64 = 30_000;

pub fn run(place: &Place, workspace: &Workspace) -> Result<(), Problem> {
    if let Workspace::Space(reading) = workspace {
        return space::show(place, reading);
    }
    let api = Api::reach_to_tell(place)?;
    block_on(async {
        match workspace {
            Workspace::List(list) => show_list(&api, list.json).await,
            Workspace::Show(wanted) => show(&api, wanted).await,
            // Answered before anything was reached.
            Workspace::Space(_) => Ok(()),
            Workspace::Create(wanted) => create(&api, wanted).await,
            Workspace::Adopt(wanted) => adopt(&api, wanted).await,
            Workspace::Move(wanted) => workspace_move::run(&api, place, wanted).await,
        }
    })
}

/// A workspace and what waits in it; one that cannot be opened says why instead.
async fn look(api: &Api, id: &str) -> Value {
    let looked = async {
        let mut view = api.get(&format!("/v1/workspaces/{id}"), READ_MS).await?;
        let waits = api.get(&format!("/v1/workspaces/{id}/approvals"), READ_MS).await?;
        let mut restored = api.get(&format!("/v1/workspaces/{id}/restored"), READ_MS).await?;
        if let (Some(view), Some(restored)) = (view.as_object_mut(), restored.as_object_mut()) {
            view.insert("waits".to_owned(), waits.get("approvals").cloned().unwrap_or_default());
            // What was under way is listed by `restore list`.
            restored.remove("items");
            if restored.contains_key("pos") {
                view.insert("restored".to_owned(), Value::Object(std::mem::take(restored)));
            }
        }
        Ok::<Value, Problem>(view)
    };
    looked
        .await
        .unwrap_or_else(|problem| json!({ "id": id, "problem": { "code": problem.code, "what": problem.what } }))
}

fn waiting(view: &Value) -> &[Value] {
    view.get("waits").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

async fn show_list(api: &Api, as_json: bool) -> Result<(), Problem> {
    let mut views = Vec::new();
    for id in workspaces::list(api).await? {
        views.push(look(api, &id).await);
    }
    if as_json {
        print_json(&json!({ "workspaces": views }));
        return Ok(());
    }
    if views.is_empty() {
        nothing("there is no workspace yet", "kernelos workspace create NAME, or kernelos init for a whole project");
        return Ok(());
    }
    let mut table = Table::new(&["NAME", "ID", ">EVENTS", ">WAITS", "PROBLEM"]);
    for view in &views {
        let problem = view.get("problem").map(|problem| text(problem, "what").to_owned()).unwrap_or_default();
        let (name, id) = (text(view, "name").to_owned(), text(view, "id").to_owned());
        table.row([name, id, number(view, "pos").to_string(), waiting(view).len().to_string(), problem]);
    }
    print(&table.text());
    Ok(())
}

async fn show(api: &Api, wanted: &WorkspaceShow) -> Result<(), Problem> {
    let id = named(api, wanted.workspace.as_deref()).await?;
    let view = look(api, &id).await;
    if let Some(problem) = view.get("problem") {
        let hint = "Look at the stored data: kernelos doctor, kernelos replay --verify";
        return Err(Problem::failed(text(problem, "code"), text(problem, "what"), hint));
    }
    if wanted.json {
        print_json(&view);
        return Ok(());
    }
    print(&described(&view));
    space::warn(&view);
    for waits in waiting(&view) {
        let id = text(waits, "id");
        print(&format!("  {}  {}  {}\n", short(id), text(waits, "kind"), one_line(text(waits, "question"))));
    }
    if !waiting(&view).is_empty() {
        eprintln!("\nhint: decide what waits with kernelos approve");
    }
    Ok(())
}

fn described(view: &Value) -> String {
    let mut told = format!(
        "name      {}\nid        {}\nevents    {}\nformat    {}\n",
        one_line(text(view, "name")),
        text(view, "id"),
        number(view, "pos"),
        number(view, "format"),
    );
    for (space, root) in view.get("roots").and_then(Value::as_object).into_iter().flatten() {
        told.push_str(&format!("root      {} of {space}\n", root.as_str().unwrap_or_default()));
    }
    if let Some(origin) = view.get("origin") {
        let held = origin.get("held").and_then(Value::as_bool).unwrap_or_default();
        let held = if held { "; its effects are held until it is adopted" } else { "" };
        told.push_str(&format!("imported  incarnation {}{held}\n", number(origin, "incarnation")));
    }
    if let Some(restored) = view.get("restored") {
        let held = restored.get("held").and_then(Value::as_bool).unwrap_or_default();
        let held = if held { "; what was under way is held: kernelos restore list" } else { "" };
        let (line, pos) = (text(restored, "line"), number(restored, "pos"));
        told.push_str(&format!("restored  {line} goes on as it was at event {pos}{held}\n"));
    }
    if let Some(moving) = view.get("moving") {
        let (to, left) = (one_line(text(moving, "to")), moving.get("left").is_some());
        told.push_str(&format!("{}{to}\n", if left { "went to   " } else { "frozen    on its way to " }));
    }
    let count = waiting(view).len();
    told + &format!("waits     {}\n", if count == 0 { "nothing".to_owned() } else { count.to_string() })
}

/// The id of the workspace that is meant: by its id, by its name, or because it is the only one.
pub async fn named(api: &Api, wanted: Option<&str>) -> Result<String, Problem> {
    match wanted {
        Some(name) => by_name(api, name).await,
        None => workspaces::existing(api, None).await,
    }
}

async fn adopt(api: &Api, wanted: &WorkspaceAdopt) -> Result<(), Problem> {
    let id = named(api, wanted.workspace.as_deref()).await?;
    let data = if wanted.anyway { json!({ "anyway": true }) } else { json!({}) };
    once(api, &format!("/v1/workspaces/{id}"), "workspace.adopt", &data).await?;
    eprintln!("workspace {id} goes on here; its effects are held no longer");
    Ok(())
}

/// The id of the workspace that is called so, by its id or by a name that only one has.
async fn by_name(api: &Api, name: &str) -> Result<String, Problem> {
    let ids = workspaces::list(api).await?;
    if ids.iter().any(|id| id == name) {
        return Ok(name.to_owned());
    }
    let mut found = Vec::new();
    for id in ids {
        if text(&look(api, &id).await, "name") == name {
            found.push(id);
        }
    }
    match found.as_slice() {
        [only] => Ok(only.clone()),
        [] => {
            let what = format!("there is no workspace {name:?}");
            Err(Problem::failed("not_found", what, "See which there are: kernelos workspace list"))
        }
        several => {
            let what = format!("{} workspaces are called {name:?}", several.len());
            Err(Problem::usage(what, format!("Name one by its id: {}", several.join(", "))))
        }
    }
}

async fn create(api: &Api, wanted: &WorkspaceCreate) -> Result<(), Problem> {
    let id = workspaces::create(api, &wanted.name).await?;
    if wanted.json {
        print_json(&json!({ "id": id, "name": wanted.name }));
    } else {
        print(&format!("{id}\n"));
        eprintln!("made workspace {id}, named {}", one_line(&wanted.name));
    }
    Ok(())
}
