//! A copy of a workspace that is on its way, in a database that several writers share: it is removed as it was looked at, or
//! it stays.

use crate::shared::{self, Desk, KEY, WORKSPACE, file, of, request, request_of, store, submitted};
use async_trait::async_trait;
use kernel::hash::HashText;
use kernel::id::DeviceId;
use kernel::key::Space;
use kernel::machine::Request;
use kernel::seal::TransferKey;
use kernelos_tests::statements::Statements;
use ports::problem::Fault;
use ports::sequencing::WorkspaceView;
use ports::transfer::{About, ExportAsk, ExportSlice, ImportAsk, ImportStand, ImportedBy};
use ports::wire::{Answered, Ask, Look, answered};
use ports::{SequencingError, Sql, SqlError, SqlValue};
use sequencer::Shared;
use serde::de::DeserializeOwned;
use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;
use testkit::block_on;

/// The host to which the workspace goes.
const THERE: [u8; 32] = [4; 32];
const URL: &str = "https://there.example";

fn asked<T: DeserializeOwned>(sequencer: &Shared, ask: Ask) -> Answered<T> {
    answered(&block_on(sequencer.answer(WORKSPACE, KEY, ask)).body)
}

fn shared_over(desk: &Desk) -> Shared {
    shared::shared(store(file(&desk.path)))
}

fn view(desk: &Desk) -> WorkspaceView {
    asked(&shared_over(desk), Ask::Look(Look::Describe)).unwrap()
}

fn send(desk: &Desk, request: Request) {
    assert_eq!(of(submitted(&shared_over(desk), vec![request])).rejected, None);
}

/// A workspace that is frozen, and a whole copy of it that nobody adopted.
fn transferred() -> (Desk, Desk) {
    let (here, there) = (Desk::new(), Desk::bare());
    send(&here, request(1, "workspace.freeze", &format!(r#"{{"to":"{URL}"}}"#)));
    let (from, to, key) = (shared_over(&here), shared_over(&there), || TransferKey::new([42; 32]));
    let (mut bytes, mut cursor) = (Vec::new(), None);
    loop {
        let ask = ExportAsk { key: key(), wrapped: None, written_at: 5, after: 0, cursor };
        let slice: ExportSlice = asked(&from, Ask::Look(Look::Export(ask))).unwrap();
        bytes.extend(slice.bytes);
        cursor = slice.next;
        if cursor.is_none() {
            break;
        }
    }
    let (_, head, _) = About::read(&bytes).unwrap();
    let rest = bytes.split_off(head);
    let begin = ImportAsk::Begin { head: bytes, key: key() };
    let stand: ImportStand = asked(&to, Ask::Import(begin)).unwrap();
    let (device, actor) = (DeviceId::of(&THERE), "owner".to_owned());
    let by = ImportedBy { device, incarnation: 0, public_key: HashText(THERE), actor };
    let append = ImportAsk::Append { offset: stand.offset, bytes: rest, by };
    assert!(asked::<ImportStand>(&to, Ask::Import(append)).unwrap().complete);
    (here, there)
}

/// The command by which the copy goes on, when the workspace has left.
fn adoption(here: &Desk) -> Request {
    let WorkspaceView { pos, roots, .. } = view(here);
    let roots: std::collections::BTreeMap<Space, HashText> = roots;
    let data = serde_json::json!({"to": URL, "pos": pos, "roots": roots}).to_string();
    send(here, request(2, "workspace.leave", &data));
    let left = view(here).moving.unwrap().left.unwrap();
    request_of(&THERE, 3, "workspace.adopt", &serde_json::json!({"left": left}).to_string())
}

/// A connection before whose first removal somebody else does something.
struct Meanwhile {
    file: Rc<Statements>,
    path: PathBuf,
    request: Cell<Option<Request>>,
}

#[async_trait(?Send)]
impl Sql for Meanwhile {
    async fn execute(&self, statement: &str, values: &[SqlValue]) -> Result<Vec<Vec<SqlValue>>, SqlError> {
        if statement.starts_with("INSERT INTO removals")
            && let Some(request) = self.request.take()
        {
            let other = shared::shared(store(file(&self.path)));
            assert_eq!(of(shared::answer(&other, vec![request]).await).rejected, None);
        }
        self.file.execute(statement, values).await
    }
}

fn abandon(sequencer: &Shared, pos: u64) -> Answered<ImportStand> {
    asked(sequencer, Ask::Import(ImportAsk::Abandon { whole: Some(pos) }))
}

#[test]
fn a_copy_that_nobody_adopted_is_removed_and_can_come_again() {
    let (_, there) = transferred();
    let pos = view(&there).origin.unwrap().pos;
    abandon(&shared_over(&there), pos).unwrap();
    let gone = asked::<WorkspaceView>(&shared_over(&there), Ask::Look(Look::Describe));
    assert_eq!(gone.unwrap_err(), SequencingError::NoWorkspace);
    there.begin();
    there.is_whole();
}

#[test]
fn a_copy_that_is_adopted_between_the_look_and_the_removal_stays() {
    let (here, there) = transferred();
    let pos = view(&there).origin.unwrap().pos;
    let request = Cell::new(Some(adoption(&here)));
    let meanwhile = Meanwhile { file: file(&there.path), path: there.path.clone(), request };
    let refused = abandon(&shared::shared(store(Rc::new(meanwhile))), pos);
    assert!(matches!(refused, Err(SequencingError::Transfer(Fault::WorkspaceExists, _))), "{refused:?}");
    assert!(!view(&there).origin.unwrap().held);
    there.is_whole();
}
