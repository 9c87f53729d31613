//! What a component is set up with: variables. What is missing is said by name, and never a trap.

use crate::key::derived;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use kernel::hash::HashText;
use kernel::id::DeviceId;
use ports::Problem;
use ports::problem::Fault;
use spin_sdk::variables;

/// Base64 of 32 random bytes, from which every key of this host follows.
pub const MASTER_KEY: &str = "kernelos_master_key";
/// The bearer token of the host's owner.
pub const TOKEN: &str = "kernelos_token";
/// Host names that the gateway goes by beside loopback ones, with commas between them.
pub const HOSTS: &str = "kernelos_hosts";
/// Where names are asked for, over HTTPS.
pub const DNS: &str = "kernelos_dns";

/// Of which the seed of the device's signing key is derived.
const DEVICE: &[u8] = b"kernelos device key 1\0";

/// The variable `name`, if it is set.
pub fn optional(name: &str) -> Option<String> {
    variables::get(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// The variable `name`.
pub fn required(name: &str) -> Result<String, Problem> {
    optional(name).ok_or_else(|| unfit(name, "is not set"))
}

/// The secret of which all keys are derived.
pub fn master_key() -> Result<[u8; 32], Problem> {
    let bytes = STANDARD.decode(required(MASTER_KEY)?).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| unfit(MASTER_KEY, "is not base64 of 32 bytes"))
}

/// The host's device, and its ed25519 public key.
pub fn device() -> Result<(DeviceId, HashText), Problem> {
    let seed = derived(&master_key()?, &[DEVICE]).ok_or_else(|| unfit(MASTER_KEY, "makes no key"))?;
    let public_key = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
    Ok((DeviceId::of(&public_key), HashText(public_key)))
}

/// The variable `name` is not what is wanted.
pub fn unfit(name: &str, why: &str) -> Problem {
    let environment = name.to_ascii_uppercase();
    Fault::Unavailable
        .because(format!("the variable {name} {why}; set SPIN_VARIABLE_{environment} and start the host again"))
}
