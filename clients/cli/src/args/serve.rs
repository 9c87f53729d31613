//! Arguments of `kernelos serve`.

use std::path::PathBuf;

/// Shown below the arguments.
pub const EXAMPLES: &str = "\
Examples:
  cargo xtask build wasi                          makes the components
  kernelos serve --wasi                           serves what ./spin.toml names
  SPIN_VARIABLE_KERNELOS_HOSTS=box.example kernelos serve --wasi

Everything is kept in the folder `wasi` of --data. Variables of the application are set by SPIN_VARIABLE_NAME; the master
key and the token are made at the first start when they are not set.";

/// Serve components.
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// Serve WASI components. The embedded host is `kernelos dev`.
    #[arg(long, required = true)]
    pub wasi: bool,
    /// The loopback port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 7117)]
    pub port: u16,
    /// The application: what the components are, and what each may do.
    #[arg(long, default_value = "spin.toml", value_name = "FILE")]
    pub app: PathBuf,
    /// Print where it listens, and the token, as a line of JSON.
    #[arg(long)]
    pub json: bool,
}
