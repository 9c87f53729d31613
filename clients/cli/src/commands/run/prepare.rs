//! Everything that can be known before a host is asked: the files, and what is wrong with them.

use crate::args::Run;
use crate::outcome::Problem;
use crate::project::Project;
use crate::source::{FILE_BYTES_MAX, Finding, Mark, Source, open, workflow};
use crate::words::counted;
use kernel::workflow::{Definition, NodeKind};
use serde_json::Value;
use std::io::Read as _;
use std::path::Path;

/// A workflow that may be run.
pub struct Prepared {
    /// Name of its file.
    pub file: String,
    /// The file.
    pub source: Source,
    /// What it says.
    pub definition: Definition,
    /// What it needs.
    pub project: Project,
    /// What it is given.
    pub input: Value,
}

/// Read the files that `run` names.
pub fn read(run: &Run) -> Result<Prepared, Problem> {
    let file = run.workflow.display().to_string();
    let found = workflow(&open(&run.workflow)?);
    let (source, definition) = found.map_err(|findings| mistakes(&file, &findings))?;
    let project = match Project::beside(&run.workflow) {
        None => Project::default(),
        Some(path) => Project::read(&path)?.map_err(|findings| mistakes(&path.display().to_string(), &findings))?,
    };
    let input = run.input.as_deref().map(input).transpose()?.unwrap_or_default();
    Ok(Prepared { file, source, definition, project, input })
}

/// Say what is wrong with a file, on stderr: stdout is for what comes of the run.
pub fn mistakes(file: &str, findings: &[Finding]) -> Problem {
    for finding in findings {
        eprintln!("{}", finding.line(file));
    }
    let what = format!("{} in {file}", counted(findings.len(), "mistake"));
    Problem::invalid_workflow(what, "Nothing was started. `kernelos workflow check` looks without running.")
}

/// Agents that are named in the workflow, with the pointer to each name.
pub fn agents_named(prepared: &Prepared) -> Vec<(String, String)> {
    let calls = prepared
        .definition
        .nodes
        .iter()
        .filter(|node| matches!(&node.kind, NodeKind::Call { capability, .. } if capability == "agent"));
    let named = calls.filter_map(|node| {
        let pointer = format!("{}/with/agent", node.pointer);
        let name = prepared.source.value.pointer(&pointer)?.as_str()?;
        // What is computed is known only when it runs.
        (!name.trim().starts_with("${")).then(|| (name.to_owned(), pointer))
    });
    named.collect()
}

fn input(path: &Path) -> Result<Value, Problem> {
    let (name, bytes) = if path == Path::new("-") {
        let mut bytes = Vec::new();
        let read = std::io::stdin().take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|why| Problem::usage(format!("standard input: {why}"), "Give the input with --input FILE."))?;
        ("standard input".to_owned(), bytes)
    } else {
        (path.display().to_string(), open(path)?)
    };
    if bytes.len() > FILE_BYTES_MAX {
        let hint = "Keep what is large in documents of the workspace, and let the workflow read them.";
        return Err(Problem::usage(format!("the input in {name} has more than {FILE_BYTES_MAX} bytes"), hint));
    }
    // JSON first: it may say what YAML cannot, such as halves of characters in escapes.
    let why = match serde_json::from_slice(&bytes) {
        Ok(value) => return Ok(value),
        Err(why) => why,
    };
    let is_json = path.extension().is_some_and(|it| it.eq_ignore_ascii_case("json"));
    let finding = match Source::read(&bytes) {
        Ok(source) => return Ok(source.value),
        Err(_) if is_json => not_json(&why),
        Err(finding) => finding,
    };
    eprintln!("{}", finding.line(&name));
    Err(Problem::usage(format!("the input in {name} cannot be read"), "Nothing was started. Give JSON or YAML."))
}

fn not_json(why: &serde_json::Error) -> Finding {
    let mark = Mark { line: why.line().max(1), column: why.column().max(1) };
    let text = why.to_string();
    let what = text.split(" at line ").next().unwrap_or_default();
    Finding::new(mark, "not_json", format!("this is not JSON: {what}"))
}
