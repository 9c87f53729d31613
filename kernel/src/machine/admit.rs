//! Admission: is this command new, known, or one that must not be?

use super::{Identity, Reply, Request, Stop, Workspace};
use crate::command::{Command, Intent};
use crate::entity::{Chain, Device, Record, Workspace as WorkspaceEntity};
use crate::hash::HashText;
use crate::id::{CommandId, KeyId};
use crate::key::{Key, Line, Space};
use crate::reject::{Code, amount};
use crate::view::{Answer, Lookup as _, Want};

/// Gaps in a device's count that are remembered.
const GAPS_MAX: usize = 64;

/// What is known of a command before it is decided.
pub(super) enum Admission {
    /// It was decided before.
    Known(Reply),
    /// It is new.
    New(CommandId, Option<KeyId>),
}

impl Workspace {
    pub(super) fn admit(&self, request: &Request) -> Result<Admission, Stop> {
        match &request.identity {
            Identity::Key { key, device, incarnation } => {
                if let Some(command) = self.read(Line::default()).dedupe(Key::Idempotency(*key))? {
                    return match self.read(Line::default()).control::<Record>(Key::Command(command))? {
                        Some(record) => known(record, request, Code::IdempotencyKeyReused),
                        None => Err(Stop::Broken(format!("there is no record of {command}"))),
                    };
                }
                let chain = self.read(Line::default()).control::<Chain>(Key::Chain(*device, *incarnation))?;
                let counter = chain.map_or(0, |chain| *chain.mark).saturating_add(1);
                let command = CommandId { device: *device, incarnation: *incarnation, counter };
                countable(command)?;
                self.enrolled(request, command)?;
                Ok(Admission::New(command, Some(*key)))
            }
            Identity::Device { command, previous } => self.admit_device(request, *command, previous.as_ref()),
        }
    }

    /// The idempotency keys among `requests` that are not looked up yet.
    pub fn dedupe_wanted<'a>(&self, requests: impl Iterator<Item = &'a Request>) -> Option<Want> {
        let keys: Vec<Key> = requests
            .filter_map(|request| match &request.identity {
                Identity::Key { key, .. } => Some(Key::Idempotency(*key)),
                Identity::Device { .. } => None,
            })
            .filter(|key| matches!(self.state.get(Space::Dedupe, key), Answer::Missing))
            .collect();
        (!keys.is_empty()).then_some(Want::Rows(Space::Dedupe, keys))
    }

    fn admit_device(
        &self,
        request: &Request,
        command: CommandId,
        previous: Option<&HashText>,
    ) -> Result<Admission, Stop> {
        let read = self.read(Line::default());
        countable(command)?;
        let chain = read.control::<Chain>(Key::Chain(command.device, command.incarnation))?;
        // A counter above the mark was never used, so there is nothing to look up.
        if chain.is_some_and(|chain| command.counter <= *chain.mark)
            && let Some(record) = read.control::<Record>(Key::Command(command))?
        {
            return known(record, request, Code::CommandIdReused);
        }
        self.enrolled(request, command)?;
        let Some(chain) = chain else {
            self.incarnation_follows(command)?;
            return Ok(Admission::New(command, None));
        };
        let gap = chain.gaps.iter().find(|(low, high)| (*low..=*high).contains(&command.counter));
        if command.counter <= *chain.mark && gap.is_none() {
            return Err(Stop::Refused(Code::CommandForgotten.because(format!("{command} was counted before"))));
        }
        let link = chain.link_before(command.counter);
        if previous.is_some_and(|said| link.is_some_and(|known| *said != known)) {
            let why = format!("{command} does not follow the chain known here");
            return Err(Stop::Refused(Code::DeviceForked.because(why)));
        }
        // A command in the middle of a gap makes two of it.
        let opens = gap
            .map_or(command.counter > *chain.mark + 1, |(low, high)| *low < command.counter && command.counter < *high);
        if opens && chain.gaps.len() >= GAPS_MAX {
            return Err(Stop::Refused(Code::TooManyGaps.because(format!("{} gaps are open", chain.gaps.len()))));
        }
        Ok(Admission::New(command, None))
    }

    /// The chain before `command` as its device says, where what is known here does not reach up to it.
    pub(super) fn said_before(&self, request: &Request, command: CommandId) -> Result<Option<HashText>, Stop> {
        let Identity::Device { previous: Some(said), .. } = &request.identity else { return Ok(None) };
        let chain = self.read(Line::default()).control::<Chain>(Key::Chain(command.device, command.incarnation))?;
        let reaches = match chain {
            None => command.counter == 1,
            Some(chain) => command.counter <= *chain.mark || chain.link_before(command.counter).is_some(),
        };
        Ok(if reaches { None } else { Some(*said) })
    }

    /// The device is enrolled, or this is the command that begins the workspace, here or elsewhere, and enrols it.
    fn enrolled(&self, request: &Request, command: CommandId) -> Result<(), Stop> {
        let read = self.read(Line::default());
        if read.control::<Device>(Key::Device(command.device))?.is_some() {
            return Ok(());
        }
        if matches!(request.command, Command::Intent(Intent::WorkspaceImport(_))) {
            return Ok(());
        }
        if read.data::<WorkspaceEntity>(Key::Workspace)?.is_none() {
            return match request.command {
                Command::Intent(Intent::WorkspaceCreate(_)) => Ok(()),
                _ => Err(Stop::Refused(Code::NotFound.because("the workspace has not begun"))),
            };
        }
        Err(Stop::Refused(Code::DeviceUnknown.because(format!("device {} is not enrolled", command.device))))
    }

    /// Incarnations of a device follow one another.
    fn incarnation_follows(&self, command: CommandId) -> Result<(), Stop> {
        let Some(before) = command.incarnation.checked_sub(1) else { return Ok(()) };
        if self.read(Line::default()).control::<Chain>(Key::Chain(command.device, before))?.is_some() {
            return Ok(());
        }
        Err(Stop::Refused(Code::InvalidArgument.because(format!("incarnation {before} of the device is not known"))))
    }
}

