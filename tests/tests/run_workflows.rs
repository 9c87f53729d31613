//! Workflows as people run them: from a file to an output, with everything that may come in between.

#![cfg(test)]

mod support;

use expect_test::expect;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use support::aimock::Aimock;
use support::cli::{Cli, Said};
#[cfg(unix)]
use support::terminal::Terminal;
use tempfile::TempDir;

/// A folder with a workflow, over a workspace with a provider.
struct Desk {
    dir: TempDir,
    cli: Cli,
    _peer: Aimock,
}

impl Desk {
    fn new() -> Self {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/fixtures/run.json");
        let (dir, peer) = (tempfile::tempdir().unwrap(), Aimock::with(&fixtures));
        let cli = Cli::over(&dir.path().join("data"));
        let said = cli.run(&["ask", "hello", "--base-url", &peer.base_url(), "--model", "test-model"]);
        assert_eq!(said.code, 0, "{said:?}");
        Self { dir, cli, _peer: peer }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A workflow of these tasks.
    fn workflow(&self, tasks: &str) -> String {
        let head = "document: {dsl: '1.0.3', namespace: stories, name: story, version: '1.0.0'}\ndo:\n";
        self.file("story.yaml", &format!("{head}{tasks}")).display().to_string()
    }

    fn run(&self, tasks: &str, more: &[&str]) -> Said {
        let file = self.workflow(tasks);
        self.cli.run(&[&["run", file.as_str()], more].concat())
    }

    /// The newest task.
    fn task(&self) -> Value {
        let said = self.cli.run(&["task", "list", "--json", "--limit", "1"]);
        serde_json::from_str(said.out.lines().next().unwrap_or_else(|| panic!("{said:?}"))).unwrap()
    }

    /// What is said on the side, without what differs from one run to the next.
    fn normal(&self, said: &str) -> String {
        let text = said.replace(&self.dir.path().display().to_string(), "DIR");
        text.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
    }
}

const AGENTS: &str = "agents:\n  sorter:\n    instructions: Sort letters.\n    tools: [documents.read]\n";

/// An agent with a tool, then an approval.
const LETTER: &str = r#"  - policy:
      call: documents.write
      with: {path: policy.md, text: Be kind.}
  - sort:
      call: agent
      with:
        agent: sorter
        prompt: Sort this letter.
        schema: {type: object, required: [angry], properties: {angry: {type: boolean}}}
  - approve:
      call: ask
      with: {question: May it go out?, approve: '${ . }'}
  - end-it:
      set: {decision: '${ .decision }', value: '${ .value }'}
"#;

fn lines(said: &Said) -> Vec<Value> {
    said.out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

#[test]
fn a_run_with_an_agent_a_tool_and_an_approval_comes_to_its_output() {
    let desk = Desk::new();
    desk.file("kernelos.yaml", AGENTS);
    let said = desk.run(LETTER, &["--yes", "--reason", "a test"]);
    assert_eq!(said.code, 0, "{said:?}");
    let output: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((output["decision"].as_str(), &output["value"]["angry"]), (Some("approved"), &Value::Bool(true)));
    assert_eq!(said.out.lines().count(), 1, "only the output is data: {said:?}");
    for told in [
        "▶ begun      stories/story 1.0.0 with 4 tasks",
        "✓ done       policy  documents.write policy.md",
        "· tool       sort  documents.read policy.md",
        "✓ done       sort  sorter with test-model, 2 model calls",
        "? ASKS YOU   approve  May it go out?",
        "✓ done       approve  approved by owner: a test",
        "■ ended",
        "2 model calls",
        "next: kernelos task show",
    ] {
        assert!(said.err.contains(told), "{told:?} is not in\n{}", said.err);
    }
    assert!(!said.err.contains('\u{1b}'), "nothing but text goes to what is no terminal: {said:?}");
    let events = desk.cli.run(&["log"]).out;
    assert_eq!(events.matches("agent.defined").count(), 2, "{events}");

    let again = desk.run(LETTER, &["--yes", "--json"]);
    let told = lines(&again);
    assert_eq!((again.code, told.last().unwrap()["status"].as_str()), (0, Some("done")), "{again:?}");
    assert_eq!(told.last().unwrap()["output"], output);
    assert!(told.iter().any(|it| it["what"] == "asks_you") && told.iter().all(|it| it["what"].is_string()), "{told:?}");
    let events = desk.cli.run(&["log"]).out;
    assert_eq!(events.matches("agent.defined").count(), 2, "what is known is not defined again");
    assert_eq!(events.matches("workflow.defined").count(), 1);
}

#[test]
fn an_agent_that_was_changed_and_changed_back_is_the_one_that_is_asked() {
    let desk = Desk::new();
    let current = || {
        let log = desk.cli.run(&["log", "--json"]).out;
        let mut agents = log.lines().filter(|line| line.contains("\"agent.defined\""));
        let last: Value = serde_json::from_str(agents.next_back().unwrap()).unwrap();
        last["content"]["instructions"].as_str().unwrap().to_owned()
    };
    for instructions in ["Sort letters.", "Sort otherwise.", "Sort letters.", "Sort letters."] {
        desk.file("kernelos.yaml", &AGENTS.replace("Sort letters.", instructions));
        assert_eq!(desk.run(LETTER, &["--yes"]).code, 0);
        assert_eq!(current(), instructions);
    }
    let log = desk.cli.run(&["log"]).out;
    assert_eq!(log.matches("agent.defined").count(), 4, "{log}");
}

#[test]
fn what_waits_for_a_person_is_decided_later_and_goes_on() {
    let desk = Desk::new();
    desk.file("kernelos.yaml", AGENTS);
    let said = desk.run(LETTER, &[]);
    assert_eq!((said.code, said.out.as_str()), (4, ""), "{said:?}");
    assert!(said.err.contains("error[waits_for_a_person]") && said.err.contains("kernelos approve "), "{said:?}");
    let command = said.err.lines().find_map(|line| line.strip_prefix("hint: kernelos approve ")).unwrap();

    let listed = desk.cli.run(&["approve"]);
    assert!(listed.code == 0 && listed.out.contains("May it go out?") && listed.out.contains(command), "{listed:?}");
    let shown = desk.cli.run(&["task", "show", desk.task()["id"].as_str().unwrap()]);
    assert!(shown.out.contains("status     waiting") && shown.out.contains(command), "{shown:?}");
    let wrong = desk.cli.run(&["approve", "nonsense"]);
    assert!(wrong.code == 1 && wrong.err.contains("there is no approval nonsense"), "{wrong:?}");
    let wrong = desk.cli.run(&["approve", command, "--edit", "{"]);
    assert!(wrong.code == 2 && wrong.err.contains("--edit is not JSON"), "{wrong:?}");

    let decided = desk.cli.run(&["approve", command, "--edit", "{\"angry\": false}", "--reason", "it is not"]);
    assert_eq!(decided.code, 0, "{decided:?}");
    let twice = desk.cli.run(&["approve", command]);
    assert!(twice.code == 1 && twice.err.contains("error[already_decided]"), "{twice:?}");
    let followed = desk.cli.run(&["task", "follow", desk.task()["id"].as_str().unwrap()]);
    let output: Value = serde_json::from_str(&followed.out).unwrap();
    assert_eq!((followed.code, output["decision"].as_str()), (0, Some("edited")), "{followed:?}");
    assert_eq!(output["value"]["angry"], false);
    assert!(desk.cli.run(&["approve", "--json"]).out.is_empty());
}

#[cfg(unix)]
#[test]
fn at_a_terminal_a_person_is_asked_in_place() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::new();
    let editor = desk.file("editor.sh", "#!/bin/sh\nsed -i.old s/hello/goodbye/ \"$1\"\n");
    std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o700)).unwrap();
    let file = desk.workflow(
        "  - letter: {call: ask, with: {question: May it go?, approve: {text: hello}}, export: {as: '${ {letter: .} }'}}\n  \
         - colour: {call: ask, with: {question: Which?, options: [red, blue]}}\n  - again: {call: ask, with: {question: \
         Really?, approve: 1}, output: {as: '${ {letter: $context.letter.value, colour: $input.value, reason} }'}}\n",
    );
    let mut command = desk.cli.command(&["run", &file]);
    command.env("VISUAL", &editor).env("NO_COLOR", "1").env("TERM", "xterm");
    let mut person = Terminal::start(command);
    person.see("approve (a), reject (r), edit (e), later (l)?");
    person.say("what?");
    person.see("approve (a), reject (r), edit (e), later (l)?");
    person.say("e");
    person.see("edited by owner");
    person.see("1 red, 2 blue");
    person.say("2");
    person.see("Really?");
    person.see("later (l)?");
    person.say("r");
    person.see("why not");
    person.say("no need");
    let (code, out, seen) = person.end();
    let output: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{seen}"));
    let expected = serde_json::json!({"letter": {"text": "goodbye"}, "colour": "blue", "reason": "no need"});
    assert_eq!((code, output), (0, expected), "{seen}");
    assert!(!seen.contains("\u{1b}[3"), "NO_COLOR is respected: {seen}");

    let mut person = Terminal::start(desk.cli.command(&["run", &file]));
    person.see("later (l)?");
    person.say("l");
    let (code, out, seen) = person.end();
    assert_eq!((code, out.as_str()), (4, ""), "{seen}");
}

