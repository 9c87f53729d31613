//! `workspace.import`: the last command of an import, which the sequencer gives itself.

use super::{Context, Decide, Decision};
use crate::entity::{Device, Origin};
use crate::event::{DeviceEnrolled, WorkspaceImported};
use crate::hash::HashText;
use crate::id::DeviceId;
use crate::key::Key;
use crate::view::{Halt, View};
use serde::{Deserialize, Serialize};

/// All of a file was taken in and verified. Nobody can send this: it has no name on the wire, and is decided only by the
/// sequencer that took the file in, in the commit that lets the workspace exist.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceImport {
    /// Position up to which the file goes.
    pub pos: u64,
    /// Hash over the whole file.
    pub file: HashText,
    /// Hash of the last event of control in it.
    pub control: HashText,
    /// The ed25519 public key of the host's device, which authors this and counts for clients from here on.
    pub public_key: HashText,
}

impl Decide for WorkspaceImport {
    const NAME: &'static str = "workspace.import";
    const SCOPE: &'static str = "workspace:write";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        let before = with.read.control::<Origin>(Key::Origin)?.map_or(0, |origin| *origin.incarnation);
        let (incarnation, control) = (before.saturating_add(1), Some(self.control));
        let imported = WorkspaceImported { incarnation, pos: self.pos, file: self.file, control };
        let mut drafts = vec![imported.into()];
        let device = DeviceId::of(&self.public_key.0);
        if with.read.control::<Device>(Key::Device(device))?.is_none() {
            drafts.push(DeviceEnrolled { device, public_key: self.public_key }.into());
        }
        Ok(Decision { drafts, made: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{BadCommand, Command};
    use crate::testing::begun;

    #[test]
    fn nobody_can_send_it() {
        let data = r#"{"pos":1,"file":"","public_key":""}"#;
        let name = WorkspaceImport::NAME;
        assert_eq!(Command::parse(name, data), Err(BadCommand::Unknown(name.to_owned())));
        assert!(!Command::NAMES.contains(&name));
    }

    #[test]
    fn each_import_is_another_incarnation_and_lets_the_new_host_count() {
        let mut it = begun();
        for (public_key, then) in [
            ([7; 32], ["workspace.imported", "device.enrolled"].as_slice()),
            ([7; 32], ["workspace.imported"].as_slice()),
            ([1; 32], ["workspace.imported"].as_slice()),
        ] {
            it.imported_by(public_key).then(then);
        }
        let origin: Origin = it.control(Key::Origin).unwrap();
        assert_eq!((*origin.incarnation, *origin.held), (3, true));
    }
}
