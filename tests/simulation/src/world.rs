//! The world of one run: who is there, what each step does, and what is held against the rules after it.

use super::clients::{By, Client, HOST, Known, wish};
use super::device::{Device, entropy};
use super::disk::{Disk, Journal};
use super::facts::Facts;
use super::ledger::{Ledger, Who};
use super::log::Log;
use super::people;
use super::plants::{Plant, Slip};
use super::rng::Rng;
use super::rule::{Held, Rule, Wrong};
use super::runtimes::{Held as Lease, Runner};
use super::seats::{Came, Seat};
use super::story::{Counts, Story, kind, told};
use super::way::{Shared, Weather};
use super::workflows::{sources, worker};
use kernel::event::Header;
use kernel::id::{BootId, RuntimeId, WorkspaceId};
use kernel::key::BranchId;
use kernel::machine::{Moment, Reply, Request};
use kernel::reject::Code;
use kernel::storage::StoredEvent;
use ports::StoreError;
use sequencer::{Compacting, Failure, Job, Making};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::rc::Rc;
use testkit::store::Subject;

/// The most sequencers there are at a time.
const SEATS_MAX: usize = 3;
/// The most requests that are on their way.
const MAIL_MAX: usize = 12;

/// Everything there is in a run.
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) step: u64,
    pub(crate) rng: Rng,
    pub(crate) disk: Option<Shared>,
    pub(crate) journal: Journal,
    pub(crate) weather: Rc<Weather>,
    pub(crate) workspace: WorkspaceId,
    /// In the order of their claims.
    pub(crate) seats: Vec<Seat>,
    claims: u64,
    pub(crate) ledger: Ledger,
    pub(crate) known: Known,
    pub(crate) clients: Vec<Client>,
    pub(crate) runners: Vec<Runner>,
    /// Requests that are on their way to somebody who decides.
    mail: VecDeque<usize>,
    pub(crate) log: Log,
    pub(crate) facts: Facts,
    looked_at: u64,
    pub(crate) now_ms: u64,
    slip: Option<Slip>,
    pub(crate) counts: Counts,
    pub(crate) story: Story,
}

impl World {
    pub(crate) fn new(seed: u64, plant: Option<&Plant>, story: Story) -> Self {
        let disk = Disk::default();
        let journal = disk.journal();
        let disk: Box<dyn Subject> = match plant {
            Some(plant) => plant.over(disk),
            None => Box::new(disk),
        };
        let clients = [By::Device(Device::new(1)), By::Device(Device::new(2)), By::Keys { client: 3, sent: 0 }];
        let runner = |number: u8, by| Runner {
            id: RuntimeId { device: Device::new(number).id, slot: 0 },
            boot: BootId([number; 16]),
            by,
            holds: Vec::new(),
            ghosts: Vec::new(),
        };
        Self {
            seed,
            step: 0,
            rng: Rng::of_step(seed, 0),
            disk: Some(Rc::new(disk)),
            journal,
            weather: Rc::new(Weather::new()),
            workspace: WorkspaceId::new(&[1; 32], &[9; 16]),
            seats: Vec::new(),
            claims: 0,
            ledger: Ledger::default(),
            known: Known::default(),
            clients: clients.into_iter().map(Client::new).collect(),
            runners: vec![runner(4, By::Device(Device::new(4))), runner(5, By::Keys { client: 5, sent: 0 })],
            mail: VecDeque::new(),
            log: Log::default(),
            facts: Facts::default(),
            looked_at: 0,
            now_ms: 1_000_000,
            slip: plant.and_then(Plant::slip),
            counts: Counts::default(),
            story,
        }
    }

    pub(crate) fn disk(&self) -> Shared {
        self.disk.clone().unwrap_or_else(|| Rc::new(Box::new(Disk::default())))
    }

