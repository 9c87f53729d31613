//! `spin.toml`: the part of it that this host serves. What it does not know is refused by its name, so that no setting
//! is silently without effect.

mod schedule;
mod template;

use crate::HostError;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

pub use schedule::seconds;
pub use template::fill;

/// The manifest.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Which form it has.
    pub spin_manifest_version: u32,
    /// What it is called.
    #[serde(rename = "application")]
    pub _application: Application,
    /// Values that are set from outside.
    #[serde(default)]
    pub variables: BTreeMap<String, Variable>,
    /// What starts components.
    pub trigger: Triggers,
    /// The components.
    pub component: BTreeMap<String, Component>,
}

/// What the application is called.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read so that it may stand there; this host shows nothing of it")]
pub struct Application {
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    authors: Vec<String>,
}

/// A value that is set from outside.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// What it is when nobody sets it.
    pub default: Option<String>,
    /// Whether the application does not start without it.
    #[serde(default)]
    pub required: bool,
    /// Whether it is a secret. This host shows no variable.
    #[serde(default, rename = "secret")]
    pub _secret: bool,
}

/// What starts components.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Triggers {
    /// Requests.
    #[serde(default)]
    pub http: Vec<HttpTrigger>,
    /// Time.
    #[serde(default)]
    pub cron: Vec<CronTrigger>,
}

/// Requests that start a component.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpTrigger {
    /// Which paths.
    pub route: Route,
    /// Which component.
    pub component: String,
}

/// Paths.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Route {
    /// Paths that anybody reaches.
    Public(String),
    /// None: only other components reach it.
    Private(Private),
}

/// `{ private = true }`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Private {
    /// Always true.
    pub private: bool,
}

/// A time at which a component is started.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CronTrigger {
    /// Which component.
    pub component: String,
    /// When.
    pub cron_expression: String,
}

/// A component.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// Its file, seen from the manifest.
    pub source: String,
    /// What it is.
    #[serde(default, rename = "description")]
    pub _description: String,
    /// Whom it may speak to.
    #[serde(default)]
    pub allowed_outbound_hosts: Vec<String>,
    /// Databases it may open.
    #[serde(default)]
    pub sqlite_databases: Vec<String>,
    /// Its variables, made of the application's.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// How it is built. This host serves what is built.
    #[serde(default, rename = "build")]
    pub _build: Option<Build>,
}

/// How a component is built.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read so that it may stand there; this host builds nothing")]
pub struct Build {
    command: String,
    #[serde(default)]
    workdir: String,
    #[serde(default)]
    watch: Vec<String>,
}

/// The database that everybody means who names none, and the only one here.
pub const DATABASE: &str = "default";

impl Manifest {
    /// Read the manifest at `path`.
    pub fn read(path: &Path) -> Result<Self, HostError> {
        let broken = |why: String| HostError::Manifest(format!("{}: {why}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|why| broken(why.to_string()))?;
        Self::parse(&text).map_err(broken)
    }

    /// Read a manifest. The error says what to change.
    pub fn parse(text: &str) -> Result<Self, String> {
        let manifest: Self = toml::from_str(text).map_err(|why| why.to_string())?;
        if manifest.spin_manifest_version != 2 {
            return Err(format!("spin_manifest_version is {}; this host reads 2", manifest.spin_manifest_version));
        }
        let http = manifest.trigger.http.iter().map(|trigger| &trigger.component);
        for name in http.chain(manifest.trigger.cron.iter().map(|trigger| &trigger.component)) {
            if !manifest.component.contains_key(name) {
                return Err(format!("a trigger names the component {name}, which is not there"));
            }
        }
        for trigger in &manifest.trigger.http {
            if let Route::Private(Private { private: false }) = trigger.route {
                return Err(format!("the route of {} is not private and has no path", trigger.component));
            }
        }
        for (name, component) in &manifest.component {
            if let Some(other) = component.sqlite_databases.iter().find(|database| *database != DATABASE) {
                return Err(format!("the component {name} names the database {other}; this host has {DATABASE} only"));
            }
        }
        Ok(manifest)
    }
}

#[cfg(test)]
mod tests;
