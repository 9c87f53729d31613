//! The kernel is pure, ordered and integer, because four hosts must come to the same hash. The words that would end that
//! are refused in `kernel/src`, in its tests too: a test that needs a clock tests something that is not the kernel.

use super::lexer::Token;
use super::{Finding, Tree};

pub const NAME: &str = "kernel-purity";

/// Modules of the standard library that reach outside, and what to do instead.
const STD_MODULES: [(&str, &str); 6] = [
    ("fs", "take the bytes as input, or raise an effect"),
    ("net", "raise an effect: the outside world is called by a runtime"),
    ("env", "take the setting as input"),
    ("thread", "return, and let the host decide when to go on"),
    ("process", "raise an effect, or return an error"),
    ("time", "take the time as an integer from the command; name its unit, as in `at_ms`"),
];

/// Words that may not stand in the kernel, and what to do instead.
const WORDS: [(&str, &str); 18] = [
    ("SystemTime", "take the time as an integer from the command"),
    ("Instant", "take the time as an integer from the command"),
    ("async", "return `Missing` or an effect, and let the host await"),
    ("await", "return `Missing` or an effect, and let the host await"),
    ("HashMap", "use BTreeMap: iteration order reaches hashes"),
    ("HashSet", "use BTreeSet: iteration order reaches hashes"),
    ("f32", "use an integer of the smallest unit: floats differ between hosts"),
    ("f64", "use an integer of the smallest unit: floats differ between hosts"),
    ("println", "return the text; only a client prints"),
    ("eprintln", "return the text; only a client prints"),
    ("print", "return the text; only a client prints"),
    ("eprint", "return the text; only a client prints"),
    ("dbg", "return the value; only a client prints"),
    ("unsafe", "write it in safe Rust"),
    ("thread_local", "pass the state as an argument: instances are shared and short-lived"),
    ("OnceLock", "compute it, use a `const`, or pass it as an argument"),
    ("LazyLock", "compute it, use a `const`, or pass it as an argument"),
    ("OnceCell", "compute it, use a `const`, or pass it as an argument"),
];

/// Words that are only meant when they are called as a macro; `print` is also a good name for a function.
const MACROS: [&str; 6] = ["println", "eprintln", "print", "eprint", "dbg", "thread_local"];

/// Checks every word of the kernel's code; comments and strings may say anything.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in tree.sources().filter(|(path, _)| path.starts_with("kernel/src/")) {
        let mut rest = source.tokens();
        while let [token, after @ ..] = rest {
            let refused = refused_word(token, after).into_iter().chain(refused_modules(token, after));
            findings.extend(refused.map(|(line, what, instead)| Finding {
                path: path.to_owned(),
                line,
                rule: NAME,
                instead: format!("no `{what}` in the kernel: {instead}"),
            }));
            rest = after;
        }
    }
    findings
}

type Refusal<'a> = (usize, String, &'a str);

fn refused_word<'a>(token: &Token, after: &[Token]) -> Option<Refusal<'a>> {
    let next = after.first().map_or("", |token| token.text.as_str());
    if token.text == "static" && next == "mut" {
        return Some((token.line, "static mut".to_owned(), "pass the state as an argument"));
    }
    let digits = token.text.starts_with(|c: char| c.is_ascii_digit());
    let (word, instead) =
        WORDS.iter().find(|(word, _)| token.text == *word || (digits && token.text.ends_with(word)))?;
    if MACROS.contains(word) && next != "!" {
        return None;
    }
    Some((token.line, (*word).to_owned(), instead))
}

/// `std::fs`, `use std::{fs, io}` and `use std::{collections::BTreeMap, time::Duration}`.
fn refused_modules<'a>(token: &Token, after: &[Token]) -> Vec<Refusal<'a>> {
    let [colons, first, rest @ ..] = after else { return Vec::new() };
    if !["std", "core", "alloc"].contains(&token.text.as_str()) || colons.text != "::" {
        return Vec::new();
    }
    let names = if first.text == "{" { heads_of_group(rest) } else { vec![first] };
    let refusal = |name: &&Token| {
        let (module, instead) = STD_MODULES.iter().find(|(module, _)| name.text == *module)?;
        Some((name.line, format!("{}::{module}", token.text), *instead))
    };
    names.iter().filter_map(refusal).collect()
}

/// The first word of each path in `{a::b, c, d::{e, f}}`, given what follows the brace.
fn heads_of_group(tokens: &[Token]) -> Vec<&Token> {
    let mut heads = Vec::new();
    let mut depth = 1_usize;
    let mut expects_head = true;
    for token in tokens {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," => expects_head = depth == 1,
            _ if expects_head => {
                heads.push(token);
                expects_head = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    heads
}

#[cfg(test)]
mod tests {
    use super::super::testing::findings;
    use super::*;

    #[track_caller]
    fn refuses(code: &str, expected: &str) {
        let found = findings(check, &[("kernel/src/state/row.rs", code)]);
        let [only] = found.as_slice() else { panic!("expected one finding: {found:?}") };
        assert!(only.starts_with(&format!("kernel/src/state/row.rs:{expected}")), "{only}");
    }

    #[track_caller]
    fn accepts(path: &str, code: &str) {
        assert_eq!(findings(check, &[(path, code)]), Vec::<String>::new());
    }

    #[test]
    fn a_clock_is_found_and_its_replacement_is_named() {
        refuses(
            "let now = Instant::now();",
            "1: kernel-purity: no `Instant` in the kernel: take the time as an integer",
        );
        refuses("\nuse std::time::Duration;", "2: kernel-purity: no `std::time` in the kernel:");
    }

    #[test]
    fn the_outside_world_is_found_in_every_way_of_importing_it() {
        refuses("use std::fs;", "1: kernel-purity: no `std::fs`");
        refuses(
            "use std::{collections::BTreeMap,\n    net::{IpAddr, TcpStream}, fmt};",
            "2: kernel-purity: no `std::net`",
        );
        refuses("let home = ::std::env::var(\"HOME\");", "1: kernel-purity: no `std::env`");
    }

    #[test]
    fn unordered_maps_floats_and_globals_are_found() {
        refuses("fn f(m: HashMap<u8, u8>) {}", "1: kernel-purity: no `HashMap` in the kernel: use BTreeMap");
        refuses("const X: u8 = 1f64 as u8;", "1: kernel-purity: no `f64`");
        refuses("static mut COUNT: u8 = 0;", "1: kernel-purity: no `static mut`");
        refuses("thread_local! {}", "1: kernel-purity: no `thread_local`");
        refuses("async fn f() {}", "1: kernel-purity: no `async`");
    }

    #[test]
    fn the_tests_of_the_kernel_are_as_pure_as_the_kernel() {
        refuses("#[cfg(test)]\nmod tests { use std::thread; }", "2: kernel-purity: no `std::thread`");
    }

    #[test]
    fn comments_strings_and_lifetimes_may_say_anything() {
        accepts(
            "kernel/src/lib.rs",
            "//! No HashMap, no std::fs.\nconst WHY: &str = \"async\"; fn f(x: &'static mut u8) {}",
        );
        accepts(
            "kernel/src/lib.rs",
            "use std::collections::BTreeMap; fn print(fs: u8, time: u64) {} fn g() { print(1, 2) }",
        );
    }

    #[test]
    fn other_rooms_may_use_the_world() {
        accepts("adapters/egress-http/src/lib.rs", "use std::net::TcpStream; async fn f() {}");
    }
}
