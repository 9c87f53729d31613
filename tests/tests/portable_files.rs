//! A person takes a workspace from one machine to another, and whatever goes wrong is said and leaves nothing half done.

#![cfg(test)]

mod support;

use kernelos::transfer::{Opener, open, scan_file};
use kernelos_tests::crash::Client;
use serde::Serialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use support::cli::{Cli, Said};
use support::desk::Desk;
use support::dice::Dice;
use support::host::Place;

/// A key that was made for this story.
const IDENTITY: &str = "AGE-SECRET-KEY-1XW3UF7SNG6F79J7ATMULA4YA4EXRJWXX6YFMG7LRZXG5GY6QYE6QND63RQ";
const RECIPIENT: &str = "age1jeg63htq9h7lepw7fk9wrpsmclpk2uzyrjze63x3c23evw07gapqlgj4sw";

/// Two machines, and a workspace on the first that was written to a file.
struct Story {
    dir: tempfile::TempDir,
    here: Cli,
    workspace: String,
    root: Value,
    file: PathBuf,
    identity: PathBuf,
}

impl Story {
    fn begin() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::new(&dir.path().join("here"), 0);
        std::fs::create_dir(dir.path().join("here")).unwrap();
        let host = place.start();
        let mut client = host.client();
        let desk = Desk::begin(&mut client, "http://127.0.0.1:1/v1");
        let mut dice = Dice::new(1);
        for batch in 0..10 {
            let title = |dice: &mut Dice| (0..30).map(|_| format!("{:016x}", dice.next())).collect::<String>();
            let commands: Vec<Value> =
                (0..60).map(|_| json!({ "type": "task.create", "data": { "title": title(&mut dice) } })).collect();
            let body = json!({ "commands": commands }).to_string();
            let sent = client.post(&desk.path("/commands"), &format!("batch-{batch}"), body.as_bytes()).unwrap();
            assert_eq!(sent.status, 200, "{}", sent.json());
        }
        let root = desk.describe(&mut client)["roots"]["main@0"].clone();
        host.kill();
        let here = Cli::over(place.data());
        let (file, identity) = (dir.path().join("desk.kernelos"), dir.path().join("key.txt"));
        std::fs::write(&identity, format!("# a key\n{IDENTITY}\n")).unwrap();
        let wrote = here.run(&["export", "desk", "-o", text(&file), "--recipient", RECIPIENT]);
        assert_eq!(wrote.code, 0, "{wrote:?}");
        Self { workspace: desk.id, root, file, identity, here, dir }
    }

    /// A machine on which nothing is yet.
    fn machine(&self, name: &str) -> (Place, Cli) {
        let dir = self.dir.path().join(name);
        std::fs::create_dir(&dir).unwrap();
        let place = Place::new(&dir, 0);
        let cli = Cli::over(place.data());
        (place, cli)
    }

    fn import(&self, cli: &Cli, file: &Path) -> Said {
        cli.run(&["import", text(file), "--identity", text(&self.identity)])
    }

    /// Begin on a host what its program would begin, and take in so many bytes.
    fn begun(&self, client: &mut Client, bytes: usize) -> u64 {
        let scanned = scan_file(&self.file).unwrap();
        let opener = Opener { identity: Some(&self.identity), passphrase_file: None };
        let key = open(&scanned.about, &opener).unwrap();
        let file = std::fs::read(&self.file).unwrap();
        let begin = serde_json::to_vec(&Begin { head: &file[..scanned.head], key: &key }).unwrap();
        let path = format!("/v1/workspaces/{}/import", self.workspace);
        let json = [("content-type", "application/json")];
        let begun = client.send("POST", &path, &json, &begin).unwrap();
        assert_eq!((begun.status, begun.header("upload-offset")), (201, Some(scanned.head.to_string().as_str())));
        let offset = scanned.head.to_string();
        let headers = [("content-type", "application/partial-upload"), ("upload-offset", offset.as_str())];
        let part = &file[scanned.head..scanned.head + bytes];
        let taken = client.send("PATCH", &path, &headers, part).unwrap();
        assert_eq!((taken.status, taken.header("upload-complete")), (200, Some("?0")), "{}", taken.json());
        taken.json()["offset"].as_u64().unwrap()
    }

    /// It is all there, and verified.
    fn is_there(&self, cli: &Cli) {
        let shown = cli.run(&["workspace", "show", "--json"]);
        let shown: Value = serde_json::from_str(&shown.out).unwrap_or_else(|_| panic!("{shown:?}"));
        assert_eq!((&shown["roots"]["main@0"], &shown["origin"]["held"]), (&self.root, &json!(true)));
        let verified = cli.run(&["replay", "--verify"]);
        assert_eq!(verified.code, 0, "{verified:?}");
    }
}

#[derive(Serialize)]
struct Begin<'a> {
    #[serde(with = "ports::transfer::text::bytes")]
    head: &'a [u8],
    #[serde(with = "ports::transfer::text::key")]
    key: &'a kernel::seal::TransferKey,
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn failed(said: &Said, code: &str) {
    assert!(said.code == 1 && said.err.starts_with(&format!("error[{code}]: ")), "{code}: {said:?}");
    assert!(said.err.contains("\nhint: "), "{said:?}");
}

