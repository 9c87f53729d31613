//! Nothing is stranded: whatever is not over waits for something that can be named, and that is really there.

use super::rule::{Held, Rule};
use kernel::entity::{
    Approval, Call, CallStatus, Effect, Kind, Lease, LeaseStatus, Owner, Run, RunStatus, Step, StepStatus, Turn,
};
use kernel::id::{Id, Role};
use kernel::key::{Key, Line, Space};
use kernel::replay::Replay;
use kernel::state::State;
use kernel::view::resolve;
use std::collections::BTreeSet;

/// The workspace that events lead to, as its main line sees it.
struct Whole<'a> {
    state: &'a State,
    line: Line,
}

/// Refuse a log that leaves work behind which nothing will ever wake, or anything awake of what is over.
pub(crate) fn nothing_is_stranded(replay: &Replay) -> Held {
    let whole = Whole { state: replay.state(), line: replay.main() };
    let keys: BTreeSet<Key> = whole
        .state
        .spaces()
        .filter(|(space, _)| matches!(space, Space::Data(_)))
        .flat_map(|(_, rows)| rows.present().map(|(key, ..)| *key))
        .collect();
    for key in keys {
        whole.thing(key)?;
    }
    let Some(control) = whole.state.rows(Space::Control) else { return Ok(()) };
    for (key, entity, _) in control.present() {
        match key {
            Key::Approval(id) => Approval::of(entity).map_or(Ok(()), |it| whole.approval(*id, it))?,
            Key::Ready(id) | Key::Expiry(_, id) => {
                must(whole.is_outstanding(*id), || format!("{id} is offered or held, and nobody wants it"))?
            }
            Key::Due(at, id) => whole.timer(*at, *id)?,
            _ => {}
        }
    }
    Ok(())
}

fn must(holds: bool, why: impl FnOnce() -> String) -> Held {
    Rule::Stranded.must(holds, why)
}

