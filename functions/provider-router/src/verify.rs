//! Whether a provider works: a few tiny questions, asked as real calls are, and nothing kept of them.

use crate::address;
use crate::concealment::conceal;
use crate::router::Router;
use async_trait::async_trait;
use ports::provider::{
    FailureClass, Live, Message, ModelFailure, ModelRequest, ModelResponse, Models as _, ProviderEntry, Silent,
    Speaker, Tool,
};
use ports::{Clock, Entropy, Secret, Support, Verification, Verifier};
use serde_json::{Value, json};
use std::cell::Cell;

/// Most tokens of an answer: what models think before they say one word counts as well.
const TOKENS_MAX: u64 = 256;
/// Most bytes of a list of models that are read.
const LIST_BYTES_MAX: usize = 2 << 20;
/// How long the list may take: it is only there to help.
const LIST_MS: u64 = 10_000;
/// Name of the tool that is offered.
const TOOL: &str = "report_ready";

/// The router, and what else telling how a provider does needs.
#[derive(Clone, Copy)]
pub struct Prober<'a> {
    /// What calls are made with.
    pub router: Router<'a>,
    /// Tells how long an answer took.
    pub clock: &'a dyn Clock,
    /// What idempotency keys are made of: each question is meant anew.
    pub entropy: &'a dyn Entropy,
}

#[async_trait(?Send)]
impl Verifier for Prober<'_> {
    async fn verify(&self, provider: &ProviderEntry) -> Verification {
        let pieces = Pieces::default();
        let begun = self.clock.now_ms();
        let answer = match self.ask(provider, question("Answer with the single word: ready"), &pieces).await {
            Ok(answer) => answer,
            Err(failure) => {
                let models = self.models(provider, failure.class).await;
                return Verification::failed(failure, models);
            }
        };
        let latency_ms = Some(self.clock.now_ms().saturating_sub(begun));
        let tools = support(self.ask(provider, with_tool(), &Silent).await, calls_the_tool);
        let schema = support(self.ask(provider, with_schema(), &Silent).await, keeps_to_the_schema);
        let streams = pieces.0.get() > 0;
        Verification { latency_ms, model: answer.model, streams, tools, schema, failure: None, models: None }
    }
}

impl Prober<'_> {
    async fn ask(
        &self,
        provider: &ProviderEntry,
        request: ModelRequest,
        live: &dyn Live,
    ) -> Result<ModelResponse, ModelFailure> {
        let random = self.entropy.random().map_err(|why| ModelFailure {
            class: FailureClass::Unavailable,
            detail: format!("no randomness: {}", why.0),
            retry_after_ms: None,
            retriable: true,
        })?;
        let key: String = random.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        self.router.call(provider, &format!("verify-{key}"), &request, live).await
    }

    /// The models that the endpoint lists, when knowing them may help with a failure of this class.
    async fn models(&self, provider: &ProviderEntry, class: FailureClass) -> Option<Vec<String>> {
        if !matches!(class, FailureClass::Invalid | FailureClass::Protocol) {
            return None;
        }
        address::check(provider).ok()?;
        let codec = self.router.codecs.iter().find(|codec| codec.dialect() == provider.dialect)?;
        let key = match &provider.key_ref {
            Some(reference) => Some(self.router.vault.secret(reference).await.ok()?),
            None => None,
        };
        let key = key.as_ref().map(Secret::reveal);
        let request = codec.encode_models(&provider.base_url, key)?;
        let answer = self.router.outbound.send(request, LIST_MS, LIST_BYTES_MAX).await.ok()?;
        if !answer.status().is_success() {
            return None;
        }
        let names = codec.decode_models(answer.body());
        let harmless = |name: &String| key.map_or_else(|| name.clone(), |key| conceal(name, key));
        (!names.is_empty()).then(|| names.iter().map(harmless).collect())
    }
}

/// Counts the pieces an answer comes in.
#[derive(Default)]
struct Pieces(Cell<usize>);

impl Live for Pieces {
    fn delta(&self, _: &str) {
        self.0.set(self.0.get().saturating_add(1));
    }
}

fn question(text: &str) -> ModelRequest {
    let message = Message { speaker: Speaker::User, text: text.to_owned(), calls: Vec::new(), call_id: None };
    let (model, messages, max_tokens) = (String::new(), vec![message], Some(TOKENS_MAX));
    ModelRequest { model, messages, tools: Vec::new(), max_tokens, schema: None }
}

/// The one shape that is asked for, of a call and of an answer.
fn ready() -> Value {
    json!({
        "type": "object",
        "properties": {"ready": {"type": "boolean"}},
        "required": ["ready"],
        "additionalProperties": false,
    })
}

fn with_tool() -> ModelRequest {
    let tool = Tool { name: TOOL.to_owned(), description: "Reports being ready.".to_owned(), parameters: ready() };
    ModelRequest { tools: vec![tool], ..question("Call the tool report_ready with ready set to true. Say nothing.") }
}

fn with_schema() -> ModelRequest {
    ModelRequest { schema: Some(ready()), ..question("Answer with a JSON object in which ready is true.") }
}

fn calls_the_tool(answer: &ModelResponse) -> bool {
    answer.calls.iter().any(|call| call.name == TOOL)
}

fn keeps_to_the_schema(answer: &ModelResponse) -> bool {
    let value: Value = serde_json::from_str(&answer.text).unwrap_or_default();
    value.get("ready").is_some_and(Value::is_boolean) && value.as_object().is_some_and(|object| object.len() == 1)
}

fn support(answer: Result<ModelResponse, ModelFailure>, came: impl Fn(&ModelResponse) -> bool) -> Support {
    match answer {
        Ok(answer) if came(&answer) => Support::Works,
        Ok(_) => Support::Ignored,
        Err(ModelFailure { class: FailureClass::Invalid, .. }) => Support::Refused,
        Err(_) => Support::Unknown,
    }
}
