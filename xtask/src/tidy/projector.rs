//! Read models have one writer. What writes them is a trait of its own, and who does not name it cannot call it.

use super::tree::has_extension;
use super::{Finding, Tree};

pub const NAME: &str = "one-projector";

/// What writes read models.
const WRITES: &str = concat!("Keep", "Models");
/// Who may name it: where it is described, who keeps it, and who uses it.
const MAY: [&str; 3] = ["ports/", "adapters/read-models-sql/", "functions/projector/"];

/// Checks that nobody else names it, tests included: they see what a projector made.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| has_extension(path, "rs")) {
        if MAY.iter().any(|may| path.starts_with(may)) {
            continue;
        }
        let named = text.lines().enumerate().filter(|(_, line)| line.contains(WRITES));
        findings.extend(named.map(|(index, _)| Finding {
            path: path.to_owned(),
            line: index + 1,
            rule: NAME,
            instead: format!(
                "only the projector writes read models: record an event, and let functions/projector make of it what \
                 is to be read ({WRITES} is its own)"
            ),
        }));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::testing::findings;
    use super::*;

    #[test]
    fn who_writes_read_models_beside_the_projector_is_found() {
        let written = format!("use ports::{WRITES};\n");
        let found = findings(check, &[("functions/gateway/src/lib.rs", &written), ("tests/tests/a.rs", &written)]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|it| it.contains("only the projector writes read models")), "{found:?}");
    }

    #[test]
    fn the_projector_and_where_they_are_kept_may_name_it() {
        let written = format!("use ports::{WRITES};\n");
        let sound = ["functions/projector/src/lib.rs", "adapters/read-models-sql/src/lib.rs", "ports/src/lib.rs"];
        assert_eq!(findings(check, &sound.map(|path| (path, written.as_str()))), Vec::<String>::new());
        assert_eq!(findings(check, &[("docs/a.md", &written)]), Vec::<String>::new());
    }
}
