//! The id of a command: a device, its incarnation, and the device's own count.

use super::text::{read_number, write_number};
use super::{BadId, DeviceId, serde_by_text};
use std::fmt;
use std::str::FromStr;

/// A command's id. A device counts its commands from 1; a device restored from a copy begins a new incarnation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommandId {
    /// The device that authored the command.
    pub device: DeviceId,
    /// Incarnation of the device, from 0.
    pub incarnation: u32,
    /// The device's count in this incarnation, from 1.
    pub counter: u64,
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.", self.device)?;
        write_number(f, u64::from(self.incarnation))?;
        f.write_str(".")?;
        write_number(f, self.counter)
    }
}

impl FromStr for CommandId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let mut parts = text.split('.');
        let mut next = || parts.next().ok_or(BadId);
        let device = next()?.parse()?;
        let incarnation = u32::try_from(read_number(next()?)?).map_err(|_| BadId)?;
        let counter = read_number(next()?)?;
        match parts.next() {
            None => Ok(Self { device, incarnation, counter }),
            Some(_) => Err(BadId),
        }
    }
}

serde_by_text!(CommandId);