    /// The workspace begins in quiet.
    pub(crate) async fn begin(&mut self) -> Held {
        let name = self.workspace.to_string();
        let created = self.disk().store().create(&name).await;
        created.map_err(|error| Rule::Answers.by(format!("there is no workspace: {error}")))?;
        self.claim();
        let key = |number| Device::new(number).public_key();
        let mut opening = vec![("workspace.create", json!({"name": "sim", "public_key": key(1)}))];
        opening.extend([2, 4, 5, HOST].map(|number| ("device.enroll", json!({"public_key": key(number)}))));
        let provider = json!({"name": "p", "dialect": "openai-chat", "base_url": "http://127.0.0.1:1", "model": "m",
            "prices": {"input_micros_per_mtok": 1_000_000, "output_micros_per_mtok": 2_000_000}});
        opening.push(("provider.define", provider));
        for (name, data) in opening {
            self.write(0, BranchId::Main, name, &data);
        }
        self.settle().await?;
        let provider = self.known.providers.first().copied();
        self.write(0, BranchId::Main, "agent.define", &json!({"name": "helper", "provider": provider}));
        self.write(0, BranchId::Main, "agent.define", &worker(&json!(provider)));
        for source in sources() {
            self.write(0, BranchId::Main, "workflow.define", &json!({"source": source}));
        }
        for nth in 0..self.runners.len() {
            let join = self.runners[nth].join(self.now_ms);
            self.send(Who::Runtime(nth), join, false, None);
        }
        self.settle().await?;
        // Going back is to positions from here on; before them there is nobody who could.
        self.known.ends.clear();
        Ok(())
    }

    /// Everybody who does something ends it, and whatever is on its way arrives.
    pub(crate) async fn settle(&mut self) -> Held {
        for _ in 0..10_000 {
            let newest = self.seats.len().saturating_sub(1);
            let busy = self.seats.iter().position(|seat| !seat.is_idle() && !seat.is_gone());
            match busy {
                Some(nth) => self.seat_goes_on(nth).await?,
                None if self.mail.is_empty() => return self.look().await,
                None if self.seats.is_empty() => self.claim(),
                None => self.takes_mail(newest, 16),
            }
            self.look().await?;
        }
        Rule::Answers.broken("it does not come to rest")
    }

    /// One step: somebody does something.
    pub(crate) async fn play(&mut self, step: u64) -> Held {
        self.step = step;
        self.rng = Rng::of_step(self.seed, step);
        self.weather.begin(Rng::of_step(!self.seed, step));
        self.now_ms += self.rng.below(30);
        // One in which nobody had anything to do is none.
        self.counts.steps += u64::from(self.act().await?);
        self.look().await
    }

    /// Whether somebody did something.
    async fn act(&mut self) -> Result<bool, Wrong> {
        let is_crowded = self.mail.len() >= MAIL_MAX || self.ledger.waits() >= 2 * MAIL_MAX;
        match self.rng.below(10_000) {
            0..7_300 => return self.some_seat().await,
            7_300..8_200 if !is_crowded => self.client_writes(),
            8_200..9_200 if !is_crowded => self.runtime_acts(),
            9_200..9_400 => self.sends_again(),
            9_400..9_440 if !is_crowded => self.person_speaks(),
            9_440..9_580 if self.known.is_held && !is_crowded => self.person_decides(),
            9_580..9_590 => self.crash().await?,
            9_590..9_620 => self.seat_dies(),
            9_620..9_640 => {
                self.claim();
                self.tell("another one claims the workspace");
            }
            9_640..9_660 => self.is_forgotten(),
            9_660..9_710 => self.clock_jumps(),
            9_710..9_725 => self.disk_fills(),
            9_725..9_755 => self.is_slow(),
            9_755..9_770 => self.device_is_set_back(),
            9_770..9_850 if self.weather.is_full() => {
                self.weather.fill(false);
                self.tell("there is space on the disk again");
            }
            _ => return self.some_seat().await,
        }
        Ok(true)
    }

    pub(crate) fn tell(&mut self, what: &str) {
        self.counts.note(what);
        self.story.line(self.step, || what.to_owned());
    }

    /// Somebody claims the workspace; the oldest gives up its seat when there are too many.
    pub(crate) fn claim(&mut self) {
        self.claims += 1;
        let mut seat = Seat::claim(self.claims, &self.disk(), &self.weather, self.workspace);
        seat.skew_ms = self.rng.below(3_000);
        self.seats.push(seat);
        self.seats.retain(|seat| !seat.is_gone());
        while self.seats.len() > SEATS_MAX {
            self.seats.remove(0).die();
        }
    }

    async fn some_seat(&mut self) -> Result<bool, Wrong> {
        let newest = self.seats.len().saturating_sub(1);
        let nth = if self.rng.chance(75) { newest } else { self.rng.below(self.seats.len() as u64) as usize };
        let Some(seat) = self.seats.get(nth) else {
            self.claim();
            return Ok(true);
        };
        if seat.is_gone() {
            self.seats.remove(nth);
        } else if seat.slow_until > self.step {
            return Ok(false);
        } else if seat.is_idle() {
            self.seat_begins(nth);
            return Ok(!self.seats[nth].is_idle());
        } else {
            self.seat_goes_on(nth).await?;
        }
        Ok(true)
    }

