//! The projector: reads the log of a workspace and keeps its read models. Nobody else writes them.
//!
//! It works in slices. A slice reads the next events, projects them, and takes the models from one position to a later one in
//! one change; between two slices whoever drives it does something else. What is kept may be gone, damaged or of another
//! past at any time: then another edition is begun, made beside the one that answers, and put in its place.

mod answer;
mod draft;
mod editions;
mod keys;
mod lineage;
mod project;
mod query;
mod slice;
mod snippet;
mod telling;
mod tokens;
mod words;

pub use query::{QUERY_BYTES, TERMS_MAX};
pub use words::WORDS_MAX;

use editions::Editions;
use kernel::id::WorkspaceId;
use keys::Keys;
use ports::read_models::{Edition, KeepModels, ModelsError};
use ports::{Store, StoreError};
use slice::Went;
use std::rc::Rc;
use tokens::Tokens;

/// Version of the projection. Editions of other versions are made anew: it is raised when what is kept, or how texts fall
/// apart into words, changes.
pub const VERSION: u32 = 1;

/// How much one slice does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Most events.
    pub events: usize,
    /// Bytes of what stands for words, about.
    pub bytes: usize,
}

impl Pace {
    /// Where slices have a thread of their own.
    pub const BESIDE: Self = Self { events: 4_096, bytes: 4 << 20 };
    /// Where others wait for the end of one.
    pub const BETWEEN: Self = Self { events: 256, bytes: 512 << 10 };
}

/// The projector of one workspace.
pub struct Projector {
    store: Rc<dyn Store>,
    models: Rc<dyn KeepModels>,
    workspace: WorkspaceId,
    key: [u8; 32],
    pace: Pace,
    keys: Keys,
    /// Tokens of the edition that was worked on last.
    tokens: Option<(u64, Tokens)>,
    /// The editions there are, once they were looked for.
    editions: Option<Editions>,
    /// Whether somebody wants them made anew.
    rebuild: bool,
    /// Why it does not go on.
    fault: Option<String>,
    /// Why it began anew last.
    renewed: Option<String>,
}

impl std::fmt::Debug for Projector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Projector({} at {})", self.workspace, self.as_of())
    }
}

impl Projector {
    /// Of `workspace`, whose log is in `store` and whose data keys `key` wraps; what it makes is kept in `models`.
    pub fn new(
        store: Rc<dyn Store>,
        models: Rc<dyn KeepModels>,
        workspace: WorkspaceId,
        key: [u8; 32],
        pace: Pace,
    ) -> Self {
        let keys = Keys::new(Rc::clone(&store), workspace, key);
        let (tokens, editions, fault, renewed) = (None, None, None, None);
        Self { store, models, workspace, key, pace, keys, tokens, editions, rebuild: false, fault, renewed }
    }

    /// Position of the last event that the models which answer know; 0 when none do.
    pub fn as_of(&self) -> u64 {
        self.editions.as_ref().and_then(|there| there.answers.as_ref()).map_or(0, |edition| edition.pos)
    }

    /// Do a slice of what there is to do. Says whether there is more. After an error it may be called again, later.
    pub async fn advance(&mut self) -> Result<bool, ModelsError> {
        let advanced = self.next().await;
        match advanced {
            Ok(more) => {
                self.fault = None;
                Ok(more)
            }
            Err(error) => self.after(error).await,
        }
    }

    /// What follows from an error: what can be made anew is, the rest is told.
    async fn after(&mut self, error: ModelsError) -> Result<bool, ModelsError> {
        self.editions = None;
        match error {
            // Somebody threw them away, or another one brought them further.
            ModelsError::Moved => Ok(true),
            ModelsError::Damaged(what) => {
                self.renewed = Some(format!("what was kept was damaged: {what}"));
                self.fault = Some(what.clone());
                self.models.discard().await?;
                Err(ModelsError::Damaged(what))
            }
            ModelsError::Unavailable(why) => {
                self.fault = Some(why.clone());
                Err(ModelsError::Unavailable(why))
            }
        }
    }

    async fn next(&mut self) -> Result<bool, ModelsError> {
        self.ready().await?;
        let Some(mut there) = self.editions.take() else { return Ok(true) };
        if self.rebuild {
            self.rebuild = false;
            // One that is being made is not known to be what was wanted.
            there.made = None;
            there.is_wanted = true;
        }
        let mut more = false;
        if let Some(answers) = there.answers.as_mut().filter(|it| it.begun.incarnation == there.lineage.incarnation) {
            match self.slice(answers, &there.lineage).await? {
                Went::ToTheEnd => {}
                Went::On => more = true,
                Went::UpToARestore => {
                    there.lineage = self.lineage().await?;
                    more = true;
                }
            }
        }
        more |= self.make(&mut there).await?;
        if !more && there.sweeps {
            there.sweeps = self.models.sweep(&self.workspace.to_string(), &there.kept()).await?;
            more = there.sweeps;
        }
        self.editions = Some(there);
        Ok(more)
    }

    /// Go on with the edition that will take the place of the one that answers, if there has to be one.
    async fn make(&mut self, there: &mut Editions) -> Result<bool, ModelsError> {
        if there.made.is_none() && !there.has_to_be_made() {
            return Ok(false);
        }
        let mut made = match there.made.take() {
            Some(made) => made,
            None => self.begin(there).await?,
        };
        match self.slice(&mut made, &there.lineage).await? {
            Went::On => there.made = Some(made),
            Went::UpToARestore => {
                there.lineage = self.lineage().await?;
                (there.is_wanted, there.sweeps) = (true, true);
            }
            Went::ToTheEnd => self.publish(there, made).await?,
        }
        Ok(true)
    }

    async fn begin(&mut self, there: &mut Editions) -> Result<Edition, ModelsError> {
        there.lineage = self.lineage().await?;
        there.is_wanted = false;
        there.sweeps = true;
        self.models.begin(&self.workspace.to_string(), there.begun()).await
    }

    async fn publish(&mut self, there: &mut Editions, made: Edition) -> Result<(), ModelsError> {
        self.models.publish(&self.workspace.to_string(), &made).await?;
        there.answers = Some(Edition { answers: true, ..made });
        there.sweeps = true;
        Ok(())
    }

    fn unread(error: StoreError) -> ModelsError {
        ModelsError::Unavailable(format!("the log cannot be read: {error}"))
    }
}
