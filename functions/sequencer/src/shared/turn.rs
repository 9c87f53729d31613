//! A writer's turn: decide, commit, and when somebody else was first, decide for all who wait.

use super::letter::{Side, open, seal};
use super::{Shared, replied};
use crate::submit::{Outcome, is_poisoned};
use crate::{BATCH_MAX, Failure, Job, Sequencer};
use kernel::id::WorkspaceId;
use kernel::machine::Reply;
use ports::store::shared::{Answer, Aside, Letter, Post, Wanted};
use ports::wire::{Answered, Replied, Sent};
use ports::{Conflict, SequencingError, StoreError};

/// How long a writer tries. Whoever asked may ask again then: what was decided meanwhile is known.
const TRIES_MS: u64 = 15_000;
/// Letters older than this are left alone: their writers have given up.
const LETTER_MS: u64 = 2 * TRIES_MS;
/// Most letters that are decided together.
const LETTERS: usize = 1 << LETTERS_LOG2;
const LETTERS_LOG2: u32 = 6;

/// A workspace and a way to decide on it.
struct Turn<'a> {
    shared: &'a Shared,
    workspace: WorkspaceId,
    key: [u8; 32],
}

/// Jobs of one writer.
struct Pile {
    ticket: String,
    jobs: Vec<Job>,
}

/// What a commit came to: outcomes of each pile, in order, and whether work waits now.
type Decided = (Vec<Vec<Outcome>>, bool);

impl Shared {
    /// Decide `jobs` in order and commit them. Says also whether work waits that a runtime can perform now.
    pub(crate) async fn submit(&self, workspace: WorkspaceId, key: [u8; 32], jobs: &[Job]) -> (Vec<Outcome>, bool) {
        let turn = Turn { shared: self, workspace, key };
        let (mut outcomes, mut work_waits) = (Vec::with_capacity(jobs.len()), false);
        for batch in jobs.chunks(BATCH_MAX) {
            let (together, waits) = turn.take(batch).await;
            work_waits |= waits;
            if batch.len() == 1 || !together.iter().all(is_poisoned) {
                outcomes.extend(together);
                continue;
            }
            // One of them cannot be committed. Each for itself, so that the others do not suffer for it.
            for job in batch {
                let (alone, waits) = turn.take(std::slice::from_ref(job)).await;
                work_waits |= waits;
                outcomes.extend(alone);
            }
        }
        (outcomes, work_waits)
    }
}

