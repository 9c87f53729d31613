//! Commands on their way to a workspace: sent one at a time, each under an idempotency key.

use crate::api::{Api, refused};
use crate::outcome::Problem;
use kernel::hash::{Domain, HashText, hash};
use serde_json::{Value, json};

/// How often a thing may be changed to what it was before.
const CHANGES_MAX: u32 = 256;

/// Define something once: the same definition has the same idempotency key, so repeating it finds the first.
pub async fn define(api: &Api, base: &str, name: &str, data: &Value) -> Result<String, Problem> {
    define_again(api, base, name, data, 0).await
}

/// Define an agent or a provider, or find it as it was defined before. If its name was given to another one in between,
/// it stands for this one again.
pub async fn define_current(api: &Api, base: &str, kind: &str, data: &Value) -> Result<String, Problem> {
    for nth in 0..CHANGES_MAX {
        let id = define_again(api, base, &format!("{kind}.define"), data, nth).await?;
        if is_current(api, base, kind, &id).await? {
            return Ok(id);
        }
    }
    let hint = format!("Give the {kind} another name.");
    Err(Problem::failed("changed_too_often", format!("it was changed back {CHANGES_MAX} times"), hint))
}

async fn is_current(api: &Api, base: &str, kind: &str, id: &str) -> Result<bool, Problem> {
    let things = api.get(&format!("{base}/{kind}s"), 30_000).await?;
    let mut things = things.get(format!("{kind}s")).and_then(Value::as_array).into_iter().flatten();
    let known = things.find(|thing| thing.get("id").and_then(Value::as_str) == Some(id));
    Ok(known.and_then(|thing| thing.get("current")?.as_bool()).unwrap_or_default())
}

/// Define the same for the `nth` time, from 0: what was defined otherwise in between has its name back then.
async fn define_again(api: &Api, base: &str, name: &str, data: &Value, nth: u32) -> Result<String, Problem> {
    let key = HashText(hash(Domain::Identity, &[name.as_bytes(), data.to_string().as_bytes()]));
    let again = if nth == 0 { String::new() } else { format!("-{nth}") };
    let outcome = command(api, base, &format!("define-{key}{again}"), name, data).await?;
    made(&outcome, 0)
}

/// Send a command that is meant anew each time.
pub async fn once(api: &Api, base: &str, name: &str, data: &Value) -> Result<Value, Problem> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|why| Problem::failed("entropy", why.to_string(), ""))?;
    command(api, base, &HashText(random).to_string(), name, data).await
}

/// Send one command under an idempotency key; its outcome, or what the workspace has against it.
pub async fn command(api: &Api, base: &str, key: &str, name: &str, data: &Value) -> Result<Value, Problem> {
    let body = json!({ "commands": [{ "type": name, "data": data }] });
    let answer = api.post(&format!("{base}/commands"), key, &body).await?;
    let outcome = answer.get("outcomes").and_then(|outcomes| outcomes.get(0)).cloned().unwrap_or_default();
    match outcome.get("problem") {
        Some(problem) => Err(refused(problem)),
        None => Ok(outcome),
    }
}

/// The id of the `nth` thing that a command made.
pub fn made(outcome: &Value, nth: usize) -> Result<String, Problem> {
    let id = outcome.get("made").and_then(|made| made.get(nth)).and_then(Value::as_str).map(str::to_owned);
    id.ok_or_else(|| Problem::failed("protocol", "the host did not say what was made", ""))
}
