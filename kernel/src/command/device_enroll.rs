//! `device.enroll`: let a device author commands.

use super::{Context, Decide, Decision};
use crate::event::DeviceEnrolled;
use crate::hash::HashText;
use crate::id::DeviceId;
use crate::view::{Halt, View};
use serde::{Deserialize, Serialize};

/// Let a device author commands. Enrolling it again changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::Device;
    use crate::key::Key;
    use crate::testing::begun;
    use serde_json::json;

    #[test]
    fn an_enrolled_device_authors_commands() {
        let mut it = begun();
        let key = HashText([2; 32]);
        it.when("device.enroll", json!({"public_key": key})).then(&["device.enrolled"]);
        it.device = DeviceId::of(&key.0);
        assert_eq!(it.control::<Device>(Key::Device(it.device)).unwrap().public_key.0, key);
        it.when_under(1, "task.create", json!({"title": "by the new device"})).then(&["task.created"]);
        assert_eq!(it.reply().command.device, it.device);
    }

    #[test]
    fn enrolling_it_again_changes_nothing_of_it() {
        let mut it = begun();
        it.given("device.enroll", json!({"public_key": HashText([2; 32])}));
        it.when("device.enroll", json!({"public_key": HashText([2; 32])})).then(&["device.enrolled"]);
        assert_eq!(it.events()[0].0.touched, []);
    }
}