    fn seat_begins(&mut self, nth: usize) {
        let most = 1 + self.rng.below(8) as usize;
        let is_making = self.seats[nth].idle().is_some_and(|it| it.is_making_snapshot());
        let now_ms = self.now_ms + self.seats[nth].skew_ms;
        match self.rng.below(1_000) {
            0..8 => self.seats[nth].slice(self.step.is_multiple_of(4), now_ms),
            8..300 if is_making => self.seats[nth].slice(false, now_ms),
            300..305 => self.seats[nth].sweep(now_ms),
            305..320 => self.seats[nth].look(self.step.is_multiple_of(16)),
            320..340 => self.seats[nth].compact(now_ms),
            _ => self.takes_mail(nth, most),
        }
    }

    /// It takes what is on its way, in any order.
    fn takes_mail(&mut self, nth: usize, most: usize) {
        let mut batch = Vec::new();
        while batch.len() < most && !self.mail.is_empty() {
            let which = if !self.weather.is_on() || self.rng.chance(80) {
                0
            } else {
                self.rng.below(self.mail.len() as u64) as usize
            };
            batch.extend(self.mail.remove(which));
        }
        let Some(seat) = self.seats.get_mut(nth).filter(|_| !batch.is_empty()) else { return };
        let mut jobs = Vec::with_capacity(batch.len());
        for nth in &batch {
            self.counts.sent += 1;
            // Every attempt brings its own entropy, as a host's would.
            let moment = Moment { now_ms: self.now_ms + seat.skew_ms, entropy: entropy(self.counts.sent) };
            jobs.push(Job { request: self.ledger.entries[*nth].request.clone(), moment });
        }
        seat.submit(batch, jobs);
    }

    async fn seat_goes_on(&mut self, nth: usize) -> Held {
        let number = self.seats[nth].number;
        let came = self.seats[nth].go_on();
        // What it wrote comes before what it says.
        self.look().await?;
        match came {
            None => Ok(()),
            Some(Came::Submitted(batch, outcomes)) => {
                for (request, outcome) in batch.into_iter().zip(outcomes) {
                    self.comes_to(number, request, outcome)?;
                }
                Ok(())
            }
            Some(came) => self.seat_came(number, came),
        }
    }

    fn seat_came(&mut self, number: u64, came: Came) -> Held {
        let failed = |failure: &Failure| match failure {
            Failure::Store(StoreError::Unavailable(_) | StoreError::Conflict(_)) => Ok(()),
            other => Rule::Answers.broken(format!("sequencer {number} is told {other:?}")),
        };
        match came {
            Came::Claimed(Ok(())) => self.story.line(self.step, || format!("sequencer {number} owns the workspace")),
            Came::Sliced(Ok(Making::Made(view))) => {
                self.counts.note("a snapshot is made");
                self.known.snapshots.push(view.pos);
                self.story.line(self.step, || format!("sequencer {number} made a snapshot of {}", view.pos));
            }
            Came::Sliced(Ok(Making::Underway)) => self.counts.note("a slice of a snapshot"),
            Came::Packed(Ok(Compacting::Done(view))) => {
                self.counts.note(if view.events > 0 { "old events are packed" } else { "nothing is to be packed" });
                self.story.line(self.step, || format!("sequencer {number} packed events up to {}", view.packed_to));
            }
            Came::Packed(Ok(Compacting::Underway)) => self.counts.note("a slice of packing"),
            Came::Swept(Ok(_)) => self.counts.note("what outlived its time is removed"),
            Came::Looked(Ok(pos)) => {
                self.counts.note("somebody reads");
                // What a read shows is durable.
                let what = || format!("a read shows event {pos}, and the log ends at {}", self.log.pos);
                Rule::Acknowledged.must(pos <= self.log.pos, what)?;
            }
            Came::Claimed(Err(failure))
            | Came::Sliced(Err(failure))
            | Came::Packed(Err(failure))
            | Came::Swept(Err(failure))
            | Came::Looked(Err(failure)) => failed(&failure)?,
            Came::Submitted(..) => {}
        }
        Ok(())
    }

