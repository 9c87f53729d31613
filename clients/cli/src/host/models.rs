//! Calls of models, in this process: where the keys are and the way out is.

use super::ambient::Machine;
use super::{Config, HostError};
use async_trait::async_trait;
use http_client::HttpClient;
use ports::provider::{Live, ModelFailure, ModelRequest, ModelResponse, ProviderEntry};
use ports::{Models, Verification, Verifier};
use provider_openai::ChatCompletions;
use provider_router::{Prober, Router};
use vault_file::FileVault;

/// The provider router in this process.
pub struct LocalModels {
    vault: FileVault,
    client: HttpClient,
}

impl LocalModels {
    /// With the keys and the way out of this host.
    pub fn new(config: &Config) -> Result<Self, HostError> {
        let client = HttpClient::new().map_err(|why| HostError::Broken(why.to_string()))?;
        Ok(Self { vault: FileVault::open(config.data.join("vault"))?, client })
    }

    fn router(&self) -> Router<'_> {
        Router { codecs: &[&ChatCompletions], vault: &self.vault, outbound: &self.client }
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
