//! `kernelos workflow check`: everything that is wrong with workflow files, before anything runs.

use crate::args::{Check, Workflow};
use crate::outcome::{Problem, print};
use crate::project::{FILE, Project};
use crate::source::{Finding, open, workflow as read};
use crate::words::{counted, described};
use serde_json::{Value, json};
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
        match look(path, &open(path)?) {
            Ok((_, holds)) if check.json => print(json!({ "file": file, "holds": holds })),
            Ok((words, _)) => print(format_args!("{file}: ok, {words}")),
            Err(findings) => {
                files += 1;
                mistakes += findings.len();
                for finding in findings {
                    print(if check.json { finding.json(&file).to_string() } else { finding.line(&file) });
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

/// What a file holds, in words and for programs; or everything that is wrong with it.
fn look(path: &Path, bytes: &[u8]) -> Result<(String, Value), Vec<Finding>> {
    if path.file_name().is_some_and(|name| name == FILE) {
        let project = Project::parse(bytes)?;
        let agents: Vec<&str> = project.agents.iter().map(|agent| agent.name.as_str()).collect();
        let words =
            format!("{} and {} of the way out", counted(agents.len(), "agent"), counted(rules(&project), "rule"));
        return Ok((words, json!({ "agents": agents, "egress": project.egress.json() })));
    }
    let (_, definition) = read(bytes)?;
    let document = &definition.document;
    let holds = json!({
        "namespace": document.namespace, "name": document.name, "version": document.version,
        "tasks": definition.nodes.len(),
    });
    Ok((described(&definition), holds))
}

fn rules(project: &Project) -> usize {
    project.egress.hosts.len() + project.egress.private.len() + project.egress.secrets.len()
}
