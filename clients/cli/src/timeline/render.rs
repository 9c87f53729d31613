//! Moments as lines of text.

use super::moment::{Kind, Moment};
use chrono::{DateTime, SecondsFormat};
use std::io::IsTerminal as _;

/// How much of an answer that is on its way is shown.
pub const SAYING_CHARS: usize = 60;
/// How wide the column of words is.
const WORD: usize = 9;

/// How lines are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// With colours, beside words and symbols.
    pub colour: bool,
}

/// A moment, in lines.
pub fn line(moment: &Moment, style: Style) -> String {
    let (symbol, word) = moment.kind.sign();
    let indent = "  ".repeat(moment.depth);
    let name = if moment.name.is_empty() { String::new() } else { format!("  {}", moment.name) };
    let about = if moment.about.is_empty() { String::new() } else { format!("  {}", moment.about) };
    let sign = painted(&format!("{symbol} {word:<WORD$}"), moment.kind, style);
    let mut text = format!("{:>7}  {indent}{sign}{name}{about}", duration(moment.at_ms));
    text.truncate(text.trim_end().len());
    for more in &moment.more {
        text.push_str(&format!("\n{:>7}  {indent}{:WORD$}    {more}", "", ""));
    }
    text
}

/// Colours say nothing that words do not.
fn painted(text: &str, kind: Kind, style: Style) -> String {
    let code = match kind {
        _ if !style.colour => return text.to_owned(),
        Kind::Done | Kind::Answered | Kind::Decided => "32",
        Kind::Failed | Kind::Cancelled => "31;1",
        Kind::Asks | Kind::Escalated => "33;1",
        Kind::Retry | Kind::Caught | Kind::SentBack | Kind::HandedOver => "33",
        Kind::Begun | Kind::Resumed | Kind::Ended => "1",
        Kind::Skipped | Kind::Tool | Kind::Waits | Kind::Chosen | Kind::Item => "2",
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

/// Whether what goes to stdout may have colours: a terminal is there, and nobody asked for none.
pub fn colourful() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    std::io::stdout().is_terminal() && !is_dumb && !set("NO_COLOR")
}

/// A line that stands out, where there are colours.
pub fn strong(text: &str, colour: bool) -> String {
    if colour { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// A length of time as people say it: `0.4s`, `12.0s`, `3m05s`, `2h10m`, `3d04h`.
pub fn duration(ms: u64) -> String {
    let seconds = ms / 1_000;
    match seconds {
        0..60 => format!("{seconds}.{}s", ms % 1_000 / 100),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h{:02}m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// A point in time.
pub fn clock(ms: u64) -> String {
    let at = i64::try_from(ms).ok().and_then(DateTime::from_timestamp_millis);
    at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)).unwrap_or_default()
}

/// Millionths of a currency, if there are any: `0.0042`.
pub fn cost(micros: u64) -> Option<String> {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    let text = text.trim_end_matches('0');
    let digits = if text.ends_with('.') { format!("{text}00") } else { text.to_owned() };
    (micros > 0).then_some(digits)
}

/// An id without the device that made it. Commands take it where they take an id, as long as only one ends like that.
pub fn short(id: &str) -> &str {
    id.split_once('.').map_or(id, |(_, rest)| rest)
}
