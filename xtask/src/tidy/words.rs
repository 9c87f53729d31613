//! Code does not say that it is unfinished. What is missing is an issue, and what is there is done.

use super::{Finding, Tree};

pub const NAME: &str = "unfinished-words";

/// Whole words, written in capitals by habit.
const MARKS: [&str; 4] = ["TODO", "FIXME", "XXX", "HACK"];
/// Phrases, however they are written.
const PHRASES: [&str; 2] = ["for now", "placeholder"];

/// Checks comments, code and strings of what ships.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in tree.shipped_sources() {
        let lines = tree.text(path).lines().enumerate().map(|(index, line)| (index + 1, line));
        for (line, text) in lines.filter(|(line, _)| !source.is_test_line(*line)) {
            if let Some(word) = said(text) {
                let instead = format!("`{word}`: finish it here, or open an issue and describe what is true today");
                findings.push(Finding { path: path.to_owned(), line, rule: NAME, instead });
            }
        }
    }
    findings
}

fn said(line: &str) -> Option<&'static str> {
    let lower = line.to_lowercase();
    let mark = MARKS.into_iter().find(|mark| contains_word(line, mark));
    mark.or_else(|| PHRASES.into_iter().find(|phrase| contains_word(&lower, phrase)))
}

/// Whether it stands there as a word of its own, not inside another.
fn contains_word(line: &str, word: &str) -> bool {
    let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    line.match_indices(word).any(|(at, _)| {
        let (before, rest) = line.split_at(at);
        let after = rest.strip_prefix(word).unwrap_or_default();
        is_edge(before.chars().next_back()) && is_edge(after.chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::findings;
    use super::*;

    #[test]
    fn code_that_calls_itself_unfinished_is_found() {
        let code = "// FIXME: later\nfn a() {}\n/// Enough For now.\nfn b() {}";
        let found = findings(check, &[("kernel/src/lib.rs", code)]);
        let [first, second] = found.as_slice() else { panic!("{found:?}") };
        assert!(first.starts_with("kernel/src/lib.rs:1: unfinished-words: `FIXME`"), "{first}");
        assert!(second.starts_with("kernel/src/lib.rs:3: unfinished-words: `for now`"), "{second}");
    }

    #[test]
    fn words_that_only_contain_them_and_words_of_tests_are_not() {
        let code = "// SHACKLE, wait for nowhere, xXXXx\n#[cfg(test)]\nmod tests {\n    // HACK\n}";
        assert_eq!(
            findings(check, &[("kernel/src/lib.rs", code), ("xtask/src/a.rs", "// HACK")]),
            Vec::<String>::new()
        );
    }
}