    fn comes_to(&mut self, number: u64, nth: usize, outcome: Result<Reply, Failure>) -> Held {
        self.counts.note(kind(&outcome));
        let name = self.ledger.entries[nth].request.command.name();
        self.story.line(self.step, || format!("request {nth} {name} to sequencer {number}: {}", told(&outcome)));
        match outcome {
            Ok(reply) => self.answered(nth, &reply),
            Err(failure) => self.failed(nth, &failure),
        }
    }

    fn answered(&mut self, nth: usize, reply: &Reply) -> Held {
        self.log.has(nth, reply, self.ledger.entries[nth].request.hash)?;
        if !self.ledger.answered(nth, reply)? {
            return Ok(());
        }
        self.known.learn(reply);
        let entry = &self.ledger.entries[nth];
        if let (Who::Runtime(runner), Some((effect, fence, boot))) =
            (entry.who, self.log.granted.get(&reply.command).copied().filter(|_| entry.is_lease))
        {
            let runner = &mut self.runners[runner];
            // The answer may come when another process runs in its place.
            let list = if boot == runner.boot { &mut runner.holds } else { &mut runner.ghosts };
            list.push(Lease { effect, fence, boot });
        }
        Ok(())
    }

    /// Clients that count well are refused for nothing but "not now".
    fn failed(&mut self, nth: usize, failure: &Failure) -> Held {
        let Failure::Refused(rejection) = failure else {
            let passes = matches!(failure, Failure::Store(StoreError::Unavailable(_) | StoreError::Conflict(_)));
            return Rule::Answers.must(passes, || format!("request {nth} failed: {failure:?}"));
        };
        let not_now = [Code::NothingToLease, Code::LeaseHeld, Code::NothingDue, Code::WorkHeld];
        if not_now.contains(&rejection.code) {
            self.ledger.drop(nth);
            return Ok(());
        }
        let is_count = [Code::CommandIdReused, Code::DeviceForked].contains(&rejection.code);
        if let Who::Client(client) = self.ledger.entries[nth].who
            && is_count
            && self.clients[client].was_set_back()
        {
            self.ledger.drop(nth);
            if self.clients[client].begin_incarnation(&self.ledger.entries[nth].request) {
                self.ledger.drop_all_of(client);
                self.tell("a device counts on in a new incarnation");
            }
            return Ok(());
        }
        Rule::Device.broken(format!("request {nth} is refused: {} {}", rejection.code.name(), rejection.detail))
    }

    pub(crate) fn send(&mut self, who: Who, request: Request, is_lease: bool, truth: Option<super::ledger::Truth>) {
        let nth = self.ledger.note(who, request, is_lease, truth);
        // Some are lost, and some come twice.
        let copies = if !self.weather.is_on() || self.rng.chance(95) { 1 } else { 2 * self.rng.below(2) };
        (0..copies).for_each(|_| self.mail.push_back(nth));
    }

    pub(crate) fn write(&mut self, client: usize, branch: BranchId, name: &str, data: &Value) {
        let request = self.clients[client].by.write(branch, self.now_ms, name, data);
        self.send(Who::Client(client), request, false, None);
    }

    fn some_client(&mut self) -> usize {
        self.rng.below(self.clients.len() as u64) as usize
    }

    fn client_writes(&mut self) {
        let (branch, name, data) = wish(&mut self.rng, &self.known, self.ledger.entries.len());
        let client = self.some_client();
        self.write(client, branch, name, &data);
    }

    fn person_speaks(&mut self) {
        let (branch, name, data) = people::word(&mut self.rng, &self.known);
        let client = self.some_client();
        self.write(client, branch, name, &data);
    }

    fn person_decides(&mut self) {
        let (branch, name, data) = people::decision(&mut self.rng, &self.known);
        let client = self.some_client();
        self.write(client, branch, name, &data);
    }

    fn runtime_acts(&mut self) {
        let (rng, now_ms) = (&mut self.rng, self.now_ms);
        let nth = rng.below(self.runners.len() as u64) as usize;
        let runner = &mut self.runners[nth];
        let lies = self.slip == Some(Slip::Lies);
        let (request, is_lease, truth) = match rng.below(100) {
            0..38 => (Some(runner.lease(rng, &self.known.effects, now_ms)), true, None),
            38..76 => match runner.report(rng, &self.known.models, now_ms, lies) {
                Some((request, truth)) => (Some(request), false, Some(truth)),
                None => (None, false, None),
            },
            76..85 => (Some(runner.fire(now_ms)), false, None),
            85..95 => (runner.renew(rng, now_ms), false, None),
            95..98 => (Some(runner.die(rng, now_ms)), false, None),
            _ => (None, false, None),
        };
        if let Some(request) = request {
            self.send(Who::Runtime(nth), request, is_lease, truth);
        }
    }