#[test]
fn a_workspace_is_written_read_adopted_and_refused_a_second_time() {
    let story = Story::begin();
    let (_, there) = story.machine("there");
    let checked = there.run(&["import", "--check", text(&story.file)]);
    assert!(checked.code == 0 && checked.out.contains(&story.workspace), "{checked:?}");
    let imported = story.import(&there, &story.file);
    assert_eq!((imported.code, imported.out.trim()), (0, story.workspace.as_str()), "{imported:?}");
    story.is_there(&there);
    failed(&story.import(&there, &story.file), "workspace_exists");
    failed(&story.import(&story.here, &story.file), "workspace_exists");
    story.is_there(&there);
    let adopted = there.run(&["workspace", "adopt", "desk"]);
    assert_eq!(adopted.code, 0, "{adopted:?}");
    failed(&there.run(&["workspace", "adopt"]), "not_held");
    failed(&there.run(&["export", "-o", text(&story.file), "--recipient", RECIPIENT]), "file_exists");
}

#[test]
fn a_passphrase_opens_what_was_written_for_it_and_another_does_not() {
    let story = Story::begin();
    let (_, there) = story.machine("there");
    let (file, right, wrong) =
        (story.dir.path().join("p"), story.dir.path().join("right"), story.dir.path().join("wrong"));
    std::fs::write(&right, "correct horse\n").unwrap();
    std::fs::write(&wrong, "battery staple\n").unwrap();
    let wrote = story.here.told(&["export", "-o", text(&file)], "correct horse\n");
    assert_eq!(wrote.code, 0, "{wrote:?}");
    failed(&there.run(&["import", text(&file), "--passphrase-file", text(&wrong)]), "import_wrong_key");
    assert_eq!(story.import(&there, &file).code, 2, "an identity is no passphrase");
    let imported = there.run(&["import", text(&file), "--passphrase-file", text(&right)]);
    assert_eq!(imported.code, 0, "{imported:?}");
    story.is_there(&there);
}

#[test]
fn what_is_cut_or_altered_is_said_before_any_host_hears_of_it() {
    let story = Story::begin();
    let (_, there) = story.machine("there");
    let good = std::fs::read(&story.file).unwrap();
    let bad = story.dir.path().join("bad");
    for (at, code) in
        [(10, "import_cut"), (300, "import_cut"), (good.len() / 2, "import_cut"), (good.len() - 1, "import_cut")]
    {
        std::fs::write(&bad, &good[..at]).unwrap();
        failed(&story.import(&there, &bad), code);
    }
    for (at, code) in [(3, "import_foreign"), (60, "import_altered"), (good.len() / 2, "import_altered")] {
        let mut altered = good.clone();
        altered[at] ^= 1;
        std::fs::write(&bad, altered).unwrap();
        failed(&story.import(&there, &bad), code);
    }
    std::fs::write(&bad, [good.as_slice(), b"more"].concat()).unwrap();
    failed(&story.import(&there, &bad), "import_altered");
    assert!(!there.run(&["workspace", "list"]).out.contains(&story.workspace));
    assert_eq!(story.import(&there, &story.file).code, 0);
}

#[test]
fn an_import_that_was_killed_goes_on_where_it_was() {
    let story = Story::begin();
    let (place, there) = story.machine("there");
    let host = place.start();
    let mut client = host.client();
    let offset = story.begun(&mut client, 400_000);
    assert!(offset > 100_000, "{offset}");
    for rest in ["", "/events", "/tasks"] {
        let asked = client.get(&format!("/v1/workspaces/{}{rest}", story.workspace)).unwrap();
        assert_eq!((asked.status, asked.text("/code").as_str()), (404, "workspace_not_found"), "{rest}");
    }
    assert_eq!(client.get("/v1/workspaces").unwrap().json()["workspaces"], json!([]));
    host.kill();
    let host = place.start();
    let path = format!("/v1/workspaces/{}/import", story.workspace);
    let stands = host.client().send("HEAD", &path, &[], b"").unwrap();
    assert_eq!((stands.status, stands.header("upload-offset")), (204, Some(offset.to_string().as_str())));
    host.kill();
    let verified = there.run(&["replay", "--verify"]);
    assert!(verified.code == 0 && verified.err.contains("is being imported"), "{verified:?}");
    let imported = story.import(&there, &story.file);
    assert_eq!(imported.code, 0, "{imported:?}");
    story.is_there(&there);
}

#[test]
fn an_import_that_was_given_up_leaves_nothing_and_can_be_begun_again() {
    let story = Story::begin();
    let (place, there) = story.machine("there");
    let host = place.start();
    story.begun(&mut host.client(), 400_000);
    host.kill();
    let given_up = there.run(&["import", "--discard", text(&story.file)]);
    assert_eq!(given_up.code, 0, "{given_up:?}");
    let left: Vec<_> = std::fs::read_dir(place.data().join("workspaces")).unwrap().map(Result::unwrap).collect();
    let left: Vec<_> =
        left.iter().filter(|file| file.file_name().to_str().unwrap().contains(&story.workspace)).collect();
    assert!(left.is_empty(), "{left:?}");
    failed(&there.run(&["import", "--discard", text(&story.file)]), "import_unknown");
    assert_eq!(story.import(&there, &story.file).code, 0);
    story.is_there(&there);
}
