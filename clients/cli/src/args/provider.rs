//! Arguments of `kernelos provider`.

use super::Reading;
use clap::Subcommand;

const CONNECT_EXAMPLES: &str = "\
Examples:
  kernelos provider connect --base-url https://api.example.com/v1 --model large --key-ref env:EXAMPLE_KEY \\
      --input-price 2.50 --output-price 10
  kernelos provider connect --base-url http://127.0.0.1:11434/v1 --model qwen3 --name local";

const KEY_EXAMPLES: &str = "\
Examples:
  kernelos provider key set example             asks for the key, unseen
  kernelos provider key set example <key.txt    reads it from a file
  kernelos provider connect … --key-ref vault:example";

/// Providers of models: connect, list, test, and keep their keys.
#[derive(Debug, Subcommand)]
pub enum Provider {
    /// Verify a provider by calling it, then make it known to the workspace.
    #[command(after_help = CONNECT_EXAMPLES)]
    Connect(Connect),
    /// List the providers that are connected.
    List(Reading),
    /// Verify a connected provider again.
    Test(Test),
    /// Keep keys in this machine's vault.
    #[command(subcommand)]
    Key(Key),
}

/// Where a provider is, and with what it is called.
#[derive(Debug, Clone, clap::Args)]
pub struct Reached {
    /// The provider's wire dialect.
    #[arg(long, default_value = "openai-chat", value_name = "NAME")]
    pub dialect: String,
    /// Where the key is: env:NAME or vault:NAME. The key itself is never an argument.
    #[arg(long, env = "KERNELOS_KEY_REF", hide_env_values = true, value_name = "REF")]
    pub key_ref: Option<String>,
    /// Price of a million tokens of requests, as a decimal in your currency.
    #[arg(long, value_name = "AMOUNT", value_parser = crate::money::parse)]
    pub input_price: Option<u64>,
    /// Price of a million tokens of answers, in the same currency.
    #[arg(long, value_name = "AMOUNT", value_parser = crate::money::parse)]
    pub output_price: Option<u64>,
    /// How long one call may take.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub timeout: Option<u64>,
    /// Let key and conversation travel in clear to another machine.
    #[arg(long)]
    pub allow_plain_http: bool,
    /// Do not call it before it is defined.
    #[arg(long)]
    pub no_verify: bool,
}

/// Connect a provider.
#[derive(Debug, clap::Args)]
pub struct Connect {
    /// Where it is reached, up to and including its version: https://host/v1.
    #[arg(long, env = "KERNELOS_BASE_URL", hide_env_values = true, value_name = "URL")]
    pub base_url: String,
    /// The provider's name of the model.
    #[arg(long, env = "KERNELOS_MODEL", hide_env_values = true, value_name = "NAME")]
    pub model: String,
    /// What it is called here; the model's name when absent. A name that is in use stands for this one from then on.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// See there.
    #[command(flatten)]
    pub reached: Reached,
    /// The workspace; the only one there is, or a new one named home, when absent.
    #[arg(long, value_name = "ID")]
    pub workspace: Option<String>,
    /// Print JSON: the provider's id and what was found.
    #[arg(long)]
    pub json: bool,
}

/// Verify a connected provider.
#[derive(Debug, clap::Args)]
pub struct Test {
    /// Its name; may be left out when one is connected.
    pub name: Option<String>,
    /// See there.
    #[command(flatten)]
    pub reading: Reading,
}

/// Keep keys.
#[derive(Debug, Subcommand)]
pub enum Key {
    /// Keep a key, so that vault:NAME refers to it. It is read from stdin, or typed unseen, and never an argument.
    #[command(after_help = KEY_EXAMPLES)]
    Set(KeyName),
    /// Forget a key.
    Remove(KeyName),
}

/// A key in the vault.
#[derive(Debug, clap::Args)]
pub struct KeyName {
    /// What it is called in the vault.
    pub name: String,
}
