//! How watching ended: the output on stdout, a summary on stderr, and what to do next.

use super::watch::{Ended, Watching};
use crate::outcome::Problem;
use crate::timeline::{Ending, Timeline, short};
use serde_json::{Value, json};
use std::io::{IsTerminal as _, Write as _};

/// Say how it ended.
pub fn tell(watching: &Watching<'_>, timeline: &Timeline, ended: &Ended) -> Result<(), Problem> {
    let summary = timeline.summary();
    if watching.how.json {
        let _ = writeln!(std::io::stdout(), "{}", end(watching, timeline, ended));
    }
    eprintln!("\n{}", summary.line());
    match (ended, &summary.ending) {
        (Ended::Over, Some(ending)) => over(watching, ending),
        (Ended::Waits, _) => Err(waits(watching, timeline)),
        (Ended::Interrupted, _) => Err(Problem::interrupted("you interrupted it; nothing is lost", goes_on(watching))),
        (Ended::TooLong | Ended::Over, _) => {
            let what = format!("task {} is not over yet", watching.task);
            Err(Problem::failed("still_running", what, goes_on(watching)))
        }
    }
}

fn over(watching: &Watching<'_>, ending: &Ending) -> Result<(), Problem> {
    let task = short(watching.task);
    match ending {
        Ending::Done(output) => {
            if !watching.how.json {
                show(output);
            }
            eprintln!("next: kernelos task show {task} (where it came from), kernelos log (every event)");
            Ok(())
        }
        Ending::Failed { class, title, detail } => {
            let class = if title.is_empty() { class } else { title };
            Err(Problem::failed(format!("run_{class}"), detail, advice(class, task)))
        }
        Ending::Cancelled => Err(Problem::failed("cancelled", "the task was cancelled", "")),
    }
}

/// The output: for people over several lines, for programs in one.
fn show(output: &Value) {
    let text = match output {
        Value::Null => return,
        output if std::io::stdout().is_terminal() => serde_json::to_string_pretty(output).unwrap_or_default(),
        output => output.to_string(),
    };
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// What to do about a failure of this kind.
pub fn advice(class: &str, task: &str) -> String {
    let first = match class {
        "unknown_agent" => "Declare the agent in kernelos.yaml beside the workflow.",
        "refused_host" | "refused_scheme" => "Let the workspace reach it: kernelos egress allow --host HOST",
        "refused_address" => "Grant the range, if you mean it: kernelos egress allow --private RANGE",
        "auth" => "Check the provider's key: kernelos provider test",
        "unavailable" | "connect" | "interrupted" => {
            "Check that it can be reached; for a provider: kernelos provider test"
        }
        "rate" | "overload" | "quota" => "The provider takes no more at this moment: wait, or use another one.",
        "context_too_long" => {
            "The model takes less than it was given: set context_tokens in kernelos.yaml, or say less."
        }
        "no_progress" | "limit_reached" => "The agent came to its limits: they are set in kernelos.yaml.",
        "invalid_output" => "The model does not give what the schema asks for: see the prompt, or use another model.",
        "expression" => "An expression of the workflow cannot be evaluated with these values, or takes too long.",
        "validation" | "invalid_arguments" => "What was given does not fit its schema.",
        "rejected" | "in_doubt" => "A person said no, or did not say yes in time.",
        _ => "What was done before is not lost.",
    };
    format!("{first}\nWhat happened: kernelos task show {task}; again from there: kernelos task retry {task}")
}

fn waits(watching: &Watching<'_>, timeline: &Timeline) -> Problem {
    let decide: Vec<String> = timeline
        .asks()
        .map(|ask| {
            let answer = if ask.kind == "question" { " --answer …" } else { "" };
            format!("kernelos approve {}{answer}", short(&ask.id))
        })
        .collect();
    let what = match decide.len() {
        1 => "the task waits for a decision; nothing is lost".to_owned(),
        several => format!("the task waits for {several} decisions; nothing is lost"),
    };
    let then = format!("then go on with: kernelos task follow {}", short(watching.task));
    Problem::waits(what, format!("{}\n{then}", decide.join("\n")))
}

fn goes_on(watching: &Watching<'_>) -> String {
    let task = short(watching.task);
    if watching.api.is_own() {
        format!("It stands in the log and goes on with: kernelos task follow {task} (or kernelos dev)")
    } else {
        format!("The running host goes on with it; to watch again: kernelos task follow {task}")
    }
}

/// The last line for programs.
fn end(watching: &Watching<'_>, timeline: &Timeline, ended: &Ended) -> Value {
    let summary = timeline.summary();
    let (status, output, failure) = match (ended, &summary.ending) {
        (_, Some(Ending::Done(output))) => ("done", output.clone(), Value::Null),
        (_, Some(Ending::Failed { class, title, detail })) => {
            ("failed", Value::Null, json!({ "class": class, "title": title, "detail": detail }))
        }
        (_, Some(Ending::Cancelled)) => ("cancelled", Value::Null, Value::Null),
        (Ended::Waits, None) => ("waiting", Value::Null, Value::Null),
        _ => ("running", Value::Null, Value::Null),
    };
    let approvals: Vec<&str> = timeline.asks().map(|ask| ask.id.as_str()).collect();
    json!({
        "what": "end", "task": watching.task, "status": status, "output": output, "failure": failure,
        "approvals": approvals, "summary": summary.json(),
    })
}
