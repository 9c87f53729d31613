//! From nothing to a project, and everything about a workspace that can be looked at and set.

#![cfg(test)]

mod support;

use kernelos_tests::crash::Client;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use support::aimock::verifiable;
use support::cli::{Cli, Said};
use support::desk::accepted;

const FILES: [&str; 4] = ["workflow.yaml", "kernelos.yaml", "input.json", "README.md"];

fn value(said: &Said) -> Value {
    serde_json::from_str(&said.out).unwrap_or_else(|why| panic!("{why}: {said:?}"))
}

#[test]
fn a_project_begins_with_one_command_and_its_workflow_checks() {
    let (dir, peer) = (tempfile::tempdir().unwrap(), verifiable());
    let (cli, at) = (Cli::over(&dir.path().join("data")), dir.path().join("my work"));
    let at = at.to_str().unwrap();
    let model = ["--base-url", &peer.base_url(), "--model", "test-model"];
    let said = cli.run(&[&["init", at, "--name", "greetings"], &model[..]].concat());
    assert_eq!(said.code, 0, "{said:?}");
    let written: Vec<String> = FILES.iter().map(|name| format!("{at}/{name}")).collect();
    assert_eq!(said.out.lines().collect::<Vec<_>>(), written);
    assert!(said.err.contains("test-model is connected: test-model at "), "{said:?}");
    let next = format!("next:\n  kernelos run '{at}/workflow.yaml' --input '{at}/input.json'\n");
    assert!(said.err.ends_with(&next), "{said:?}");

    let checked = cli.run(&["workflow", "check", &format!("{at}/workflow.yaml")]);
    assert!(checked.code == 0 && checked.out.contains("hello/hello 1.0.0"), "{checked:?}");
    let defined = cli.run(&["agent", "define", &format!("{at}/kernelos.yaml")]);
    assert_eq!((defined.code, defined.out.as_str()), (0, "greeter: defined\n"), "{defined:?}");
    let again = cli.run(&["agent", "define", &format!("{at}/kernelos.yaml")]);
    assert_eq!(again.out, "greeter: as it was\n", "{again:?}");
    let workspaces = value(&cli.run(&["workspace", "list", "--json"]));
    assert_eq!(workspaces["workspaces"][0]["name"], "greetings");

    // What comes next is what was said to come next.
    let run = cli.run(&["run", &format!("{at}/workflow.yaml"), "--input", &format!("{at}/input.json"), "--yes"]);
    assert_eq!(run.code, 0, "{run:?}");
    let filed = cli.run(&["documents", "show", "greetings/hello.md"]);
    assert_eq!((filed.code, filed.out.as_str()), (0, "Good morning, Ada.\n"), "{filed:?}");
    let listed = cli.run(&["documents", "list"]);
    assert_eq!(listed.out, "PATH                VERSION  BYTES\ngreetings/hello.md        1     18\n");
    assert!(cli.run(&["usage"]).out.contains("in total"));
    let agents = value(&cli.run(&["agent", "list", "--json"]));
    assert_eq!(agents["agents"].as_array().unwrap().len(), 1, "a run finds the agent that was defined: {agents}");

    // What somebody changed is never written over.
    fs::write(format!("{at}/input.json"), "{}").unwrap();
    let refused = cli.run(&[&["init", at], &model[..]].concat());
    assert!(refused.code == 1 && refused.err.contains("error[in_the_way]"), "{refused:?}");
    assert!(refused.err.contains("workflow.yaml, kernelos.yaml, input.json, README.md"), "{refused:?}");
    assert_eq!(fs::read_to_string(format!("{at}/input.json")).unwrap(), "{}");
    let workspaces = value(&cli.run(&["workspace", "list", "--json"]));
    assert_eq!(workspaces["workspaces"].as_array().unwrap().len(), 1, "a project goes where work is already");
}

#[test]
fn a_project_without_a_provider_says_how_to_connect_one_and_one_that_fails_leaves_no_folder() {
    let dir = tempfile::tempdir().unwrap();
    let cli = Cli::over(&dir.path().join("data"));
    let at = dir.path().join("hello");
    let at = at.to_str().unwrap();
    let closed = "http://127.0.0.1:9/v1";
    let failed = cli.run(&["init", at, "--base-url", closed, "--model", "m"]);
    assert!(failed.code == 1 && failed.err.contains("error[provider_unavailable]"), "{failed:?}");
    assert!(!fs::exists(at).unwrap());
    for (arguments, code) in [
        (["init", at, "--template", "helo"], 2),
        (["init", at, "--base-url", closed], 2),
        (["init", at, "--key-ref", "sk-0123456789"], 2),
    ] {
        let said = cli.run(&arguments);
        assert!(said.code == code && !said.err.contains("sk-0"), "{said:?}");
        assert!(!fs::exists(at).unwrap());
    }
    let said = cli.run(&["init", at, "--yes", "--json"]);
    let told = value(&said);
    assert_eq!((said.code, &told["template"], &told["provider"]), (0, &json!("hello"), &Value::Null), "{said:?}");
    assert!(told["next"][0].as_str().unwrap().starts_with("kernelos provider connect "), "{told}");
    assert_eq!(told["files"].as_array().unwrap().len(), FILES.len());
    let templates = cli.run(&["init", "--templates"]);
    assert!(templates.code == 0 && templates.out.lines().count() > 1, "{templates:?}");
}

