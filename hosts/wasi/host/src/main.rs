//! `kernelos-wasi-host`: serves the components of a manifest, and says where in one line of JSON.

use clap::Parser;
use kernelos_wasi_host::{Config, Host};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Serve the components of a spin.toml on this machine.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The manifest.
    #[arg(long, default_value = "spin.toml")]
    manifest: PathBuf,
    /// Where everything is kept.
    #[arg(long)]
    data: PathBuf,
    /// The loopback port; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// A variable, NAME=VALUE. It stands above SPIN_VARIABLE_NAME.
    #[arg(long = "variable", value_name = "NAME=VALUE")]
    variables: Vec<String>,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "kernelos-wasi-host: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), String> {
    let mut config = Config { port: arguments.port, ..Config::new(arguments.manifest, arguments.data) };
    for variable in arguments.variables {
        let (name, value) = variable.split_once('=').ok_or_else(|| format!("{variable:?} is not NAME=VALUE"))?;
        config.variables.insert(name.to_owned(), value.to_owned());
    }
    let host = Host::start(config).map_err(|why| why.to_string())?;
    let url = format!("http://{}", host.address());
    let said = serde_json::json!({ "url": url, "token": host.token(), "pid": std::process::id() });
    let mut out = std::io::stdout();
    // Whoever started it may not listen any more, and that ends nobody's work.
    let _ = writeln!(out, "{said}").and_then(|()| out.flush());
    host.wait();
    Ok(())
}
