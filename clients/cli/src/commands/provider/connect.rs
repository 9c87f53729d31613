//! `kernelos provider connect`: called first, defined then.

use super::explain::Asked;
use super::key::refuse_key;
use super::verify::{USUALLY_MS, report, verified};
use crate::api::Api;
use crate::args::provider::{Connect, Reached};
use crate::commands::send::define_current;
use crate::commands::shown::{print, print_json};
use crate::commands::{block_on, workspaces};
use crate::outcome::Problem;
use crate::place::Place;
use crate::table::one_line;
use ports::Verification;
use ports::provider::ProviderEntry;
use serde_json::{Value, json};

/// A provider as it is asked for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What it is called here.
    pub name: String,
    /// Where it is.
    pub base_url: String,
    /// The vendor's name of the model.
    pub model: String,
    /// The rest.
    pub reached: Reached,
}

/// A provider that is connected.
#[derive(Debug)]
pub struct Connected {
    /// Its id.
    pub id: String,
    /// What was found; nothing when it was not to be called.
    pub found: Option<Verification>,
}

pub fn run(place: &Place, connect: &Connect) -> Result<(), Problem> {
    let wanted = Wanted {
        name: connect.name.clone().unwrap_or_else(|| connect.model.clone()),
        base_url: connect.base_url.clone(),
        model: connect.model.clone(),
        reached: connect.reached.clone(),
    };
    refuse_key(wanted.reached.key_ref.as_deref())?;
    let api = Api::reach_to_tell(place)?;
    block_on(async {
        let workspace = workspaces::existing_or_new(&api, connect.workspace.as_deref()).await?;
        let connected = self::connect(&api, &workspace, &wanted).await?;
        if connect.json {
            let (id, name, found) = (&connected.id, &wanted.name, &connected.found);
            print_json(&json!({ "provider": id, "name": name, "workspace": workspace, "verification": found }));
        } else {
            print(&told(&wanted, connected.found.as_ref()));
        }
        Ok(())
    })
}

/// What became of it, in words.
pub fn told(wanted: &Wanted, found: Option<&Verification>) -> String {
    let (name, model, url) = (one_line(&wanted.name), one_line(&wanted.model), one_line(&wanted.base_url));
    let found = found.map_or_else(|| "  it was not called: kernelos provider test\n".to_owned(), report);
    format!("{name} is connected: {model} at {url}\n{found}")
}

/// Verify a provider unless told otherwise, and make it known.
pub async fn connect(api: &Api, workspace: &str, wanted: &Wanted) -> Result<Connected, Problem> {
    refuse_key(wanted.reached.key_ref.as_deref())?;
    let base = format!("/v1/workspaces/{workspace}");
    let found = match wanted.reached.no_verify {
        true => None,
        false => Some(verified(api, &base, &wanted.entry(), Asked::Before).await?),
    };
    Ok(Connected { id: define_current(api, &base, "provider", &wanted.definition()).await?, found })
}

impl Wanted {
    fn entry(&self) -> ProviderEntry {
        ProviderEntry {
            dialect: self.reached.dialect.clone(),
            base_url: self.base_url.clone(),
            key_ref: self.reached.key_ref.clone(),
            model: self.model.clone(),
            timeout_ms: self.timeout_ms().unwrap_or(USUALLY_MS),
            allow_plain_http: self.reached.allow_plain_http,
            private: Vec::new(),
        }
    }

    fn timeout_ms(&self) -> Option<u64> {
        self.reached.timeout.map(|seconds| seconds.saturating_mul(1_000))
    }

    fn definition(&self) -> Value {
        json!({
            "name": self.name,
            "dialect": self.reached.dialect,
            "base_url": self.base_url,
            "model": self.model,
            "key_ref": self.reached.key_ref,
            "timeout_ms": self.timeout_ms(),
            "allow_plain_http": self.reached.allow_plain_http,
            "prices": {
                "input_micros_per_mtok": self.reached.input_price.unwrap_or_default(),
                "output_micros_per_mtok": self.reached.output_price.unwrap_or_default(),
            },
        })
    }
}
