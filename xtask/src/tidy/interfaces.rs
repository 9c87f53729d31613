//! What a component asks of its host comes with a crate that has interfaces in it. So such crates are few, and each stands
//! in one place. What the built components import is looked at as well, by `super::super::wasi`.

use super::manifest::{Kind, Manifests};
use super::tree::has_extension;
use super::{Finding, Tree};

pub const NAME: &str = "component-interfaces";

/// Crates that bring interfaces, and the crates of ours that may name them. The probe of the tests asks for everything.
const BRING: [(&str, &[&str]); 4] = [
    ("spin-sdk", &["hosts/wasi/shared", "hosts/wasi/probe"]),
    ("spin-executor", &["hosts/wasi/shared"]),
    ("wasi", &["hosts/wasi/shared"]),
    ("wit-bindgen", &["hosts/wasi/cron"]),
];
/// Others that would bring some.
const REFUSED: [&str; 7] =
    ["cargo-component-bindings", "spin-macro", "wasip1", "wasip2", "wasip3", "wit-bindgen-rt", "wstd"];
/// The one folder of interfaces: what Spin's cron trigger starts.
const INTERFACES: &str = "hosts/wasi/cron/wit/";

/// Checks who names a crate with interfaces in it, and where interfaces are written down.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let manifests = Manifests::of(tree);
    let mut findings = Vec::new();
    for manifest in manifests.crates() {
        for dependency in manifests.dependencies_of(manifest) {
            let package = dependency.package.as_str();
            let may = BRING.iter().find(|(name, _)| *name == package).map(|(_, may)| *may);
            let refused = may.is_some_and(|may| !may.contains(&manifest.folder)) || REFUSED.contains(&package);
            if refused && dependency.kind == Kind::Always {
                let instead = format!(
                    "`{package}` brings interfaces that a host would have to give: take what hosts/wasi/shared offers"
                );
                findings.push(Finding { path: manifest.path.to_owned(), line: dependency.line, rule: NAME, instead });
            }
        }
    }
    let written = tree.files().filter(|(path, _)| has_extension(path, "wit") && !path.starts_with(INTERFACES));
    findings.extend(written.map(|(path, _)| Finding {
        path: path.to_owned(),
        line: 1,
        rule: NAME,
        instead: format!("a component asks for no interface of ours: only {INTERFACES} has one, which Spin calls"),
    }));
    findings
}

#[cfg(test)]
mod tests {
    use super::super::testing::findings;
    use super::*;

    #[test]
    fn only_the_crates_that_are_named_bring_interfaces() {
        let sound = [
            ("hosts/wasi/shared/Cargo.toml", "[dependencies]\nspin-sdk = \"5\"\nwasi = \"0.13\""),
            ("hosts/wasi/cron/Cargo.toml", "[dependencies]\nwit-bindgen = \"0.51\""),
            ("hosts/wasi/cron/wit/cron.wit", "package a:b;"),
            ("hosts/wasi/clock/Cargo.toml", "[dev-dependencies]\nwit-bindgen = \"0.51\""),
        ];
        assert_eq!(findings(check, &sound), Vec::<String>::new());
    }

    #[test]
    fn a_component_that_would_ask_for_more_is_found() {
        let found = findings(
            check,
            &[
                ("hosts/wasi/clock/Cargo.toml", "[dependencies]\nspin-sdk = \"5\""),
                ("hosts/wasi/gateway/Cargo.toml", "[dependencies]\nnet = { package = \"wasip2\", version = \"1\" }"),
                ("hosts/wasi/gateway/wit/files.wit", "package a:b;"),
            ],
        );
        let [clock, gateway, written] = found.as_slice() else { panic!("{found:?}") };
        assert!(clock.starts_with("hosts/wasi/clock/Cargo.toml:2") && clock.contains("spin-sdk"), "{clock}");
        assert!(gateway.contains("wasip2") && written.contains("files.wit"), "{found:?}");
    }
}
