//! People in the loop: points at which work waits for a decision, for days if need be, holding nothing open.

use super::call;
use super::{Fault, Outcome};
use crate::entity::{Approval, ApprovalKind, Call, Decision};
use crate::event::{
    ApprovalDecided, ApprovalEscalated, ApprovalRequested, CallAsks, CallEdited, EffectRequested, TimerEnded, TimerSet,
};
use crate::hash::{Domain, HashText, hash};
use crate::id::{Id, Role};
use crate::key::Key;
use crate::reject::Code;
use crate::schema::Schema;
use crate::seal::Content;
use crate::staged::Staged;
use crate::view::{Halt, View};
use crate::workflow::milliseconds as duration_ms;
use serde_json::{Value, json};

/// What a person is asked, and for how long.
#[derive(Default)]
struct Wanted {
    question: Option<String>,
    value: Option<Value>,
    options: Option<Value>,
    schema: Option<Value>,
    timeout_ms: Option<u64>,
    otherwise: Option<Value>,
    escalate: Option<(u64, String)>,
}

/// `ask`: a question, or something to approve.
pub fn ask<V: View>(to: &mut Staged<'_, V>, task: Id, call: Id, arguments: &Value) -> Result<Result<(), Fault>, Halt> {
    let wanted = match wanted(arguments) {
        Ok(wanted) => wanted,
        Err(why) => return Ok(Err(Fault::new("invalid_arguments", 400, why))),
    };
    let kind = if wanted.value.is_some() { ApprovalKind::Approval } else { ApprovalKind::Question };
    request(to, task, call, kind, wanted)?;
    Ok(Ok(()))
}

/// A person is asked before a capability is used.
pub fn approve<V: View>(
    to: &mut Staged<'_, V>,
    task: Id,
    call: Id,
    capability: &str,
    arguments: &Value,
) -> Result<(), Halt> {
    let question = Some(format!("May {capability} be used like this?"));
    let wanted = Wanted { question, value: Some(arguments.clone()), ..Wanted::default() };
    request(to, task, call, ApprovalKind::Approval, wanted)
}

/// Nobody knows whether a call took effect: a person says what to do.
pub fn doubt<V: View>(to: &mut Staged<'_, V>, task: Id, call: Id, arguments: &Value) -> Result<(), Halt> {
    let question =
        "It is not known whether this took place. Approve to do it again, answer with its result if it did, \
                    or reject to let it fail."
            .to_owned();
    let wanted = Wanted { question: Some(question), value: Some(arguments.clone()), ..Wanted::default() };
    request(to, task, call, ApprovalKind::Doubt, wanted)
}

fn wanted(arguments: &Value) -> Result<Wanted, String> {
    let schema = arguments.get("schema").cloned();
    if let Some(schema) = &schema {
        Schema::compile(schema).map_err(|why| format!("the schema of the answer: {why}"))?;
    }
    let escalate = match arguments.get("escalate") {
        Some(escalate) => {
            let after = duration_ms(escalate.get("after").unwrap_or(&Value::Null))?;
            Some((after, escalate.get("to").and_then(Value::as_str).unwrap_or_default().to_owned()))
        }
        None => None,
    };
    Ok(Wanted {
        question: arguments.get("question").and_then(Value::as_str).map(str::to_owned),
        value: arguments.get("approve").cloned(),
        options: arguments.get("options").cloned(),
        schema,
        timeout_ms: arguments.get("timeout").map(duration_ms).transpose()?,
        otherwise: arguments.get("otherwise").cloned(),
        escalate,
    })
}

fn request<V: View>(
    to: &mut Staged<'_, V>,
    task: Id,
    call: Id,
    kind: ApprovalKind,
    wanted: Wanted,
) -> Result<(), Halt> {
    let approval = to.id(Role::Approval)?;
    let at = |ms: u64| to.now_ms.saturating_add(ms);
    let expires_at = wanted.timeout_ms.map(at);
    let escalates_at = wanted.escalate.as_ref().map(|(after, _)| at(*after));
    let json = |value: Option<Value>| value.map(|value| Content::plain(value.to_string()));
    let digest = digest(approval, wanted.value.as_ref(), wanted.question.as_deref());
    to.emit(ApprovalRequested {
        approval,
        task,
        call,
        kind,
        digest,
        asked_at: to.now_ms,
        expires_at,
        escalates_at,
        value: json(wanted.value),
        question: wanted.question.map(Content::plain),
        options: json(wanted.options),
        schema: json(wanted.schema),
        otherwise: json(wanted.otherwise),
        escalates_to: wanted.escalate.map(|(_, who)| Content::plain(who)),
    })?;
    to.emit(CallAsks { task, call, approval })?;
    for at in expires_at.into_iter().chain(escalates_at) {
        to.emit(TimerSet { at, id: approval })?;
    }
    give_notice(to, task, approval)
}

