//! Which workspace a command means.

use crate::api::Api;
use crate::outcome::Problem;
use kernel::hash::HashText;
use serde_json::{Value, json};

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
pub async fn existing_or_new(api: &Api, wanted: Option<&str>) -> Result<String, Problem> {
    existing_or_named(api, wanted, "home").await
}

/// The same, or a new one of that name when there is none.
pub async fn existing_or_named(api: &Api, wanted: Option<&str>, name: &str) -> Result<String, Problem> {
    if wanted.is_some() || !list(api).await?.is_empty() {
        return existing(api, wanted).await;
    }
    let id = create(api, name).await?;
    eprintln!("made workspace {id}, named {name}");
    Ok(id)
}

/// A new workspace. Its id follows from the key it is asked for under, which is random.
pub async fn create(api: &Api, name: &str) -> Result<String, Problem> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|why| Problem::failed("entropy", why.to_string(), ""))?;
    let made = api.post("/v1/workspaces", &HashText(random).to_string(), &json!({ "name": name })).await?;
    let id = made.get("id").and_then(Value::as_str).map(str::to_owned);
    id.ok_or_else(|| Problem::failed("protocol", "the host did not say which workspace it made", ""))
}

/// The workspaces here.
pub async fn list(api: &Api) -> Result<Vec<String>, Problem> {
    let answer = api.get("/v1/workspaces", 30_000).await?;
    let items = answer.get("workspaces").and_then(Value::as_array).cloned().unwrap_or_default();
    let id = |item: &Value| item.get("id").or(Some(item)).and_then(Value::as_str).map(str::to_owned);
    Ok(items.iter().filter_map(id).collect())
}
