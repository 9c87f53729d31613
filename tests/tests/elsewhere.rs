//! A sequencer elsewhere says what it would say here: every command and every answer survives being bytes.
#![cfg(test)]

use async_trait::async_trait;
use bytes::Bytes;
use kernel::id::WorkspaceId;
use kernel::key::Space;
use kernel::machine::{Moment, Reply};
use kernelos_tests::history::{Author, World, config, entropy, ops};
use kernelos_tests::travel::transfer_key;
use ports::history::{Asked, HistoryAsk, HistorySlice, Of};
use ports::problem::Fault;
use ports::transfer::{ExportAsk, ImportAsk, ImportedBy};
use ports::views::Query;
use ports::wire::{self, Answered, Ask, Replied, Sent};
use ports::{Directory, Sequencing as _, SequencingError};
use proptest::prelude::*;
use sequencer::Job;
use sequencing_http::{Call, ElsewhereSequencing};
use serde_json::json;
use std::cell::RefCell;
use std::rc::Rc;
use testkit::block_on;

/// A host that has one workspace. Its clock is that of the jobs.
struct There {
    world: RefCell<World>,
    moments: RefCell<Vec<Job>>,
    listed: RefCell<Vec<(String, WorkspaceId)>>,
}

#[async_trait(?Send)]
#[expect(clippy::await_holding_refcell_ref, reason = "a story asks one question at a time")]
impl Call for There {
    async fn call(&self, _: WorkspaceId, ask: Bytes) -> Result<Bytes, String> {
        let ask = wire::read(&ask).map_err(|problem| problem.detail)?;
        let sequencer = &mut self.world.borrow_mut().sequencer;
        Ok(match ask {
            Ask::Look(look) => sequencer.look(&look).await,
            Ask::Submit(sent) => {
                let requests: Vec<_> = sent.into_iter().map(|sent| sent.request().unwrap()).collect();
                let jobs: Vec<Job> = self.moments.borrow_mut().drain(..requests.len()).collect();
                for (job, request) in jobs.iter().zip(requests) {
                    assert_eq!(job.request, request, "a command is the same on the other side");
                }
                let outcomes = sequencer.submit(&jobs).await.into_iter();
                let replied: Vec<Answered<Replied>> =
                    outcomes.map(|outcome| outcome.map(Into::into).map_err(SequencingError::from)).collect();
                wire::answer(&Ok(replied))
            }
            Ask::Create => wire::answer(&Ok(())),
            Ask::Import(ask) => sequencer.take_in(ask, Moment { now_ms: 9_000_000_000, entropy: entropy(9) }).await,
            other => return Err(format!("{other:?} is not for this story")),
        })
    }
}

#[async_trait(?Send)]
impl Directory for There {
    async fn register(&self, principal: &str, workspace: WorkspaceId) -> Result<(), SequencingError> {
        self.listed.borrow_mut().push((principal.to_owned(), workspace));
        Ok(())
    }

    async fn list(&self, principal: &str) -> Result<Vec<WorkspaceId>, SequencingError> {
        let listed = self.listed.borrow();
        Ok(listed.iter().filter(|(of, _)| of == principal).map(|(_, workspace)| *workspace).collect())
    }
}

fn elsewhere() -> (Rc<There>, ElsewhereSequencing, WorkspaceId) {
    let world = block_on(World::new());
    let workspace = world.workspace;
    let there = Rc::new(There { world: RefCell::new(world), moments: RefCell::default(), listed: RefCell::default() });
    let (call, directory): (Rc<dyn Call>, Rc<dyn Directory>) = (Rc::<There>::clone(&there), Rc::<There>::clone(&there));
    (there, ElsewhereSequencing { call, directory }, workspace)
}

const QUERIES: [Query; 8] = [
    Query::Tasks(0, 100),
    Query::Agents,
    Query::Providers,
    Query::Workflows,
    Query::Approvals(true),
    Query::Usage,
    Query::Egress,
    Query::Documents,
];

/// Questions about the past of whatever there is.
fn questions(author: &Author, end: u64) -> Vec<Asked> {
    let mut asked = vec![Asked::Diff { from: end / 2, to: Some(end), skip: 0, limit: 8 }];
    for task in author.tasks.iter().take(4) {
        asked.push(Asked::Why(Of::Thing(*task)));
        asked.push(Asked::State { key: format!("task/{task}"), at: Some(end / 2) });
    }
    asked.extend([1, end / 3, end, end + 1].map(|pos| Asked::Why(Of::Event(pos))));
    asked
}

async fn answers(world: &mut World, asked: &Asked) -> Result<HistorySlice, SequencingError> {
    let ask = HistoryAsk { asked: asked.clone(), so_far: None };
    world.sequencer.history(&ask).await.map_err(SequencingError::from)
}

