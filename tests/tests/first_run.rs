//! The program as a newcomer uses it: one question, one answer, and a log that can be trusted.

#![cfg(test)]

mod support;

use kernelos_tests::crash::Client;
use ports::{Secret, Vault as _};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Child;
use support::aimock::Aimock;
use support::cli::{Cli, Said};
use support::peer::Peer;
use testkit::block_on;
use vault_file::FileVault;

const ANSWER: &str = "KernelOS keeps the work of people and AI agents in one append-only log";

/// Ask with the provider named.
fn ask(cli: &Cli, base_url: &str, question: &str, more: &[&str]) -> Said {
    cli.run(&[&["ask", question, "--base-url", base_url, "--model", "test-model"], more].concat())
}

/// A task id in what was said on the side.
fn task_in(said: &Said) -> String {
    let line = said.err.lines().find_map(|line| line.strip_prefix("task ")).unwrap_or_else(|| panic!("{said:?}"));
    line.split(':').next().unwrap().to_owned()
}

#[test]
fn a_question_gets_its_answer_and_everything_can_be_read_again() {
    let (dir, peer) = (tempfile::tempdir().unwrap(), Aimock::start());
    let cli = Cli::over(&dir.path().join("data"));
    let first = ask(&cli, &peer.base_url(), "What does KernelOS do?", &[]);
    assert_eq!(first.code, 0, "{first:?}");
    assert!(first.out.starts_with(ANSWER) && first.out.lines().count() == 1, "only the answer is data: {first:?}");
    let task = task_in(&first);

    let second = cli.run(&["ask", "And what else?", "--task", &task]);
    assert_eq!((second.code, second.out.lines().count()), (0, 1), "{second:?}");
    assert_eq!(task_in(&second), task);
    let whole = cli.run(&["ask", "Anything more?", "--task", &task, "--json"]);
    let view: Value = serde_json::from_str(&whole.out).unwrap();
    assert_eq!((view["id"].as_str(), view["steps"].as_array().unwrap().len()), (Some(task.as_str()), 3), "{view}");

    let log = cli.run(&["log"]);
    assert_eq!(log.code, 0, "{log:?}");
    for told in [
        "workspace.created",
        "provider.defined",
        "step.requested",
        "lease.granted",
        "step.settled",
        "prompt: What does KernelOS do?",
    ] {
        assert!(log.out.contains(told), "{told} is not in the log:\n{}", log.out);
    }
    let events: Vec<Value> =
        cli.run(&["log", "--json"]).out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len(), log.out.lines().count());
    let part = cli.run(&["log", "--json", "--after", "2", "--limit", "3"]);
    let part: Vec<Value> = part.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(part, events[2..5]);

    let replayed = cli.run(&["replay", "--verify", "--json"]);
    let told: Value = serde_json::from_str(&replayed.out).unwrap();
    assert_eq!((replayed.code, told["events"].as_u64()), (0, Some(events.len() as u64)), "{replayed:?}");
    assert_eq!(told["findings"].as_array().unwrap().len(), 0, "{told}");
    assert!(told["roots"]["main@0"].is_string() && told["roots"]["control"].is_string(), "{told}");
    let doctor = cli.run(&["doctor"]);
    assert!(doctor.code == 0 && doctor.out.lines().all(|line| line.starts_with("ok ")), "{doctor:?}");
}