/// A program that decides and is gone would cut off in the middle what its decision leads to.
#[test]
fn whoever_only_decides_performs_nothing() {
    let desk = Desk::new();
    desk.file("kernelos.yaml", AGENTS);
    let tasks = "  - ask: {call: ask, with: {question: Go?, approve: 1}}\n  - sort: {call: agent, with: {agent: sorter, prompt: hello}}\n";
    assert_eq!(desk.run(tasks, &[]).code, 4);
    let id = desk.cli.run(&["approve"]).out.split_whitespace().next().unwrap().to_owned();
    assert_eq!(desk.cli.run(&["approve", &id]).code, 0);
    let begun = || desk.cli.run(&["log"]).out.matches("lease.granted").count();
    let before = begun();
    assert_eq!(desk.cli.run(&["task", "list"]).code, 0);
    assert_eq!(
        (before, begun()),
        (2, 2),
        "the first question's and the notice's: nothing was begun by deciding and looking"
    );
    let followed = desk.cli.run(&["task", "follow", desk.task()["id"].as_str().unwrap()]);
    assert!(followed.code == 0 && followed.out.contains("Hello."), "{followed:?}");
    assert_eq!((begun(), desk.cli.run(&["log"]).out.matches("lease.lost").count()), (3, 0));
}

#[test]
fn a_question_takes_an_answer_and_no_approval() {
    let desk = Desk::new();
    let asks = "  - ask:\n      call: ask\n      with: {question: Which colour?, options: [red, blue]}\n";
    assert_eq!(desk.run(asks, &["--yes"]).code, 4, "--yes answers no question");
    let id = desk.cli.run(&["approve"]).out.split_whitespace().next().unwrap().to_owned();
    let refused = desk.cli.run(&["approve", &id]);
    assert!(refused.code == 2 && refused.err.contains("--answer"), "{refused:?}");
    assert_eq!(desk.cli.run(&["approve", &id, "--answer", "blue"]).code, 0);
    let followed = desk.cli.run(&["task", "follow", desk.task()["id"].as_str().unwrap()]);
    assert!(followed.code == 0 && followed.out.contains("\"blue\""), "{followed:?}");
}

