//! One command: admit, decide, seal, record. Everything that may fail or need loading comes before the first change.

use super::admit::Admission;
use super::{Moment, Reply, Request, Stop, Workspace};
use crate::command::{Command, Context, Decision, Draft, Intent};
use crate::entity::{Branch, DataKey as DataKeyEntity};
use crate::event::{CommandRejected, EventData, First, KeyCreated, Place};
use crate::hash::HashText;
use crate::id::{CommandId, KeyId};
use crate::key::{Key, Line, Space};
use crate::reject::{Code, Rejection};
use crate::seal::{DataKey, Subject};
use crate::view::{Answer, Halt, Lookup as _, Want, resolve};

/// A command that was decided and has all it needs to be recorded.
pub(super) struct Decided<'a> {
    pub(super) request: &'a Request,
    pub(super) command: CommandId,
    pub(super) line: Line,
    pub(super) now_ms: u64,
    pub(super) drafts: Vec<Draft>,
    pub(super) first: First,
    /// Data keys made by this command.
    pub(super) fresh: Vec<(Subject, DataKey)>,
    /// Rows not younger than this are kept for forks.
    pub(super) keep: Option<u64>,
}

/// Why a command that is on record was rejected, if it was.
type Refusal = Option<(Code, String)>;

impl Workspace {
    /// Decide `request` and record what it comes to. Nothing is durable before the next batch is committed.
    pub fn execute(&mut self, request: &Request, moment: &Moment) -> Result<Reply, Stop> {
        let (command, idempotency) = match self.admit(request)? {
            Admission::Known(reply) => return Ok(reply),
            Admission::New(command, idempotency) => (command, idempotency),
        };
        self.state.first_decided(Some(command));
        let reply = self.execute_new(request, command, idempotency, moment);
        self.state.first_decided(None);
        reply
    }

    fn execute_new(
        &mut self,
        request: &Request,
        command: CommandId,
        idempotency: Option<KeyId>,
        moment: &Moment,
    ) -> Result<Reply, Stop> {
        let prepared = self.looking_ahead(|it| it.prepare(request, command, idempotency, moment))?;
        let (decided, rejected) = prepared?;
        let (events, made) = (decided.first.events, decided.first.made.clone());
        let pos = self.pos() + 1;
        self.record(decided)?;
        Ok(Reply { command, pos, events, rejected, made, known: false })
    }

