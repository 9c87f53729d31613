//! A file has one subject and a function fits a screen. What is larger stands below with its reason and its size, and the
//! size is a ratchet: it may shrink, never grow, and the line goes when it is no longer needed.

use super::tree::has_extension;
use super::{Finding, Tree};

pub const NAME: &str = "size";

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;

/// A file, or a function in a file, that is larger for a reason.
struct Exception {
    path: &'static str,
    /// The function; the file itself if there is none.
    function: Option<&'static str>,
    lines_max: usize,
    reason: &'static str,
}

const EXCEPTIONS: [Exception; 0] = [];

/// Checks every file of code and every function in Rust.
pub fn check(tree: &Tree) -> Vec<Finding> {
    check_with(tree, &EXCEPTIONS)
}

struct Measured<'a> {
    path: &'a str,
    function: Option<&'a str>,
    line: usize,
    lines: usize,
}

fn check_with(tree: &Tree, exceptions: &[Exception]) -> Vec<Finding> {
    let measured = measure(tree);
    let large = measured.iter().filter_map(|item| too_large(item, exceptions));
    let stale = exceptions
        .iter()
        .filter(|exception| !measured.iter().any(|item| item.is(exception) && item.lines > item.limit()));
    let stale = stale.map(|exception| Finding {
        path: exception.path.to_owned(),
        line: 1,
        rule: NAME,
        instead: format!("{} needs no exception any more: remove its line", exception.function.unwrap_or("the file")),
    });
    large.chain(stale).collect()
}

fn measure(tree: &Tree) -> Vec<Measured<'_>> {
    let code = |path: &str| ["rs", "ts", "tsx"].iter().any(|extension| has_extension(path, extension));
    let files = tree.files().filter(|(path, _)| code(path));
    let files = files.map(|(path, text)| Measured { path, function: None, line: 1, lines: text.lines().count() });
    let functions = tree.sources().flat_map(|(path, source)| {
        let functions = source.functions().iter();
        functions.map(move |f| Measured { path, function: Some(&f.name), line: f.line, lines: f.lines })
    });
    files.chain(functions).collect()
}

impl Measured<'_> {
    fn limit(&self) -> usize {
        if self.function.is_some() { FUNCTION_LINES_MAX } else { FILE_LINES_MAX }
    }

    fn is(&self, exception: &Exception) -> bool {
        self.path == exception.path && self.function == exception.function
    }
}

fn too_large(item: &Measured<'_>, exceptions: &[Exception]) -> Option<Finding> {
    let exception = exceptions.iter().find(|exception| item.is(exception));
    let lines_max = exception.map_or(item.limit(), |exception| exception.lines_max);
    if item.lines <= lines_max {
        return None;
    }
    let advice = match (item.function, exception) {
        (_, Some(exception)) => format!("it may shrink but not grow ({})", exception.reason),
        (None, None) => "give its second subject a file of its own".to_owned(),
        (Some(_), None) => "take out a step that has a name".to_owned(),
    };
    let what = item.function.unwrap_or("the file");
    let instead = format!("{what} has {} lines, {lines_max} are allowed: {advice}", item.lines);
    Some(Finding { path: item.path.to_owned(), line: item.line, rule: NAME, instead })
}

#[cfg(test)]
mod tests {
    use super::super::testing::findings;
    use super::*;

    fn long_function(lines: usize) -> String {
        format!("\nfn long() {{\n{}}}\n", "    step();\n".repeat(lines - 2))
    }

    fn with_exception(lines: usize) -> Vec<String> {
        let path = "kernel/src/lib.rs";
        let exceptions = [Exception { path, function: Some("long"), lines_max: 90, reason: "one table" }];
        let tree = Tree::new([(path.to_owned(), long_function(lines))]);
        check_with(&tree, &exceptions).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_function_may_fill_the_screen_and_no_more() {
        assert_eq!(findings(check, &[("kernel/src/lib.rs", &long_function(70))]), Vec::<String>::new());
        let found = findings(check, &[("kernel/src/lib.rs", &long_function(71))]);
        assert_eq!(
            found,
            ["kernel/src/lib.rs:2: size: long has 71 lines, 70 are allowed: take out a step that has a name"]
        );
    }

    #[test]
    fn a_file_over_the_limit_is_found_in_every_language() {
        let long = "x\n".repeat(601);
        let found = findings(check, &[("clients/console/src/app.tsx", &long), ("docs/long.md", &long)]);
        assert_eq!(
            found,
            [
                "clients/console/src/app.tsx:1: size: the file has 601 lines, 600 are allowed: give its second subject a file of its own"
            ]
        );
    }

    #[test]
    fn an_exception_may_shrink_but_not_grow_and_goes_when_it_is_not_needed() {
        assert_eq!(with_exception(90), Vec::<String>::new());
        assert_eq!(
            with_exception(91),
            ["kernel/src/lib.rs:2: size: long has 91 lines, 90 are allowed: it may shrink but not grow (one table)"]
        );
        assert_eq!(
            with_exception(70),
            ["kernel/src/lib.rs:1: size: long needs no exception any more: remove its line"]
        );
    }
}
