//! `workspace.create`: begin a workspace.

use super::{Context, Decide, Decision, NAME_MAX};
use crate::entity::Workspace;
use crate::event::{DeviceEnrolled, WorkspaceCreated};
use crate::hash::HashText;
use crate::id::DeviceId;
use crate::key::Key;
use crate::reject::{Code, line};
use crate::seal::Content;
use crate::view::{Halt, View};
use serde::{Deserialize, Serialize};

/// Begin a workspace. The device that authors this command is enrolled by it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceCreate {
    /// What people call it.
    pub name: String,
    /// The authoring device's ed25519 public key.
    pub public_key: HashText,
}

impl Decide for WorkspaceCreate {
    const NAME: &'static str = "workspace.create";
    const SCOPE: &'static str = "workspace:write";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        line("name", &self.name, NAME_MAX)?;
        if with.read.data::<Workspace>(Key::Workspace)?.is_some() {
            return Err(Code::AlreadyCreated.because("it has a first event").into());
        }
        let device = DeviceId::of(&self.public_key.0);
        if device != with.command.device {
            return Err(Code::DeviceUnknown.because("the public key is not the authoring device's").into());
        }
        let created = WorkspaceCreated { name: Content::plain(&self.name) };
        let enrolled = DeviceEnrolled { device, public_key: self.public_key };
        Ok(Decision { drafts: vec![created.into(), enrolled.into()], made: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{begun, story};
    use serde_json::json;

    #[test]
    fn a_workspace_begins_with_the_device_that_makes_it() {
        let mut it = story();
        it.when("workspace.create", json!({"name": "mine", "public_key": HashText([1; 32])}));
        it.then(&["workspace.created", "device.enrolled"]);
        assert_eq!((it.reply().pos, it.reply().events), (1, 3));
    }

    #[test]
    fn it_begins_once() {
        let mut it = begun();
        it.when("workspace.create", json!({"name": "again", "public_key": HashText([1; 32])}));
        it.rejected(Code::AlreadyCreated);
    }

    #[test]
    fn its_public_key_is_the_authors() {
        let mut it = story();
        it.when("workspace.create", json!({"name": "mine", "public_key": HashText([2; 32])}));
        it.rejected(Code::DeviceUnknown);
    }

    #[test]
    fn its_name_is_within_bounds() {
        let mut it = story();
        for (name, code) in [
            ("".to_owned(), Code::InvalidArgument),
            ("\u{7f}".to_owned(), Code::ControlCharacter),
            ("n".repeat(NAME_MAX + 1), Code::TooLong),
        ] {
            it.when("workspace.create", json!({"name": name, "public_key": HashText([1; 32])})).rejected(code);
        }
    }
}