#[test]
fn a_failed_task_is_tried_again_from_the_step_that_failed_and_a_waiting_one_is_cancelled() {
    let desk = Desk::new();
    desk.file("kernelos.yaml", AGENTS);
    let failing = "  - note: {call: documents.write, with: {path: a, text: b}}\n  - sort: {call: agent, with: {agent: sorter, prompt: refuse me}}\n";
    let said = desk.run(failing, &[]);
    assert!(said.code == 1 && said.err.contains("error[run_auth]"), "{said:?}");
    let task = desk.task()["id"].as_str().unwrap().to_owned();
    let again = desk.cli.run(&["task", "retry", &task, "--json"]);
    let told = lines(&again);
    assert_eq!(told.first().unwrap()["what"], "resumed", "{told:?}");
    assert_eq!((again.code, told.last().unwrap()["status"].as_str()), (1, Some("failed")), "{again:?}");
    let log = desk.cli.run(&["log"]).out;
    assert_eq!(log.matches("document.written").count(), 1, "what was done is not done again");

    let waiting = "  - ask: {call: ask, with: {question: Well?}}\n";
    assert_eq!(desk.run(waiting, &[]).code, 4);
    let task = desk.task()["id"].as_str().unwrap().to_owned();
    let part = task.split_once('.').unwrap().1;
    assert_eq!(desk.cli.run(&["task", "cancel", part, "--reason", "not needed"]).code, 0);
    assert_eq!(desk.task()["status"], "cancelled");
    let twice = desk.cli.run(&["task", "cancel", part]);
    assert!(twice.code == 1 && twice.err.contains("was cancelled before"), "{twice:?}");
    let followed = desk.cli.run(&["task", "follow", part]);
    assert!(followed.code == 1 && followed.err.contains("error[cancelled]"), "{followed:?}");
}

