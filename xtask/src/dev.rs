//! `cargo xtask dev`: from a clean clone to a workflow that came to its end, in one command and inside the tree. With a
//! question, to its answer.

use crate::cloudflare;
use crate::endpoint::Endpoint;
use crate::failure::Failure;
use crate::process::{cargo, root, run as run_program, run_along};
use crate::setup;
use std::fs::File;
use std::io::IsTerminal as _;
use std::process::Command;

/// Inside `target`, so nothing outside the tree is touched and `cargo clean` forgets it.
const DATA: &str = "target/dev-data";
/// The example that is run.
const EXAMPLE: &str = "examples/support-triage";
/// Where its output goes: for people it is too long to be read on the way.
const OUTPUT: &str = "target/dev-data/support-triage.json";
/// What the test endpoint answers to a question of one's own.
const QUESTIONS: &str = "tests/peers/fixtures/ask.json";

/// Runs the example, or asks one question, with the model that the environment names or the local test endpoint.
pub fn run(words: &[String]) -> Result<(), Failure> {
    let chosen = Model::from_environment(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))?;
    setup::run()?;
    run_program(&mut cargo(&["build", "--package", "kernelos"]))?;
    let fixtures = if words.is_empty() { format!("{EXAMPLE}/fixtures.json") } else { QUESTIONS.to_owned() };
    // It ends with this function.
    let endpoint = if chosen.is_some() { None } else { Some(Endpoint::start(&fixtures)?) };
    if endpoint.is_some() {
        eprintln!(
            "dev: KERNELOS_BASE_URL is not set, so a local test endpoint answers from {fixtures}. It is no model."
        );
    }
    let test = |endpoint: &Endpoint| Model::test(endpoint.base_url());
    let Some(model) = chosen.or_else(|| endpoint.as_ref().map(test)) else { return Ok(()) };
    if words.is_empty() { example(&model) } else { ask(&words.join(" "), &model) }
}

/// Where the Cloudflare host keeps its data on this machine.
const WORKERD_DATA: &str = "target/dev-workerd";

/// Runs the Cloudflare host until it is interrupted. It ends when this program does, because that closes its input.
pub fn workerd() -> Result<(), Failure> {
    setup::with_worker_tools()?;
    cloudflare::workers(&cloudflare::WORKERS, cloudflare::Kind::Quick)?;
    eprintln!(
        "dev: the Workers of this tree under workerd, data in {WORKERD_DATA}; where they listen, and the token of"
    );
    eprintln!("     their owner, come next. Ctrl-C ends them.");
    run_along(&mut cloudflare::host(&["--persist", WORKERD_DATA])?)
}

/// Runs the example to its end.
fn example(model: &Model) -> Result<(), Failure> {
    connect(model)?;
    eprintln!(
        "\ndev: {EXAMPLE} – twenty letters of customers are sorted and answered by two agents; what is angry, about money \
         or about safety waits for a person."
    );
    let input = format!("{EXAMPLE}/input.json");
    let mut command = kernelos(&["run", &format!("{EXAMPLE}/workflow.yaml"), "--input", &input]);
    if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        eprintln!("dev: the person is you: approve, reject or edit each answer when you are asked.\n");
    } else {
        eprintln!(
            "dev: nobody can be asked here, so every answer is approved with --yes; on a terminal you are asked.\n"
        );
        command.args(["--yes", "--reason", "approved in advance: cargo xtask dev ran without a terminal"]);
    }
    let output = File::create(root().join(OUTPUT));
    let output = output.map_err(|why| Failure::environment(format!("cannot write {OUTPUT}: {why}")))?;
    run_program(command.stdout(output))?;
    eprintln!("\ndev: done. The workflow wrote this summary, the document triage/summary.md:\n");
    run_program(&mut kernelos(&["documents", "show", "triage/summary.md"]))?;
    eprint!("{NEXT}");
    Ok(())
}

/// What a newcomer may do next.
const NEXT: &str = "
dev: the output of the run is in target/dev-data/support-triage.json, and everything else in the workspace beside it.
     Look at it with the program that was just built:

       alias kernelos=\"target/debug/kernelos --data target/dev-data\"
       kernelos documents list        every answer and draft that was written
       kernelos task list             this run, and what it used
       kernelos log                   every event: model calls, decisions, documents
       kernelos replay --verify       everything stored follows from the log

     Next: read examples/support-triage/workflow.yaml, change a letter in input.json, and run it again.
     With a model of your own: KERNELOS_BASE_URL=https://host/v1 KERNELOS_MODEL=NAME KERNELOS_API_KEY=… cargo xtask dev
";

/// Makes the model known to the workspace, and sees that it answers.
fn connect(model: &Model) -> Result<(), Failure> {
    let mut command = kernelos(&["provider", "connect", "--base-url", &model.base_url, "--model", &model.name]);
    run_program(reference(&mut command, model))
}

/// Asks one question.
fn ask(question: &str, model: &Model) -> Result<(), Failure> {
    let mut command = kernelos(&["ask", question, "--base-url", &model.base_url, "--model", &model.name]);
    run_program(reference(&mut command, model))
}

/// A reference travels, never the key: it stays in the environment that the child inherits.
fn reference<'a>(command: &'a mut Command, model: &Model) -> &'a mut Command {
    if model.has_key { command.args(["--key-ref", "env:KERNELOS_API_KEY"]) } else { command }
}

/// The program, over the data of this tree. The one place that knows how it is started.
fn kernelos(arguments: &[&str]) -> Command {
    let mut command = cargo(&["run", "--quiet", "--package", "kernelos", "--bin", "kernelos", "--"]);
    // A host elsewhere that somebody works with is not meant.
    command.env_remove("KERNELOS_HOST").args(["--data", DATA]).args(arguments);
    command
}

/// Which model to ask.
#[derive(Debug, PartialEq, Eq)]
struct Model {
    base_url: String,
    name: String,
    has_key: bool,
}

impl Model {
    /// The local test endpoint at `base_url`.
    fn test(base_url: &str) -> Self {
        Self { base_url: base_url.to_owned(), name: "test-model".to_owned(), has_key: false }
    }

    /// What the environment says; nothing when it names no base URL.
    fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, Failure> {
        let Some(base_url) = variable("KERNELOS_BASE_URL") else { return Ok(None) };
        let name = variable("KERNELOS_MODEL").ok_or_else(|| {
            Failure::environment(
                "KERNELOS_BASE_URL is set but KERNELOS_MODEL is not. Set it to a model that endpoint serves",
            )
        })?;
        Ok(Some(Self { base_url, name, has_key: variable("KERNELOS_API_KEY").is_some() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen_with(set: &[(&str, &str)]) -> Result<Option<Model>, Failure> {
        Model::from_environment(|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn without_a_base_url_the_test_endpoint_is_used_even_when_a_key_lies_around() {
        assert_eq!(chosen_with(&[("KERNELOS_API_KEY", "k")]), Ok(None));
    }

    #[test]
    fn a_local_server_needs_no_key() {
        let model = chosen_with(&[("KERNELOS_BASE_URL", "http://127.0.0.1:8080/v1"), ("KERNELOS_MODEL", "m")]);
        assert!(!model.unwrap().unwrap().has_key);
    }

    #[test]
    fn a_base_url_without_a_model_says_what_to_set() {
        let refused = chosen_with(&[("KERNELOS_BASE_URL", "http://127.0.0.1:8080/v1")]).unwrap_err();
        assert!(matches!(&refused, Failure::Environment(text) if text.contains("KERNELOS_MODEL")), "{refused}");
    }
}