/// Somebody is asked anew what they were asked before, with as much time.
pub fn ask_again<V: View>(to: &mut Staged<'_, V>, id: Id) -> Result<(), Halt> {
    let Some(row) = to.read().control::<Approval>(Key::Approval(id))?.cloned() else { return Ok(()) };
    let text = |content: Option<&Content>| Ok::<_, Halt>(to.text(content)?.map(|text| text.to_string()));
    let json = |content: Option<&Content>| {
        Ok::<_, Halt>(text(content)?.and_then(|text| serde_json::from_str::<Value>(&text).ok()))
    };
    let after = |at: u64| at.saturating_sub(*row.asked_at);
    let wanted = Wanted {
        question: text(row.question.as_ref())?,
        value: json(row.value.as_ref())?,
        options: json(row.options.as_ref())?,
        schema: json(row.schema.as_ref())?,
        timeout_ms: row.expires_at.map(after),
        otherwise: json(row.otherwise.as_ref())?,
        escalate: text(row.escalates_to.as_ref())?.and_then(|to| Some((after((*row.escalates_at)?), to))),
    };
    request(to, *row.task, *row.call, *row.kind, wanted)
}

/// What a person sees and what they decide are the same bytes.
fn digest(approval: Id, value: Option<&Value>, question: Option<&str>) -> HashText {
    let shown = json!([approval.to_string(), value, question]).to_string();
    HashText(hash(Domain::Approval, &[shown.as_bytes()]))
}

/// Somebody is told that a person is waited for.
fn give_notice<V: View>(to: &mut Staged<'_, V>, task: Id, approval: Id) -> Result<(), Halt> {
    let effect = to.id(Role::Effect)?;
    to.emit(EffectRequested { task, effect, step: None, call: None, approval: Some(approval) })
}

/// What a person says about an approval.
#[derive(Debug)]
pub struct Verdict {
    /// What is decided.
    pub decision: Decision,
    /// Other bytes to go on with, or the answer.
    pub value: Option<Value>,
    /// Why.
    pub reason: Option<String>,
}

/// A person decides.
pub fn decide<V: View>(to: &mut Staged<'_, V>, id: Id, verdict: Verdict) -> Result<(), Halt> {
    let Some(row) = to.read().control::<Approval>(Key::Approval(id))?.cloned() else {
        return Err(Code::NotFound.because(format!("there is no approval {id}")).into());
    };
    if let Some(schema) = to.text(row.schema.as_ref())? {
        let schema = serde_json::from_str(&schema).map_err(|why| Halt::Broken(why.to_string()))?;
        let schema = Schema::compile(&schema).map_err(Halt::Broken)?;
        let violations = schema.violations(verdict.value.as_ref().unwrap_or(&Value::Null));
        // What is approved as it stands is the workflow's own; what a person wrote goes on as if it were.
        let is_written = matches!(verdict.decision, Decision::Answered | Decision::Edited);
        if is_written && !violations.is_empty() {
            let why: Vec<String> = violations.into_iter().map(|it| format!("{} {}", it.pointer, it.message)).collect();
            return Err(Code::InvalidArgument.because(format!("the answer does not fit: {}", why.join("; "))).into());
        }
    }
    let by = to.actor.clone();
    decided(to, id, &row, verdict, by)
}

fn decided<V: View>(to: &mut Staged<'_, V>, id: Id, row: &Approval, verdict: Verdict, by: String) -> Result<(), Halt> {
    to.emit(ApprovalDecided {
        approval: id,
        task: *row.task,
        decision: verdict.decision,
        by: by.clone(),
        reason: verdict.reason.as_deref().map(Content::plain),
        answer: verdict.value.as_ref().map(|value| Content::plain(value.to_string())),
    })?;
    for at in row.expires_at.iter().chain(row.escalates_at.iter()) {
        to.emit(TimerEnded { at: *at, id })?;
    }
    let Some(call) = to.read().data::<Call>(Key::Call(*row.call))?.cloned() else { return Ok(()) };
    if *call.capability == "ask" {
        return answer(to, row, verdict, &by);
    }
    match verdict.decision {
        Decision::Approved | Decision::Edited => go_ahead(to, row, &call, verdict),
        Decision::Answered => call::finish(to, *row.call, None, Ok(verdict.value.unwrap_or(Value::Null))),
        Decision::Rejected | Decision::TimedOut | Decision::Cancelled => {
            let why = verdict.reason.unwrap_or_else(|| "no reason was given".to_owned());
            let class = if *row.kind == ApprovalKind::Doubt { "in_doubt" } else { "rejected" };
            call::finish(to, *row.call, None, Err(Fault::new(class, 403, format!("{by} said no: {why}"))))
        }
    }
}