impl Whole<'_> {
    /// Something of the data, if main sees it.
    fn thing(&self, key: Key) -> Held {
        match key {
            Key::Effect(id) => self.data(key).map_or(Ok(()), |it| self.effect(id, it)),
            Key::Step(id) => self.data(key).map_or(Ok(()), |it| self.step(id, it)),
            Key::Call(id) => self.data(key).map_or(Ok(()), |it| self.call(id, it)),
            Key::Run(id) => self.data(key).map_or(Ok(()), |it| self.run(id, it)),
            _ => Ok(()),
        }
    }

    fn control<K: Kind>(&self, key: Key) -> Option<&K> {
        self.state.rows(Space::Control)?.slot(&key)?.entity.as_deref().and_then(K::of)
    }

    fn data<K: Kind>(&self, key: Key) -> Option<&K> {
        resolve(self.state, self.line, &key).ok()?.and_then(|found| K::of(found.entity))
    }

    fn is_marked(&self, key: Key) -> bool {
        self.state.rows(Space::Control).and_then(|rows| rows.slot(&key)).is_some_and(|slot| slot.entity.is_some())
    }

    fn is_outstanding(&self, effect: Id) -> bool {
        self.data::<Effect>(Key::Effect(effect)).is_some_and(|effect| effect.settled_by.is_none())
    }

    fn awaits(&self, call: Id) -> bool {
        self.data::<Call>(Key::Call(call)).is_some_and(|call| !call.status.is_over())
    }

    fn is_open(&self, approval: Id) -> bool {
        let row = self.control::<Approval>(Key::Approval(approval));
        row.is_some_and(|row| row.decision.is_none()) && self.is_marked(Key::Open(approval))
    }

    /// An effect that is outstanding waits for a runtime, is held by one, or waits for its time; and somebody wants it.
    fn effect(&self, id: Id, effect: &Effect) -> Held {
        let lease = self.control::<Lease>(Key::Lease(id));
        let held = lease.filter(|lease| *lease.status == LeaseStatus::Held);
        let ready = self.is_marked(Key::Ready(id));
        if effect.settled_by.is_some() {
            return must(held.is_none() && !ready, || format!("{id} is settled and may still be performed"));
        }
        must(held.is_none() || !ready, || format!("{id} is held by one runtime and offered to others"))?;
        let waits = effect.due.is_some_and(|at| self.is_marked(Key::Due(at, id)));
        let watched = held.is_some_and(|lease| self.is_marked(Key::Expiry(*lease.expires_at, id)));
        must(ready || watched || waits, || format!("nobody will ever perform {id}"))?;
        let step = effect.step.and_then(|step| self.data::<Step>(Key::Step(step)));
        let call = effect.call.and_then(|call| self.data::<Call>(Key::Call(call)));
        let wanted = match (step, call) {
            (Some(step), _) => *step.status == StepStatus::Waiting && *step.effect == id,
            (_, Some(call)) => *call.status == CallStatus::Waiting && *call.effect == Some(id),
            _ => effect.approval.is_some(),
        };
        must(wanted, || format!("{id} is outstanding, and nobody wants it"))
    }

    /// A step that waits has an outstanding model call, or tools that are not over.
    fn step(&self, id: Id, step: &Step) -> Held {
        let turn = step.turn.and_then(|turn| self.data::<Turn>(Key::Turn(turn)));
        let tools = turn.is_some_and(|turn| turn.calls.iter().any(|call| self.awaits(*call)));
        let waits = *step.status == StepStatus::Waiting;
        must(!waits || tools || self.is_outstanding(*step.effect), || format!("{id} waits for nothing"))?;
        must(waits || !tools, || format!("{id} is over, and its tools are not"))
    }

    /// A call that is not over has an effect, an agent or a person that it waits for; and somebody waits for it.
    fn call(&self, id: Id, call: &Call) -> Held {
        let step = call.step.and_then(|step| self.data::<Step>(Key::Step(step)));
        let works = call.effect.is_some_and(|effect| self.is_outstanding(effect))
            || step.is_some_and(|step| *step.status == StepStatus::Waiting);
        let asks = call.approval.is_some_and(|approval| self.is_open(approval));
        match *call.status {
            CallStatus::Waiting => must(works, || format!("{id} waits for nothing"))?,
            CallStatus::Asking => must(asks, || format!("{id} waits for nobody"))?,
            _ => return must(!works && !asks, || format!("{id} is over, and what it waited for is not")),
        }
        let wanted = match *call.owner {
            Owner::Step(step) => self.data::<Step>(Key::Step(step)).is_some_and(|it| *it.status == StepStatus::Waiting),
            Owner::Run(_) => self.data::<Run>(Key::Run(*call.task)).is_some_and(|run| *run.call == Some(id)),
        };
        must(wanted, || format!("{id} is not over, and nobody waits for it"))
    }

    /// A run that goes on waits for its call or for a time; one that is over waits for nothing.
    fn run(&self, id: Id, run: &Run) -> Held {
        let timer = run.due.is_some_and(|at| self.is_marked(Key::Due(at, id)));
        let call = run.call.is_some_and(|call| self.awaits(call));
        let running = *run.status == RunStatus::Running;
        must(!running || call || timer, || format!("{id} waits for nothing"))?;
        must(running || (!call && !timer), || format!("{id} is over, and still waits"))
    }

    /// An approval that is open is what its call waits for.
    fn approval(&self, id: Id, approval: &Approval) -> Held {
        let open = self.is_marked(Key::Open(id));
        must(open == approval.decision.is_none(), || format!("{id} is open and decided"))?;
        let call = self.data::<Call>(Key::Call(*approval.call));
        let wanted = call.is_some_and(|call| *call.status == CallStatus::Asking && *call.approval == Some(id));
        must(!open || wanted, || format!("{id} is open, and nothing waits for it"))
    }

    /// A timer belongs to something that is not over.
    fn timer(&self, at: u64, id: Id) -> Held {
        let wanted = match id.role {
            Role::Effect => self.is_outstanding(id),
            Role::Approval => self.is_open(id),
            _ => self.data::<Run>(Key::Run(id)).is_some_and(|run| *run.due == Some(at)),
        };
        must(wanted, || format!("a timer of {id} at {at} is left, and nobody wants it"))
    }
}
