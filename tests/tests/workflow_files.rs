//! The examples of the Serverless Workflow standard, as the program reads them: each is a workflow here, or is refused by
//! naming the feature that is not supported.

#![cfg(test)]

use kernelos::source;
use std::path::Path;

#[test]
fn every_example_of_the_standard_is_read_or_refused_by_naming_the_feature() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/standards/serverless-workflow/examples");
    let (mut read, mut refused) = (Vec::new(), 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        match source::workflow(&source::open(&path).unwrap()) {
            Ok(_) => read.push(name),
            Err(findings) => {
                refused += 1;
                let file = std::fs::read_to_string(&path).unwrap();
                for finding in findings {
                    assert_eq!(finding.code, "unsupported_feature", "{}", finding.line(&name));
                    assert!(finding.what.contains('`'), "no feature is named: {}", finding.line(&name));
                    let line = file.lines().nth(finding.mark.line - 1).unwrap();
                    let there = line.chars().nth(finding.mark.column - 1);
                    assert!(there.is_some_and(|it| !it.is_whitespace()), "nothing stands at {}", finding.line(&name));
                }
            }
        }
    }
    read.sort();
    assert!(read.len() + refused >= 60, "{} and {refused}", read.len());
    for name in ["do-multiple", "raise-inline", "star-wars-homeworld", "switch-then-string", "try-catch-retry-reusable"]
    {
        assert!(read.contains(&format!("{name}.yaml")), "{name} is refused; read were {read:?}");
    }
}
