//! Rust text as words, for rules that look at words.
//!
//! A full parser would cost every command seconds of compiling. The rules only ask which words stand in code, so it is
//! enough to know where comments, strings, characters and lifetimes begin and end.

/// A word, a punctuation mark or a literal. `::` is one token; a string is the token `"`, whatever it holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Token {
    pub line: usize,
    pub text: String,
}

/// The tokens of a file, without comments.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut cursor = Cursor { rest: text, line: 1 };
    let mut tokens = Vec::new();
    while let Some(first) = cursor.peek(0) {
        let line = cursor.line;
        if let Some(text) = cursor.take_token(first) {
            tokens.push(Token { line, text });
        }
    }
    tokens
}

struct Cursor<'a> {
    rest: &'a str,
    line: usize,
}

impl Cursor<'_> {
    /// Takes what begins here; blanks and comments are taken without becoming a token.
    fn take_token(&mut self, first: char) -> Option<String> {
        if first.is_whitespace() {
            self.advance(1);
            return None;
        }
        if self.rest.starts_with("//") {
            self.take_while(|c| c != '\n');
            return None;
        }
        if self.rest.starts_with("/*") {
            self.take_block_comment();
            return None;
        }
        if let Some(hashes) = self.raw_string_hashes() {
            self.take_raw_string(hashes);
            return Some("\"".to_owned());
        }
        if let Some(prefix) = self.quoted_prefix('"') {
            self.advance(prefix);
            self.take_quoted('"');
            return Some("\"".to_owned());
        }
        if let Some(prefix) = self.quoted_prefix('\'') {
            self.advance(prefix);
            return Some(self.take_character_or_lifetime());
        }
        if is_word(first) {
            return Some(self.take_while(is_word));
        }
        let length = if self.rest.starts_with("::") { 2 } else { 1 };
        Some(self.advance(length))
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.rest.chars().nth(ahead)
    }

    fn advance(&mut self, count: usize) -> String {
        let mut left = count;
        self.take_while(|_| {
            let more = left > 0;
            left = left.saturating_sub(1);
            more
        })
    }

    fn take_while(&mut self, mut wanted: impl FnMut(char) -> bool) -> String {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken.to_owned()
    }

    fn take_block_comment(&mut self) {
        let mut depth = 0_usize;
        while !self.rest.is_empty() {
            if self.rest.starts_with("/*") {
                depth += 1;
                self.advance(2);
            } else if self.rest.starts_with("*/") {
                depth -= 1;
                self.advance(2);
                if depth == 0 {
                    return;
                }
            } else {
                self.advance(1);
            }
        }
    }

    /// How many `#` a raw string that begins here has.
    fn raw_string_hashes(&self) -> Option<usize> {
        let after = ["r", "br", "cr"].iter().find_map(|prefix| self.rest.strip_prefix(prefix))?;
        let body = after.trim_start_matches('#');
        body.starts_with('"').then(|| after.len() - body.len())
    }

    fn take_raw_string(&mut self, hashes: usize) {
        self.take_while(|c| c != '"');
        self.advance(1);
        let end = format!("\"{}", "#".repeat(hashes));
        let length =
            self.rest.find(&end).map_or(self.rest.chars().count(), |at| self.rest.split_at(at).0.chars().count());
        self.advance(length + end.chars().count());
    }

    /// How long what stands before this quote is: nothing, or the `b` or `c` of a byte or C literal.
    fn quoted_prefix(&self, quote: char) -> Option<usize> {
        let prefixed = self.rest.strip_prefix(['b', 'c']).is_some_and(|rest| rest.starts_with(quote));
        if self.rest.starts_with(quote) { Some(0) } else { prefixed.then_some(1) }
    }

    fn take_quoted(&mut self, quote: char) {
        self.advance(1);
        while let Some(next) = self.peek(0) {
            self.advance(if next == '\\' { 2 } else { 1 });
            if next == quote {
                return;
            }
        }
    }

    /// `'a'` and `'\n'` are characters, `'a` is a lifetime; a lifetime keeps its quote, so `'static` is not `static`.
    fn take_character_or_lifetime(&mut self) -> String {
        if self.peek(1) == Some('\\') || self.peek(2) == Some('\'') {
            self.take_quoted('\'');
            return "'".to_owned();
        }
        let quote = self.advance(1);
        quote + &self.take_while(is_word)
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        tokens(text).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_are_not_code() {
        assert_eq!(words("a // tokio\n/* one /* nested */ still */ b"), ["a", "b"]);
    }

    #[test]
    fn strings_hold_no_words_however_they_are_written() {
        assert_eq!(
            words(r##"x("tokio \" async", r#"say "hi""#, b"x", br"y") y"##),
            ["x", "(", "\"", ",", "\"", ",", "\"", ",", "\"", ")", "y"]
        );
    }

    #[test]
    fn lifetimes_and_characters_are_told_apart() {
        assert_eq!(words(r"&'static mut T, '\'' 'x' b'y' z"), ["&", "'static", "mut", "T", ",", "'", "'", "'", "z"]);
    }

    #[test]
    fn lines_are_counted_through_strings_and_comments() {
        let lines: Vec<usize> = tokens("a\n\"\n\n\"\n/*\n*/ b\nr\"\n\" c").iter().map(|token| token.line).collect();
        assert_eq!(lines, [1, 2, 6, 7, 8]);
    }

    #[test]
    fn paths_keep_their_colons_together() {
        assert_eq!(words("std::fs: x"), ["std", "::", "fs", ":", "x"]);
    }
}
