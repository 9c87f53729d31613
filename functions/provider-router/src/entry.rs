//! What is known about a provider.

use serde::{Deserialize, Serialize};

/// A provider, as a workspace keeps it. It holds a reference to a key and never the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderEntry {
    /// Which codec speaks to it.
    pub dialect: String,
    /// Where it is, up to where its dialect's paths begin: `https://host/v1`.
    pub base_url: String,
    /// Where its key is kept (`env:NAME`, `vault:NAME`); none for a server that wants none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_ref: Option<String>,
    /// The provider's name of the model. It replaces the request's, so that one request can go to one provider after
    /// another.
    pub model: String,
    /// How long one call may take, from connecting to the last byte.
    pub timeout_ms: u64,
    /// Whether `http://` will do although the host is not this machine: key and conversation then travel in clear.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_plain_http: bool,
}
