//! One command, one file: the folder listing of `kernel/src/command` is the list of what can be asked of a workspace.

use super::source::Source;
use super::{Finding, Tree};

pub const NAME: &str = "one-file-per-command";

const FOLDER: &str = "kernel/src/command/";

/// Checks that each file there decides one command and has its name, and that no command is decided elsewhere.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in tree.shipped_sources().filter(|(path, _)| path.starts_with("kernel/src/")) {
        let decided = decided_in(source);
        let finding = |line, instead| Finding { path: path.to_owned(), line, rule: NAME, instead };
        match path.strip_prefix(FOLDER).filter(|file| *file != "mod.rs") {
            None => findings.extend(decided.iter().map(|(line, command)| {
                finding(*line, format!("{command} is decided here: move it to {FOLDER}{}.rs", file_name(command)))
            })),
            Some(file) => findings.extend(misplaced(file, &decided).map(|(line, instead)| finding(line, instead))),
        }
    }
    findings
}

/// What is wrong with a file of the folder that decides these commands.
fn misplaced(file: &str, decided: &[(usize, String)]) -> Option<(usize, String)> {
    match decided {
        [] => Some((
            1,
            "no `impl Decide for` here: this folder is the list of commands, move what they share to mod.rs".to_owned(),
        )),
        [(line, command)] => {
            let expected = file_name(command) + ".rs";
            (file != expected).then(|| (*line, format!("{command} is decided here: name the file {expected}")))
        }
        [_, (line, second), ..] => {
            Some((*line, format!("{second} is a second command: give it {}.rs", file_name(second))))
        }
    }
}

/// The types with an `impl Decide for` of their own, with its line.
fn decided_in(source: &Source) -> Vec<(usize, String)> {
    let implementations =
        source.shipped_windows().filter(|[name, word, _]| name.text == "Decide" && word.text == "for");
    implementations.map(|[name, _, command]| (name.line, command.text.clone())).collect()
}

/// `TaskCreate` → `task_create`.
fn file_name(command: &str) -> String {
    let mut name = String::new();
    for letter in command.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::super::testing::findings;
    use super::*;

    #[test]
    fn a_file_with_its_command_is_sound_and_may_be_tested_with_others() {
        let files = [
            ("kernel/src/command/mod.rs", "pub trait Decide {}"),
            (
                "kernel/src/command/task_create.rs",
                "impl Decide for TaskCreate {}\n#[cfg(test)]\nimpl Decide for Fake {}",
            ),
        ];
        assert_eq!(findings(check, &files), Vec::<String>::new());
    }

    #[test]
    fn a_second_command_a_wrong_name_and_a_helper_are_each_sent_where_they_belong() {
        let files = [
            ("kernel/src/command/task_ask.rs", "impl Decide for TaskAsk {}\nimpl Decide for TaskEnd {}"),
            ("kernel/src/command/task_make.rs", "impl Decide for TaskCreate {}"),
            ("kernel/src/command/util.rs", "fn help() {}"),
            ("kernel/src/state/mod.rs", "impl Decide for KeyDestroy {}"),
        ];
        let found = findings(check, &files);
        let [second, name, helper, elsewhere] = found.as_slice() else { panic!("{found:?}") };
        assert!(
            second.starts_with("kernel/src/command/task_ask.rs:2:") && second.ends_with("give it task_end.rs"),
            "{second}"
        );
        assert!(name.ends_with("name the file task_create.rs"), "{name}");
        assert!(helper.starts_with("kernel/src/command/util.rs:1:"), "{helper}");
        assert!(elsewhere.ends_with("move it to kernel/src/command/key_destroy.rs"), "{elsewhere}");
    }
}
