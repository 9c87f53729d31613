//! Read models: rows, joined and opened. Nothing here writes.

mod effects;
mod people;
mod restored;
mod tasks;
mod things;
pub(crate) mod told;

pub use effects::effect_view;
pub use restored::would_hold;
pub use tasks::task_view;

use kernel::key::{Index, Key};
use kernel::machine::{Stop, Workspace};
use kernel::seal::Content;
use kernel::view::{RANGE_MAX, View as _};
use ports::views::{FailureView, Query};
use serde::Serialize;
use serde_json::{Value, json};

/// How many rows one read model is made of.
const ROWS_MAX: usize = 64 * RANGE_MAX;

/// Answer `query`; none when what it asks for is not there.
pub fn read(workspace: &Workspace, query: &Query) -> Result<Option<Value>, Stop> {
    Ok(Some(match query {
        Query::Tasks(skip, limit) => json!({"tasks": value(&tasks::list(workspace, *skip, *limit)?)?}),
        Query::Agents => json!({"agents": value(&things::agents(workspace)?)?}),
        Query::Providers => json!({"providers": value(&things::providers(workspace)?)?}),
        Query::Workflows => json!({"workflows": value(&things::workflows(workspace)?)?}),
        Query::Capabilities => json!({"capabilities": value(&things::capabilities())?}),
        Query::Approvals(all) => json!({"approvals": value(&people::approvals(workspace, *all)?)?}),
        Query::Usage => things::usage(workspace)?,
        Query::Restored => value(&restored::restored(workspace)?)?,
        // It is made of more than rows, by the sequencer itself.
        Query::RestorePreview(_) => return Ok(None),
        Query::Egress => value(&things::egress(workspace)?)?,
        Query::Documents => json!({"documents": value(&things::documents(workspace)?)?}),
        Query::Context(step, turn) => match told::context(workspace, *step, *turn)? {
            Some(context) => value(&context)?,
            None => return Ok(None),
        },
        Query::Document(id) => match things::document(workspace, *id)? {
            Some(document) => value(&document)?,
            None => return Ok(None),
        },
    }))
}

fn value<T: Serialize>(view: &T) -> Result<Value, Stop> {
    serde_json::to_value(view).map_err(|why| Stop::Broken(why.to_string()))
}

/// The text of content that is there and can be read.
pub fn open(workspace: &Workspace, content: Option<&Content>) -> Result<Option<String>, Stop> {
    let Some(content) = content else { return Ok(None) };
    Ok(workspace.open(content)?.map(|text| text.to_string()))
}

/// The same for JSON.
fn open_json(workspace: &Workspace, content: Option<&Content>) -> Result<Option<Value>, Stop> {
    Ok(open(workspace, content)?.and_then(|text| serde_json::from_str(&text).ok()))
}

fn failure(workspace: &Workspace, failure: Option<&kernel::entity::Failure>) -> Result<Option<FailureView>, Stop> {
    let Some(failure) = failure else { return Ok(None) };
    Ok(Some(FailureView { class: failure.class.clone(), detail: open(workspace, Some(&failure.detail))? }))
}

/// Keys of an index, up to [`ROWS_MAX`].
fn keys(workspace: &Workspace, index: Index, is_control: bool) -> Result<Vec<Key>, Stop> {
    let read = workspace.read(workspace.main()?);
    let mut keys: Vec<Key> = Vec::new();
    while keys.len() < ROWS_MAX {
        let after = keys.last();
        let page =
            if is_control { read.index(index, after, RANGE_MAX)? } else { read.data_index(index, after, RANGE_MAX)? };
        let last = page.len() < RANGE_MAX;
        keys.extend(page);
        if last {
            break;
        }
    }
    Ok(keys)
}
