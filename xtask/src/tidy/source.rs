//! One Rust file as the rules see it: its words, its functions, and which lines are test code.

use super::lexer::{Token, tokens};
use std::ops::RangeInclusive;

/// A Rust file.
pub struct Source {
    tokens: Vec<Token>,
    functions: Vec<Function>,
    test_items: Vec<TestItem>,
    is_test_file: bool,
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    pub line: usize,
    /// From the line of `fn` to that of the closing brace.
    pub lines: usize,
    /// Whether an attribute such as `#[test]` stands before it.
    pub is_test: bool,
}

/// An item that exists in test builds only.
struct TestItem {
    lines: RangeInclusive<usize>,
    /// The module it declares without a body, so that its file is test code too.
    module: Option<String>,
}

impl Source {
    pub fn new(text: &str) -> Self {
        let tokens = tokens(text);
        let attributes = attributes(&tokens);
        let is_test_file = attributes.iter().any(|attribute| attribute.is_inner && attribute.is_for_tests());
        let outer = || attributes.iter().filter(|attribute| !attribute.is_inner && attribute.is_for_tests());
        let test_items: Vec<TestItem> = outer().filter_map(|attribute| test_item(&tokens, attribute)).collect();
        let test_functions: Vec<usize> =
            outer().filter_map(|attribute| function_after(&tokens, attribute.end)).collect();
        let functions = functions(&tokens, &test_functions);
        Self { tokens, functions, test_items, is_test_file }
    }

    /// All tokens outside comments.
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Runs of `N` neighbouring tokens that are not test code.
    pub fn shipped_windows<const N: usize>(&self) -> impl Iterator<Item = &[Token; N]> {
        self.tokens
            .windows(N)
            .filter_map(|window| window.try_into().ok())
            .filter(|window: &&[Token; N]| window.first().is_some_and(|token| !self.is_test_line(token.line)))
    }

    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// Modules declared under `#[cfg(test)]` whose text is in another file.
    pub fn test_modules(&self) -> impl Iterator<Item = &str> {
        self.test_items.iter().filter_map(|item| item.module.as_deref())
    }

    pub fn is_test_line(&self, line: usize) -> bool {
        self.is_test_file || self.test_items.iter().any(|item| item.lines.contains(&line))
    }

    pub fn is_test_file(&self) -> bool {
        self.is_test_file
    }

    pub fn mark_as_test_file(&mut self) {
        self.is_test_file = true;
    }
}

struct Attribute<'a> {
    line: usize,
    is_inner: bool,
    words: Vec<&'a str>,
    /// The index of the first token after it.
    end: usize,
}

impl Attribute<'_> {
    /// `#[test]`, `#[tokio::test]`, `#[cfg(test)]`, `#[cfg(all(test, …))]`; not `#[cfg(not(test))]`.
    fn is_for_tests(&self) -> bool {
        let path: Vec<&str> = self.words.iter().copied().take_while(|word| *word != "(").collect();
        match path.as_slice() {
            ["cfg"] => self.words.contains(&"test") && !self.words.contains(&"not"),
            path => path.last() == Some(&"test"),
        }
    }
}

fn attributes(tokens: &[Token]) -> Vec<Attribute<'_>> {
    let mut found = Vec::new();
    for (index, hash) in tokens.iter().enumerate().filter(|(_, token)| token.text == "#") {
        let is_inner = text_at(tokens, index + 1) == "!";
        let open = index + 1 + usize::from(is_inner);
        if text_at(tokens, open) == "[" {
            let end = past_group(tokens, open);
            let words =
                tokens.get(open + 1..end - 1).unwrap_or_default().iter().map(|token| token.text.as_str()).collect();
            found.push(Attribute { line: hash.line, is_inner, words, end });
        }
    }
    found
}

