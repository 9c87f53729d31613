//! Which workspace a command means.

use crate::api::Api;
use crate::host::Identity;
use crate::outcome::Problem;
use kernel::id::WorkspaceId;
use serde_json::{Value, json};
use std::path::Path;

/// The workspace called for, or the only one there is.
pub async fn existing(api: &Api, wanted: Option<&str>) -> Result<String, Problem> {
    if let Some(id) = wanted {
        return Ok(id.to_owned());
    }
    match list(api).await?.as_slice() {
        [] => Err(Problem::failed(
            "no_workspace",
            "there is no workspace yet",
            "Begin one: kernelos workspace create NAME",
        )),
        [only] => Ok(only.clone()),
        several => Err(Problem::usage(
            format!("there are {} workspaces", several.len()),
            format!("Name one with --workspace: {}", several.join(", ")),
        )),
    }
}

/// The same, or a new one named home when there is none.
pub async fn existing_or_new(api: &Api, data: &Path, wanted: Option<&str>) -> Result<String, Problem> {
    existing_or_named(api, data, wanted, "home").await
}

/// The same, or a new one of that name when there is none.
pub async fn existing_or_named(api: &Api, data: &Path, wanted: Option<&str>, name: &str) -> Result<String, Problem> {
    if wanted.is_some() || !list(api).await?.is_empty() {
        return existing(api, wanted).await;
    }
    let id = create(api, data, name).await?;
    eprintln!("made workspace {id}, named {name}");
    Ok(id)
}

/// A new workspace.
pub async fn create(api: &Api, data: &Path, name: &str) -> Result<String, Problem> {
    let id = new_id(data)?;
    api.post("/v1/workspaces", &format!("create-{id}"), &json!({ "id": id, "name": name })).await?;
    Ok(id)
}

/// A workspace id is made without asking anybody: from the device's key and fresh random bytes.
fn new_id(data: &Path) -> Result<String, Problem> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|why| Problem::failed("entropy", why.to_string(), ""))?;
    Ok(WorkspaceId::new(&Identity::open(data)?.public_key, &random).to_string())
}

/// The workspaces here.
pub async fn list(api: &Api) -> Result<Vec<String>, Problem> {
    let answer = api.get("/v1/workspaces", 30_000).await?;
    let items = answer.get("workspaces").and_then(Value::as_array).cloned().unwrap_or_default();
    let id = |item: &Value| item.get("id").or(Some(item)).and_then(Value::as_str).map(str::to_owned);
    Ok(items.iter().filter_map(id).collect())
}
