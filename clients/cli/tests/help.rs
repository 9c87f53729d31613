//! Every help text, held against the file that was reviewed: a change of one shows where changes are looked at.

#![cfg(test)]

use clap::{Command, CommandFactory as _};
use expect_test::expect_file;
use kernelos::args::Args;

/// The help of `command` and of all below it, each under the words that call it.
fn walk(command: &mut Command, called: &str, told: &mut String) {
    let help = command.render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    told.push_str(&format!("$ {called} --help\n{}\n\n", lines.join("\n").trim_end()));
    for below in command.get_subcommands_mut().filter(|it| it.get_name() != "help") {
        let called = format!("{called} {}", below.get_name());
        walk(below, &called, told);
    }
}

#[test]
fn every_help_text_is_the_one_that_was_reviewed() {
    let mut command = Args::command();
    command.build();
    let mut told = String::new();
    walk(&mut command, "kernelos", &mut told);
    expect_file!["help.txt"].assert_eq(&told);
}

#[test]
fn every_command_and_every_argument_says_what_it_is() {
    fn check(command: &Command) {
        let name = command.get_name();
        assert!(command.get_about().is_some(), "{name} has no about");
        for argument in command.get_arguments().filter(|it| !["help", "version"].contains(&it.get_id().as_str())) {
            assert!(argument.get_help().is_some(), "{name} {} has no help", argument.get_id());
        }
        command.get_subcommands().for_each(check);
    }
    check(&Args::command());
}

#[test]
fn the_exit_codes_stand_in_the_help_that_everybody_sees_first() {
    let help = Args::command().render_long_help().to_string();
    for line in ["    0  done", "    4  it waits for a person", "  130  interrupted"] {
        assert!(help.contains(line), "{line}\n{help}");
    }
    assert!(!help.contains("/home") && !help.contains("/root"), "a help text names no machine's folders");
}
