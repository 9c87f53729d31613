//! What the guides show works: each of their workflows passes its check.

#![cfg(test)]

mod support;

use kernel::workflow::Definition;
use kernelos::source::Source;
use std::path::Path;
use support::cli::Cli;

#[test]
fn every_workflow_in_the_guides_passes_its_check() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guides");
    let mut checked = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let blocks = text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
        for block in blocks.filter(|block| block.starts_with("document:")) {
            let source = Source::read(block.as_bytes()).unwrap_or_else(|bad| panic!("{}: {bad:?}", path.display()));
            Definition::parse(&source.value).unwrap_or_else(|bad| panic!("{}: {bad:?}\n{block}", path.display()));
            checked += 1;
        }
    }
    assert!(checked > 0, "the guides show no workflow");
}

/// A guide that tells of a workspace which its own first commands make.
struct Guide {
    text: String,
    /// The file with the workflow that it shows first.
    workflow: &'static str,
    /// What stands in files beside it.
    files: Vec<(&'static str, &'static str)>,
    /// How many commands make what it tells of, and lines of the log that are there then where it says.
    begins: (usize, &'static [&'static str]),
}

impl Guide {
    fn read(name: &str, files: Vec<(&'static str, &'static str)>, begins: (usize, &'static [&'static str])) -> Self {
        let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guides").join(name);
        Self { text: std::fs::read_to_string(guide).unwrap(), workflow: "prices.yaml", files, begins }
    }

    fn blocks(&self, kind: &str) -> Vec<String> {
        let fence = format!("```{kind}\n");
        let blocks = self.text.split(fence.as_str()).skip(1);
        blocks.filter_map(|rest| rest.split("```").next()).map(str::to_owned).collect()
    }

    fn commands(&self) -> Vec<String> {
        self.blocks("sh").iter().flat_map(|block| block.lines()).map(str::to_owned).collect()
    }

    /// A folder with its files.
    fn folder(&self) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        put(self.workflow, &self.blocks("yaml")[0]);
        self.files.iter().for_each(|(name, text)| put(name, text));
        folder
    }

    /// Each of its commands, in order, with what it says.
    ///
    /// How far the notice to a person is when the person decides is the machine's affair; the guide tells of one that was on
    /// its way, and names the positions that follow from it.
    fn told(&self) -> Told {
        let commands = self.commands();
        let (first, lines) = self.begins;
        let told = (0..20).find_map(|_| {
            let folder = self.folder();
            let said = said(folder.path(), &commands[..first]);
            let log = Cli::over(&folder.path().join("data")).run(&["log"]).out;
            let is_there = |wanted: &&str| {
                let (pos, what) = wanted.split_once(' ').unwrap();
                log.lines().any(|line| line.trim_start().starts_with(&format!("{pos}  ")) && line.contains(what))
            };
            lines.iter().all(is_there).then(|| [said, self::said(folder.path(), &commands[first..])].concat())
        });
        Told(told.expect("what the guide tells of did not come about"))
    }
}

struct Told(Vec<(String, String)>);

impl Told {
    /// What a command said when it was given for the `nth` time.
    fn of(&self, command: &str, nth: usize) -> &str {
        let mut said = self.0.iter().filter(|(given, _)| given == command);
        &said.nth(nth).unwrap_or_else(|| panic!("{command} is not there so often")).1
    }
}

