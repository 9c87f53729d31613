//! One run: what happens in which order, and when it is held against the ledger.

use super::Counts;
use super::check;
use super::clients::{By, HOST, Known, wish};
use super::faults::Faults;
use super::ledger::Ledger;
use super::rng::Rng;
use super::runtimes::{Held, Runner};
use super::seats::{KEY, Seats};
use super::stranded::nothing_is_stranded;
use crate::history::{Device, entropy};
use crate::workflows::{sources, worker};
use kernel::event::{EventData, Header};
use kernel::id::{BootId, RuntimeId, WorkspaceId};
use kernel::key::BranchId;
use kernel::machine::{Moment, Reply, Request};
use kernel::reject::Code;
use ports::{Conflict, StoreError};
use sequencer::{Failure, Job, Sequencer, verify};
use serde_json::json;
use testkit::store::Subject;

/// Steps of a run.
const STEPS: u64 = 60;
/// How often everything left is sent again at the end, until it is answered.
const ROUNDS_MAX: usize = 8;

/// A run.
pub(super) struct Run<S> {
    /// What happened, one line each.
    pub(super) log: Vec<String>,
    rng: Rng,
    seats: Seats<S>,
    ledger: Ledger,
    known: Known,
    clients: Vec<By>,
    runners: Vec<Runner>,
    now_ms: u64,
    counts: Counts,
}

