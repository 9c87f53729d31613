//! `cargo xtask dev`: from a clean clone to an answer, in one command and inside the tree.

use crate::endpoint::Endpoint;
use crate::failure::Failure;
use crate::process::{cargo, run as run_program};
use crate::setup;

const DEFAULT_QUESTION: &str = "What does KernelOS do?";
/// Inside `target`, so nothing outside the tree is touched and `cargo clean` forgets it.
const DATA: &str = "target/dev-data";

/// Asks one question of the model that the environment names, or of the local test endpoint.
pub fn run(words: &[String]) -> Result<(), Failure> {
    let question = if words.is_empty() { DEFAULT_QUESTION.to_owned() } else { words.join(" ") };
    let chosen = Model::from_environment(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))?;
    setup::run()?;
    run_program(&mut cargo(&["build", "--package", "kernelos"]))?;
    if let Some(model) = chosen {
        return ask(&question, &model);
    }
    let endpoint = Endpoint::start()?;
    eprintln!(
        "dev: KERNELOS_BASE_URL is not set, so a local test endpoint answers from tests/peers/fixtures/ask.json \
         ({}). It is no model.",
        endpoint.base_url(),
    );
    ask(&question, &Model { base_url: endpoint.base_url().to_owned(), name: "test-model".to_owned(), has_key: false })
}

/// The one place that knows how `kernelos` is called.
fn ask(question: &str, model: &Model) -> Result<(), Failure> {
    let mut command = cargo(&["run", "--quiet", "--package", "kernelos", "--bin", "kernelos", "--"]);
    command.args(["--data", DATA, "ask", question, "--base-url", &model.base_url, "--model", &model.name]);
    if model.has_key {
        // A reference travels, never the key: it stays in the environment that the child inherits.
        command.args(["--key-ref", "env:KERNELOS_API_KEY"]);
    }
    run_program(&mut command)
}

/// Which model to ask.
#[derive(Debug, PartialEq, Eq)]
struct Model {
    base_url: String,
    name: String,
    has_key: bool,
}

impl Model {
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
