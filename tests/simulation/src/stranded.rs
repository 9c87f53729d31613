//! Nothing is stranded: whatever is not over waits for something that can be named, and that is really there.

use kernel::apply::apply;
use kernel::entity::{
    Approval, Call, CallStatus, Effect, Kind, Lease, LeaseStatus, Owner, Run, RunStatus, Step, StepStatus, Turn,
};
use kernel::event::Header;
use kernel::id::{Id, Role};
use kernel::key::{Key, Space};
use kernel::state::State;
use kernel::storage::StoredEvent;

/// The workspace that events lead to.
struct Whole(State);

/// Refuse a log that leaves work behind which nothing will ever wake, or anything awake of what is over.
pub(super) fn nothing_is_stranded(events: &[StoredEvent]) -> Result<(), String> {
    let mut state = State::complete();
    for event in events {
        let (header, data) = Header::decode(&event.body).map_err(|why| format!("event {}: {why}", event.pos))?;
        apply(&mut state, &header, &data);
    }
    let whole = Whole(state);
    whole.each::<Effect>(Space::MAIN, |whole, id, effect| whole.effect(id, effect))?;
    whole.each::<Step>(Space::MAIN, |whole, id, step| whole.step(id, step))?;
    whole.each::<Call>(Space::MAIN, |whole, id, call| whole.call(id, call))?;
    whole.each::<Run>(Space::MAIN, |whole, id, run| whole.run(id, run))?;
    whole.each::<Approval>(Space::Control, |whole, id, approval| whole.approval(id, approval))?;
    whole.timers()
}

fn must(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}

impl Whole {
    fn each<K: Kind>(&self, space: Space, holds: impl Fn(&Self, Id, &K) -> Result<(), String>) -> Result<(), String> {
        for (key, entity, _) in self.0.rows(space).into_iter().flat_map(|rows| rows.present()) {
            let id = match key {
                Key::Approval(id) | Key::Call(id) | Key::Effect(id) | Key::Run(id) | Key::Step(id) => *id,
                _ => continue,
            };
            if let Some(entity) = K::of(entity) {
                holds(self, id, entity)?;
            }
        }
        Ok(())
    }

    fn row<K: Kind>(&self, space: Space, key: Key) -> Option<&K> {
        self.0.rows(space)?.slot(&key)?.entity.as_deref().and_then(K::of)
    }

    fn data<K: Kind>(&self, key: Key) -> Option<&K> {
        self.row(Space::MAIN, key)
    }

    fn is_marked(&self, key: Key) -> bool {
        self.0.rows(Space::Control).and_then(|rows| rows.slot(&key)).is_some_and(|slot| slot.entity.is_some())
    }

    fn is_outstanding(&self, effect: Id) -> bool {
        self.data::<Effect>(Key::Effect(effect)).is_some_and(|effect| effect.settled_by.is_none())
    }

    fn awaits(&self, call: Id) -> bool {
        self.data::<Call>(Key::Call(call)).is_some_and(|call| !call.status.is_over())
    }

    fn is_open(&self, approval: Id) -> bool {
        let row = self.row::<Approval>(Space::Control, Key::Approval(approval));
        row.is_some_and(|row| row.decision.is_none()) && self.is_marked(Key::Open(approval))
    }

    /// An effect that is outstanding waits for a runtime, is held by one, or waits for its time; and somebody wants it.
    fn effect(&self, id: Id, effect: &Effect) -> Result<(), String> {
        let lease = self.row::<Lease>(Space::Control, Key::Lease(id));
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
    fn step(&self, id: Id, step: &Step) -> Result<(), String> {
        let turn = step.turn.and_then(|turn| self.data::<Turn>(Key::Turn(turn)));
        let tools = turn.is_some_and(|turn| turn.calls.iter().any(|call| self.awaits(*call)));
        let waits = *step.status == StepStatus::Waiting;
        must(!waits || tools || self.is_outstanding(*step.effect), || format!("{id} waits for nothing"))?;
        must(waits || !tools, || format!("{id} is over, and its tools are not"))
    }

    /// A call that is not over has an effect, an agent or a person that it waits for; and somebody waits for it.
    fn call(&self, id: Id, call: &Call) -> Result<(), String> {
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
    fn run(&self, id: Id, run: &Run) -> Result<(), String> {
        let timer = run.due.is_some_and(|at| self.is_marked(Key::Due(at, id)));
        let call = run.call.is_some_and(|call| self.awaits(call));
        let running = *run.status == RunStatus::Running;
        must(!running || call || timer, || format!("{id} waits for nothing"))?;
        must(running || (!call && !timer), || format!("{id} is over, and still waits"))
    }

    /// An approval that is open is what its call waits for.
    fn approval(&self, id: Id, approval: &Approval) -> Result<(), String> {
        let open = self.is_marked(Key::Open(id));
        must(open == approval.decision.is_none(), || format!("{id} is open and decided"))?;
        let call = self.data::<Call>(Key::Call(*approval.call));
        let wanted = call.is_some_and(|call| *call.status == CallStatus::Asking && *call.approval == Some(id));
        must(!open || wanted, || format!("{id} is open, and nothing waits for it"))
    }

    /// A timer belongs to something that is not over.
    fn timers(&self) -> Result<(), String> {
        for (key, ..) in self.0.rows(Space::Control).into_iter().flat_map(|rows| rows.present()) {
            let Key::Due(at, id) = key else { continue };
            let wanted = match id.role {
                Role::Effect => self.is_outstanding(*id),
                Role::Approval => self.is_open(*id),
                _ => self.data::<Run>(Key::Run(*id)).is_some_and(|run| *run.due == Some(*at)),
            };
            must(wanted, || format!("a timer of {id} at {at} is left, and nobody wants it"))?;
        }
        Ok(())
    }
}
