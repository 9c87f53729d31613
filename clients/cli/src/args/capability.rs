//! Arguments of `kernelos capability`.

use super::Reading;
use clap::Subcommand;

/// What workflows and agents can ask for.
#[derive(Debug, Subcommand)]
pub enum Capability {
    /// List the capabilities.
    List(Reading),
    /// Show a capability: its schemas, who offers it, and what is done when an attempt is in doubt.
    Show(CapabilityShow),
}

/// Show a capability.
#[derive(Debug, clap::Args)]
pub struct CapabilityShow {
    /// Its name.
    pub name: String,
    /// See there.
    #[command(flatten)]
    pub reading: Reading,
}
