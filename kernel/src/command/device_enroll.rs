//! `device.enroll`: let a device author commands.

use super::{Context, Decide, Decision};
use crate::event::DeviceEnrolled;
use crate::hash::HashText;
use crate::id::DeviceId;
use crate::view::{Halt, View};
use serde::Deserialize;

/// Let a device author commands. Enrolling it again changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceEnroll {
    /// The device's ed25519 public key.
    pub public_key: HashText,
}

impl Decide for DeviceEnroll {
    const NAME: &'static str = "device.enroll";
    const SCOPE: &'static str = "devices:write";

    fn decide<V: View>(&self, _: &Context<'_, V>) -> Result<Decision, Halt> {
        let device = DeviceId::of(&self.public_key.0);
        Ok(Decision::one(DeviceEnrolled { device, public_key: self.public_key }, Vec::new()))
    }
}
