//! `run.start`: perform a workflow.

use super::effect_lease::on_main;
use super::{Context, Decide, Decision, TEXT_MAX};
use crate::flow::run;
use crate::id::Id;
use crate::reject::Code;
use crate::staged::Staged;
use crate::view::{Halt, View};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Perform a workflow, as a new task.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RunStart {
    /// The workflow.
    pub workflow: Id,
    /// What it is given.
    #[serde(default)]
    pub input: Value,
}

impl Decide for RunStart {
    const NAME: &'static str = "run.start";
    const SCOPE: &'static str = "tasks:write";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        on_main(with)?;
        let bytes = self.input.to_string().len();
        if bytes > TEXT_MAX {
            let detail = format!("the input has {bytes} bytes; at most {TEXT_MAX} are taken");
            return Err(Code::TooLong.because(detail).into());
        }
        let mut to = Staged::new(with);
        run::start(&mut to, self.workflow, &self.input)?;
        Ok(to.decision())
    }
}
