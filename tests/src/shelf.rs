//! Read models of a workspace in a file of its own, and whoever keeps them.
#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use kernel::id::WorkspaceId;
use ports::read_models::{EntriesView, ItemKind, Model, ModelsAsked, ModelsError, ReadModelsView, SearchView};
use ports::{Sql as _, SqlValue, Store};
use projector::{Pace, Projector};
use read_models_sql::SqlModels;
use serde_json::Value;
use sql_file::FileSql;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use tempfile::TempDir;

/// A file and a projector.
pub struct Shelf {
    /// Who keeps them.
    pub projector: Projector,
    file: Rc<FileSql>,
    dir: TempDir,
}

impl Shelf {
    /// An empty one for `workspace`, whose log is in `store`.
    pub fn new(store: Rc<dyn Store>, workspace: WorkspaceId, key: [u8; 32], pace: Pace) -> Self {
        let dir = tempfile::tempdir().expect("a directory can be made");
        let (projector, file) = Self::over(dir.path(), store, workspace, key, pace);
        Self { projector, file, dir }
    }

    fn over(
        dir: &Path,
        store: Rc<dyn Store>,
        workspace: WorkspaceId,
        key: [u8; 32],
        pace: Pace,
    ) -> (Projector, Rc<FileSql>) {
        let file = Rc::new(FileSql::new(dir.join("read.db")));
        let models = SqlModels::alone(Rc::<FileSql>::clone(&file), Rc::<FileSql>::clone(&file));
        (Projector::new(sequencer::whole_log(store), Rc::new(models), workspace, key, pace), file)
    }

    /// Another process takes over what is in the file.
    #[must_use]
    pub fn again(self, store: Rc<dyn Store>, workspace: WorkspaceId, key: [u8; 32], pace: Pace) -> Self {
        let Self { projector, file, dir } = self;
        drop((projector, file));
        let (projector, file) = Self::over(dir.path(), store, workspace, key, pace);
        Self { projector, file, dir }
    }

    /// Where the file is.
    pub fn path(&self) -> PathBuf {
        self.dir.path().join("read.db")
    }

    /// Go on until there is no more to do.
    pub async fn catch_up(&mut self) {
        while self.advance().await.expect("the models can be kept") {}
    }

    /// A slice.
    pub async fn advance(&mut self) -> Result<bool, ModelsError> {
        self.projector.advance().await
    }

    /// How the models stand.
    pub async fn stand(&mut self) -> ReadModelsView {
        let view = self.projector.answer(&ModelsAsked::Stand).await.expect("how they stand can be told");
        serde_json::from_value(view).expect("it was written by us")
    }

    /// All entries of a model, those that changed last first.
    pub async fn entries(&mut self, model: Model, of: Option<&str>) -> Vec<Value> {
        let (mut all, mut before) = (Vec::new(), None);
        loop {
            let of = of.map(ToOwned::to_owned);
            let asked = ModelsAsked::Entries { model, of, before, limit: 7 };
            let view = self.projector.answer(&asked).await.expect("the models answer");
            let view: EntriesView = serde_json::from_value(view).expect("it was written by us");
            all.extend(view.entries);
            before = view.before;
            if before.is_none() {
                return all;
            }
        }
    }

    /// What is found, at most so many.
    pub async fn search(&mut self, query: &str, kinds: &[ItemKind], limit: usize) -> SearchView {
        let asked = ModelsAsked::Search { query: query.to_owned(), kinds: kinds.to_vec(), skip: 0, limit };
        let view = self.projector.answer(&asked).await.expect("the models answer");
        serde_json::from_value(view).expect("it was written by us")
    }

    /// What is asked of the file itself.
    pub async fn rows(&self, statement: &str) -> Vec<Vec<SqlValue>> {
        self.file.execute(statement, &[]).await.expect("the file can be read")
    }

    /// Everything that is kept, but for what stands for words: how much of that there is.
    pub async fn dump(&self) -> [Vec<Vec<SqlValue>>; 2] {
        let answers = "(SELECT number FROM read_editions WHERE answers=1)";
        let entries =
            format!("SELECT model, key, kin, pos, value FROM read_entries WHERE edition={answers} ORDER BY model, key");
        let items = format!(
            "SELECT kind, key, subject, task, pos, at, length(words), length(starts) FROM read_items JOIN read_words \
             ON read_words.rowid=id WHERE edition={answers} ORDER BY kind, key"
        );
        [self.rows(&entries).await, self.rows(&items).await]
    }
}
