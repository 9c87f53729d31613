//! Requests a runtime makes.

use kernel::command::{BadCommand, Command};
use kernel::hash::{Domain, HashText, hash};
use kernel::id::{DeviceId, KeyId};
use kernel::key::BranchId;
use kernel::machine::{Identity, Request};
use serde_json::Value;

/// The command called `name` with `data`, told from every other by `parts`.
pub fn request(
    device: DeviceId,
    incarnation: u32,
    now_ms: u64,
    name: &str,
    data: &Value,
    parts: &[&[u8]],
) -> Result<Request, BadCommand> {
    let text = data.to_string();
    let command = Command::parse(name, &text)?;
    let digest = hash(Domain::Identity, &[&[b"runtime".as_slice()], parts].concat());
    let key = KeyId(std::array::from_fn(|i| digest.get(i).copied().unwrap_or_default()));
    Ok(Request {
        identity: Identity::Key { key, device, incarnation },
        hash: HashText(hash(Domain::Command, &[name.as_bytes(), b"\0", text.as_bytes()])),
        actor: "runtime".to_owned(),
        on_behalf_of: Vec::new(),
        authored_ms: now_ms,
        branch: BranchId::Main,
        command,
    })
}