#[test]
fn nothing_is_reached_that_a_person_did_not_allow() {
    let desk = Desk::new();
    desk.file("kernelos.yaml", "egress: {hosts: ['http://127.0.0.1:9'], private: [127.0.0.1/32]}\n");
    let tasks = "  - note: {set: {done: true}}\n";
    let refused = desk.run(tasks, &[]);
    assert!(refused.code == 1 && refused.err.contains("error[egress_not_allowed]"), "{refused:?}");
    let command = "kernelos egress allow --host 'http://127.0.0.1:9' --private '127.0.0.1/32'";
    assert!(refused.err.contains(command), "{refused:?}");
    assert!(!desk.cli.run(&["log"]).out.contains("run.started"), "nothing was started");
    assert_eq!(desk.run(tasks, &["--allow-egress"]).code, 0);
    assert_eq!(desk.run(tasks, &[]).code, 0, "what is allowed is allowed");
    assert_eq!(desk.cli.run(&["log"]).out.matches("egress.allowed").count(), 1);
}

#[test]
fn a_run_is_left_to_a_host_that_runs_and_to_none_that_does_not() {
    let desk = Desk::new();
    let tasks = "  - pause: {wait: {milliseconds: 300}}\n  - end-it: {set: {done: true}}\n";
    let alone = desk.run(tasks, &["--detach"]);
    assert!(alone.code == 2 && alone.err.contains("kernelos dev"), "{alone:?}");
    let mut dev = desk.cli.start(&["dev", "--port", "0"]);
    let mut said = BufReader::new(dev.stderr.take().unwrap()).lines().map_while(Result::ok);
    said.find(|line| line.contains("listens on")).unwrap();
    let left = desk.run(tasks, &["--detach"]);
    assert_eq!(left.code, 0, "{left:?}");
    let followed = desk.cli.run(&["task", "follow", left.out.trim()]);
    assert!(followed.code == 0 && followed.out.contains("\"done\":true"), "{followed:?}");
    dev.kill().unwrap();
    dev.wait().unwrap();
}

