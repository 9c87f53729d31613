//! The tree names no folder of a particular machine and no host of a package registry: it must build where neither is.

use super::{Finding, Tree};

pub const NAME: &str = "no-machine-places";

/// Top-level folders that only exist on somebody's machine. Without slashes, so that this file does not find itself.
const FOLDERS: [&str; 4] = ["work", "root", "home", "Users"];
/// First labels of the hosts that packages come from.
const REGISTRY_LABELS: [&str; 5] = ["registry", "static", "index", "files", "deb"];

/// Checks every text file, whatever its kind.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.files() {
        for (index, line) in text.lines().enumerate() {
            let place =
                machine_folder(line).map(|folder| (folder, "use a path relative to the root, or ask the environment"));
            let host = || {
                registry_host(line).map(|host| (host, "leave the source of packages to each machine's own settings"))
            };
            if let Some((what, instead)) = place.or_else(host) {
                let instead = format!("`{what}` belongs to one machine: {instead}");
                findings.push(Finding { path: path.to_owned(), line: index + 1, rule: NAME, instead });
            }
        }
    }
    findings
}

fn machine_folder(line: &str) -> Option<String> {
    let folders = FOLDERS.into_iter().find_map(|folder| {
        let absolute = format!("/{folder}/");
        let found = begins_path(line, &absolute).next().is_some();
        found.then_some(absolute)
    });
    folders.or_else(|| {
        let temporary = concat!("/", "tmp/");
        let named = |rest: &str| rest.trim_start_matches(|c: char| c.is_ascii_lowercase()).starts_with('-');
        begins_path(line, temporary).any(named).then(|| format!("{temporary}…-"))
    })
}

/// What follows `start` wherever it begins a path, that is, does not continue a longer one.
fn begins_path<'a>(line: &'a str, start: &'a str) -> impl Iterator<Item = &'a str> {
    line.match_indices(start).filter_map(move |(at, _)| {
        let (before, rest) = line.split_at(at);
        let continues = before.ends_with(|c: char| c.is_ascii_alphanumeric() || "_.}>)*$".contains(c));
        if continues { None } else { rest.strip_prefix(start) }
    })
}

fn registry_host(line: &str) -> Option<String> {
    REGISTRY_LABELS.into_iter().map(|label| format!("://{label}.")).find(|host| line.contains(host))
}

#[cfg(test)]
mod tests {
    use super::super::testing::findings;
    use super::*;

    #[track_caller]
    fn refuses(line: &str) {
        let found = findings(check, &[("docs/guide.md", &format!("# Head\n{line}\n"))]);
        let [only] = found.as_slice() else { panic!("expected one finding in {line}: {found:?}") };
        assert!(only.starts_with("docs/guide.md:2: no-machine-places: "), "{only}");
    }

    #[test]
    fn folders_of_a_machine_are_found() {
        refuses(concat!("cd /", "work/tree"));
        refuses(concat!("cache = \"/", "root/.cargo\""));
        refuses(concat!("/", "home/somebody/tree"));
        refuses(concat!("see (/", "tmp/scratch-1)"));
    }

    #[test]
    fn hosts_of_registries_are_found() {
        refuses(concat!("\"resolved\": \"https:/", "/registry.example.org/a.tgz\""));
    }

    #[test]
    fn routes_and_longer_paths_are_not_places() {
        let lines =
            concat!("GET /v1/{w}/", "root\n{base}/", "root/x and a/home/b\nhttps://example.org/work/1\n/tmp/data\n");
        assert_eq!(findings(check, &[("docs/guide.md", lines)]), Vec::<String>::new());
    }
}
