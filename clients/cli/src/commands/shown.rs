//! What commands that show something have in common: which workspace is meant, reading it, and the two forms.

use super::{block_on, workspaces};
use crate::api::Api;
use crate::args::Reading;
use crate::outcome::Problem;
use crate::place::Place;
use crate::table::short;
use serde_json::Value;
use std::io::Write as _;

/// How long reading a model may take, in milliseconds.
const READ_MS: u64 = 30_000;
/// How long one about the past may take.
const PAST_MS: u64 = 300_000;

/// A workspace, and the way to it.
pub struct There {
    /// The way.
    pub api: Api,
    /// Its path.
    pub base: String,
}

impl There {
    /// The workspace that `reading` means.
    pub async fn find(place: &Place, wanted: Option<&str>) -> Result<Self, Problem> {
        let api = Api::reach_to_tell(place)?;
        let workspace = workspaces::existing(&api, wanted).await?;
        Ok(Self { api, base: format!("/v1/workspaces/{workspace}") })
    }

    /// A read model.
    pub async fn read(&self, what: &str) -> Result<Value, Problem> {
        self.api.get(&format!("{}/{what}", self.base), READ_MS).await
    }

    /// An answer about the past. It may have to be read far back.
    pub async fn past(&self, what: &str) -> Result<Value, Problem> {
        self.api.get(&format!("{}/{what}", self.base), PAST_MS).await
    }

    /// A list of a read model: `agents` of `{agents: […]}`.
    pub async fn list(&self, what: &str) -> Result<Vec<Value>, Problem> {
        let answer = self.read(what).await?;
        Ok(answer.get(what).and_then(Value::as_array).cloned().unwrap_or_default())
    }
}

/// Read one model of the workspace that `reading` means.
pub fn read(place: &Place, reading: &Reading, what: &str) -> Result<Value, Problem> {
    block_on(async { There::find(place, reading.workspace.as_deref()).await?.read(what).await })
}

/// Read one list of it.
pub fn list(place: &Place, reading: &Reading, what: &str) -> Result<Vec<Value>, Problem> {
    block_on(async { There::find(place, reading.workspace.as_deref()).await?.list(what).await })
}

/// Print `text`, whole lines. Nobody may be there any more to read it, which is no failure.
pub fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Print a line.
pub fn line(text: &str) {
    print(&format!("{text}\n"));
}

/// Print a value for programs.
pub fn print_json(value: &Value) {
    print(&format!("{value}\n"));
}

/// A member of `value` as text; empty when there is none.
pub fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A member as a number; 0 when there is none.
pub fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or_default()
}

/// The texts of a member that is a list.
pub fn texts(value: &Value, name: &str) -> Vec<String> {
    let all = value.get(name).and_then(Value::as_array).into_iter().flatten();
    all.filter_map(|one| one.as_str().map(str::to_owned)).collect()
}

/// Whether a name stands for this thing.
pub fn is_current(thing: &Value) -> bool {
    thing.get("current").and_then(Value::as_bool).unwrap_or_default()
}

/// What a list says of it.
pub fn state(thing: &Value) -> String {
    if is_current(thing) { "current" } else { "replaced" }.to_owned()
}

/// The thing that is called so: by the name that stands for it, its id, or the short form of its id.
pub fn called<'v>(things: &'v [Value], name: &str) -> Option<&'v Value> {
    let by_name = things.iter().find(|thing| is_current(thing) && text(thing, "name") == name);
    by_name.or_else(|| things.iter().find(|thing| text(thing, "id") == name || short(text(thing, "id")) == name))
}

/// There is no thing of that name: say which there are.
pub fn not_found(what: &str, name: &str, known: &[Value], otherwise: &str) -> Problem {
    let mut names: Vec<&str> = known.iter().map(|thing| text(thing, "name")).filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    names.dedup();
    let hint = if names.is_empty() { otherwise.to_owned() } else { format!("There are: {}", names.join(", ")) };
    Problem::failed("not_found", format!("there is no {what} {name:?}"), hint)
}

/// An empty list is no failure: data is empty, and what to do next is said.
pub fn nothing(what: &str, next: &str) {
    eprintln!("{what}\n\nhint: {next}");
}