#[cfg(unix)]
#[test]
fn whoever_interrupts_loses_nothing() {
    let desk = Desk::new();
    let file = desk.workflow("  - pause: {wait: {seconds: 3}}\n  - end-it: {set: {done: true}}\n");
    let mut run = desk.cli.start(&["run", &file]);
    let mut said = BufReader::new(run.stderr.take().unwrap()).lines().map_while(Result::ok);
    said.find(|line| line.contains("… waits")).unwrap();
    let pid = run.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let rest: Vec<String> = said.collect();
    assert_eq!(run.wait().unwrap().code(), Some(130), "{rest:?}");
    assert!(rest.iter().any(|line| line.contains("kernelos task follow")), "{rest:?}");
    let followed = desk.cli.run(&["task", "follow", desk.task()["id"].as_str().unwrap()]);
    assert!(followed.code == 0 && followed.out.contains("\"done\":true"), "{followed:?}");
    let short = desk.run("  - pause: {wait: {minutes: 9}}\n", &["--timeout", "1"]);
    assert!(short.code == 1 && short.err.contains("error[still_running]"), "{short:?}");
}

#[cfg(unix)]
#[test]
fn a_command_is_told_what_waits_and_everything_that_waits_is_decided_at_once() {
    let desk = Desk::new();
    let told = desk.dir.path().join("told.json");
    let asks = "  - ask: {call: ask, with: {question: May it go?, approve: {sum: 5}}}\n";
    let notify = format!("cat > '{}'", told.display());
    assert_eq!(desk.run(asks, &["--notify", &notify]).code, 4);
    let notice: Value = serde_json::from_slice(&std::fs::read(&told).unwrap()).unwrap();
    assert_eq!((&notice["notice"]["question"], &notice["notice"]["value"]["sum"]), (&"May it go?".into(), &5.into()));
    assert_eq!(notice["task"], desk.task()["id"]);

    assert_eq!(desk.run(asks, &[]).code, 4);
    assert_eq!(desk.cli.run(&["approve", "--reject"]).code, 2, "a decision is about something");
    let decided = desk.cli.run(&["approve", "--all", "--reject", "--reason", "not today"]);
    assert_eq!((decided.code, decided.out.lines().count()), (0, 2), "{decided:?}");
    assert!(desk.cli.run(&["approve"]).out.is_empty());
    let listed = desk.cli.run(&["approve", "--list", "--all"]).out;
    assert_eq!(listed.matches("rejected by owner").count(), 2, "{listed}");
    assert_eq!(listed.matches("because: not today").count(), 2, "{listed}");
}

#[test]
fn a_workflow_is_checked_without_being_run() {
    let desk = Desk::new();
    let good = desk.workflow("  - a: {set: {b: 1}}\n");
    let said = desk.cli.run(&["workflow", "check", &good]);
    assert_eq!(
        (said.code, desk.normal(&said.out).as_str()),
        (0, "DIR/story.yaml: ok, stories/story 1.0.0 with 1 task\n")
    );
    let beside = desk.file("kernelos.yaml", AGENTS);
    let said = desk.cli.run(&["workflow", "check", beside.to_str().unwrap()]);
    assert_eq!(desk.normal(&said.out), "DIR/kernelos.yaml: ok, 1 agent and 0 rules of the way out\n");
    let bad = desk.file("bad.yaml", "document: {dsl: '1.0.3', namespace: a, name: b, version: '1.0.0'}\nod: []\n");
    let said = desk.cli.run(&["workflow", "check", &good, bad.to_str().unwrap(), "--json"]);
    let told = lines(&said);
    assert_eq!((said.code, told.len()), (2, 3), "{said:?}");
    assert_eq!((told[2]["line"].as_u64(), told[2]["column"].as_u64()), (Some(2), Some(1)), "{told:?}");
    let large = desk.file("large.json", &format!("\"{}\"", "x".repeat(1 << 20)));
    let said = desk.cli.run(&["run", &good, "--input", large.to_str().unwrap()]);
    assert!(said.code == 2 && said.err.contains("more than 1048576 bytes"), "{said:?}");
    let said = desk.cli.run(&["workflow", "check", "nothing.yaml"]);
    assert!(said.code == 2 && said.err.contains("nothing.yaml"), "{said:?}");
}

