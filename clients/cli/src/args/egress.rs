//! Arguments of `kernelos egress`.

use super::Reading;
use clap::Subcommand;

const ALLOW_EXAMPLES: &str = "\
Examples:
  kernelos egress allow --host api.example.com --host '*.example.org'
  kernelos egress allow --host http://127.0.0.1:8080 --private 127.0.0.0/8
  kernelos egress allow --host api.github.com --secret vault:github@api.github.com
  kernelos egress allow --remove '*.example.org'";

/// Where requests of a workspace may go. What is not allowed is not reached.
#[derive(Debug, Subcommand)]
pub enum Egress {
    /// Show the rules.
    Show(Reading),
    /// Add rules, or remove them.
    #[command(after_help = ALLOW_EXAMPLES)]
    Allow(Allow),
}

/// Add or remove rules.
#[derive(Debug, clap::Args)]
pub struct Allow {
    /// A host: example.com, *.example.com, https://example.com:8443. Without a scheme it is https.
    #[arg(long = "host", value_name = "RULE")]
    pub hosts: Vec<String>,
    /// A range of addresses that are not public and may be reached nevertheless: 10.1.0.0/16.
    #[arg(long, value_name = "CIDR")]
    pub private: Vec<String>,
    /// Which secret may be sent to whom: vault:github@api.github.com.
    #[arg(long = "secret", value_name = "RULE")]
    pub secrets: Vec<String>,
    /// A rule to remove, of any kind, as `egress show` shows it.
    #[arg(long, value_name = "RULE")]
    pub remove: Vec<String>,
    /// See there.
    #[command(flatten)]
    pub reading: Reading,
}
