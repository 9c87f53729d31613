//! What a model was told, for people who want to know.

use super::effects::{message, tool};
use kernel::effect::{TurnContext, turn_context};
use kernel::id::Id;
use kernel::machine::{Stop, Workspace};
use ports::views::{ContextView, ToldView};

/// Said when nothing can be shown.
const DESTROYED: &str = "The key of this task was destroyed: what the model was told cannot be read any more.";

/// What the model was told in a turn of a step, or in the newest; none when there is no such step or turn.
pub fn context(workspace: &Workspace, step: Id, turn: Option<u64>) -> Result<Option<ContextView>, Stop> {
    let found = turn_context(&workspace.read(workspace.main()?), step, turn)?;
    Ok(found.map(|found| view(step, found)))
}

fn view(step: Id, found: TurnContext) -> ContextView {
    let TurnContext { task, turn, turns, told } = found;
    let Some(told) = told else {
        let note = Some(DESTROYED.to_owned());
        return ContextView { task, step, turn, turns, told: None, note };
    };
    let told = ToldView {
        messages: told.messages.into_iter().map(message).collect(),
        tools: told.tools.into_iter().map(tool).collect(),
        schema: told.schema,
        max_tokens: told.max_tokens,
        estimated_tokens: told.tokens,
        budget_tokens: told.budget,
    };
    ContextView { task, step, turn, turns, told: Some(told), note: None }
}
