//! `cargo xtask test conformance`: what every kind of host must do, told of one kind at a time.

use crate::cloudflare::{self, Kind, WORKERS};
use crate::failure::Failure;
use crate::process::{self, cargo};
use crate::setup;
use crate::wasi;

/// The stories wait more than they work, so more of them run at once than there are processors.
const THREADS: &str = "--test-threads=4";

/// A kind of host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// The program itself, over its data directory.
    Native,
    /// The Workers of `hosts/cloudflare`, in workerd.
    Workerd,
    /// The components of `hosts/wasi`, in the small host that is there.
    Wasi,
}

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    host: Host,
    /// How often the host is killed under concurrent writers.
    rounds: Option<String>,
    /// Handed on to the test program.
    rest: Vec<String>,
}

/// `--host native|workerd|wasi`, `--rounds N`, and filters.
pub fn run(options: &[String]) -> Result<(), Failure> {
    let wanted = read(options)?;
    setup::run()?;
    tell(&wanted)
}

/// All stories of one kind of host, for callers that have set up already.
pub fn on(host: Host) -> Result<(), Failure> {
    tell(&Wanted { host, rounds: None, rest: Vec::new() })
}

/// A workspace that goes through every kind of host.
pub fn moves() -> Result<(), Failure> {
    setup::run()?;
    through_all()
}

/// The same, for callers that have set up already.
pub fn through_all() -> Result<(), Failure> {
    Host::ALL.into_iter().try_for_each(prepare)?;
    process::run(suite("test").args(["--", "--ignored"]))
}

fn tell(wanted: &Wanted) -> Result<(), Failure> {
    prepare(wanted.host)?;
    let mut command = suite("test");
    command.env("KERNELOS_CONFORMANCE_HOST", wanted.host.name());
    if let Some(rounds) = &wanted.rounds {
        command.env("KERNELOS_CONFORMANCE_ROUNDS", rounds);
    }
    process::run(command.args(["--", THREADS]).args(&wanted.rest))
}

/// Makes sure of what a kind of host consists of.
pub fn prepare(host: Host) -> Result<(), Failure> {
    match host {
        Host::Native => Ok(()),
        Host::Wasi => {
            wasi::compile()?;
            // Its own tests bring the host with them. All packages are named, because with fewer of them wasmtime would have
            // other features and be compiled again.
            process::run(&mut cargo(&["test", "--workspace", "--no-run", "--test", "reach"]))
        }
        Host::Workerd => {
            setup::with_worker_tools()?;
            cloudflare::workers(&WORKERS, Kind::Quick)
        }
    }
}

/// A command of cargo over the suite, which none that names no target reaches.
pub fn suite(command: &str) -> std::process::Command {
    cargo(&[command, "--package", "kernelos-tests", "--test", "conformance"])
}

impl Host {
    const ALL: [Self; 3] = [Self::Native, Self::Workerd, Self::Wasi];

    const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Workerd => "workerd",
            Self::Wasi => "wasi",
        }
    }
}

fn read(options: &[String]) -> Result<Wanted, Failure> {
    let mut wanted = Wanted { host: Host::Native, rounds: None, rest: Vec::new() };
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let mut value = || options.next().ok_or_else(|| Failure::check(format!("{option} wants a value")));
        match option.as_str() {
            "--host" => wanted.host = host(value()?)?,
            "--rounds" => wanted.rounds = Some(value()?.clone()),
            _ => wanted.rest.push(option.clone()),
        }
    }
    Ok(wanted)
}

fn host(name: &str) -> Result<Host, Failure> {
    let known = Host::ALL.map(Host::name).join(", ");
    let found = Host::ALL.into_iter().find(|host| host.name() == name);
    found.ok_or_else(|| Failure::check(format!("there is no host {name}; there are {known}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_words(words: &[&str]) -> Result<Wanted, Failure> {
        read(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_kind_of_host_and_what_is_told_of_it_are_read_in_any_order() {
        let wanted = read_words(&["crash", "--rounds", "20", "--host", "workerd"]).unwrap();
        let expected = Wanted { host: Host::Workerd, rounds: Some("20".to_owned()), rest: vec!["crash".to_owned()] };
        assert_eq!(wanted, expected);
        assert_eq!(read_words(&[]).unwrap().host, Host::Native);
    }

    #[test]
    fn a_host_that_does_not_exist_is_refused_with_those_that_do() {
        let refused = read_words(&["--host", "toaster"]).unwrap_err();
        assert!(matches!(&refused, Failure::Check(text) if text.contains("native, workerd, wasi")), "{refused}");
        assert!(read_words(&["--host"]).is_err());
    }
}