    /// Everything that comes before the first change.
    fn prepare<'r>(
        &mut self,
        request: &'r Request,
        command: CommandId,
        idempotency: Option<KeyId>,
        moment: &Moment,
    ) -> Result<(Decided<'r>, Refusal), Stop> {
        let line = self.line_of(request)?;
        let is_moving = self.lets_pass(request, line, moment.now_ms)?;
        self.has_room_for(request)?;
        let may_ask_again = if is_moving { AskAgain::Always } else { AskAgain::of(idempotency.is_some()) };
        let (decision, rejected) = self.decide(request, command, line, moment, may_ask_again)?;
        let first = First {
            hash: request.hash,
            events: decision.drafts.len() as u32,
            idempotency,
            made: decision.made,
            previous: self.said_before(request, command)?,
        };
        let keep = self.keep(line)?;
        let mut decided = Decided {
            request,
            command,
            line,
            now_ms: moment.now_ms,
            drafts: decision.drafts,
            first,
            fresh: Vec::new(),
            keep,
        };
        self.provide_keys(&mut decided, moment)?;
        self.rows_are_loaded(&decided)?;
        Ok((decided, rejected))
    }

    fn line_of(&self, request: &Request) -> Result<Line, Stop> {
        let branch = request.branch;
        let entity = self.read(Line::default()).control::<Branch>(Key::Branch(branch))?;
        match entity {
            Some(entity) => Ok(Line { branch, incarnation: *entity.incarnation }),
            None if branch == crate::key::BranchId::Main => Ok(Line::default()),
            None => Err(Stop::Refused(Code::NotFound.because(format!("there is no branch {branch}")))),
        }
    }

    fn decide(
        &self,
        request: &Request,
        command: CommandId,
        line: Line,
        moment: &Moment,
        again: AskAgain,
    ) -> Result<(Decision, Refusal), Stop> {
        let needs_root = matches!(request.command, Command::Intent(Intent::BranchFork(_)));
        let root = if needs_root { Some((self.root(Space::Data(line))?, self.pos())) } else { None };
        let leaves = matches!(request.command, Command::Intent(Intent::WorkspaceLeave(_)));
        let stand = if leaves { Some((self.pos(), self.roots()?)) } else { None };
        let restoring = match &request.command {
            Command::Intent(Intent::BranchRestore(restore)) => Some(self.restoring(line, restore.pos)?),
            _ => None,
        };
        let (read, now_ms, actor) = (self.read(line), moment.now_ms, request.actor.clone());
        let with = Context { read, command, now_ms, actor, root, stand, restoring };
        let decided = match request.command.decide(&with) {
            Ok(decision) => self.refuse_destroyed(decision),
            Err(halt) => Err(halt),
        };
        match decided {
            Ok(decision) => Ok((decision, None)),
            Err(Halt::Load(want)) => Err(Stop::Load(want)),
            Err(Halt::Broken(why)) => Err(Stop::Broken(why)),
            Err(Halt::Reject(rejection)) if again.may(&rejection) => Err(Stop::Refused(rejection)),
            Err(Halt::Reject(Rejection { code, detail })) => {
                let (command, named) = (request.command.name().to_owned(), code.name().to_owned());
                let event = CommandRejected { command, code: named, detail: detail.clone() };
                Ok((Decision::one(event, Vec::new()), Some((code, detail))))
            }
        }
    }

    /// Content for a subject whose key was destroyed cannot be sealed any more.
    fn refuse_destroyed(&self, mut decision: Decision) -> Result<Decision, Halt> {
        for draft in &mut decision.drafts {
            let Some(subject) = sealed_subject(draft) else { continue };
            let key = self.read(Line::default()).control::<DataKeyEntity>(Key::Subject(subject))?;
            if key.is_some_and(|key| *key.destroyed) {
                return Err(Code::KeyDestroyed.because(format!("the key of {subject} is gone")).into());
            }
        }
        Ok(decision)
    }

    fn keep(&self, line: Line) -> Result<Option<u64>, Stop> {
        let branch = self.read(line).control::<Branch>(Key::Branch(line.branch))?;
        Ok(branch.and_then(|branch| branch.forks.iter().map(|fork| fork.pos).max()))
    }

    /// Every subject gets its data key; a new one is an event before the first that needs it.
    fn provide_keys(&mut self, decided: &mut Decided<'_>, moment: &Moment) -> Result<(), Stop> {
        let mut with_keys = Vec::with_capacity(decided.drafts.len() + 1);
        for mut draft in std::mem::take(&mut decided.drafts) {
            if let Some(subject) = sealed_subject(&mut draft)
                && let Some(fresh) = self.key_for(subject, &decided.fresh, moment)?
            {
                let created = KeyCreated { subject, key: fresh.id(), check: fresh.check() };
                with_keys.push(Draft::from(created));
                decided.fresh.push((subject, fresh));
            }
            with_keys.push(draft);
        }
        decided.first.events = with_keys.len() as u32;
        decided.drafts = with_keys;
        Ok(())
    }

    /// A new key for `subject`, unless it has one that is open.
    fn key_for(
        &self,
        subject: Subject,
        fresh: &[(Subject, DataKey)],
        moment: &Moment,
    ) -> Result<Option<DataKey>, Stop> {
        if fresh.iter().any(|(of, _)| *of == subject) {
            return Ok(None);
        }
        match self.key_of(subject)? {
            Some((id, _)) if self.keys.contains_key(&id) => Ok(None),
            Some((id, _)) => Err(Stop::Load(Want::DataKey(id, subject))),
            None => Ok(Some(DataKey::fresh(&moment.entropy, &subject.to_string()))),
        }
    }

    /// Id and check of the subject's key.
    pub(super) fn key_of(&self, subject: Subject) -> Result<Option<(KeyId, HashText)>, Stop> {
        let key = self.read(Line::default()).control::<DataKeyEntity>(Key::Subject(subject))?;
        Ok(key.map(|key| (*key.key, *key.check)))
    }

    /// All rows that the events will touch are in memory, so that applying them needs nothing.
    fn rows_are_loaded(&self, decided: &Decided<'_>) -> Result<(), Stop> {
        let record = Key::Command(decided.command);
        let chain = Key::Chain(decided.command.device, decided.command.incarnation);
        self.is_loaded(Place::Control(record), decided.line)?;
        self.is_loaded(Place::Control(chain), decided.line)?;
        for draft in &decided.drafts {
            for place in draft.data.places() {
                self.is_loaded(place, decided.line)?;
            }
        }
        Ok(())
    }

    pub(super) fn is_loaded(&self, place: Place, line: Line) -> Result<(), Stop> {
        match place {
            Place::Data(key) => Ok(resolve(&self.state, line, &key).map(|_| ())?),
            Place::Control(key) => match self.state.get(Space::Control, &key) {
                Answer::Missing => Err(Stop::Load(Want::Rows(Space::Control, vec![key]))),
                _ => Ok(()),
            },
        }
    }
}

/// Whose key seals the draft's content, if it has any.
pub(super) fn sealed_subject(draft: &mut Draft) -> Option<Subject> {
    let subject = draft.data.subject()?;
    if draft.data.contents().is_empty() { None } else { Some(subject) }
}

/// Which rejections are not remembered, so that the same request may be sent again.
#[derive(Clone, Copy)]
enum AskAgain {
    /// All: the workspace is on its way, and stands where it was taken over.
    Always,
    /// Those that say "not now".
    NotNow,
    /// None: whoever sends it counts its commands.
    Never,
}

impl AskAgain {
    fn of(has_key: bool) -> Self {
        if has_key { Self::NotNow } else { Self::Never }
    }

    fn may(self, rejection: &Rejection) -> bool {
        match self {
            Self::Always => true,
            Self::NotNow => passing(rejection),
            Self::Never => false,
        }
    }
}

/// Rejections that say "not now": the same request may be sent again and is not remembered.
fn passing(rejection: &Rejection) -> bool {
    matches!(
        rejection.code,
        Code::NothingToLease | Code::LeaseHeld | Code::NothingDue | Code::EffectsHeld | Code::WorkHeld
    )
}

/// The stream an event goes to.
pub(super) fn stream_of(data: &EventData, line: Line) -> Space {
    if data.is_control() { Space::Control } else { Space::Data(line) }
}
