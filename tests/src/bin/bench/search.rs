//! Read models of large workspaces: making them anew from a million events, commands meanwhile, and searching 100,000 texts.

use crate::commands::load;
use crate::desk::{self, Desk, block_on, boot, made};
use crate::http::Client;
use crate::report::{Report, Target, median};
use crate::server::Server;
use kernel::hash::{Domain, hash};
use kernel::id::{Id, Role, WorkspaceId};
use ports::Vault as _;
use ports::read_models::{ModelsState, ReadModelsView};
use serde_json::{Value, json};
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};
use store_libsql::LibsqlStore;
use tempfile::TempDir;
use vault_file::FileVault;

const EVENTS: u64 = 1_000_000;
/// Steps of a task, each asked, leased and answered.
const STEPS: usize = 4;
/// Commands decided together.
const TOGETHER: usize = 64;
const TEXTS: usize = 100_000;
const WORDS: usize = 100;
const VOCABULARY: f64 = 30_000.0;
const SEARCHES: u64 = 600;
const ROUNDS: usize = 3;
const LOOK: Duration = Duration::from_millis(50);

pub fn run(report: &mut Report) -> Result<(), String> {
    made_anew(report)?;
    let data = TempDir::new_in(".").map_err(|why| why.to_string())?;
    let texts = desk::id(62);
    eprintln!("writing {TEXTS} texts …");
    block_on(async { write(&mut there(data.path(), texts).await?).await })?;
    let server = Server::start(data.path())?;
    searches(report, &mut Client::connect(&server.address, &server.token)?, texts)
}

fn made_anew(report: &Report) -> Result<(), String> {
    let data = TempDir::new_in(".").map_err(|why| why.to_string())?;
    let events = desk::id(61);
    eprintln!("writing {EVENTS} events …");
    block_on(async { work(&mut there(data.path(), events).await?).await })?;
    let server = Server::start(data.path())?;
    let mut client = Client::connect(&server.address, &server.token)?;
    let began = Instant::now();
    let end = current(&mut client, events)?;
    let alone = end as f64 / began.elapsed().as_secs_f64();
    report.row("read models made of 1,000,000 events", alone, "1/s", end as f64, Target::AtLeast(50e3));
    let bytes = stand(&mut client, events)?.bytes.unwrap_or_default() as f64;
    report.row("what they take, of each event", bytes / end as f64, "bytes", bytes, Target::None);
    meanwhile(report, &server, &mut client, events)
}

/// A workspace of a host that will be over `data`.
async fn there(data: &Path, workspace: WorkspaceId) -> Result<Desk, String> {
    let said = |why: &dyn std::fmt::Debug| format!("{why:?}");
    kernelos::host::directory(data).map_err(|why| said(&why))?;
    let vault = FileVault::open(data.join("vault")).map_err(|why| said(&why))?;
    let store = LibsqlStore::open(&data.join("workspaces")).map_err(|why| said(&why))?;
    let key = vault.workspace_key(&workspace.to_string()).await.map_err(|why| said(&why))?;
    Desk::create_under(Rc::new(store), workspace, key).await
}

/// Texts, each a question.
async fn write(desk: &mut Desk) -> Result<(), String> {
    let (agent, _) = desk.staff().await?;
    for first in (0..TEXTS).step_by(TOGETHER) {
        let ask = |nth: usize| json!({ "agent": agent, "prompt": text(nth as u64) });
        let jobs: Result<Vec<_>, String> =
            (first..TEXTS.min(first + TOGETHER)).map(|nth| desk.job("task.ask", &ask(nth))).collect();
        desk.submit(&jobs?).await?;
    }
    Ok(())
}

/// Tasks that an agent works on, until there are enough events.
async fn work(desk: &mut Desk) -> Result<(), String> {
    let (agent, runtime) = desk.staff().await?;
    let mut nth = 0_usize;
    while desk.sequencer.pos() < EVENTS {
        let mut tasks: Vec<Option<Id>> = vec![None; TOGETHER];
        for _ in 0..STEPS {
            nth += TOGETHER;
            let prompt = |one: usize| format!("what is the state of order {}, and who waits for it?", nth + one);
            let ask = |one: usize, task: &Option<Id>| json!({ "agent": agent, "task": task, "prompt": prompt(one) });
            let asks: Result<Vec<_>, String> =
                tasks.iter().enumerate().map(|(one, task)| desk.job("task.ask", &ask(one, task))).collect();
            let asked = desk.submit(&asks?).await?;
            for (task, reply) in tasks.iter_mut().zip(&asked) {
                *task = Some(task.map_or_else(|| made(reply, Role::Task), Ok)?);
            }
            let lease = json!({ "runtime": runtime, "boot": boot(), "ttl_ms": 600_000 });
            let leases: Result<Vec<_>, String> = (0..TOGETHER).map(|_| desk.job("effect.lease", &lease)).collect();
            desk.submit(&leases?).await?;
            let mut reports = Vec::with_capacity(TOGETHER);
            for reply in &asked {
                let outcome = json!({
                    "is": "answered", "text": format!("order {nth} was shipped; nobody waits for it any more."),
                    "stop": "end", "input_tokens": 40, "output_tokens": 20,
                });
                let effect = made(reply, Role::Effect)?;
                let said =
                    json!({ "runtime": runtime, "boot": boot(), "effect": effect, "fence": 1, "outcome": outcome });
                reports.push(desk.job("effect.report", &said)?);
            }
            desk.submit(&reports).await?;
        }
        desk.sequencer.forget();
    }
    Ok(())
}