/// Bad input, as people read about it. Each leaves no trace in the workspace but what the run itself recorded.
#[test]
fn what_is_wrong_is_said_with_what_to_do_about_it() {
    let desk = Desk::new();
    let said = desk.run("  - a: {set: {b: 1}, tehn: end}\n", &[]);
    assert_eq!(said.code, 2);
    expect![[r#"
        DIR/story.yaml:3:22: `tehn` is not a key of this task
          hint: did you mean `then`?
        error[invalid_workflow]: 1 mistake in DIR/story.yaml

        hint: Nothing was started. `kernelos workflow check` looks without running.
    "#]]
    .assert_eq(&desk.normal(&said.err));

    desk.file("kernelos.yaml", AGENTS);
    let said = desk.run("  - a: {call: agent, with: {agent: sortre, prompt: hello}}\n", &[]);
    assert_eq!(said.code, 2);
    expect![[r#"
        DIR/story.yaml:3:36: no agent is called `sortre`
          hint: did you mean `sorter`?
        error[invalid_workflow]: 1 mistake in DIR/story.yaml

        hint: Nothing was started. `kernelos workflow check` looks without running.
    "#]]
    .assert_eq(&desk.normal(&said.err));

    desk.file("kernelos.yaml", "agents:\n  sorter:\n    tols: []\n");
    let said = desk.run("  - a: {set: {b: 1}}\n", &[]);
    assert_eq!(said.code, 2);
    expect![[r#"
        DIR/kernelos.yaml:3:5: `tols` is not a key of an agent
          hint: did you mean `tools`?
        error[invalid_workflow]: 1 mistake in DIR/kernelos.yaml

        hint: Nothing was started. `kernelos workflow check` looks without running.
    "#]]
    .assert_eq(&desk.normal(&said.err));
    std::fs::remove_file(desk.dir.path().join("kernelos.yaml")).unwrap();

    let said = desk.run("  - a: {set: {b: '${ .a | foo }'}}\n", &[]);
    assert_eq!(said.code, 2);
    expect![[r#"
        DIR/story.yaml:3:27: there is no filter `foo` with so many arguments here
        error[invalid_workflow]: 1 mistake in DIR/story.yaml

        hint: Nothing was started. `kernelos workflow check` looks without running.
    "#]]
    .assert_eq(&desk.normal(&said.err));

    desk.file("input.json", "{\"a\": [1,\n  2}");
    let input = desk.dir.path().join("input.json").display().to_string();
    let said = desk.run("  - a: {set: {b: 1}}\n", &["--input", &input]);
    assert_eq!(said.code, 2);
    expect![[r#"
        DIR/input.json:2:4: this is not JSON: expected `,` or `]`
        error[usage]: the input in DIR/input.json cannot be read

        hint: Nothing was started. Give JSON or YAML.
    "#]]
    .assert_eq(&desk.normal(&said.err));
}

#[test]
fn an_expression_that_fails_or_never_ends_fails_the_run_and_no_other() {
    let desk = Desk::new();
    let error_of = |tasks: &str| {
        let said = desk.run(tasks, &["--json"]);
        assert_eq!(said.code, 1, "{said:?}");
        lines(&said).last().unwrap()["failure"].clone()
    };
    let failed = error_of("  - a: {set: {b: '${ \"text\" + 1 }'}}\n");
    assert_eq!(failed["class"], "expression", "{failed}");
    let endless = error_of("  - a: {set: {b: '${ [range(1000000000000)] | length }'}}\n");
    assert_eq!(endless["class"], "expression", "{endless}");
    let recursive = desk.run("  - a: {set: {b: '${ def f: f; f }'}}\n", &[]);
    assert!(recursive.code == 2 && recursive.err.contains("story.yaml:3:29: there is no filter `f`"), "{recursive:?}");
    assert_eq!(desk.run("  - a: {set: {b: 1}}\n", &[]).code, 0);
    assert_eq!(desk.cli.run(&["replay", "--verify"]).code, 0);
}
