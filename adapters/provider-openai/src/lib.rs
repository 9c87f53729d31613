//! The OpenAI Chat Completions dialect, as a pure codec.
//!
//! Many vendors and local servers speak this dialect, so the base URL is data and nothing here knows a vendor's name.
//! Whatever a peer answers, the outcome is one [`ports::provider::ModelResponse`] or one classified failure: an answer
//! that is not of the dialect is never guessed at, because a guess would be recorded as what the model said.

mod answer;
mod calls;
mod decoder;
mod detail;
mod endpoint;
mod events;
mod failure;
mod fields;
mod models;
mod names;
mod question;
mod retry_after;
mod stream;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use ports::provider::{ModelFailure, ModelRequest};
use ports::{Codec, Decoder};

/// Name of this dialect in a provider entry.
pub const DIALECT: &str = "openai-chat";

/// The codec for Chat Completions which asks for a stream and reads a whole answer as well.
#[derive(Debug, Clone, Copy, Default)]
pub struct ChatCompletions;

impl Codec for ChatCompletions {
    fn dialect(&self) -> &'static str {
        DIALECT
    }

    fn encode(
        &self,
        base_url: &str,
        key: Option<&str>,
        idempotency_key: &str,
        request: &ModelRequest,
    ) -> Result<http::Request<Bytes>, ModelFailure> {
        question::encode(base_url, key, idempotency_key, request)
    }

    fn decoder(&self, head: &http::response::Parts) -> Box<dyn Decoder> {
        Box::new(decoder::Answer::of(head))
    }

    fn encode_models(&self, base_url: &str, key: Option<&str>) -> Option<http::Request<Bytes>> {
        models::encode(base_url, key)
    }

    fn decode_models(&self, body: &[u8]) -> Vec<String> {
        models::decode(body)
    }
}