/// The decision is itself the result of the call.
fn answer<V: View>(to: &mut Staged<'_, V>, row: &Approval, verdict: Verdict, by: &str) -> Result<(), Halt> {
    let original = to.text(row.value.as_ref())?.and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let value = verdict.value.or_else(|| original.filter(|_| verdict.decision == Decision::Approved));
    let result = json!({"decision": verdict.decision, "value": value, "by": by, "reason": verdict.reason});
    call::finish(to, *row.call, None, Ok(result))
}

/// A capability may be used, perhaps with other arguments.
fn go_ahead<V: View>(to: &mut Staged<'_, V>, row: &Approval, call: &Call, verdict: Verdict) -> Result<(), Halt> {
    let (task, id) = (*row.task, *row.call);
    if let Some(arguments) = verdict.value.filter(|_| verdict.decision == Decision::Edited) {
        let violations =
            crate::capability::find(&call.capability).map(|it| it.violations(&arguments)).unwrap_or_default();
        if !violations.is_empty() {
            let why = format!("the edited arguments are not valid: {}", violations.join("; "));
            return Err(Code::InvalidArgument.because(why).into());
        }
        to.emit(CallEdited { task, call: id, arguments: Content::plain(arguments.to_string()) })?;
    }
    match call::perform(to, id)? {
        Some(outcome) => call::go_on(to, task, *call.owner, outcome),
        None => Ok(()),
    }
}

/// Its time is over, or somebody else is to be told.
pub fn due<V: View>(to: &mut Staged<'_, V>, id: Id, at: u64) -> Result<(), Halt> {
    let Some(row) = to.read().control::<Approval>(Key::Approval(id))?.cloned() else { return Ok(()) };
    if row.decision.is_some() {
        return Ok(());
    }
    if *row.expires_at == Some(at) {
        return timed_out(to, id, &row);
    }
    to.emit(ApprovalEscalated { approval: id })?;
    give_notice(to, *row.task, id)
}

fn timed_out<V: View>(to: &mut Staged<'_, V>, id: Id, row: &Approval) -> Result<(), Halt> {
    let otherwise = to.text(row.otherwise.as_ref())?.and_then(|text| serde_json::from_str(&text).ok());
    let reason = Some("nobody decided in time".to_owned());
    let verdict = Verdict { decision: Decision::TimedOut, value: otherwise, reason };
    let is_ask = to.read().data::<Call>(Key::Call(*row.call))?.is_some_and(|call| *call.capability == "ask");
    if !is_ask || verdict.value.is_some() {
        return decided(to, id, row, verdict, "the time".to_owned());
    }
    // A question that nobody answers fails, so that a workflow can catch it.
    let task = *row.task;
    let reason = verdict.reason.as_deref().map(Content::plain);
    let by = "the time".to_owned();
    to.emit(ApprovalDecided { approval: id, task, decision: Decision::TimedOut, by, reason, answer: None })?;
    for at in row.expires_at.iter().chain(row.escalates_at.iter()) {
        to.emit(TimerEnded { at: *at, id })?;
    }
    let outcome: Outcome = Err(Fault::new("timeout", 408, "nobody decided in time"));
    call::finish(to, *row.call, None, outcome)
}

/// What waited for the decision is gone.
pub fn withdraw<V: View>(to: &mut Staged<'_, V>, id: Id) -> Result<(), Halt> {
    let Some(row) = to.read().control::<Approval>(Key::Approval(id))?.cloned() else { return Ok(()) };
    if row.decision.is_some() {
        return Ok(());
    }
    let (task, by) = (*row.task, to.actor.clone());
    to.emit(ApprovalDecided { approval: id, task, decision: Decision::Cancelled, by, reason: None, answer: None })?;
    for at in row.expires_at.iter().chain(row.escalates_at.iter()) {
        to.emit(TimerEnded { at: *at, id })?;
    }
    Ok(())
}