/// A host that runs while this is there.
struct Dev {
    process: Child,
    client: Client,
}

impl Dev {
    fn start(cli: &Cli, data: &std::path::Path) -> Self {
        let mut process = cli.start(&["dev", "--port", "0"]);
        let mut says = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        says.read_line(&mut line).unwrap();
        let address = line.trim().rsplit_once("http://").unwrap_or_else(|| panic!("{line}")).1.parse().unwrap();
        let token = kernelos::host::Identity::open(data).unwrap().token;
        Self { process, client: Client::new(address, token) }
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[test]
fn a_host_goes_on_when_nobody_listens_to_what_it_says() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let cli = Cli::over(&data);
    let mut process = cli.start(&["dev", "--port", "0"]);
    drop(process.stderr.take());
    while !fs::read_to_string(data.join("host.json")).is_ok_and(|note| note.ends_with('}')) {
        assert!(process.try_wait().unwrap().is_none(), "the host ended before it listened");
        std::thread::yield_now();
    }
    let made = cli.run(&["workspace", "create", "ours"]);
    let ended = process.try_wait().unwrap();
    process.kill().unwrap();
    process.wait().unwrap();
    assert_eq!((made.code, ended), (0, None), "{made:?}");
}

#[test]
fn what_was_used_is_shown_by_provider_and_in_total_with_its_cost() {
    let (dir, peer) = (tempfile::tempdir().unwrap(), verifiable());
    let data = dir.path().join("data");
    let cli = Cli::over(&data);
    let nothing = cli.run(&["workspace", "create", "ours"]);
    assert_eq!(nothing.code, 0, "{nothing:?}");
    let id = nothing.out.trim().to_owned();
    let nothing = cli.run(&["usage"]);
    assert!(nothing.code == 0 && nothing.out.is_empty() && nothing.err.contains("hint: "), "{nothing:?}");

    let mut dev = Dev::start(&cli, &data);
    let prices = ["--name", "priced", "--input-price", "2", "--output-price", "0.5"];
    let connect = ["provider", "connect", "--base-url", &peer.base_url(), "--model", "test-model"];
    assert_eq!(cli.run(&[&connect[..], &prices].concat()).code, 0);
    let file = dir.path().join("who.yaml");
    fs::write(&file, "agents:\n  greeter:\n    instructions: Be kind.\n    limits: {turns: 3}\n").unwrap();
    let defined = cli.run(&["agent", "define", file.to_str().unwrap(), "--json"]);
    let agent = value(&defined)["agents"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(cli.run(&["agent", "define", file.to_str().unwrap()]).out, "greeter: as it was\n");
    let ask = json!({ "agent": agent, "prompt": "Greet Ada." });
    let task = accepted(&dev.client.command(&id, "ask", "task.ask", &ask).unwrap());
    let answered = dev.client.get(&format!("/v1/workspaces/{id}/tasks/{task}?wait=20000")).unwrap();
    assert_eq!(answered.text("/steps/0/answer"), "Good morning, Ada.", "{}", answered.json());

    let used = value(&cli.run(&["usage", "--json"]));
    let (one, total) = (&used["providers"][0], &used["total"]);
    let count = |name: &str| one[name].as_u64().unwrap();
    assert_eq!((one["name"].as_str(), count("calls")), (Some("priced"), 1), "verifying is no work of the workspace");
    assert_eq!(count("cost_micros"), (count("input_tokens") * 4 + count("output_tokens")).div_ceil(2), "{used}");
    assert_eq!(total["cost_micros"], one["cost_micros"]);
    let shown = cli.run(&["usage"]);
    let words: Vec<Vec<&str>> = shown.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(words[0], ["PROVIDER", "CALLS", "TOKENS", "IN", "TOKENS", "OUT", "COST"]);
    assert_eq!((words[1][0], words[2][..2].join(" ").as_str()), ("priced", "in total"), "{shown:?}");
    assert!(words[1][4].starts_with("0.0"), "{shown:?}");

    let agents = cli.run(&["agent", "list"]);
    assert!(agents.out.lines().nth(1).unwrap().starts_with("greeter  priced"), "{agents:?}");
    let shown = cli.run(&["agent", "show", "greeter"]);
    assert!(shown.out.contains("turns 3") && shown.out.ends_with("instructions\n  Be kind.\n"), "{shown:?}");
    let short = agents.out.lines().nth(1).unwrap().split_whitespace().last().unwrap().to_owned();
    assert_eq!(value(&cli.run(&["agent", "show", &short, "--json"]))["id"].as_str(), Some(agent.as_str()));
    let place = cli.run(&["workspace", "show", "ours"]);
    assert!(place.out.contains(&id) && place.out.contains("waits     nothing"), "{place:?}");
}

#[test]
fn rules_of_the_way_out_are_added_and_removed_one_by_one() {
    let dir = tempfile::tempdir().unwrap();
    let cli = Cli::over(&dir.path().join("data"));
    assert_eq!(cli.run(&["workspace", "create", "ours"]).code, 0);
    let none = cli.run(&["egress", "show"]);
    assert!(none.code == 0 && none.out.is_empty() && none.err.starts_with("nothing may be reached"), "{none:?}");
    let allow = |more: &[&str]| cli.run(&[&["egress", "allow"], more].concat());
    let first = allow(&["--host", "api.example.com", "--private", "127.0.0.0/8"]);
    assert_eq!(first.out, "KIND     RULE\nhost     api.example.com\nprivate  127.0.0.0/8\n", "{first:?}");
    let second =
        allow(&["--host", "*.example.org", "--secret", "vault:k@api.example.com", "--host", "api.example.com"]);
    assert_eq!(second.out.lines().count(), 5, "{second:?}");
    let third = value(&allow(&["--remove", "127.0.0.0/8", "--json"]));
    let rules =
        json!({"hosts": ["api.example.com", "*.example.org"], "private": [], "secrets": ["vault:k@api.example.com"]});
    assert_eq!(third, rules);
    assert_eq!(allow(&["--host", "api.example.com"]).code, 0);
    for (arguments, code) in
        [(vec!["--host", "no host"], 2), (vec!["--private", "all"], 2), (vec!["--remove", "x.org"], 1), (vec![], 2)]
    {
        let said = allow(&arguments);
        assert_eq!((said.code, said.out.as_str()), (code, ""), "{said:?}");
    }
    assert_eq!(value(&cli.run(&["egress", "show", "--json"])), rules);
    let said = cli.run(&["log"]).out.lines().filter(|line| line.contains("egress.allowed")).count();
    assert_eq!(said, 3, "what changes nothing is not said");
}

#[test]
fn what_is_empty_says_the_next_command_and_what_is_unknown_says_what_there_is() {
    let dir = tempfile::tempdir().unwrap();
    let cli = Cli::over(&dir.path().join("data"));
    let none = cli.run(&["workspace", "list"]);
    assert!(none.code == 0 && none.out.is_empty() && none.err.contains("kernelos workspace create NAME"), "{none:?}");
    assert_eq!(value(&cli.run(&["workspace", "list", "--json"])), json!({"workspaces": []}));
    assert_eq!(cli.run(&["workspace", "create", "ours"]).code, 0);
    for (arguments, next) in [
        (["provider", "list"], "kernelos provider connect --base-url"),
        (["agent", "list"], "kernelos agent define kernelos.yaml"),
        (["documents", "list"], "documents.write"),
    ] {
        let said = cli.run(&arguments);
        assert!(said.code == 0 && said.out.is_empty() && said.err.contains(next), "{said:?}");
    }
    for arguments in [
        ["agent", "show", "nobody"],
        ["documents", "show", "nothing.md"],
        ["capability", "show", "magic"],
        ["workspace", "show", "theirs"],
        ["provider", "test", "nobody"],
    ] {
        let said = cli.run(&arguments);
        assert!(said.code == 1 && said.err.contains("error[not_found]") && said.err.contains("hint: "), "{said:?}");
    }
    let shown = cli.run(&["capability", "show", "documents.write"]);
    assert!(shown.out.contains("offered by            kernel") && shown.out.contains("\"path\""), "{shown:?}");
    let listed = cli.run(&["capability", "list"]);
    assert!(listed.out.lines().any(|line| line.starts_with("http.request ")), "{listed:?}");
}

#[test]
fn completions_are_scripts_that_a_shell_takes() {
    let dir = tempfile::tempdir().unwrap();
    let cli = Cli::over(dir.path());
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = cli.run(&["completions", shell]);
        assert!(script.code == 0 && script.err.is_empty(), "{script:?}");
        for name in ["kernelos", "provider", "completions"] {
            assert!(script.out.contains(name), "{shell} does not know {name}");
        }
    }
    let script = cli.run(&["completions", "bash"]).out;
    let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn().unwrap();
    bash.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    assert!(bash.wait().unwrap().success());
    assert_eq!(cli.run(&["completions", "tcsh"]).code, 2);
}
