//! An invariant that nothing guards is a wish. Every `**Invariant X-n**` in the architecture names its guard as
//! `guard: name`, and the name must be a test that exists or a rule of tidy.

use super::{Finding, RULES, Tree};

pub const NAME: &str = "invariant-guards";

const DOCUMENTS: [&str; 2] = ["docs/ARCHITECTURE.md", "ARCHITECTURE.md"];
const MARK: &str = "**Invariant ";
const GUARD: &str = "guard:";

/// Checks that each invariant has a guard and each guard exists.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for path in DOCUMENTS {
        for invariant in invariants(tree.text(path)) {
            let mut found =
                |instead| findings.push(Finding { path: path.to_owned(), line: invariant.line, rule: NAME, instead });
            let guards = guards_in(&invariant.text);
            if guards.is_empty() {
                found("say what guards it: `guard: name_of_a_test` or `guard: name-of-a-tidy-rule`".to_owned());
            }
            for guard in guards.iter().filter(|guard| !exists(tree, guard)) {
                found(format!(
                    "its guard `{guard}` is neither a test nor a tidy rule: write the test, or name the one there is"
                ));
            }
        }
    }
    findings
}

struct Invariant {
    line: usize,
    text: String,
}

/// An invariant goes on to the next one, or to an empty line.
fn invariants(text: &str) -> Vec<Invariant> {
    let mut found: Vec<Invariant> = Vec::new();
    let mut open = false;
    for (index, line) in text.lines().enumerate() {
        if line.contains(MARK) {
            found.push(Invariant { line: index + 1, text: String::new() });
            open = true;
        }
        open &= !line.trim().is_empty();
        if let Some(invariant) = found.last_mut().filter(|_| open) {
            invariant.text.push_str(line.trim());
            invariant.text.push(' ');
        }
    }
    found
}

/// The names behind each `guard:` in backticks; several are parted by commas, and a path to a test may stand before it.
fn guards_in(text: &str) -> Vec<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    let lists = quoted.filter_map(|quoted| quoted.trim().strip_prefix(GUARD));
    let names = lists.flat_map(|list| list.split(',')).map(str::trim).filter(|name| !name.is_empty());
    names.map(|name| name.trim_start_matches("tidy ").rsplit("::").next().unwrap_or(name).to_owned()).collect()
}

/// The cases of the kit have no test attribute of their own; each adapter runs them all.
fn exists(tree: &Tree, guard: &str) -> bool {
    let is_guard = |path: &str, is_test: bool| is_test || path.starts_with("adapters/testkit/src/");
    RULES.iter().any(|(name, _)| *name == guard)
        || tree.files().filter(|(path, _)| path.ends_with(".test.mjs")).any(|(_, text)| tells(text, guard))
        || tree.sources().any(|(path, source)| {
            source.functions().iter().any(|function| function.name == guard && is_guard(path, function.is_test))
        })
}

/// Whether a file of stories for Node tells this one. Its name there is a sentence; here it has `_` where that has none
/// of a word.
fn tells(text: &str, guard: &str) -> bool {
    let names = text.split("test(\"").skip(1).filter_map(|rest| rest.split_once("\", "));
    names.map(|(name, _)| name).any(|name| {
        let lower = name.to_ascii_lowercase();
        let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        words.eq(guard.split('_'))
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::findings;
    use super::*;

    const TESTS: (&str, &str) = ("kernel/src/lib.rs", "#[test]\nfn replay_gives_the_same_root() {}\nfn replay() {}");

    fn architecture(text: &str) -> Vec<String> {
        findings(check, &[("docs/ARCHITECTURE.md", text), TESTS])
    }

    #[test]
    fn a_guard_may_be_a_test_or_a_rule_of_tidy() {
        let text = "* **Invariant K-1** The kernel is pure.\n  `guard: tidy kernel-purity`\n\
            * **Invariant K-2** Replay is exact. `guard: replay_gives_the_same_root, kernelos_kernel::tests::replay_gives_the_same_root`\n";
        assert_eq!(architecture(text), Vec::<String>::new());
    }

    #[test]
    fn an_invariant_without_a_guard_is_found() {
        let found = architecture(
            "# Head\n**Invariant K-1** Held by care.\n\n`guard: kernel-purity` belongs to nothing here.\n",
        );
        let [only] = found.as_slice() else { panic!("{found:?}") };
        assert!(only.starts_with("docs/ARCHITECTURE.md:2: invariant-guards: say what guards it"), "{only}");
    }

    #[test]
    fn a_guard_that_is_gone_or_is_no_test_is_found() {
        for gone in ["replay_gives_another_root", "replay"] {
            let found = architecture(&format!("**Invariant K-2** Exact. `guard: {gone}`\n"));
            let [only] = found.as_slice() else { panic!("{found:?}") };
            assert!(only.contains(&format!("its guard `{gone}` is neither")), "{only}");
        }
    }

    #[test]
    fn a_story_told_in_node_is_a_guard_by_its_words() {
        let told = "test(\"what waits, goes on by itself\", async () => {});";
        assert!(tells(told, "what_waits_goes_on_by_itself"));
        assert!(!tells(told, "what_waits_goes_on"));
    }
}
