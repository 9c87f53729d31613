//! The editions there are, and which of them are of the log that is there.

use crate::lineage::Lineage;
use crate::{Projector, VERSION};
use kernel::hash::HashText;
use ports::read_models::{Edition, ModelsError, NewEdition};

/// Editions of a workspace's read models.
#[derive(Debug, Default)]
pub(crate) struct Editions {
    /// The one that answers.
    pub(crate) answers: Option<Edition>,
    /// The one that is made to take its place.
    pub(crate) made: Option<Edition>,
    /// The line that `main` is on.
    pub(crate) lineage: Lineage,
    /// Whether another one has to be made, whatever there is.
    pub(crate) is_wanted: bool,
    /// Whether there may be others, which are to be removed.
    pub(crate) sweeps: bool,
}

impl Editions {
    /// What an edition is begun with now.
    pub(crate) fn begun(&self) -> NewEdition {
        NewEdition { version: VERSION, incarnation: self.lineage.incarnation }
    }

    /// Whether what answers does not do, or there is nothing.
    pub(crate) fn has_to_be_made(&self) -> bool {
        self.is_wanted || self.answers.as_ref().is_none_or(|answers| answers.begun != self.begun())
    }

    /// Numbers of those that stay.
    pub(crate) fn kept(&self) -> Vec<u64> {
        self.answers.iter().chain(&self.made).map(|edition| edition.number).collect()
    }
}

impl Projector {
    /// Know which editions there are.
    pub(crate) async fn ready(&mut self) -> Result<(), ModelsError> {
        if self.editions.is_none() {
            self.editions = Some(self.look().await?);
        }
        Ok(())
    }

    /// Look which editions there are. What is of another log, or was made by another version, is none.
    async fn look(&mut self) -> Result<Editions, ModelsError> {
        self.keys.forget(None);
        let mut there = Editions { lineage: self.lineage().await?, sweeps: true, ..Editions::default() };
        let begun = there.begun();
        for edition in self.models.editions(&self.workspace.to_string()).await? {
            if edition.begun.version != VERSION || !self.is_of_the_log(&edition).await? {
                continue;
            }
            if edition.answers {
                there.answers = Some(edition);
            } else if edition.begun == begun {
                there.made = Some(edition);
            }
        }
        Ok(there)
    }

    pub(crate) async fn lineage(&self) -> Result<Lineage, ModelsError> {
        Lineage::now(&*self.store, &self.workspace.to_string()).await.map_err(Self::unread)
    }

    /// Whether the event the edition ends with is that of the log. A workspace can be replaced by an older copy of itself.
    async fn is_of_the_log(&self, edition: &Edition) -> Result<bool, ModelsError> {
        let Some(hash) = edition.hash else { return Ok(edition.pos == 0) };
        let page = self.store.events(&self.workspace.to_string(), edition.pos.saturating_sub(1), 1).await;
        let event = page.map_err(Self::unread)?.pop();
        Ok(event.is_some_and(|event| event.pos == edition.pos && HashText(event.hash) == hash))
    }
}
