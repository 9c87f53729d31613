//! A value in the editor of a person.

use std::io::Write as _;
use std::process::Command;

/// Let a person change `text` in `$VISUAL` or `$EDITOR`. What they read is theirs alone: the file is private, and gone
/// afterwards.
pub fn edit(text: &str) -> Result<String, String> {
    let editor =
        ["VISUAL", "EDITOR"].iter().find_map(|name| std::env::var(name).ok().filter(|it| !it.trim().is_empty()));
    let editor = editor.ok_or("neither $VISUAL nor $EDITOR names an editor")?;
    let mut file = tempfile::Builder::new().prefix("kernelos-").suffix(".json").tempfile().map_err(said)?;
    file.write_all(text.as_bytes()).and_then(|()| file.flush()).map_err(said)?;
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or_default();
    let ended =
        Command::new(program).args(words).arg(file.path()).status().map_err(|why| format!("{editor}: {why}"))?;
    if !ended.success() {
        return Err(format!("{editor} ended with {ended}"));
    }
    std::fs::read_to_string(file.path()).map_err(said)
}

fn said(why: std::io::Error) -> String {
    why.to_string()
}
