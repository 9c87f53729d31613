//! Every crate inherits the lint wall and the package facts, so that there is one place to change them.

use super::manifest::Manifests;
use super::{Finding, Tree};
use toml::Value;

pub const NAME: &str = "manifest-inheritance";

const INHERITED: [&str; 6] = ["version", "edition", "rust-version", "license", "repository", "publish"];

/// Checks `[lints] workspace = true` and `<fact>.workspace = true`.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let manifests = Manifests::of(tree);
    let mut findings = Vec::new();
    for manifest in manifests.crates() {
        let inherits = |value: Option<&Value>| value.and_then(|value| value.get("workspace")?.as_bool()) == Some(true);
        let package = manifest.table.get("package");
        let mut missing: Vec<String> = INHERITED
            .iter()
            .filter(|fact| !inherits(package.and_then(|package| package.get(**fact))))
            .map(|fact| format!("write `{fact}.workspace = true` under [package]"))
            .collect();
        if !inherits(manifest.table.get("lints")) {
            missing
                .push("write `[lints]` with `workspace = true`: the lint wall is one place for every crate".to_owned());
        }
        let finding = |instead| Finding { path: manifest.path.to_owned(), line: 1, rule: NAME, instead };
        findings.extend(missing.into_iter().map(finding));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::testing::findings;
    use super::*;

    const SOUND: &str = "[package]\nname = \"a\"\nversion.workspace = true\nedition.workspace = true\n\
        rust-version.workspace = true\nlicense.workspace = true\nrepository.workspace = true\npublish.workspace = true\n\
        [lints]\nworkspace = true\n";

    #[test]
    fn a_crate_that_inherits_everything_is_sound() {
        assert_eq!(findings(check, &[("kernel/Cargo.toml", SOUND)]), Vec::<String>::new());
    }

    #[test]
    fn a_crate_with_a_licence_of_its_own_or_outside_the_lint_wall_is_found() {
        let own =
            SOUND.replace("license.workspace = true", "license = \"MIT\"").replace("[lints]\nworkspace = true", "");
        let found = findings(check, &[("kernel/Cargo.toml", &own)]);
        let [licence, lints] = found.as_slice() else { panic!("{found:?}") };
        assert!(licence.contains("write `license.workspace = true`"), "{licence}");
        assert!(lints.contains("lint wall"), "{lints}");
    }
}
