//! The program with a host elsewhere: what a person does from their own machine.

use crate::host::{Place, shared};
use crate::room::{COMES_WITHIN, Room, wait_for};
use crate::support::aimock::Aimock;
use crate::support::cli::{Cli, Said};
use crate::support::example::Example;
use kernelos_tests::hosts::Running;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::Child;
use std::sync::mpsc;
use tempfile::TempDir;

/// The program on a machine on which there is nothing else.
pub struct Program {
    cli: Cli,
    url: String,
    workspace: Option<String>,
    dir: TempDir,
}

impl Program {
    /// With `host` as the host elsewhere.
    pub fn of(host: &Running) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let cli = Cli::over(&dir.path().join("data")).with("KERNELOS_TOKEN", host.token());
        Self { cli, url: host.url(), workspace: None, dir }
    }

    /// With a token of `there`, to which workspaces are moved.
    pub fn moving_to(mut self, there: &Running) -> Self {
        self.cli = self.cli.with("KERNELOS_TO_TOKEN", there.token());
        self
    }

    /// Start it, everything it says to be read.
    pub fn listen(&self, arguments: &[&str]) -> Child {
        self.cli.listen(&[&["--host", self.url.as_str()], arguments].concat())
    }

    /// In that workspace, in whatever command.
    pub fn in_workspace(mut self, id: &str) -> Self {
        self.workspace = Some(id.to_owned());
        self
    }

    /// Run it to the end.
    pub fn run(&self, arguments: &[&str]) -> Said {
        let workspace = self.workspace.as_deref().map(|id| ["--workspace", id]);
        let workspace = workspace.as_ref().map(<[&str; 2]>::as_slice).unwrap_or_default();
        self.cli.run(&[&["--host", self.url.as_str()], arguments, workspace].concat())
    }

    /// A folder with the files of `example` as it stands here.
    pub fn folder(&self, example: &Example) -> PathBuf {
        let folder = self.dir.path().join("example");
        std::fs::create_dir_all(&folder).unwrap();
        let files =
            [("workflow.yaml", &example.workflow), ("kernelos.yaml", &example.needs), ("input.json", &example.input)];
        for (name, value) in files {
            std::fs::write(folder.join(name), serde_json::to_string_pretty(value).unwrap()).unwrap();
        }
        folder
    }
}

/// A workspace on the shared host, and the program in it.
struct Story {
    program: Program,
    room: Room,
    host: std::sync::Arc<crate::host::Shared>,
}

impl Story {
    fn begin() -> Self {
        let host = shared();
        let room = Room::new(host.client());
        Self { program: Program::of(&host).in_workspace(&room.id), room, host }
    }
}

#[test]
fn what_a_person_decides_goes_to_the_host_and_what_happened_comes_back() {
    let (mut story, models) = (Story::begin(), Aimock::start());
    let workflow = crate::scene::workflow(&json!([{"sure": {"call": "ask", "with": {"approve": {"text": "kept"}}}}]));
    let workflow = story.room.one("workflow.define", &json!({"source": workflow}));
    story.room.one("run.start", &json!({"workflow": workflow, "input": {}}));
    let waiting = wait_for("an approval", || story.room.get("/approvals")["approvals"].get(0).cloned());
    let approval = waiting["id"].as_str().unwrap();
    let listed = story.program.run(&["approve", "--list"]);
    assert!(listed.code == 0 && listed.out.contains(approval), "{listed:?}");
    let approved = story.program.run(&["approve", approval, "--reason", "read it"]);
    assert_eq!(approved.code, 0, "{approved:?}");
    let tasks = story.program.run(&["task", "list", "--json"]);
    let task: Value = serde_json::from_str(tasks.out.lines().next().unwrap()).unwrap();
    let followed = story.program.run(&["task", "follow", task["id"].as_str().unwrap()]);
    assert_eq!(followed.code, 0, "{followed:?}");

    let asked = ["ask", "What is KernelOS?", "--base-url", &models.base_url(), "--model", "test-model"];
    let answered = story.program.run(&asked);
    assert!(answered.code == 0 && answered.out.contains("append-only log"), "{answered:?}");
    let allowed = story.program.run(&["egress", "allow", "--host", "example.com"]);
    assert_eq!(allowed.code, 0, "{allowed:?}");
    assert_eq!(story.room.get("/egress")["hosts"], json!(["example.com"]));
    let log = story.program.run(&["log", "--json"]);
    assert_eq!(log.out.lines().count() as u64, story.room.end(), "{log:?}");
    let shown = story.program.cli.run(&["--host", &story.host.url(), "workspace", "show", &story.room.id]);
    assert!(shown.code == 0 && shown.out.contains(&story.room.id), "{shown:?}");
}

