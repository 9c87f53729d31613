//! `workflow.define`: make a workflow known.

use super::{Context, Decide, Decision, TEXT_MAX};
use crate::event::WorkflowDefined;
use crate::id::Role;
use crate::reject::Code;
use crate::seal::Content;
use crate::view::{Halt, View};
use crate::workflow::Definition;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Make a workflow known. It is checked first, and refused with the place and the reason of its first mistake.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WorkflowDefine {
    /// The workflow, as JSON.
    pub source: Value,
}

impl Decide for WorkflowDefine {
    const NAME: &'static str = "workflow.define";
    const SCOPE: &'static str = "workflows:write";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        let source = self.source.to_string();
        if source.len() > TEXT_MAX {
            let detail = format!("the workflow has {} bytes; at most {TEXT_MAX} are taken", source.len());
            return Err(Code::TooLong.because(detail).into());
        }
        let document = match Definition::parse(&self.source) {
            Ok(definition) => definition.document,
            Err(mistakes) => {
                let shown = mistakes.iter().take(3).map(|it| format!("{}: {}", it.pointer, it.message));
                let shown = shown.collect::<Vec<_>>().join("; ");
                return Err(Code::InvalidWorkflow.because(shown).into());
            }
        };
        let workflow = with.id(Role::Workflow);
        let defined = WorkflowDefined {
            workflow,
            named: with.read.view().tag(&["workflow", &document.name])?,
            name: Content::plain(&document.name),
            document: Content::plain(json!([document.namespace, document.version]).to_string()),
            source: Content::plain(source),
        };
        Ok(Decision::one(defined, vec![workflow]))
    }
}
