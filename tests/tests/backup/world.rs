//! A machine with a workspace that is backed up, and machines on which nothing is yet.

use crate::support::cli::{Cli, Said};
use crate::support::desk::{Desk, accepted};
use crate::support::dice::Dice;
use crate::support::host::{Place, Running};
use kernelos::host::Identity;
use kernelos_tests::crash::Client;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A key that was made for these stories.
const IDENTITY: &str = "AGE-SECRET-KEY-1XW3UF7SNG6F79J7ATMULA4YA4EXRJWXX6YFMG7LRZXG5GY6QYE6QND63RQ";
pub const RECIPIENT: &str = "age1jeg63htq9h7lepw7fk9wrpsmclpk2uzyrjze63x3c23evw07gapqlgj4sw";

/// A machine with a workspace.
pub struct World {
    pub dir: tempfile::TempDir,
    pub place: Place,
    pub cli: Cli,
    pub desk: Desk,
    pub identity: PathBuf,
    dice: Dice,
    sent: u32,
}

impl World {
    /// A workspace with content that is kept apart.
    pub fn begin() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("here")).unwrap();
        let place = Place::new(&dir.path().join("here"), 0);
        let host = place.start();
        let desk = Desk::begin(&mut host.client(), "http://127.0.0.1:1/v1");
        let identity = dir.path().join("key.txt");
        std::fs::write(&identity, format!("# a key\n{IDENTITY}\n")).unwrap();
        let cli = Cli::over(place.data());
        let mut world = Self { dir, place, cli, desk, identity, dice: Dice::new(1), sent: 0 };
        world.large(&mut host.client());
        world.work(&mut host.client(), 60);
        host.kill();
        world
    }

    /// So many tasks more, the last of which is told.
    pub fn work(&mut self, client: &mut Client, tasks: usize) -> String {
        let mut last = String::new();
        for _ in 0..tasks {
            let title: String = (0..12).map(|_| format!("{:016x}", self.dice.next())).collect();
            last = self.send(client, "task.create", &json!({ "title": title }));
        }
        last
    }

    /// An agent whose instructions are kept apart, in chunks.
    pub fn large(&mut self, client: &mut Client) {
        let provider = self.send(
            client,
            "provider.define",
            &json!({"name": "large", "dialect": "openai-chat", "base_url": "http://127.0.0.1:1/v1", "model": "m"}),
        );
        let instructions: String = (0..9_000).map(|_| format!("{:016x}", self.dice.next())).collect();
        let name = format!("agent {}", self.sent);
        self.send(client, "agent.define", &json!({ "name": name, "provider": provider, "instructions": instructions }));
    }

    /// A command that is accepted; what it made.
    pub fn send(&mut self, client: &mut Client, name: &str, data: &Value) -> String {
        self.sent += 1;
        let key = format!("sent-{}", self.sent);
        accepted(&client.command(&self.desk.id, &key, name, data).unwrap())
    }

    /// Do something while a host runs.
    pub fn hosted<T>(&mut self, act: impl FnOnce(&mut Self, &Running) -> T) -> T {
        let host = self.place.start();
        let done = act(self, &host);
        host.kill();
        done
    }

    /// Do something while `kernelos dev` runs, as a person starts it.
    pub fn while_it_runs<T>(&mut self, act: impl FnOnce(&mut Self, &mut Client) -> T) -> T {
        let note = self.place.data().join("host.json");
        let _ = std::fs::remove_file(&note);
        let mut host = self.cli.start(&["dev", "--port", "0", "--effects", "0"]);
        let said = loop {
            match std::fs::read(&note).map(|bytes| serde_json::from_slice::<Value>(&bytes)) {
                Ok(Ok(said)) => break said,
                _ => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        let address = said["address"].as_str().unwrap().parse().unwrap();
        let done = act(self, &mut Client::new(address, Identity::open(self.place.data()).unwrap().token));
        host.kill().unwrap();
        host.wait().unwrap();
        done
    }

    /// Where the backup is.
    pub fn backup(&self) -> PathBuf {
        self.dir.path().join("backup")
    }

    /// Back up with a program.
    pub fn back_up(&self, cli: &Cli) -> Said {
        cli.run(&["backup", text(&self.backup()), "--recipient", RECIPIENT])
    }

    /// Back up, which works.
    pub fn backed_up(&self, cli: &Cli) -> Said {
        let said = self.back_up(cli);
        assert_eq!(said.code, 0, "{said:?}");
        said
    }

    /// Read all of the backup.
    pub fn verify(&self) -> Said {
        self.cli.run(&["backup", "verify", text(&self.backup()), "--identity", text(&self.identity)])
    }

    /// Bring back what is in the backup.
    pub fn restore(&self, cli: &Cli, more: &[&str]) -> Said {
        let backup = self.backup();
        let arguments = ["restore-backup", text(&backup), "--identity", text(&self.identity)];
        cli.run(&[&arguments, more].concat())
    }

    /// A machine on which nothing is yet.
    pub fn machine(&self, name: &str) -> (Place, Cli) {
        let dir = self.dir.path().join(name);
        std::fs::create_dir(&dir).unwrap();
        let place = Place::new(&dir, 0);
        let cli = Cli::over(place.data());
        (place, cli)
    }

    /// Position and root of the data.
    pub fn root(&self, cli: &Cli) -> (Value, Value) {
        let shown = shown(cli);
        (shown["pos"].clone(), shown["roots"]["main@0"].clone())
    }

    /// It is all there with that root, its effects held, and verified.
    pub fn is_there(&self, cli: &Cli, root: &Value) {
        let shown = shown(cli);
        assert_eq!((&shown["roots"]["main@0"], &shown["origin"]["held"]), (root, &json!(true)));
        let verified = cli.run(&["replay", "--verify"]);
        assert_eq!(verified.code, 0, "{verified:?}");
    }
}

pub fn shown(cli: &Cli) -> Value {
    let shown = cli.run(&["workspace", "show", "--json"]);
    serde_json::from_str(&shown.out).unwrap_or_else(|_| panic!("{shown:?}"))
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// It failed with that code, and says what to do.
pub fn failed(said: &Said, code: &str) {
    assert!(said.code != 0 && said.err.contains(&format!("error[{code}]: ")), "{code}: {said:?}");
    assert!(said.err.contains("\nhint: "), "{said:?}");
}

/// The files in a folder and its folders, in the order of their names.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all.sort();
    all
}