#[test]
fn what_cannot_work_elsewhere_says_what_to_do_instead() {
    let story = Story::begin();
    let url = story.host.url();
    for (arguments, instead) in [
        (vec!["doctor"], "workspace list"),
        (vec!["replay", "--verify"], "kernelos log --json"),
        (vec!["dev"], "started where it runs"),
        (vec!["provider", "key", "set", "NAME"], "env:NAME"),
    ] {
        let said = story.program.cli.run(&[&["--host", url.as_str()], arguments.as_slice()].concat());
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{arguments:?}: {said:?}");
        assert!(said.err.contains("error[only_here]") && said.err.contains(instead), "{arguments:?}: {said:?}");
    }
}

#[test]
fn without_a_token_that_counts_there_the_program_says_where_one_belongs() {
    let story = Story::begin();
    let (url, dir) = (story.host.url(), tempfile::tempdir().unwrap());
    let cli = Cli::over(&dir.path().join("data"));
    let none = cli.run(&["--host", &url, "workspace", "list"]);
    assert!(none.code == 2 && none.err.contains("KERNELOS_TOKEN holds none"), "{none:?}");
    let wrong = cli.clone().with("KERNELOS_TOKEN", "wrong").run(&["--host", &url, "workspace", "list"]);
    assert!(wrong.code == 1 && wrong.err.contains("error[unauthenticated]"), "{wrong:?}");
    assert!(wrong.err.contains("Set KERNELOS_TOKEN to a token of"), "{wrong:?}");
    let with = cli.with("KERNELOS_TOKEN", story.host.token()).with("KERNELOS_HOST", &url).run(&["workspace", "list"]);
    assert!(with.code == 0 && with.out.contains(&story.room.id), "{with:?}");
    assert!(!dir.path().join("data").exists(), "a host elsewhere needs no data here");
}

#[test]
fn a_host_that_is_not_there_is_said_not_to_be() {
    let (host, closed) = (shared(), std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let dir = tempfile::tempdir().unwrap();
    let cli = Cli::over(dir.path()).with("KERNELOS_TOKEN", host.token());
    let said = cli.run(&["--host", &url, "workspace", "list"]);
    assert!(said.code == 1 && said.err.contains("error[host_unreachable]"), "{said:?}");
    assert!(said.err.contains("Does a host run at 127.0.0.1:"), "{said:?}");
    let clear = cli.run(&["--host", "http://kernelos.example", "workspace", "list"]);
    assert!(clear.code == 2 && clear.err.contains("https://") && clear.err.contains("--host-in-clear"), "{clear:?}");
}

/// A program that follows a log, and what it prints.
struct Following {
    process: std::process::Child,
    told: mpsc::Receiver<String>,
}

impl Following {
    fn begin(host: &Running, room: &Room, dir: &TempDir) -> Self {
        let cli = Cli::over(dir.path()).with("KERNELOS_TOKEN", host.token());
        let mut process = cli.listen(&["--host", &host.url(), "log", "--follow", "--json", "--workspace", &room.id]);
        let (tell, told) = mpsc::channel();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        std::thread::spawn(move || lines.for_each(|line| drop(tell.send(line))));
        Self { process, told }
    }

    /// Positions of the next events, up to `end`.
    fn until(&self, end: u64) -> Vec<u64> {
        let mut seen = Vec::new();
        while seen.last() != Some(&end) {
            let line = self.told.recv_timeout(COMES_WITHIN).expect("nothing more was told");
            let event: Value = serde_json::from_str(&line).unwrap();
            seen.push(event["event"]["pos"].as_u64().unwrap());
        }
        seen
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_program_that_follows_goes_on_after_the_last_event_when_the_host_was_killed_and_is_back() {
    let (place, dir) = (Place::new(), tempfile::tempdir().unwrap());
    let host = place.start();
    let mut room = Room::new(host.client());
    let following = Following::begin(&host, &room, &dir);
    room.one("task.create", &json!({"title": "before"}));
    let before = room.end();
    let mut seen = following.until(before);
    let port = host.address().port();
    host.kill();
    let host = place.start_at(port);
    room.client = host.client();
    room.one("task.create", &json!({"title": "after"}));
    let end = room.end();
    seen.extend(following.until(end));
    assert_eq!(seen, (1..=end).collect::<Vec<_>>());
}
