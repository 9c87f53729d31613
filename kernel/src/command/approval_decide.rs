//! `approval.decide`: a person decides.

use super::effect_lease::on_main;
use super::{Context, Decide, Decision, TEXT_MAX};
use crate::entity::{Approval, ApprovalKind, Decision as Decided};
use crate::flow::person::{self, Verdict};
use crate::flow::{cancel, is_erased};
use crate::hash::HashText;
use crate::id::Id;
use crate::key::Key;
use crate::reject::{Code, lines};
use crate::seal::Subject;
use crate::staged::Staged;
use crate::view::{Halt, View};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    /// Go on; with other bytes when a value is given.
    Approve,
    /// Do not go on.
    Reject,
    /// Here is the answer.
    Answer,
}

/// Decide about an approval or answer a question. The first decision counts; one about other bytes than those that are
/// to be decided does not.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalDecide {
    /// The approval.
    pub approval: Id,
    /// What is decided.
    pub decision: Says,
    /// The digest of what was shown.
    pub digest: HashText,
    /// Bytes to go on with instead, or the answer.
    #[serde(default)]
    pub value: Option<Value>,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

impl Decide for ApprovalDecide {
    const NAME: &'static str = "approval.decide";
    const SCOPE: &'static str = "approvals:decide";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        if let Some(reason) = &self.reason {
            lines("reason", reason, TEXT_MAX)?;
        }
        if self.value.as_ref().is_some_and(|value| value.to_string().len() > TEXT_MAX) {
            return Err(Code::TooLong.because(format!("a value may have {TEXT_MAX} bytes")).into());
        }
        on_main(with)?;
        let id = self.approval;
        let Some(row) = with.read.control::<Approval>(Key::Approval(id))? else {
            return Err(Code::NotFound.because(format!("there is no approval {id}")).into());
        };
        if let Some(decision) = *row.decision {
            let by = row.by.as_deref().unwrap_or("somebody");
            let said = serde_json::to_value(decision).ok().and_then(|it| it.as_str().map(str::to_owned));
            return Err(Code::AlreadyDecided.because(format!("{by}: {}", said.unwrap_or_default())).into());
        }
        if *row.digest != self.digest {
            return Err(Code::OtherBytes.because(format!("{id} is about {}", *row.digest)).into());
        }
        let mut to = Staged::new(with);
        to.caused_by(row.task.command);
        if is_erased(&to, Subject::Task(*row.task))? {
            // Whatever was decided, nothing of the task can be written any more: it is over.
            cancel::task(&mut to, *row.task)?;
            person::withdraw(&mut to, id)?;
            return Ok(to.decision());
        }
        let verdict =
            Verdict { decision: self.says(*row.kind)?, value: self.value.clone(), reason: self.reason.clone() };
        person::decide(&mut to, id, verdict)?;
        Ok(to.decision())
    }
}

impl ApprovalDecide {
    fn says(&self, kind: ApprovalKind) -> Result<Decided, Halt> {
        let refused = |why: &str| Err(Code::InvalidArgument.because(why).into());
        match (self.decision, kind, self.value.is_some()) {
            (Says::Reject, _, false) => Ok(Decided::Rejected),
            (Says::Reject, _, true) => refused("a rejection has a reason and no value"),
            (Says::Approve, ApprovalKind::Question, _) => refused("a question is answered, not approved"),
            (Says::Approve, _, false) => Ok(Decided::Approved),
            (Says::Approve, _, true) => Ok(Decided::Edited),
            (Says::Answer, ApprovalKind::Approval, _) => refused("this is to be approved or rejected"),
            (Says::Answer, _, true) => Ok(Decided::Answered),
            (Says::Answer, _, false) => refused("an answer has a value"),
        }
    }
}
