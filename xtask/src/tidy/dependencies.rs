//! Who may import whom. The rooms are the architecture; a dependency that crosses them the wrong way is how a kernel
//! learns of a clock.

use super::manifest::{Dependency, Kind, Manifests};
use super::{Finding, Tree};

pub const NAME: &str = "dependency-rule";

/// What the kernel may import from outside: pure computation only. A new name here is a decision, to be written down.
const KERNEL_CRATES: [&str; 11] = [
    "base64",
    "chacha20poly1305",
    "hmac",
    "jaq-core",
    "lz4_flex",
    "miniz_oxide",
    "rust_decimal",
    "serde",
    "serde_json",
    "sha2",
    "zeroize",
];
/// What its tests may import besides.
const KERNEL_TEST_CRATES: [&str; 1] = ["proptest"];

/// Crates that bind code to one kind of host: a clock, sockets, entropy, an executor, a storage engine.
const PLATFORM_CRATES: [&str; 26] = [
    "async-std",
    "axum",
    "fs4",
    "getrandom",
    "hyper",
    "hyper-rustls",
    "hyper-util",
    "js-sys",
    "libsql",
    "mio",
    "rand",
    "reqwest",
    "rusqlite",
    "rustls",
    "smol",
    "spin-sdk",
    "sqlx",
    "tempfile",
    "tokio",
    "tokio-rustls",
    "ureq",
    "wasi",
    "wasm-bindgen",
    "wasm-bindgen-futures",
    "web-sys",
    "worker",
];

/// The suite every adapter of a port must pass, and the store it is proven on. They are for tests, whoever imports them.
const KIT: &str = "testkit";
const REFERENCE_STORE: &str = "store-memory";

/// The one host that is a library: it serves components to whoever embeds it, and the program does. What it serves knows
/// nothing of it, so a client that has it in itself is joined with no component.
const HOST_LIBRARY: &str = "hosts/wasi/host";

/// A part of the tree with rules of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room<'a> {
    Kernel,
    Ports,
    Adapter(&'a str),
    Function,
    Client,
    /// What one platform is asked to run: functions joined with adapters, and what those crates have in common.
    Host,
    /// What runs such things in a program of its own, or in a client.
    HostLibrary,
    /// `tests` and `xtask`: they may import anything, and nobody imports them.
    Tools,
}

impl<'a> Room<'a> {
    fn of(folder: &'a str) -> Option<Self> {
        match folder.split_once('/') {
            None if folder == "kernel" => Some(Self::Kernel),
            None if folder == "ports" => Some(Self::Ports),
            None if folder == "tests" || folder == "xtask" => Some(Self::Tools),
            Some(("tests" | "xtask", _)) => Some(Self::Tools),
            Some(("adapters", name)) => Some(Self::Adapter(name)),
            Some(("functions", _)) => Some(Self::Function),
            Some(("clients", _)) => Some(Self::Client),
            Some(("hosts", _)) if folder == HOST_LIBRARY => Some(Self::HostLibrary),
            Some(("hosts", _)) => Some(Self::Host),
            _ => None,
        }
    }

    fn may_import(self, other: Room<'_>, kind: Kind) -> bool {
        let for_tests = kind == Kind::TestsOnly;
        match (self, other) {
            (Self::Tools, _) => true,
            (_, Room::Tools) | (Self::Kernel, _) => false,
            (_, Room::Kernel) => true,
            (Self::Ports, _) => false,
            (_, Room::Ports) => true,
            (Self::Adapter(name), Room::Adapter(other)) => {
                for_tests && (other == KIT || (name == KIT && other == REFERENCE_STORE))
            }
            (Self::Function, Room::Adapter(other)) => for_tests && [KIT, REFERENCE_STORE].contains(&other),
            (Self::Adapter(_) | Self::Function, _) => false,
            (Self::Client | Self::Host | Self::HostLibrary, Room::Adapter(other)) => for_tests || other != KIT,
            (Self::Host | Self::HostLibrary, Room::Client) | (Self::Client, Room::Host) => false,
            (Self::Host, Room::HostLibrary) | (Self::HostLibrary, Room::Host) => false,
            (Self::Client | Self::Host | Self::HostLibrary, _) => true,
        }
    }

    fn may_import_crate(self, package: &str, kind: Kind) -> bool {
        match self {
            Self::Kernel => {
                let for_tests = kind == Kind::TestsOnly && KERNEL_TEST_CRATES.contains(&package);
                kind != Kind::BuildScript && KERNEL_CRATES.contains(&package) || for_tests
            }
            Self::Ports | Self::Function => kind == Kind::TestsOnly || !PLATFORM_CRATES.contains(&package),
            Self::Adapter(_) | Self::Client | Self::Host | Self::HostLibrary | Self::Tools => true,
        }
    }

    /// What to do instead of the import that was refused.
    fn advice(self) -> &'static str {
        match self {
            Self::Kernel => {
                "the kernel knows nobody and only computes: take time, entropy and data as input, return effects as \
                 data, and let an adapter do the rest"
            }
            Self::Ports => {
                "ports know the kernel only: describe the need as a trait and leave the platform to an adapter"
            }
            Self::Adapter(_) => {
                "adapters know the kernel and ports, never one another: move what both need into `ports`, or join them \
                 in `clients` or `hosts`"
            }
            Self::Function => {
                "functions know the kernel and ports: ask for the trait, and let the host hand in the adapter (their \
                 tests may use store-memory and testkit)"
            }
            Self::Client | Self::Host | Self::HostLibrary | Self::Tools => {
                "clients and hosts do not know one another (but for hosts/wasi/host, which a client may embed), and `tests`, `xtask` and the test kit are not for what ships: move the shared part out of them"
            }
        }
    }
}

/// Checks every line of every dependency table.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let manifests = Manifests::of(tree);
    let mut findings = Vec::new();
    for manifest in manifests.crates() {
        let finding = |line, instead| Finding { path: manifest.path.to_owned(), line, rule: NAME, instead };
        let Some(room) = Room::of(manifest.folder) else {
            findings.push(finding(
                1,
                "this folder is no room yet: say in xtask/src/tidy/dependencies.rs whom it may import".to_owned(),
            ));
            continue;
        };
        let refused = |dependency: &Dependency| match manifests.folder_of(&dependency.package).map(Room::of) {
            Some(other) => !other.is_some_and(|other| room.may_import(other, dependency.kind)),
            None => !room.may_import_crate(&dependency.package, dependency.kind),
        };
        for dependency in manifests.dependencies_of(manifest).iter().filter(|dependency| refused(dependency)) {
            let instead = format!("{} must not import {}: {}", manifest.folder, dependency.package, room.advice());
            findings.push(finding(dependency.line, instead));
        }
    }
    findings
}

#[cfg(test)]
mod tests;
