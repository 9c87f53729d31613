//! Starting programs: always from the root of the tree, always with the command line in the error.

use crate::failure::Failure;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

/// The root of the tree: the folder above this crate's manifest. Cargo says at run time where that is; what was true at
/// compile time is only the fallback, because clones may share one target directory.
pub fn root() -> PathBuf {
    let manifest_dir = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let manifest_dir = PathBuf::from(manifest_dir);
    manifest_dir.parent().map_or_else(|| manifest_dir.clone(), Path::to_path_buf)
}

/// A program, to be started from the root of the tree.
pub fn program(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(arguments).current_dir(root());
    command
}

/// The same cargo that started us, so that a chosen toolchain stays chosen.
pub fn cargo(arguments: &[&str]) -> Command {
    program(&std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()), arguments)
}

/// Runs to the end with its output shown as it comes.
pub fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command.status().map_err(|error| cannot_start(command, &error))?;
    judge(command, status)
}

/// The same with an input on which nothing comes, and which is closed when this program ends, however it does.
pub fn run_along(command: &mut Command) -> Result<(), Failure> {
    let mut child = command.stdin(Stdio::piped()).spawn().map_err(|error| cannot_start(command, &error))?;
    // Waiting would close it.
    let input = child.stdin.take();
    let ended = child.wait();
    drop(input);
    judge(command, ended.map_err(|error| cannot_start(command, &error))?)
}

fn judge(command: &Command, status: ExitStatus) -> Result<(), Failure> {
    if status.success() { Ok(()) } else { Err(Failure::check(format!("`{}` failed ({status})", line(command)))) }
}

/// Runs to the end and returns what it printed; its errors are shown as they come.
pub fn output(command: &mut Command) -> Result<String, Failure> {
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| cannot_start(command, &error))?;
    if !output.status.success() {
        return Err(Failure::check(format!("`{}` failed ({})", line(command), output.status)));
    }
    String::from_utf8(output.stdout).map_err(|_| Failure::check(format!("`{}` did not print UTF-8", line(command))))
}

/// What it prints when it can be started and succeeds; otherwise nothing at all. For asking whether a tool is here.
pub fn answer(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    if output.status.success() { String::from_utf8(output.stdout).ok() } else { None }
}

fn cannot_start(command: &Command, error: &std::io::Error) -> Failure {
    Failure::environment(format!("cannot start `{}`: {error}", line(command)))
}

fn line(command: &Command) -> String {
    let name = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(name).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_program_is_named_with_its_arguments() {
        let failure = run(cargo(&["no-such-subcommand"]).stderr(Stdio::null())).unwrap_err();
        assert!(matches!(&failure, Failure::Check(text) if text.contains("cargo no-such-subcommand")), "{failure}");
    }

    #[test]
    fn a_missing_program_is_a_matter_of_the_machine() {
        let failure = run(&mut program("no-such-program", &["--version"])).unwrap_err();
        assert!(
            matches!(&failure, Failure::Environment(text) if text.contains("no-such-program --version")),
            "{failure}"
        );
        assert_eq!(answer(&mut program("no-such-program", &[])), None);
    }
}
