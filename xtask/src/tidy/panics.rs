//! No panic paths in what ships: on edge hosts a panic hangs every request of the instance. Clippy refuses them with full
//! knowledge of types; this scan is the cheap first answer and also sees code that is not compiled on this machine.

use super::{Finding, Tree};

pub const NAME: &str = "no-panic";

const METHODS: [(&str, &str); 2] = [
    ("unwrap", "return the error with `?`, or handle the absence"),
    ("expect", "return an error that says what did not hold"),
];
const MACROS: [(&str, &str); 4] = [
    ("panic", "return an error that says what did not hold"),
    ("unreachable", "make the case impossible by type, or return an error"),
    ("todo", "finish it, or leave it out"),
    ("unimplemented", "finish it, or leave it out"),
];

/// Checks code that ships, outside `#[cfg(test)]`.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in tree.shipped_sources() {
        let mut found = |line, what: String, instead: &str| {
            let instead = format!("no `{what}` in code that ships: {instead}");
            findings.push(Finding { path: path.to_owned(), line, rule: NAME, instead });
        };
        for [dot, name, open] in source.shipped_windows() {
            let method = METHODS.iter().find(|(method, _)| name.text == *method);
            if let Some((method, instead)) = method.filter(|_| dot.text == "." && open.text == "(") {
                found(name.line, format!(".{method}("), instead);
            }
        }
        for [name, bang] in source.shipped_windows() {
            let called = MACROS.iter().find(|(called, _)| name.text == *called);
            if let Some((called, instead)) = called.filter(|_| bang.text == "!") {
                found(name.line, format!("{called}!"), instead);
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::testing::findings;
    use super::*;

    const PANICS: &str = "fn f(x: Option<u8>) -> u8 {\n    x.unwrap()\n}\nfn g() { panic!(\"no\") }";

    #[test]
    fn panic_paths_in_code_that_ships_are_found() {
        let found = findings(check, &[("functions/gateway/src/lib.rs", PANICS)]);
        let [unwrap, panic] = found.as_slice() else { panic!("{found:?}") };
        assert!(unwrap.starts_with("functions/gateway/src/lib.rs:2: no-panic: no `.unwrap(`"), "{unwrap}");
        assert!(panic.starts_with("functions/gateway/src/lib.rs:4: no-panic: no `panic!`"), "{panic}");
    }

    #[test]
    fn tests_tools_and_lookalikes_are_left_alone() {
        let in_tests = format!("fn ok(x: Option<u8>) {{ x.unwrap_or(1); }}\n#[cfg(test)]\nmod tests {{ {PANICS} }}");
        let files = [
            ("functions/gateway/src/lib.rs", in_tests.as_str()),
            ("functions/gateway/tests/it.rs", PANICS),
            ("tests/src/lib.rs", PANICS),
            ("xtask/src/main.rs", PANICS),
            ("adapters/testkit/src/lib.rs", PANICS),
        ];
        assert_eq!(findings(check, &files), Vec::<String>::new());
    }
}