    /// Somebody who still waits sends again; somebody who does not may do so as well.
    fn sends_again(&mut self) {
        let from = self.rng.below(self.ledger.entries.len() as u64) as usize;
        let again = if self.rng.chance(90) { self.ledger.waiting_from(from) } else { Some(from) };
        self.mail.extend(again);
    }

    pub(crate) fn send_all_waiting(&mut self) {
        self.mail.extend(self.ledger.waiting());
    }

    /// Everything that runs ends at once, and one begins again on what the disk holds.
    pub(crate) async fn crash(&mut self) -> Held {
        self.tell("everything dies at once");
        self.seats.drain(..).for_each(Seat::die);
        self.mail.clear();
        if self.rng.chance(60) {
            self.weather.lose_what_is_late();
        }
        let Some(mut disk) = self.disk.take() else { return Ok(()) };
        let reopened = match Rc::get_mut(&mut disk) {
            Some(disk) => disk.reopen().await,
            None => Err("somebody holds on to the disk".to_owned()),
        };
        self.disk = Some(disk);
        reopened.map_err(|why| Rule::Answers.by(why))?;
        let name = self.workspace.to_string();
        let last = self.disk().store().events(&name, self.log.pos.saturating_sub(1), usize::MAX >> 1).await;
        let last = last.map_err(|error| Rule::Damage.by(error.to_string()))?;
        self.log.ends_as(last.first())?;
        self.claim();
        Ok(())
    }

    fn seat_dies(&mut self) {
        let nth = self.rng.below(self.seats.len() as u64) as usize;
        if nth < self.seats.len() {
            let seat = self.seats.remove(nth);
            let what = if seat.is_idle() { "a sequencer dies" } else { "a sequencer dies in the midst of something" };
            seat.die();
            self.tell(what);
            self.claim();
        }
    }

    fn is_forgotten(&mut self) {
        self.seats.iter_mut().filter_map(Seat::idle).for_each(|it| it.forget());
        self.tell("everything is forgotten");
    }

    fn clock_jumps(&mut self) {
        let jump = self.rng.below(120_000);
        self.now_ms = (self.now_ms + jump).saturating_sub(60_000);
        self.tell(if jump < 60_000 { "the clock jumps back" } else { "the clock jumps ahead" });
    }

    fn disk_fills(&mut self) {
        if !self.weather.is_full() {
            self.weather.fill(true);
            self.tell("the disk is full");
        }
    }

    fn is_slow(&mut self) {
        let nth = self.rng.below(self.seats.len() as u64) as usize;
        if let Some(seat) = self.seats.get_mut(nth) {
            seat.slow_until = self.step + self.rng.below(60);
            self.tell("the store is slow for one of them");
        }
    }

    fn device_is_set_back(&mut self) {
        let client = self.some_client();
        if self.clients[client].back_up_or_set_back(&mut self.rng) {
            self.ledger.drop_all_of(client);
            self.tell("a device is set back to a copy of it");
        }
    }

    /// What was written in this step is held against the rules.
    async fn look(&mut self) -> Held {
        for note in self.weather.notes() {
            self.tell(note);
        }
        if let Some(wrong) = self.weather.wrong() {
            return Err(wrong);
        }
        if self.weather.writes() == self.looked_at {
            return Ok(());
        }
        self.looked_at = self.weather.writes();
        let name = self.workspace.to_string();
        let events = self.disk().store().events(&name, self.log.pos, usize::MAX >> 1).await;
        let events = events.map_err(|error| Rule::Damage.by(error.to_string()))?;
        self.log.read(&events, &self.ledger, &mut self.known)?;
        let (step, first) = (self.step, events.first().map_or(0, |event| event.pos));
        self.story.line(step, || format!("  events from {first} on: {}", types(&events)));
        self.log.is_whole()?;
        self.facts.note(self.journal.take(), &self.log)?;
        self.log.named.clear();
        Ok(())
    }
}

/// The types of events, in order.
fn types(events: &[StoredEvent]) -> String {
    let names = events.iter().map(|event| Header::decode(&event.body).map_or("?".into(), |(header, _)| header.name));
    names.collect::<Vec<_>>().join(", ")
}