impl Turn<'_> {
    async fn take(&self, jobs: &[Job]) -> (Vec<Outcome>, bool) {
        let own = Pile { ticket: String::new(), jobs: jobs.to_vec() };
        let own = std::slice::from_ref(&own);
        let first = match self.others_wait().await {
            // Who decides for one alone is faster than who decides for many, and would always be first.
            Ok(true) => self.in_company(jobs).await,
            Ok(false) => match self.decide(own).await {
                Err(failure) if may_pass(&failure) => self.in_company(jobs).await,
                decided => decided.map(|(mut piles, waits)| (piles.pop().unwrap_or_default(), waits)),
            },
            Err(failure) => Err(failure),
        };
        first.unwrap_or_else(|failure| (jobs.iter().map(|_| Err(failure.clone())).collect(), false))
    }

    /// Whether letters lie there that nobody answered yet.
    async fn others_wait(&self) -> Result<bool, Failure> {
        let since_ms = self.shared.clock.now_ms().saturating_sub(LETTER_MS);
        match self.shared.store.fetch(&self.name(), Wanted { ticket: "", since_ms, limit: 1 }).await {
            Ok(Post::Waiting(letters)) => Ok(!letters.is_empty()),
            Ok(Post::Answered(_)) => Ok(false),
            Err(error) if is_away(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Leave a letter, and decide for all until it is answered.
    async fn in_company(&self, jobs: &[Job]) -> Result<(Vec<Outcome>, bool), Failure> {
        let ticket = self.post(jobs).await?;
        let outcome = self.until_answered(&ticket, jobs).await;
        // If it stays, it is swept away later.
        let _ = self.shared.store.forget(&self.name(), &ticket).await;
        outcome
    }

    async fn until_answered(&self, ticket: &str, jobs: &[Job]) -> Result<(Vec<Outcome>, bool), Failure> {
        let shared = self.shared;
        let until = shared.clock.now_ms().saturating_add(TRIES_MS);
        let mut last = Failure::Store(StoreError::Unavailable("others were always first".to_owned()));
        let (mut alone, mut nth) = (false, 0);
        while shared.clock.now_ms() < until {
            let since_ms = shared.clock.now_ms().saturating_sub(LETTER_MS);
            let wanted = Wanted { ticket, since_ms, limit: if alone { 1 } else { LETTERS } };
            let piles = match shared.store.fetch(&self.name(), wanted).await {
                Ok(Post::Answered(answer)) => return self.read_answer(ticket, &answer),
                Ok(Post::Waiting(letters)) => self.piles(ticket, jobs, &letters),
                Err(error) if is_away(&error) => Vec::new(),
                Err(error) => return Err(error.into()),
            };
            let place = piles.iter().position(|pile| pile.ticket == ticket);
            // The writer of the oldest letter decides first, and all the others would decide the same in vain. It may have
            // died, so that more of them try each time.
            if place.is_some_and(|place| place >= 1 << nth.min(LETTERS_LOG2)) {
                self.pause(nth).await;
                nth += 1;
                continue;
            }
            match self.decide(&piles).await {
                Ok((outcomes, waits)) => {
                    let own = place.and_then(|nth| outcomes.into_iter().nth(nth));
                    if let Some(own) = own {
                        return Ok((own, waits));
                    }
                }
                Err(failure) if may_pass(&failure) => last = failure,
                // Something in one of the letters cannot be committed; it need not be in one's own.
                Err(_) if !alone && piles.len() > 1 => alone = true,
                Err(failure) => return Err(failure),
            }
            self.pause(nth).await;
            nth += 1;
        }
        Err(last)
    }

    /// Decide and commit what the piles hold, and answer those that have a ticket, all in one.
    async fn decide(&self, piles: &[Pile]) -> Result<Decided, Failure> {
        let mut sequencer = Sequencer::share(self.shared.plain(), self.workspace, self.key).await?;
        match self.decide_with(&mut sequencer, piles).await {
            // What was loaded of a database that somebody else wrote to meanwhile fits no position, and proves no damage.
            Err(Failure::Store(StoreError::Damaged { .. })) if sequencer.is_overtaken().await? => {
                Err(StoreError::Unavailable("another writer was faster".to_owned()).into())
            }
            decided => decided,
        }
    }

    async fn decide_with(&self, sequencer: &mut Sequencer, piles: &[Pile]) -> Result<Decided, Failure> {
        let shared = self.shared;
        let all: Vec<Job> = piles.iter().flat_map(|pile| &pile.jobs).cloned().collect();
        sequencer.look_at_room().await;
        sequencer.look_up(&all).await?;
        let mut decided = sequencer.decide(&all).await?.into_iter();
        let outcomes: Vec<Vec<Outcome>> =
            piles.iter().map(|pile| decided.by_ref().take(pile.jobs.len()).collect()).collect();
        let wake_at = sequencer.wake_at(shared.clock.now_ms()).await?;
        let aside = Aside { answers: self.answers(piles, &outcomes)?, wake_at };
        match sequencer.ask_anyway(|workspace| workspace.batch()).await? {
            Some(batch) => shared.store.commit_with(&self.name(), &batch, &aside).await?,
            None if aside.answers.is_empty() => {}
            None => shared.store.answer(&self.name(), &aside.answers).await?,
        }
        Ok((outcomes, wake_at.is_some_and(|at| at <= shared.clock.now_ms())))
    }

    fn answers(&self, piles: &[Pile], outcomes: &[Vec<Outcome>]) -> Result<Vec<Answer>, Failure> {
        let asked = piles.iter().zip(outcomes).filter(|(pile, _)| !pile.ticket.is_empty());
        let answers = asked.map(|(Pile { ticket, .. }, outcomes)| {
            let replies: Vec<Answered<Replied>> = outcomes.iter().cloned().map(replied).collect();
            let body = seal(&self.key, Side::Answer, ticket, &self.shared.random()?, &replies)?;
            Ok(Answer { ticket: ticket.clone(), body })
        });
        answers.collect::<Answered<_>>().map_err(unusable)
    }

    async fn post(&self, jobs: &[Job]) -> Result<String, Failure> {
        let shared = self.shared;
        let random = shared.random().map_err(unusable)?;
        let ticket: String = random.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let sent: Vec<Sent> =
            jobs.iter().map(|job| Sent::of(&job.request)).collect::<Answered<_>>().map_err(unusable)?;
        let random = shared.random().map_err(unusable)?;
        let body = seal(&self.key, Side::Ask, &ticket, &random, &sent).map_err(unusable)?;
        let letter = Letter { ticket: ticket.clone(), at_ms: shared.clock.now_ms(), body };
        shared.store.post(&self.name(), &letter).await?;
        Ok(ticket)
    }

    /// The letters' jobs, at most so many as are decided together; one's own as they are at hand.
    fn piles(&self, ticket: &str, jobs: &[Job], letters: &[Letter]) -> Vec<Pile> {
        let mut room = BATCH_MAX.saturating_sub(jobs.len());
        let mut piles = Vec::with_capacity(letters.len());
        for letter in letters {
            if letter.ticket == ticket {
                piles.push(Pile { ticket: ticket.to_owned(), jobs: jobs.to_vec() });
                continue;
            }
            // A letter that cannot be read is its writer's affair: that one decides alone.
            let sent = open::<Vec<Sent>>(&self.key, Side::Ask, &letter.ticket, &letter.body);
            let Ok(theirs) = sent.and_then(|sent| self.shared.jobs(sent)) else { continue };
            if theirs.len() <= room {
                room -= theirs.len();
                piles.push(Pile { ticket: letter.ticket.clone(), jobs: theirs });
            }
        }
        piles
    }

    fn read_answer(&self, ticket: &str, answer: &[u8]) -> Result<(Vec<Outcome>, bool), Failure> {
        let replies: Vec<Answered<Replied>> = open(&self.key, Side::Answer, ticket, answer).map_err(unusable)?;
        let outcome = |reply: Answered<Replied>| reply.map(Reply::from).map_err(unusable);
        // Whoever decided it says whether work waits.
        Ok((replies.into_iter().map(outcome).collect(), false))
    }

    /// Longer each time, and for everybody another time: those who lost together do not meet again.
    async fn pause(&self, nth: u32) {
        let random = self.shared.entropy.random().unwrap_or_default();
        let spread = 4_u64 << nth.min(4);
        self.shared.timer.sleep(1 + u64::from(random.first().copied().unwrap_or_default()) % spread).await;
    }

    fn name(&self) -> String {
        self.workspace.to_string()
    }
}

/// Whether deciding again may come to something else: another writer was first, or nobody answered.
fn may_pass(failure: &Failure) -> bool {
    match failure {
        Failure::Store(StoreError::Conflict(_)) => true,
        Failure::Store(error) => is_away(error),
        Failure::Refused(_) | Failure::Transfer(..) => false,
    }
}

fn is_away(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(_) | StoreError::Conflict(Conflict::Head { .. }))
}

/// What went wrong between writers, as a failure of a command. A refusal in an answer is one.
fn unusable(error: SequencingError) -> Failure {
    match error {
        SequencingError::Refused(rejection) => Failure::Refused(rejection),
        SequencingError::Transfer(fault, why) => Failure::Transfer(fault, why),
        SequencingError::NoWorkspace => Failure::Store(StoreError::NoWorkspace),
        SequencingError::Damaged(what) => Failure::Store(StoreError::Damaged { what }),
        SequencingError::Unavailable(why) => Failure::Store(StoreError::Unavailable(why)),
    }
}
