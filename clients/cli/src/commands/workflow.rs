//! `kernelos workflow check`: everything that is wrong with workflow files, before anything runs.

use crate::args::{Check, Workflow};
use crate::outcome::Problem;
use crate::source::{FILE_BYTES_MAX, Finding, Source};
use kernel::workflow::Definition;
use serde_json::json;
use std::io::Read as _;
use std::path::Path;

pub fn run(workflow: &Workflow) -> Result<(), Problem> {
    match workflow {
        Workflow::Check(check) => self::check(check),
    }
}

fn check(check: &Check) -> Result<(), Problem> {
    let (mut mistakes, mut files) = (0, 0);
    for path in &check.files {
        let file = path.display().to_string();
        let found = open(path).map(|bytes| read(&bytes))?;
        files += usize::from(found.is_err());
        match found {
            Ok((_, definition)) if check.json => {
                let document = &definition.document;
                let workflow = json!({
                    "namespace": document.namespace, "name": document.name, "version": document.version,
                    "tasks": definition.nodes.len(),
                });
                println!("{}", json!({ "file": file, "workflow": workflow }));
            }
            Ok((_, definition)) => println!("{file}: ok, {}", described(&definition)),
            Err(findings) => {
                mistakes += findings.len();
                for finding in findings {
                    println!("{}", if check.json { finding.json(&file).to_string() } else { finding.line(&file) });
                }
            }
        }
    }
    if mistakes == 0 {
        return Ok(());
    }
    let what = format!("{} in {}", counted(mistakes, "mistake"), counted(files, "file"));
    Err(Problem::invalid_workflow(what, "Each line above says where, and what to write instead."))
}

/// Name, version and size of a workflow, in a line.
pub fn described(definition: &Definition) -> String {
    let document = &definition.document;
    let tasks = counted(definition.nodes.len(), "task");
    format!("{}/{} {} with {tasks}", document.namespace, document.name, document.version)
}

/// `1 task`, `2 tasks`.
pub fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The bytes of a file, no more of them than are ever read.
pub fn open(path: &Path) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path);
    let read = file.and_then(|file| file.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes));
    read.map_err(|why| Problem::usage(format!("{}: {why}", path.display()), "Name a file that can be read."))?;
    Ok(bytes)
}

/// A workflow in the bytes of a file, or everything that is wrong with it.
pub fn read(bytes: &[u8]) -> Result<(Source, Definition), Vec<Finding>> {
    let source = Source::read(bytes).map_err(|finding| vec![finding])?;
    match Definition::parse(&source.value) {
        Ok(definition) => Ok((source, definition)),
        Err(mistakes) => {
            let mut findings: Vec<Finding> = mistakes.iter().map(|mistake| source.finding(mistake)).collect();
            findings.sort_by_key(|finding| finding.mark);
            Err(findings)
        }
    }
}

#[cfg(test)]
mod tests;
