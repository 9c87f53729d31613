//! `kernelos serve --wasi`: the components of a `spin.toml`, in the foreground.

use crate::args::serve::Serve;
use crate::outcome::Problem;
use std::path::Path;

/// What serves components takes long to compile, so it is in the builds that ask for it.
#[cfg(not(feature = "wasi"))]
pub fn run(_: &Path, _: &Serve) -> Result<(), Problem> {
    Err(Problem::failed(
        "not_in_this_build",
        "this build of kernelos serves no components",
        "Build one that does: cargo build --release -p kernelos --features wasi\n\
         Without it, the embedded host is there: kernelos dev",
    ))
}

#[cfg(feature = "wasi")]
pub use with_components::run;

#[cfg(feature = "wasi")]
mod with_components {
    use super::{Path, Problem, Serve};
    use crate::host::directory;
    use crate::outcome::print;
    use kernelos_wasi_host::{Config, Host, HostError};
    use serde_json::json;
    use std::io::Write as _;

    /// The folder of the data directory with what components keep.
    const FOLDER: &str = "wasi";

    pub fn run(data: &Path, serve: &Serve) -> Result<(), Problem> {
        directory(data)?;
        let data = data.join(FOLDER);
        let host = Host::start(Config { port: serve.port, ..Config::new(&serve.app, &data) }).map_err(problem)?;
        if serve.json {
            let url = format!("http://{}", host.address());
            print(json!({ "url": url, "token": host.token(), "pid": std::process::id() }));
        }
        // Whoever started it may not listen any more, and that ends nobody's work.
        let _ = std::io::stderr().write_all(told(&host, &data, serve).as_bytes());
        host.wait();
        Ok(())
    }

    /// Where it listens, and what is where.
    fn told(host: &Host, data: &Path, serve: &Serve) -> String {
        let (address, data, app) = (host.address(), data.display(), serve.app.display());
        format!(
            "KernelOS listens on http://{address}\n  serves {app}\n  data   {data}\n  token  that of \
             SPIN_VARIABLE_KERNELOS_TOKEN; if it is not set: basenc --base64url {data}/token.key | tr -d =\n  \
             use    KERNELOS_TOKEN=... kernelos --host http://{address} workspace list\n"
        )
    }

    fn problem(error: HostError) -> Problem {
        let what = error.to_string();
        match error {
            HostError::Manifest(_) => {
                Problem::failed("application", what, "Build the components that it names: cargo xtask build wasi")
            }
            HostError::Port(_) => Problem::failed("port_taken", what, "Choose another port with --port."),
            HostError::Broken(_) => {
                Problem::failed("host", what, "One process serves a data directory; name another with --data.")
            }
        }
    }
}
