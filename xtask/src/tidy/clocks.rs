//! No clock but the one that is handed in: what runs on every host must not ask the standard library what time it is. On a
//! Worker that compiles, and panics when it is called.

use super::manifest::Manifests;
use super::{Finding, Tree};

pub const NAME: &str = "no-clock-of-its-own";

const CLOCKS: [&str; 2] = ["Instant", "SystemTime"];
/// What is compiled for every host, and for Workers. Components and what serves them have a clock.
const PORTABLE: [&str; 3] = ["ports/", "functions/", "hosts/cloudflare/"];

/// Checks what ships in the portable rooms, and in the adapters that a host imports.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let adapters = adapters_of_hosts(tree);
    let places: Vec<&str> = PORTABLE.into_iter().chain(adapters.iter().map(String::as_str)).collect();
    let mut findings = Vec::new();
    for (path, source) in tree.shipped_sources().filter(|(path, _)| places.iter().any(|place| path.starts_with(place)))
    {
        for [clock, colons, now] in source.shipped_windows() {
            let asks = colons.text == "::" && now.text == "now";
            if asks && CLOCKS.contains(&clock.text.as_str()) {
                let instead = format!("`{}::now` panics on a Worker: take the time from a port", clock.text);
                findings.push(Finding { path: path.to_owned(), line: clock.line, rule: NAME, instead });
            }
        }
    }
    findings
}

fn adapters_of_hosts(tree: &Tree) -> Vec<String> {
    let manifests = Manifests::of(tree);
    let hosts = manifests.crates().iter().filter(|manifest| manifest.folder.starts_with("hosts/"));
    let imported = hosts.flat_map(|host| manifests.dependencies_of(host));
    let folders = imported.filter_map(|dependency| manifests.folder_of(&dependency.package));
    folders.filter(|folder| folder.starts_with("adapters/")).map(|folder| format!("{folder}/")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::findings;
    use super::*;

    const ASKS: &str = "fn f() {\n    let began = std::time::Instant::now();\n}";

    #[test]
    fn a_clock_in_a_portable_room_is_found() {
        for path in ["functions/gateway/src/lib.rs", "ports/src/lib.rs", "hosts/cloudflare/shared/src/lib.rs"] {
            let found = findings(check, &[(path, ASKS)]);
            let [only] = found.as_slice() else { panic!("{found:?}") };
            assert!(only.starts_with(&format!("{path}:2: no-clock-of-its-own: `Instant::now`")), "{only}");
        }
    }

    #[test]
    fn an_adapter_is_portable_when_a_host_imports_it() {
        let manifest = ("adapters/there/Cargo.toml", "[package]\nname = \"there\"");
        let source = ("adapters/there/src/lib.rs", "fn f() { SystemTime::now(); }");
        let host = ("hosts/one/Cargo.toml", "[package]\nname = \"one\"\n[dependencies]\nthere = { path = \"x\" }");
        assert_eq!(findings(check, &[manifest, source]), Vec::<String>::new());
        assert_eq!(findings(check, &[manifest, source, host]).len(), 1);
    }

    #[test]
    fn tests_and_programs_of_one_machine_may_look_at_the_clock() {
        let in_tests = format!("#[cfg(test)]\nmod tests {{ {ASKS} }}");
        let files = [("functions/gateway/src/lib.rs", in_tests.as_str()), ("clients/cli/src/main.rs", ASKS)];
        assert_eq!(findings(check, &files), Vec::<String>::new());
    }
}