/// Counts are from 1, and small enough for every client to represent exactly.
fn countable(command: CommandId) -> Result<(), Stop> {
    match command.counter {
        0 => Err(Stop::Refused(Code::InvalidArgument.because("a device counts from 1"))),
        counter => amount("counter", counter).map(drop).map_err(Stop::Refused),
    }
}

fn known(record: &Record, request: &Request, reused: Code) -> Result<Admission, Stop> {
    if *record.hash != request.hash {
        return Err(Stop::Refused(reused.because(format!("it belongs to command {}", *record.command))));
    }
    let rejected = record.rejected.as_deref().and_then(Code::of);
    Ok(Admission::Known(Reply {
        command: *record.command,
        pos: *record.pos,
        events: *record.events,
        rejected: rejected.map(|code| (code, record.detail.0.clone())),
        made: record.made.0.clone(),
        known: true,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::DeviceId;
    use crate::key::BranchId;
    use crate::reject::AMOUNT_MAX;
    use crate::testing::{Story, begun, request, story};
    use serde_json::json;

    /// The device sends its command number `counter`, called `title`, and says what its chain was before it.
    fn counted(it: &mut Story, counter: u64, title: &str, previous: Option<HashText>) -> HashText {
        let command = CommandId { device: it.device, incarnation: 1, counter };
        let identity = Identity::Device { command, previous };
        let request = request(identity, BranchId::Main, "task.create", &json!({"title": title}));
        let hash = request.hash;
        it.sends(request);
        hash
    }

    fn chain(it: &mut Story) -> Chain {
        it.control(Key::Chain(it.device, 1)).unwrap()
    }

    #[test]
    fn a_command_sent_again_gets_the_same_reply_and_changes_nothing() {
        let mut it = begun();
        counted(&mut it, 1, "one", None);
        let (first, roots) = (it.reply(), it.roots());
        counted(&mut it, 1, "one", None);
        assert_eq!(it.reply(), Reply { known: true, ..first });
        assert_eq!((it.events().len(), it.roots()), (0, roots));
        counted(&mut it, 1, "another", None);
        it.refused(Code::CommandIdReused);
    }

    #[test]
    fn a_request_under_a_key_sent_again_gets_the_same_reply_and_changes_nothing() {
        let mut it = begun();
        it.when_under(7, "task.create", json!({"title": "one"})).then(&["task.created"]);
        let first = it.reply();
        it.when_under(7, "task.create", json!({"title": "one"}));
        assert_eq!(it.reply(), Reply { known: true, ..first });
        it.when_under(7, "task.create", json!({"title": "another"})).refused(Code::IdempotencyKeyReused);
    }

    #[test]
    fn a_rejection_is_remembered_with_its_code() {
        let mut it = begun();
        it.when_under(7, "task.create", json!({"title": ""})).rejected(Code::InvalidArgument);
        it.when_under(7, "task.create", json!({"title": ""}));
        let reply = it.reply();
        assert_eq!((reply.known, reply.rejected.map(|(code, _)| code)), (true, Some(Code::InvalidArgument)));
        assert_eq!(it.events().len(), 0);
    }

    #[test]
    fn missing_commands_may_come_late_and_once() {
        let mut it = begun();
        counted(&mut it, 5, "five", None);
        assert_eq!(chain(&mut it).gaps.0, [(1, 4)]);
        counted(&mut it, 2, "two", None);
        assert_eq!(chain(&mut it).gaps.0, [(1, 1), (3, 4)]);
        counted(&mut it, 3, "three", None);
        counted(&mut it, 4, "four", None);
        counted(&mut it, 1, "one", None);
        it.then(&["task.created"]);
        assert_eq!((chain(&mut it).gaps.0.len(), *chain(&mut it).mark), (0, 5));
        counted(&mut it, 1, "another one", None);
        it.refused(Code::CommandIdReused);
    }

    #[test]
    fn a_chain_that_parts_from_the_one_known_is_refused() {
        let mut it = begun();
        counted(&mut it, 1, "one", Some(HashText([0; 32])));
        counted(&mut it, 2, "two", Some(HashText([7; 32])));
        it.refused(Code::DeviceForked);
    }

    #[test]
    fn a_chain_goes_on_behind_a_gap_and_is_compared_again() {
        let mut it = begun();
        let one = counted(&mut it, 1, "one", Some(HashText([0; 32])));
        let two = request_hash("two");
        let after_two = crate::event::next_link(&crate::event::next_link(&HashText([0; 32]), &one), &two);
        let three = counted(&mut it, 3, "three", Some(after_two));
        it.then(&["task.created"]);
        let after_three = crate::event::next_link(&after_two, &three);
        counted(&mut it, 4, "four", Some(HashText([7; 32])));
        it.refused(Code::DeviceForked);
        counted(&mut it, 4, "four", Some(after_three));
        it.then(&["task.created"]);
        counted(&mut it, 2, "two", None);
        it.then(&["task.created"]);
    }

    fn request_hash(title: &str) -> HashText {
        let command = CommandId { device: DeviceId([0; 16]), incarnation: 0, counter: 1 };
        let identity = Identity::Device { command, previous: None };
        request(identity, BranchId::Main, "task.create", &json!({"title": title})).hash
    }

    #[test]
    fn a_device_that_never_says_its_chain_is_not_compared_behind_a_gap() {
        let mut it = begun();
        counted(&mut it, 3, "three", None);
        counted(&mut it, 4, "four", Some(HashText([7; 32])));
        it.then(&["task.created"]);
    }

    #[test]
    fn a_count_that_went_back_is_refused_where_nothing_is_remembered() {
        let mut it = begun();
        it.when_under(1, "task.create", json!({"title": "under a key"}));
        let command = it.reply().command;
        let identity = Identity::Device { command, previous: None };
        let back = request(identity, BranchId::Main, "task.create", &json!({"title": "back"}));
        it.sends(back.clone()).refused(Code::CommandIdReused);
        it.forgets(&Key::Command(command).address(Space::Control));
        it.sends(back).refused(Code::CommandForgotten);
    }

    #[test]
    fn only_so_many_gaps_are_remembered_however_they_come_to_be() {
        let mut it = begun();
        for n in 1..=64 {
            counted(&mut it, n * 10, "with a gap before it", None);
        }
        counted(&mut it, 650, "one more", None);
        it.refused(Code::TooManyGaps);
        counted(&mut it, 15, "in the middle of a gap", None);
        it.refused(Code::TooManyGaps);
        counted(&mut it, 11, "at the edge of a gap", None);
        it.then(&["task.created"]);
    }

    #[test]
    fn counts_are_from_1_to_what_every_client_can_represent() {
        let mut it = begun();
        counted(&mut it, 0, "zero", None);
        it.refused(Code::InvalidArgument);
        for counter in [AMOUNT_MAX + 1, 1 << 63, u64::MAX] {
            counted(&mut it, counter, "too far", None);
            it.refused(Code::AmountOutOfRange);
        }
        counted(&mut it, AMOUNT_MAX, "the last one", None);
        it.then(&["task.created"]);
        it.incarnation = 1;
        it.when_under(1, "task.create", json!({"title": "under a key"})).refused(Code::AmountOutOfRange);
    }

    #[test]
    fn incarnations_follow_one_another() {
        let mut it = begun();
        it.incarnation = 2;
        it.when_on(BranchId::Main, "task.create", json!({"title": "too soon"})).refused(Code::InvalidArgument);
        counted(&mut it, 1, "the one between", None);
        it.when_on(BranchId::Main, "task.create", json!({"title": "now"}));
        assert_eq!(it.reply().command.incarnation, 2);
    }

    #[test]
    fn a_device_that_nobody_enrolled_authors_nothing() {
        let mut it = begun();
        it.device = DeviceId([8; 16]);
        it.incarnation = 0;
        counted(&mut it, 1, "from nowhere", None);
        it.refused(Code::DeviceUnknown);
        it.when_under(3, "task.create", json!({"title": "from nowhere"})).refused(Code::DeviceUnknown);
    }

    #[test]
    fn nothing_comes_before_the_workspace_itself() {
        let mut it = story();
        it.when("task.create", json!({"title": "first"})).refused(Code::NotFound);
        it.when("device.enroll", json!({"public_key": HashText([2; 32])})).refused(Code::NotFound);
        it.when("workspace.create", json!({"name": "story", "public_key": HashText([1; 32])}));
        it.then(&["workspace.created", "device.enrolled"]);
    }
}
