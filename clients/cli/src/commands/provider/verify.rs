//! Having a provider verified, and showing what was found.

use super::explain::{Asked, explain};
use crate::api::Api;
use crate::outcome::Problem;
use crate::table::one_line;
use ports::provider::ProviderEntry;
use ports::{Support, Verification};
use serde_json::json;

/// How long one question may take when nobody says, in milliseconds.
pub const USUALLY_MS: u64 = 60_000;
/// How long all of it may take: three questions, a list of models, and some more.
const ALL_MS: u64 = 240_000;

/// Ask the host to verify a provider; one that does not work is a problem that says what to do.
pub async fn verified(api: &Api, base: &str, entry: &ProviderEntry, asked: Asked) -> Result<Verification, Problem> {
    eprintln!("asking {} at {}", one_line(&entry.model), one_line(&entry.base_url));
    let answer = api.ask(&format!("{base}/providers/verify"), &json!(entry), ALL_MS).await?;
    let found: Verification = serde_json::from_value(answer)
        .map_err(|why| Problem::failed("protocol", format!("the host's answer is not understood: {why}"), ""))?;
    match &found.failure {
        Some(failure) => Err(explain(entry, failure, found.models.as_deref(), asked)),
        None => Ok(found),
    }
}

/// What was found, a line each.
pub fn report(found: &Verification) -> String {
    let by = found.model.as_deref().map(|model| format!(", by {}", one_line(model))).unwrap_or_default();
    let streaming = if found.streams { "works" } else { "no: answers come in one piece, which is fine" };
    format!(
        "  answers      in {} ms{by}\n  streaming    {streaming}\n  tools        {}\n  JSON schema  {}\n",
        found.latency_ms.unwrap_or_default(),
        support(found.tools, "agents with tools will not get far with it"),
        support(found.schema, "answers are checked all the same, and asked for again"),
    )
}

fn support(support: Support, otherwise: &str) -> String {
    match support {
        Support::Works => "works".to_owned(),
        Support::Ignored => format!("taken, and not used when asked: {otherwise}"),
        Support::Refused => format!("refused: {otherwise}"),
        Support::Unknown => "not known: asking failed for another reason; kernelos provider test asks again".to_owned(),
    }
}
