//! Calls of models, in this process: where the keys are and the way out is.

use super::ambient::Machine;
use super::runtimes::broker;
use super::{Config, HostError};
use async_trait::async_trait;
use ports::provider::{Live, ModelFailure, ModelRequest, ModelResponse, ProviderEntry};
use ports::{Egress, Models, Verification, Verifier};
use provider_openai::ChatCompletions;
use provider_router::{Prober, Router};
use std::rc::Rc;
use vault_file::FileVault;

/// The provider router in this process.
pub struct LocalModels {
    vault: Rc<FileVault>,
    /// The one way out.
    pub egress: Rc<dyn Egress>,
}

impl LocalModels {
    /// With the keys and the way out of this host.
    pub fn new(config: &Config) -> Result<Self, HostError> {
        let vault = Rc::new(FileVault::open(config.data.join("vault"))?);
        let egress: Rc<dyn Egress> = Rc::new(broker(&vault)?);
        Ok(Self { vault, egress })
    }

    fn router(&self) -> Router<'_> {
        Router { codecs: &[&ChatCompletions], vault: &*self.vault, egress: &*self.egress }
    }
}

#[async_trait(?Send)]
impl Models for LocalModels {
    async fn call(
        &self,
        provider: &ProviderEntry,
        idempotency_key: &str,
        request: &ModelRequest,
        live: &dyn Live,
    ) -> Result<ModelResponse, ModelFailure> {
        self.router().call(provider, idempotency_key, request, live).await
    }
}

#[async_trait(?Send)]
impl Verifier for LocalModels {
    async fn verify(&self, provider: &ProviderEntry) -> Verification {
        Prober { router: self.router(), clock: &Machine, entropy: &Machine }.verify(provider).await
    }
}
