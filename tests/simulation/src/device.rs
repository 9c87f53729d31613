//! A device that authors commands: it counts them and chains them, as every client with a durable count does.

use kernel::command::Command;
use kernel::event::next_link;
use kernel::hash::{Domain, HashText, hash};
use kernel::id::{CommandId, DeviceId, KeyId};
use kernel::key::BranchId;
use kernel::machine::{Identity, Request};

/// A device with its count and its chain.
#[derive(Debug, Clone)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// Its incarnation.
    pub incarnation: u32,
    /// Commands counted in this incarnation.
    pub counted: u64,
    link: HashText,
    public_key: [u8; 32],
}

impl Device {
    /// The device of that number; the same number is the same device.
    pub fn new(number: u8) -> Self {
        let public_key = [number; 32];
        Self { id: DeviceId::of(&public_key), incarnation: 0, counted: 0, link: HashText([0; 32]), public_key }
    }

    /// Its ed25519 public key.
    pub fn public_key(&self) -> HashText {
        HashText(self.public_key)
    }

    /// The id its next command will have.
    pub fn next(&self) -> CommandId {
        CommandId { device: self.id, incarnation: self.incarnation, counter: self.counted + 1 }
    }

    /// Write a command.
    pub fn author(&mut self, branch: BranchId, authored_ms: u64, name: &str, data: &str) -> Request {
        let identity = Identity::Device { command: self.next(), previous: Some(self.link) };
        let request = request(identity, branch, authored_ms, name, data);
        self.counted += 1;
        self.link = next_link(&self.link, &request.hash);
        request
    }

    /// Count on in a new incarnation, as after a restore from a copy.
    pub fn begin_incarnation(&mut self) {
        self.incarnation += 1;
        self.counted = 0;
        self.link = HashText([0; 32]);
    }
}

/// A command sent under an idempotency key through a host whose device is `host`.
pub fn under_key(key: [u8; 16], host: &Device, branch: BranchId, authored_ms: u64, name: &str, data: &str) -> Request {
    let identity = Identity::Key { key: KeyId(key), device: host.id, incarnation: host.incarnation };
    request(identity, branch, authored_ms, name, data)
}

/// The hash of a command as it was sent.
pub fn command_hash(branch: BranchId, name: &str, data: &str) -> HashText {
    let branch = branch.to_string();
    HashText(hash(Domain::Command, &[branch.as_bytes(), b"\0", name.as_bytes(), b"\0", data.as_bytes()]))
}

/// Entropy that is the same for the same number.
pub fn entropy(number: u64) -> [u8; 32] {
    hash(Domain::Identity, &[b"entropy", &number.to_be_bytes()])
}

fn request(identity: Identity, branch: BranchId, authored_ms: u64, name: &str, data: &str) -> Request {
    Request {
        identity,
        hash: command_hash(branch, name, data),
        actor: "owner".to_owned(),
        on_behalf_of: Vec::new(),
        authored_ms,
        branch,
        command: Command::parse(name, data).expect("the tests write commands that parse"),
    }
}
