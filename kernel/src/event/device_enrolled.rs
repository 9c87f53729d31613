//! A device may author commands.

use super::{EventType, Place};
use crate::entity::Device;
use crate::hash::HashText;
use crate::id::DeviceId;
use crate::key::Key;
use crate::merge::Lww;
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A device may author commands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceEnrolled {
    /// The device: the fingerprint of the key.
    pub device: DeviceId,
    /// Its ed25519 public key.
    pub public_key: HashText,
}

impl EventType for DeviceEnrolled {
    const NAME: &'static str = "device.enrolled";
    const CONTROL: bool = true;

    fn places(&self) -> Vec<Place> {
        vec![Place::Control(Key::Device(self.device))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        to.put_control(Key::Device(self.device), Device { public_key: Lww(self.public_key) });
    }
}