/// What each of `commands` says, over the data beside the files in `folder`, or those of the machine that is new. One may end
/// because somebody has to decide.
fn said(folder: &Path, commands: &[String]) -> Vec<(String, String)> {
    let run = |line: &String| {
        let given = line.strip_prefix("kernelos ").unwrap();
        let (data, given) = given.strip_prefix("--data new ").map_or(("data", given), |given| ("new", given));
        let cli = Cli::over(&folder.join(data));
        let arguments: Vec<&str> = given.split(' ').collect();
        let output = cli.command(&arguments).current_dir(folder).output().unwrap();
        let said =
            format!("{}{}", String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(matches!(output.status.code(), Some(0 | 4)) && !said.is_empty(), "{line}\n{said}");
        (line.clone(), said)
    };
    commands.iter().map(run).collect()
}

#[test]
fn every_command_of_the_guide_about_history_runs_as_it_is_written() {
    let files = vec![
        ("monday.json", r#"{"prices": {"tent": 120}}"#),
        ("tuesday.json", r#"{"prices": {"tent": 12}}"#),
        ("secret.txt", "correct horse\n"),
    ];
    let told = Guide::read("history.md", files, (2, &["24 document.written", "45 document.written"])).told();
    assert!(told.of("kernelos state document/prices.md --at 27", 0).contains(r#"text     {"tent":120}"#));
    assert!(told.of("kernelos diff 27..", 0).contains(r#"text     {"tent":120}  →  {"tent":12}"#));
    assert!(told.of("kernelos why 45", 0).contains("it was approved: approved in advance with --yes  (by owner)"));
    assert!(told.of("kernelos timeline", 0).lines().count() > 2);
}

#[test]
fn a_wrong_change_is_found_gone_back_from_decided_about_and_undone_as_the_guide_tells_it() {
    let files = vec![
        ("monday.json", r#"{"path": "prices.md", "prices": {"tent": 120}}"#),
        ("spring.json", r#"{"path": "spring.md", "prices": {"stove": 45}}"#),
        ("tuesday.json", r#"{"path": "prices.md", "prices": {"tent": 12}}"#),
    ];
    let lines =
        &["24 document.written", "39 effect.closed", "57 document.written", "67 document.written", "70 run.ended"];
    let told = Guide::read("going-back.md", files, (4, lines)).told();
    assert!(told.of("kernelos state document/prices.md", 0).contains(r#"text     {"tent":12}"#));
    assert!(told.of("kernelos why 57", 0).contains("it was approved: approved in advance with --yes  (by owner)"));
    assert!(told.of("kernelos restore --at 39 --preview", 0).contains("10.18.approval  ask   undecided  no "));
    assert!(told.of("kernelos restore --at 39", 0).contains("to undo it: kernelos restore --at 70"));
    let documents = "kernelos documents list";
    assert!(!told.of(documents, 0).contains("spring.md"), "{}", told.of(documents, 0));
    assert!(told.of("kernelos restore list", 0).contains(r#"{"by":"owner","decision":"approved""#));
    assert!(told.of(documents, 1).contains("spring.md"), "the approval counts without being given again");
    assert!(told.of(documents, 1).contains("prices.md        1 "), "{}", told.of(documents, 1));
    assert!(told.of("kernelos state document/prices.md --json", 0).contains(r#"{\"tent\":12}"#));
}

#[test]
fn a_machine_is_lost_and_what_was_on_it_comes_back_as_the_guide_tells_it() {
    let files = vec![
        ("monday.json", r#"{"prices": {"tent": 120}}"#),
        ("tuesday.json", r#"{"prices": {"tent": 12}}"#),
        ("secret.txt", "correct horse\n"),
    ];
    let guide = Guide::read("backup.md", files, (0, &[]));
    let (folder, commands) = (guide.folder(), guide.commands());
    let lost = commands.iter().position(|line| line.contains("--data new")).unwrap();
    let before = said(folder.path(), &commands[..lost]);
    std::fs::remove_dir_all(folder.path().join("data")).unwrap();
    let told = Told([before, said(folder.path(), &commands[lost..])].concat());
    assert!(told.of("kernelos --data new documents show prices.md", 0).contains(r#"{"tent":12}"#));
}

#[test]
fn every_command_of_the_guide_about_searching_runs_as_it_is_written() {
    let files = vec![
        ("tents.json", r#"{"path": "tents.md", "text": "On Monday a tent costs 120."}"#),
        ("cafe.json", r#"{"path": "cafe.md", "text": "The Café opens at nine."}"#),
    ];
    let guide = Guide { workflow: "publish.yaml", ..Guide::read("search.md", files, (0, &[])) };
    let told = guide.told();
    assert!(told.of("kernelos search tent", 0).contains("On Monday a [tent] costs 120."));
    assert!(told.of("kernelos search cafe", 0).contains("The [Café] opens at nine."));
    assert!(told.of("kernelos search ten* monday", 0).starts_with("document  tents.md"));
    let models = told.of("kernelos read-models rebuild", 0);
    assert!(models.contains("search") && models.contains("\ncurrent, "), "{models}");
    // What the guide shows of it is what there is, but for ids and positions.
    let shown = "document  tents.md  ";
    let found = told.of("kernelos search tent --kind document --kind note", 0);
    assert!(guide.text.contains(shown) && found.starts_with(shown));
}
