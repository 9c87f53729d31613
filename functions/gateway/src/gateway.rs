//! What the host brings.

use crate::tokens::Tokens;
use kernel::hash::HashText;
use kernel::id::DeviceId;
use ports::{Clock, LiveChannel, Sequencing, Timer, Verifier};
use std::rc::Rc;

/// What a request is handled with.
#[derive(Clone, Copy)]
pub struct Gateway<'a> {
    /// Where workspaces are.
    pub sequencing: &'a dyn Sequencing,
    /// What streams are fed from.
    pub feed: &'a Feed,
    /// What finds out whether a provider works.
    pub verifier: &'a dyn Verifier,
    /// Who may ask.
    pub tokens: &'a Tokens,
    /// The time, for commands that do not say when they were authored.
    pub clock: &'a dyn Clock,
    /// The host's device: it counts commands that come under an idempotency key.
    pub device: DeviceId,
    /// The incarnation of that device.
    pub incarnation: u32,
    /// The device's ed25519 public key. Workspaces created here enrol it.
    pub public_key: HashText,
    /// Host names this host goes by beside its loopback ones: lower case, without port.
    pub allowed_hosts: &'a [String],
}

/// What a stream of events is fed from. A stream lives on when its request is answered, so it holds what it needs.
#[derive(Clone)]
pub struct Feed {
    /// Where workspaces are.
    pub sequencing: Rc<dyn Sequencing>,
    /// Where pieces of answers come from while they are on their way.
    pub live: Rc<dyn LiveChannel>,
    /// Tells when a heartbeat is due.
    pub timer: Rc<dyn Timer>,
}