impl<S: Subject + 'static> Run<S> {
    pub(super) async fn new(seed: u64, disk: S) -> Self {
        let mut rng = Rng::new(seed);
        let faults = Faults::new(Rng::new(rng.next()));
        let workspace = WorkspaceId::new(&[1; 32], &[9; 16]);
        let clients = vec![By::Device(Device::new(1)), By::Device(Device::new(2)), By::Keys { client: 3, sent: 0 }];
        let runner = |number: u8, by| Runner {
            id: RuntimeId { device: Device::new(number).id, slot: 0 },
            boot: BootId([number; 16]),
            by,
            holds: Vec::new(),
            ghosts: Vec::new(),
        };
        let runners = vec![runner(4, By::Device(Device::new(4))), runner(5, By::Keys { client: 5, sent: 0 })];
        Self {
            log: Vec::new(),
            rng,
            seats: Seats::new(disk, faults, workspace),
            ledger: Ledger::default(),
            known: Known::default(),
            clients,
            runners,
            now_ms: 1_000_000,
            counts: Counts::default(),
        }
    }

    pub(super) async fn play(&mut self) -> Result<Counts, String> {
        self.begin().await?;
        self.seats.faults.turn(true);
        for _ in 0..STEPS {
            self.counts.steps += 1;
            self.now_ms += self.rng.below(400);
            self.step().await?;
        }
        self.end().await?;
        Ok(std::mem::take(&mut self.counts))
    }

    /// The workspace begins in quiet.
    async fn begin(&mut self) -> Result<(), String> {
        let name = self.seats.workspace.to_string();
        self.seats.disk.store().create(&name).await.map_err(|error| error.to_string())?;
        self.seats.claim().await;
        let key = |number| Device::new(number).public_key();
        let mut opening = vec![("workspace.create", json!({"name": "sim", "public_key": key(1)}))];
        opening.extend([2, 4, 5, HOST].map(|number| ("device.enroll", json!({"public_key": key(number)}))));
        let provider = json!({"name": "p", "dialect": "openai-chat", "base_url": "http://127.0.0.1:1", "model": "m"});
        opening.push(("provider.define", provider));
        for (name, data) in opening {
            self.ask(name, &data).await?;
        }
        let provider = self.known.providers.first().copied();
        self.ask("agent.define", &json!({"name": "helper", "provider": provider})).await?;
        self.ask("agent.define", &worker(&json!(provider))).await?;
        for source in sources() {
            self.ask("workflow.define", &json!({"source": source})).await?;
        }
        for nth in 0..self.runners.len() {
            let join = self.runners[nth].join(self.now_ms);
            let noted = self.ledger.note(join, None);
            self.submit(0, &[noted]).await?;
        }
        Ok(())
    }

    async fn ask(&mut self, name: &str, data: &serde_json::Value) -> Result<(), String> {
        let request = self.clients[0].write(BranchId::Main, self.now_ms, name, data);
        let noted = self.ledger.note(request, None);
        self.submit(0, &[noted]).await
    }

    async fn step(&mut self) -> Result<(), String> {
        match self.rng.below(100) {
            0..70 => self.send().await,
            70..78 => {
                self.log.push("a crash".to_owned());
                self.seats.crash().await
            }
            78..82 => {
                self.log.push("another one claims the workspace".to_owned());
                self.seats.claim().await;
                Ok(())
            }
            82..88 => {
                self.seats.all.iter_mut().for_each(Sequencer::forget);
                self.log.push("everything is forgotten".to_owned());
                Ok(())
            }
            88..94 => {
                let jump = self.rng.below(120_000);
                self.now_ms = (self.now_ms + jump).saturating_sub(60_000);
                self.log.push(format!("the clock jumps to {}", self.now_ms));
                Ok(())
            }
            94..97 => self.look().await,
            _ => self.compare().await,
        }
    }

    /// Some commands are sent together: new ones, some again, some twice, in any order.
    async fn send(&mut self) -> Result<(), String> {
        let mut batch = Vec::new();
        for _ in 0..=self.rng.below(6) {
            batch.extend(self.next_request());
        }
        let waiting = self.ledger.waiting();
        for _ in 0..self.rng.below(4) {
            batch.extend(self.rng.pick(&waiting).copied());
        }
        if self.rng.chance(20) {
            batch.push(self.rng.below(self.ledger.entries.len() as u64) as usize);
        }
        if self.rng.chance(30) {
            self.rng.shuffle(&mut batch);
        }
        let newest = self.seats.all.len().saturating_sub(1);
        let seat = if self.rng.chance(15) { 0 } else { newest };
        self.submit(seat, &batch).await
    }

    /// A client or a runtime writes a command.
    fn next_request(&mut self) -> Option<usize> {
        let (rng, now_ms) = (&mut self.rng, self.now_ms);
        if rng.chance(50) {
            let (branch, name, data) = wish(rng, &self.known, self.ledger.entries.len());
            let client = rng.below(self.clients.len() as u64) as usize;
            let request = self.clients[client].write(branch, now_ms, name, &data);
            return Some(self.ledger.note(request, None));
        }
        let nth = rng.below(self.runners.len() as u64) as usize;
        let runner = &mut self.runners[nth];
        let (request, leases_for): (Option<Request>, _) = match rng.below(100) {
            0..38 => (Some(runner.lease(rng, &self.known.effects, now_ms)), Some(nth)),
            38..76 => (runner.report(rng, &self.known.models, now_ms), None),
            76..85 => (Some(runner.fire(now_ms)), None),
            85..92 => (runner.renew(rng, now_ms), None),
            _ => (Some(runner.die(rng, now_ms)), None),
        };
        request.map(|request| self.ledger.note(request, leases_for))
    }

    async fn submit(&mut self, seat: usize, batch: &[usize]) -> Result<(), String> {
        let mut jobs = Vec::with_capacity(batch.len());
        for nth in batch {
            self.counts.sent += 1;
            // Every attempt brings its own entropy, as a host's would.
            let moment = Moment { now_ms: self.now_ms, entropy: entropy(self.counts.sent) };
            jobs.push(Job { request: self.ledger.entries[*nth].request.clone(), moment });
        }
        let newest = self.seats.is_newest(seat);
        let Some(sequencer) = self.seats.all.get_mut(seat) else { return Ok(()) };
        let outcomes = sequencer.submit(&jobs).await;
        for (nth, outcome) in batch.iter().zip(outcomes) {
            let entry = &self.ledger.entries[*nth];
            let (name, who) = (entry.request.command.name(), if newest { "the newest" } else { "one fenced off" });
            self.log.push(format!("request {nth} {name} to {who}: {}", told(&outcome)));
            self.counts.note(kind(&outcome));
            match outcome {
                Ok(reply) if !newest && !reply.known => {
                    return Err(format!("a writer fenced off answered request {nth}"));
                }
                Ok(reply) => self.answered(*nth, &reply).await?,
                Err(failure) => self.failed(*nth, &failure)?,
            }
        }
        Ok(())
    }

    async fn answered(&mut self, nth: usize, reply: &Reply) -> Result<(), String> {
        if !self.ledger.answered(nth, reply)? {
            return Ok(());
        }
        self.known.learn(reply);
        let runner = self.ledger.entries[nth].leases_for;
        let name = self.seats.workspace.to_string();
        let events = self.seats.disk.store().events(&name, reply.pos - 1, reply.events as usize).await;
        for event in events.map_err(|error| error.to_string())? {
            let (_, data) = Header::decode(&event.body).map_err(|why| why.to_string())?;
            self.known.see(&data);
            if let (EventData::LeaseGranted(granted), Some(runner)) = (data, runner) {
                let held = Held { effect: granted.effect, fence: granted.fence, boot: granted.boot };
                let runner = &mut self.runners[runner];
                // The answer may come when another process runs in its place.
                let list = if granted.boot == runner.boot { &mut runner.holds } else { &mut runner.ghosts };
                list.push(held);
            }
        }
        Ok(())
    }

    /// Clients that count well are refused for nothing but "not now".
    fn failed(&mut self, nth: usize, failure: &Failure) -> Result<(), String> {
        match failure {
            Failure::Refused(rejection)
                if matches!(rejection.code, Code::NothingToLease | Code::LeaseHeld | Code::NothingDue) =>
            {
                self.ledger.entries[nth].is_dropped = true;
                Ok(())
            }
            Failure::Store(StoreError::Unavailable(_) | StoreError::Conflict(_)) => Ok(()),
            other => Err(format!("request {nth} failed: {other:?}")),
        }
    }

    /// What a read shows is durable.
    async fn look(&mut self) -> Result<(), String> {
        self.log.push("somebody reads".to_owned());
        let Some(newest) = self.seats.all.last_mut() else { return Ok(()) };
        let Ok(view) = newest.describe().await else { return Ok(()) };
        let name = self.seats.workspace.to_string();
        let head = self.seats.disk.store().head(&name).await.map_err(|error| error.to_string())?;
        if view.pos > head.pos {
            return Err(format!("a read shows event {}, and the head is at {}", view.pos, head.pos));
        }
        Ok(())
    }

    /// Hold what the disk has against what was answered.
    async fn compare(&mut self) -> Result<(), String> {
        self.log.push("the log is read".to_owned());
        let store = self.seats.disk.store();
        let name = self.seats.workspace.to_string();
        let events = store.events(&name, 0, usize::MAX >> 1).await.map_err(|error| error.to_string())?;
        self.counts.events = events.len() as u64;
        check::read(&events)?.agrees_with(&self.ledger)?;
        nothing_is_stranded(&events)
    }

    async fn count_events(&mut self) -> Result<(), String> {
        let name = self.seats.workspace.to_string();
        let events = self.seats.disk.store().events(&name, 0, usize::MAX >> 1).await;
        for event in events.map_err(|error| error.to_string())? {
            let (header, _) = Header::decode(&event.body).map_err(|why| why.to_string())?;
            self.counts.note(&header.name);
        }
        Ok(())
    }

    /// All is quiet again: what nobody answered is answered now, and the whole workspace is as its log says.
    async fn end(&mut self) -> Result<(), String> {
        self.seats.faults.turn(false);
        if self.rng.chance(50) {
            self.log.push("a crash at the end".to_owned());
            self.seats.crash().await?;
        }
        for _ in 0..ROUNDS_MAX {
            let waiting = self.ledger.waiting();
            let newest = self.seats.all.len().saturating_sub(1);
            for batch in waiting.chunks(16) {
                self.submit(newest, batch).await?;
            }
        }
        if let [nth, ..] = self.ledger.waiting()[..] {
            return Err(format!("request {nth} is never answered"));
        }
        self.compare().await?;
        self.count_events().await?;
        let verified =
            verify(self.seats.disk.store(), self.seats.workspace, &KEY).await.map_err(|it| it.to_string())?;
        if let Some(finding) = verified.findings.first() {
            return Err(format!("{}: {}", finding.what, finding.why));
        }
        let newest = self.seats.all.last_mut().ok_or("there is no sequencer")?;
        let described = newest.describe().await.map_err(|failure| format!("{failure:?}"))?;
        if described.roots != verified.roots {
            return Err(format!("roots are {:?}, and the events lead to {:?}", described.roots, verified.roots));
        }
        Ok(())
    }
}

/// The kind of an answer.
fn kind(outcome: &Result<Reply, Failure>) -> &'static str {
    match outcome {
        Ok(reply) if reply.known => "answered again",
        Ok(_) => "answered",
        Err(Failure::Refused(_)) => "refused",
        Err(Failure::Store(StoreError::Conflict(Conflict::Fenced { .. }))) => "fenced off",
        Err(Failure::Store(StoreError::Conflict(_))) => "overtaken",
        Err(Failure::Store(_) | Failure::Transfer(..)) => "not answered",
    }
}

fn told(outcome: &Result<Reply, Failure>) -> String {
    match outcome {
        Ok(Reply { command, pos, rejected: Some((code, _)), known, .. }) => {
            format!("{} at {pos} as {command}{}", code.name(), if *known { ", known" } else { "" })
        }
        Ok(Reply { command, pos, known, .. }) => {
            format!("accepted at {pos} as {command}{}", if *known { ", known" } else { "" })
        }
        Err(Failure::Refused(rejection)) => format!("refused, {}", rejection.code.name()),
        Err(Failure::Store(error)) => format!("failed, {error}"),
        Err(Failure::Transfer(fault, why)) => format!("not carried over, {fault:?}: {why}"),
    }
}
