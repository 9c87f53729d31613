//! Admission: is this command new, known, or one that must not be?

use super::{Identity, Reply, Request, Stop, Workspace};
use crate::entity::{Chain, Device, Record, Workspace as WorkspaceEntity};
use crate::event::record_key;
use crate::id::{CommandId, KeyId};
use crate::key::{Key, Line};
use crate::reject::Code;

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
                if let Some(record) = self.read(Line::default()).control::<Record>(Key::Idempotency(*key))? {
                    return known(record, request, Code::IdempotencyKeyReused);
                }
                let chain = self.read(Line::default()).control::<Chain>(Key::Chain(*device, *incarnation))?;
                let counter = chain.map_or(0, |chain| *chain.mark).saturating_add(1);
                let command = CommandId { device: *device, incarnation: *incarnation, counter };
                self.enrolled(command)?;
                Ok(Admission::New(command, Some(*key)))
            }
            Identity::Device { command, previous } => self.admit_device(request, *command, previous.as_ref()),
        }
    }

    fn admit_device(
        &self,
        request: &Request,
        command: CommandId,
        previous: Option<&crate::hash::HashText>,
    ) -> Result<Admission, Stop> {
        let read = self.read(Line::default());
        if command.counter == 0 {
            return Err(Stop::Refused(Code::InvalidArgument.because("a device counts from 1")));
        }
        if let Some(record) = read.control::<Record>(record_key(command, None))? {
            return known(record, request, Code::CommandIdReused);
        }
        self.enrolled(command)?;
        let chain = read.control::<Chain>(Key::Chain(command.device, command.incarnation))?;
        let Some(chain) = chain else {
            self.incarnation_follows(command)?;
            return Ok(Admission::New(command, None));
        };
        if command.counter <= *chain.mark && !in_gap(chain, command.counter) {
            return Err(Stop::Refused(Code::CommandForgotten.because(format!("{command} was counted before"))));
        }
        if command.counter == *chain.mark + 1 && previous.is_some_and(|link| *link != *chain.link) {
            return Err(Stop::Refused(
                Code::DeviceForked.because(format!("{command} does not follow the chain known here")),
            ));
        }
        if command.counter > *chain.mark + 1 && chain.gaps.len() >= GAPS_MAX {
            return Err(Stop::Refused(Code::TooManyGaps.because(format!("{} gaps are open", chain.gaps.len()))));
        }
        Ok(Admission::New(command, None))
    }

    /// The device is enrolled, or the workspace has not begun and its first command will enrol it.
    fn enrolled(&self, command: CommandId) -> Result<(), Stop> {
        let read = self.read(Line::default());
        if read.control::<Device>(Key::Device(command.device))?.is_some() {
            return Ok(());
        }
        if read.data::<WorkspaceEntity>(Key::Workspace)?.is_none() {
            return Ok(());
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

fn in_gap(chain: &Chain, counter: u64) -> bool {
    chain.gaps.iter().any(|(low, high)| (*low..=*high).contains(&counter))
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
        rejected: rejected.map(|code| (code, String::new())),
        made: record.made.0.clone(),
        known: true,
    }))
}
