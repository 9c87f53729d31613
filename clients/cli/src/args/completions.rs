//! Arguments of `kernelos completions`.

/// Print a script that completes the program's arguments in a shell.
#[derive(Debug, clap::Args)]
pub struct Completions {
    /// The shell.
    pub shell: clap_complete::Shell,
}
