//! What a Worker is set up with: secrets and variables. What is missing is said by name, and never a panic.

use kernel::hash::HashText;
use kernel::id::DeviceId;
use ports::Problem;
use ports::problem::Fault;
use worker::Env;

/// The ed25519 public key of the host's device, as commands carry it.
pub const DEVICE_PUBLIC_KEY: &str = "KERNELOS_DEVICE_PUBLIC_KEY";

/// The secret or variable `name`, if it is set.
pub fn optional(env: &Env, name: &str) -> Option<String> {
    env.var(name).ok().map(|value| value.to_string()).filter(|value| !value.trim().is_empty())
}

/// The secret `name`.
pub fn secret(env: &Env, name: &str) -> Result<String, Problem> {
    optional(env, name).ok_or_else(|| unset(name))
}

/// The host's device, and its public key.
pub fn device(env: &Env) -> Result<(DeviceId, HashText), Problem> {
    let text = secret(env, DEVICE_PUBLIC_KEY)?;
    let key: HashText = text.trim().parse().map_err(|_| unfit(DEVICE_PUBLIC_KEY, "is not the text of 32 bytes"))?;
    Ok((DeviceId::of(&key.0), key))
}

/// A binding to another function is not there.
pub fn unbound(name: &str) -> Problem {
    Fault::Unavailable.because(format!("the binding {name} is not there: it stands in this Worker's wrangler.toml"))
}

/// The secret `name` is set to something else than is wanted.
pub fn unfit(name: &str, why: &str) -> Problem {
    Fault::Unavailable
        .because(format!("the secret {name} of this Worker {why}; set it anew: wrangler secret put {name}"))
}

fn unset(name: &str) -> Problem {
    Fault::Unavailable.because(format!("the secret {name} of this Worker is not set; run: wrangler secret put {name}"))
}