#[test]
fn what_goes_wrong_has_an_exit_code_and_a_hint_on_the_side() {
    let (dir, peer) = (tempfile::tempdir().unwrap(), Aimock::start());
    let cli = Cli::over(&dir.path().join("data"));
    for (story, arguments, code) in [
        ("no provider is known", vec!["ask", "hello"], 2),
        ("a key in place of a reference", vec!["ask", "hello", "--key-ref", "sk-1234"], 2),
        ("no such flag", vec!["ask", "hello", "--bse-url", "x"], 2),
        ("no such command", vec!["aks"], 2),
        ("no such workspace", vec!["log", "--workspace", "nonsense"], 1),
        ("a workspace that is no id", vec!["replay", "--workspace", "nonsense"], 2),
    ] {
        let said = cli.run(&arguments);
        assert_eq!((said.code, said.out.as_str()), (code, ""), "{story}: {said:?}");
        assert!(said.err.contains("error") && !said.err.contains("sk-1234"), "{story}: {said:?}");
    }
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = format!("http://{closed}/v1");
    let said = cli.run(&["ask", "hello", "--base-url", &nobody, "--model", "m"]);
    assert!(said.code == 1 && said.out.is_empty() && said.err.contains("error[provider_unavailable]"), "{said:?}");
    assert!(said.err.contains("hint: "), "{said:?}");
    let said = ask(&cli, &peer.base_url(), "hello", &["--task", "nonsense"]);
    assert!(said.code == 1 && said.out.is_empty(), "{said:?}");
    let said = ask(&cli, &peer.base_url(), "slow-answer", &["--wait", "0"]);
    assert!(said.code == 1 && said.err.contains("error[still_waiting]"), "{said:?}");
    let after = ask(&cli, &peer.base_url(), "What does KernelOS do?", &[]);
    assert_eq!(after.code, 0, "{after:?}");
    assert_eq!(cli.run(&["replay", "--verify"]).code, 0);
}

/// A host in the foreground, and what it says.
struct Dev {
    process: Child,
    said: Vec<String>,
    address: String,
}

