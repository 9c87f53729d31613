//! When something is decided, and with which entropy.

use kernel::machine::Moment;
use ports::SequencingError;

/// Milliseconds since 1970. The platform lets its clock stand still within a turn.
pub fn now_ms() -> u64 {
    worker::Date::now().as_millis()
}

/// This moment, with entropy of its own.
pub fn moment() -> Result<Moment, SequencingError> {
    let mut entropy = [0; 32];
    getrandom::fill(&mut entropy).map_err(|why| SequencingError::Unavailable(format!("there is no entropy: {why}")))?;
    Ok(Moment { now_ms: now_ms(), entropy })
}