proptest! {
    #![proptest_config(config(12))]

    #[test]
    fn what_a_sequencer_elsewhere_answers_is_what_it_answers_here(history in ops(1..60)) {
        let (mut author, mut jobs) = Author::begin(0);
        jobs.extend(history.iter().map(|op| author.job(op)));
        let mut here = block_on(World::new());
        let replies: Vec<Result<Reply, SequencingError>> =
            block_on(here.play(&jobs, &[])).into_iter().map(|reply| reply.map_err(Into::into)).collect();

        let (there, far, workspace) = elsewhere();
        *there.moments.borrow_mut() = jobs.clone();
        let mut told = Vec::new();
        for some in jobs.chunks(7) {
            told.extend(block_on(far.submit(workspace, some.iter().map(|job| job.request.clone()).collect())));
        }
        prop_assert_eq!(told, replies);

        prop_assert_eq!(block_on(far.describe(workspace)).unwrap(), block_on(here.sequencer.describe()).unwrap());
        let near = block_on(here.sequencer.events(0, 1_000)).unwrap();
        for (far, near) in block_on(far.events(workspace, 0, 1_000)).unwrap().into_iter().zip(&near) {
            prop_assert_eq!(&far.content, &near.content);
            prop_assert_eq!((&far.event.body, far.event.hash), (&near.event.body, near.event.hash));
        }
        for query in QUERIES {
            // One whose own key is gone finds nothing by name, here and there.
            let near = block_on(here.sequencer.read(&query)).map_err(SequencingError::from);
            prop_assert_eq!(block_on(far.read(workspace, query)), near);
        }
        for task in author.tasks.iter().take(4) {
            let near = block_on(here.sequencer.task(*task)).unwrap();
            prop_assert_eq!(block_on(far.task(workspace, *task)).unwrap(), near);
        }
        for asked in questions(&author, here.sequencer.pos()) {
            let near = block_on(answers(&mut here, &asked));
            let far = block_on(far.history(workspace, HistoryAsk { asked: asked.clone(), so_far: None }));
            prop_assert_eq!(far, near, "{:?}", asked);
        }
        for effect in block_on(far.due(workspace, 4)).unwrap() {
            let near = block_on(here.sequencer.effect(effect)).unwrap();
            prop_assert_eq!(block_on(far.effect(workspace, effect)).unwrap(), near);
        }
    }
}

#[test]
fn a_workspace_is_in_the_directory_of_whoever_made_it() {
    let (_, far, workspace) = elsewhere();
    block_on(far.create(workspace, "ann")).unwrap();
    assert_eq!(block_on(far.workspaces("ann")).unwrap(), [workspace]);
    assert_eq!(block_on(far.workspaces("bob")).unwrap(), []);
}

#[test]
fn a_workspace_travels_as_bytes_and_is_then_in_the_directory_of_whoever_took_it_in() {
    let (mut author, mut jobs) = Author::begin(0);
    jobs.extend((0..9).map(|_| author.write(0, kernel::key::BranchId::Main, "task.create", &json!({"title": "x"}))));
    let ((here, from, workspace), (there, to, _)) = (elsewhere(), elsewhere());
    block_on(here.world.borrow_mut().play(&jobs, &[]));
    block_on(async {
        let mut ask = ExportAsk { key: transfer_key(), wrapped: None, written_at: 5, after: 0, cursor: None };
        let mut slices = Vec::new();
        loop {
            let slice = from.export(workspace, ask.clone()).await.unwrap();
            slices.push(slice.bytes);
            ask.cursor = slice.next;
            if ask.cursor.is_none() {
                break;
            }
        }
        let begin = ImportAsk::Begin { head: slices.remove(0), key: transfer_key() };
        let mut stand = to.import(workspace, "ann", begin.clone()).await.unwrap();
        for bytes in slices.into_iter().filter(|bytes| !bytes.is_empty()) {
            assert_eq!((stand.complete, there.listed.borrow().len()), (false, 0));
            let device = &author.devices[0];
            let (device, public_key) = (device.id, device.public_key());
            let by = ImportedBy { device, incarnation: 0, public_key, actor: "ann".to_owned() };
            let append = ImportAsk::Append { offset: stand.offset, bytes, by };
            stand = to.import(workspace, "ann", append).await.unwrap();
        }
        assert!(stand.complete);
        assert_eq!(to.workspaces("ann").await.unwrap(), [workspace]);
        let (before, after) = (from.describe(workspace).await.unwrap(), to.describe(workspace).await.unwrap());
        assert_eq!(before.roots[&Space::MAIN], after.roots[&Space::MAIN]);
        let again = to.import(workspace, "bob", begin).await;
        assert!(matches!(again, Err(SequencingError::Transfer(Fault::WorkspaceExists, _))), "{again:?}");
        assert_eq!(to.workspaces("bob").await.unwrap(), []);
    });
}

#[test]
fn numbers_that_hosts_round_arrive_as_they_were() {
    let (mut author, _) = Author::begin(0);
    let mut job = author.write(0, kernel::key::BranchId::Main, "run.start", &serde_json::json!({
        "workflow": author.agents.first(), "input": {"fraction": 0.1, "long": 0.300_000_000_000_000_04, "large": 1e300}
    }));
    job.request.authored_ms = u64::MAX;
    job.moment.entropy = entropy(1);
    let text = wire::ask(&Ask::Submit(vec![Sent::of(&job.request).unwrap()])).unwrap();
    let Ask::Submit(sent) = wire::read(&text).unwrap() else { panic!("something else was asked") };
    assert_eq!(sent.into_iter().next().unwrap().request().unwrap(), job.request);
}

#[test]
fn an_answer_that_is_none_says_that_nobody_knows() {
    for bytes in [&b""[..], b"{}", b"<html>", b"{\"Ok\":7}"] {
        let answer: Answered<Vec<u8>> = wire::answered(bytes);
        assert!(matches!(answer, Err(SequencingError::Unavailable(_))), "{bytes:?}");
    }
    let refused: Answered<()> = Err(SequencingError::Refused(kernel::reject::Code::LeaseHeld.because("held by r1")));
    assert_eq!(wire::answered::<()>(&wire::answer(&refused)), refused);
}

#[test]
fn what_is_no_question_is_refused() {
    for bytes in [&b""[..], b"{\"submit\":1}", b"{\"look\":\"everything\"}", b"[]"] {
        assert!(wire::read(bytes).is_err());
    }
}