impl Dev {
    fn start(cli: &Cli) -> Self {
        let mut process = cli.start(&["dev", "--port", "0"]);
        let lines = BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
        let said: Vec<String> = lines.take(4).collect();
        let address = said[0].split_once("listens on http://").unwrap_or_else(|| panic!("{said:?}")).1.to_owned();
        Self { process, said, address }
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[test]
fn a_second_process_over_the_same_directory_is_served_by_the_first_or_refused() {
    let (dir, peer) = (tempfile::tempdir().unwrap(), Aimock::start());
    let cli = Cli::over(&dir.path().join("data"));
    let dev = Dev::start(&cli);
    let answered = ask(&cli, &peer.base_url(), "What does KernelOS do?", &[]);
    assert!(answered.code == 0 && answered.out.starts_with(ANSWER), "{answered:?}");
    assert_eq!(cli.run(&["log"]).code, 0);
    let health = Client::new(dev.address.parse().unwrap(), "").get("/health");
    assert!(health.is_ok_and(|answer| answer.status < 500));

    for (arguments, code) in [(vec!["replay", "--verify"], 1), (vec!["dev", "--port", "0"], 1), (vec!["doctor"], 1)] {
        let said = cli.run(&arguments);
        let all = said.out.clone() + &said.err;
        assert_eq!(said.code, code, "{said:?}");
        assert!(all.contains("another process uses the data directory"), "{said:?}");
    }
    drop(dev);
    assert_eq!(cli.run(&["replay", "--verify"]).code, 0, "what a killed host leaves can be used at once");
    assert_eq!(cli.run(&["doctor"]).code, 0);
    let alone = cli.run(&["ask", "What does KernelOS do?"]);
    assert!(alone.code == 0 && alone.out.starts_with(ANSWER), "{alone:?}");
}

#[test]
fn two_questions_at_once_over_one_directory_do_not_get_into_each_others_way() {
    let (dir, peer) = (tempfile::tempdir().unwrap(), Aimock::start());
    let cli = Cli::over(&dir.path().join("data"));
    assert_eq!(ask(&cli, &peer.base_url(), "What does KernelOS do?", &[]).code, 0);
    let mut slow = cli.start(&["ask", "slow-answer", "--model", "test-model", "--base-url", &peer.base_url()]);
    while slow.try_wait().unwrap().is_none() {
        let other = cli.run(&["ask", "What does KernelOS do?"]);
        let refused = other.code == 1 && other.err.contains("error[data_busy]") && other.err.contains("hint: ");
        assert!(other.code == 0 || refused, "{other:?}");
        if refused {
            break;
        }
    }
    assert!(slow.wait().unwrap().code().is_some_and(|code| code < 2));
    assert_eq!(cli.run(&["replay", "--verify"]).code, 0);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = Cli::over(dir.path()).run(&["dev", "--port", &port]);
    assert!(said.code == 1 && said.err.contains("error[port_taken]") && said.err.contains(&port), "{said:?}");
}

#[test]
fn keys_are_in_no_output_no_log_and_no_file() {
    // The third-party endpoint hides what it was sent, so this one tells.
    let (dir, peer) = (tempfile::tempdir().unwrap(), Peer::start(1));
    let data = dir.path().join("data");
    let (from_environment, from_vault) = ("sk-environment-7f3a9c51e2d84b06", "sk-vault-0b96c3e1f57d42a8");
    let vault = FileVault::open(data.join("vault")).unwrap();
    block_on(vault.keep("provider", Secret::new(from_vault))).unwrap();
    let cli = Cli::over(&data).with("KERNELOS_API_KEY", from_environment);

    let mut said = vec![
        ask(&cli, &peer.base_url(), "What does KernelOS do?", &["--key-ref", "env:KERNELOS_API_KEY"]),
        ask(&cli, &peer.base_url(), "What does KernelOS do?", &["--key-ref", "vault:provider", "--json"]),
    ];
    assert!(said.iter().all(|said| said.code == 0), "{said:?}");
    let sent: Vec<String> = peer.calls().into_iter().map(|call| call.authorization).collect();
    assert_eq!(sent, [from_environment, from_vault].map(|key| format!("Bearer {key}")));
    // A provider that is not there, and a secret that is not there: what is said about them says nothing of a key.
    let gone = ["ask", "hello", "--base-url", "http://127.0.0.1:9/v1", "--model", "m", "--key-ref", "vault:provider"];
    said.push(cli.run(&gone));
    said.push(ask(&cli, &peer.base_url(), "hello", &["--key-ref", "vault:nobody"]));
    said.push(ask(&cli, &peer.base_url(), "hello", &["--key-ref", from_environment]));
    assert!(said[2..].iter().all(|said| said.code != 0), "{said:?}");
    for arguments in [&["log"][..], &["log", "--json"], &["replay", "--verify", "--json"], &["doctor"]] {
        said.push(cli.run(arguments));
    }
    let token = kernelos::host::Identity::open(&data).unwrap().token;
    let dev = Dev::start(&cli);
    let told = dev.said.join("\n");
    drop(dev);
    for secret in [from_environment, from_vault, token.as_str()] {
        for said in &said {
            assert!(!said.out.contains(secret) && !said.err.contains(secret), "{said:?}");
        }
        assert!(!told.contains(secret), "{told}");
        for (path, bytes) in files(&data) {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{} holds a secret", path.display());
        }
    }
}

/// Every file below `dir`.
fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    found
}

#[cfg(unix)]
#[test]
fn what_is_secret_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let (dir, peer) = (tempfile::tempdir().unwrap(), Aimock::start());
    let data = dir.path().join("data");
    let cli = Cli::over(&data);
    assert_eq!(ask(&cli, &peer.base_url(), "What does KernelOS do?", &[]).code, 0);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700, "others do not see what there is");
    for name in ["device.key", "token.key", "vault/root.key", "vault/vault.sealed"] {
        assert_eq!(mode(&data.join(name)), 0o600, "{name}");
    }
    fs::set_permissions(data.join("token.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let said = cli.run(&["log"]);
    assert!(said.code == 1 && said.err.contains("chmod 600"), "{said:?}");
    assert_eq!(cli.run(&["doctor"]).code, 1);
}
