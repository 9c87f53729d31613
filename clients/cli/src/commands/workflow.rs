//! `kernelos workflow check`: everything that is wrong with workflow files, before anything runs.

use crate::args::{Check, Workflow};
use crate::outcome::Problem;
use crate::source::{open, workflow as read};
use crate::words::{counted, described};
use serde_json::json;

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