/// The item after an attribute: to its `;`, or to the end of its braces.
fn test_item(tokens: &[Token], attribute: &Attribute<'_>) -> Option<TestItem> {
    let start = past_attributes(tokens, attribute.end);
    let mut index = start;
    let last = loop {
        match text_at(tokens, index) {
            "" => return None,
            ";" => break index,
            "{" => break past_group(tokens, index) - 1,
            "(" | "[" => index = past_group(tokens, index),
            _ => index += 1,
        }
    };
    let declares_module = text_at(tokens, last) == ";" && last >= 2 && text_at(tokens, last - 2) == "mod";
    let module = declares_module.then(|| text_at(tokens, last - 1).to_owned());
    Some(TestItem { lines: attribute.line..=tokens.get(last)?.line, module })
}

/// The index of the `fn` that an attribute belongs to.
fn function_after(tokens: &[Token], end: usize) -> Option<usize> {
    const BEFORE_FN: [&str; 8] = ["pub", "(", "crate", "super", ")", "async", "const", "unsafe"];
    let mut index = past_attributes(tokens, end);
    while BEFORE_FN.contains(&text_at(tokens, index)) {
        index += 1;
    }
    (text_at(tokens, index) == "fn").then_some(index)
}

fn functions(tokens: &[Token], tests: &[usize]) -> Vec<Function> {
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate().filter(|(_, token)| token.text == "fn") {
        let Some(open) = body_of(tokens, index) else { continue };
        let Some(last) = tokens.get(past_group(tokens, open) - 1) else { continue };
        found.push(Function {
            name: text_at(tokens, index + 1).to_owned(),
            line: token.line,
            lines: last.line - token.line + 1,
            is_test: tests.contains(&index),
        });
    }
    found
}

/// The brace that opens the body of the function at `index`; a function type and a declaration have none.
fn body_of(tokens: &[Token], index: usize) -> Option<usize> {
    let mut index = index + 1;
    if text_at(tokens, index) == "(" {
        return None;
    }
    loop {
        match text_at(tokens, index) {
            "{" => return Some(index),
            "" | ";" => return None,
            "(" | "[" => index = past_group(tokens, index),
            _ => index += 1,
        }
    }
}

fn past_attributes(tokens: &[Token], mut index: usize) -> usize {
    while text_at(tokens, index) == "#" {
        index = past_group(tokens, index + 1);
    }
    index
}

/// The index after the bracket that closes the one at `open`; the end of the file if none does.
fn past_group(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return index + 1;
        }
    }
    tokens.len()
}

fn text_at(tokens: &[Token], index: usize) -> &str {
    tokens.get(index).map_or("", |token| token.text.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_measured_from_fn_to_the_closing_brace() {
        let source = Source::new(
            "/// Why.\nfn one(f: fn(u8) -> [u8; 2]) -> u8 {\n    if x { 1 } else { 2 }\n}\ntrait T { fn two(); }",
        );
        let [one] = source.functions() else { panic!("only `one` has a body: {:?}", source.functions()) };
        assert_eq!((one.name.as_str(), one.line, one.lines, one.is_test), ("one", 2, 3, false));
    }

    #[test]
    fn test_functions_are_known_by_their_attribute() {
        let source = Source::new("#[test]\n#[expect(x)]\nfn a() {}\n#[tokio::test]\nasync fn b() {}\nfn c() {}");
        let tests: Vec<&str> = source.functions().iter().filter(|f| f.is_test).map(|f| f.name.as_str()).collect();
        assert_eq!(tests, ["a", "b"]);
    }

    #[test]
    fn items_for_tests_are_test_lines_and_nothing_else_is() {
        let source =
            Source::new("fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n#[cfg(not(test))]\nfn c() {}");
        let lines: Vec<usize> = (1..=7).filter(|line| source.is_test_line(*line)).collect();
        assert_eq!(lines, [2, 3, 4, 5]);
    }

    #[test]
    fn a_module_in_another_file_is_named_and_an_inner_attribute_covers_the_file() {
        let source = Source::new("#[cfg(test)]\n#[path = \"x.rs\"]\npub mod stories;\n#[cfg(test)]\nuse a::b;");
        assert_eq!(source.test_modules().collect::<Vec<_>>(), ["stories"]);
        assert!(Source::new("//! Head.\n#![cfg(test)]\nfn a() {}").is_test_file());
    }
}
