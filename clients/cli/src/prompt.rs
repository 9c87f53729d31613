//! Asking whoever sits at the terminal. Questions are talk and go to stderr; without a terminal nobody is asked.

use crate::outcome::Problem;
use std::io::{IsTerminal as _, Read as _, Write as _};

/// Longest secret that is read.
const SECRET_BYTES_MAX: u64 = 1 << 16;

/// Whether there is somebody to ask.
pub fn somebody_is_there() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Ask for a line; `usually` is what an empty one means.
pub fn line(question: &str, usually: &str) -> Result<String, Problem> {
    let mut shown = format!("{question}: ");
    if !usually.is_empty() {
        shown = format!("{question} [{usually}]: ");
    }
    let mut stderr = std::io::stderr();
    let mut answer = String::new();
    let asked = write!(stderr, "{shown}").and_then(|()| stderr.flush());
    let read = asked.and_then(|()| std::io::stdin().read_line(&mut answer)).map_err(|why| unasked(&why))?;
    if read == 0 {
        return Err(Problem::failed("no_answer", "the input ended before the last question", ""));
    }
    let answer = answer.trim();
    Ok(if answer.is_empty() { usually.to_owned() } else { answer.to_owned() })
}

/// Ask until `read` understands the answer; what it has against one is said.
pub fn until<T>(question: &str, usually: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<T, Problem> {
    loop {
        match read(&line(question, usually)?) {
            Ok(answer) => return Ok(answer),
            Err(why) => eprintln!("  {why}"),
        }
    }
}

/// A secret: typed unseen at a terminal, else all of the standard input. A line end is not part of it.
pub fn secret(question: &str) -> Result<String, Problem> {
    let read = if somebody_is_there() {
        rpassword::prompt_password(format!("{question}: "))
    } else {
        let mut text = String::new();
        std::io::stdin().take(SECRET_BYTES_MAX).read_to_string(&mut text).map(|_| text)
    };
    let secret = read.map_err(|why| unasked(&why))?;
    Ok(secret.trim_end_matches(['\r', '\n']).to_owned())
}

fn unasked(why: &std::io::Error) -> Problem {
    Problem::failed("no_answer", format!("the answer cannot be read: {why}"), "")
}