fn stand(client: &mut Client, workspace: WorkspaceId) -> Result<ReadModelsView, String> {
    let stand = client.json("GET", &format!("/v1/workspaces/{workspace}/read-models"), "-", &Value::Null)?;
    serde_json::from_value(stand).map_err(|why| why.to_string())
}

/// Wait until the models know all of the log; gives its end.
fn current(client: &mut Client, workspace: WorkspaceId) -> Result<u64, String> {
    loop {
        let stand = stand(client, workspace)?;
        if let Some(fault) = stand.fault {
            return Err(fault);
        }
        if stand.state != ModelsState::Rebuilding {
            return Ok(stand.end);
        }
        std::thread::sleep(LOOK);
    }
}

/// Commands while the models are made anew, of commands while they only follow.
fn meanwhile(report: &Report, server: &Server, client: &mut Client, workspace: WorkspaceId) -> Result<(), String> {
    let path = format!("/v1/workspaces/{workspace}/commands");
    let rate = |round: &str| {
        load(server, &|client, nth| {
            let data = json!({ "title": desk::title(nth as usize) });
            let body = json!({ "commands": [{ "type": "task.create", "data": data }] });
            let (status, answer) = client.send("POST", &path, &format!("{round}-{nth}"), &body.to_string())?;
            if status == 200 { Ok(()) } else { Err(String::from_utf8_lossy(&answer).into_owned()) }
        })
        .map(|speed| speed.rate)
    };
    let normal = (0..ROUNDS).map(|nth| rate(&format!("normal-{nth}"))).collect::<Result<Vec<f64>, String>>()?;
    let anew = format!("/v1/workspaces/{workspace}/read-models/rebuild");
    client.json("POST", &anew, "-", &json!({}))?;
    let began = Instant::now();
    let (mut during, mut events) = (Vec::new(), 0.0);
    for nth in 0..ROUNDS {
        let before = stand(client, workspace)?.rebuilt_to.unwrap_or_default();
        during.push(rate(&format!("during-{nth}"))?);
        let Some(after) = stand(client, workspace)?.rebuilt_to else { break };
        events = after.saturating_sub(before) as f64;
    }
    let one = median(during.clone());
    let ratio = one / median(normal.clone());
    report.row("commands/s while they are made anew, of normal", ratio, "ratio", median(normal), Target::AtLeast(0.5));
    report.row("events/s that are made of meanwhile, in the last round", events / 2.0, "1/s", one, Target::None);
    let end = current(client, workspace)?;
    let all = end as f64 / began.elapsed().as_secs_f64();
    report.row("read models made anew with commands in the beginning", all, "1/s", end as f64, Target::None);
    Ok(())
}

fn searches(report: &Report, client: &mut Client, texts: WorkspaceId) -> Result<(), String> {
    current(client, texts)?;
    let path = format!("/v1/workspaces/{texts}/search");
    let (mut all, mut hits) = (Vec::new(), 0);
    for nth in 0..SEARCHES {
        let text = text(dice(nth, "text") % TEXTS as u64);
        let words: Vec<&str> = text.split(' ').collect();
        let word = |k: u64| words.get(dice(nth * 3 + k, "word") as usize % words.len()).copied().unwrap_or_default();
        let query = match nth % 4 {
            0 => word(0).to_owned(),
            1 | 2 => format!("{} {}", word(0), word(1)),
            _ => format!("{}*", word(0).get(..4).unwrap_or("word")),
        };
        let began = Instant::now();
        let found = client.json("POST", &path, "-", &json!({ "query": query }))?;
        all.push(began.elapsed().as_secs_f64() * 1e3);
        hits += found.get("hits").and_then(Value::as_array).map_or(0, Vec::len);
    }
    if hits < SEARCHES as usize {
        return Err(format!("{SEARCHES} searches found {hits} texts"));
    }
    let middle = median(all.clone());
    all.sort_by(f64::total_cmp);
    let p95 = all.get(all.len() * 95 / 100).copied().unwrap_or(f64::NAN);
    report.row("search over 100,000 texts, over HTTP, p95", p95, "ms", middle, Target::AtMost(20.0));
    Ok(())
}

fn dice(nth: u64, of: &str) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = hash(Domain::Identity, &[of.as_bytes(), &nth.to_be_bytes()]);
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// A text of words that are as common as words are: the one of rank r a tenth as often as the one of rank r / 10.
fn text(nth: u64) -> String {
    let mut state = dice(nth, "texts") | 1;
    let mut words = Vec::with_capacity(WORDS);
    for _ in 0..WORDS {
        // Xorshift: good enough for words, and fast.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let unit = (state >> 11) as f64 / (1_u64 << 53) as f64;
        words.push(spelled(VOCABULARY.powf(unit) as u64));
    }
    words.join(" ")
}

/// A word that is told from others by its number.
fn spelled(mut number: u64) -> String {
    const SYLLABLES: [&str; 16] =
        ["ba", "co", "di", "fu", "ga", "he", "jo", "ka", "li", "mo", "ne", "po", "ra", "su", "ti", "vo"];
    let mut word = String::new();
    for _ in 0..4 {
        word.push_str(SYLLABLES.get(number as usize % SYLLABLES.len()).copied().unwrap_or_default());
        number /= SYLLABLES.len() as u64;
    }
    word
}
