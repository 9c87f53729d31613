//! What a person sees of a task: lines that stay on stderr, and one that does not.

use crate::timeline::{Moment, Style, line};
use std::io::{IsTerminal as _, Write as _};

/// How wide the line that does not stay may be: one that wraps cannot be taken back.
const WIDTH: usize = 66;

/// Where moments are shown.
pub struct Screen {
    style: Style,
    json: bool,
    is_live: bool,
    has_passing: bool,
}

/// Whether somebody sits there to be asked.
pub fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

impl Screen {
    /// For people, or for programs.
    pub fn new(json: bool) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_terminal = std::io::stderr().is_terminal();
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let colour = is_terminal && !is_dumb && !set("NO_COLOR");
        Self { style: Style { colour }, json, is_live: is_terminal && !is_dumb && !json, has_passing: false }
    }

    /// Show a moment. Whoever closed the output does not want to read it.
    pub fn moment(&mut self, moment: &Moment) {
        self.clear();
        if self.json {
            let _ = writeln!(std::io::stdout(), "{}", moment.json());
        } else {
            let _ = writeln!(std::io::stderr(), "{}", line(moment, self.style));
        }
    }

    /// Show what is going on, until something else is shown. Only on a terminal.
    pub fn passing(&mut self, text: &str) {
        if !self.is_live {
            return;
        }
        let text: String = text.chars().take(WIDTH).collect();
        let _ = write!(std::io::stderr(), "\r\u{1b}[K         … {text}");
        let _ = std::io::stderr().flush();
        self.has_passing = true;
    }

    /// Remove what does not stay.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.has_passing) {
            let _ = write!(std::io::stderr(), "\r\u{1b}[K");
        }
    }

    /// Say something beside the moments.
    pub fn say(&mut self, text: &str) {
        self.clear();
        let _ = writeln!(std::io::stderr(), "{text}");
    }

    /// Say something whose answer stands behind it.
    pub fn prompt(&mut self, text: &str) {
        self.clear();
        let _ = write!(std::io::stderr(), "{text} ");
        let _ = std::io::stderr().flush();
    }
}
