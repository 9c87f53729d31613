//! Every limit of the edge, in one table. The published description shows the same table.

/// Most bytes of a body. A host that reads bodies stops reading there.
pub const BODY_BYTES: usize = 1 << 20;
/// Most commands of one request.
pub const COMMANDS: usize = 64;
/// Longest idempotency key.
pub const IDEMPOTENCY_KEY_BYTES: usize = 255;
/// Most events of one answer.
pub const EVENTS: u64 = 256;
/// Events of an answer when the request does not say.
pub const EVENTS_USUALLY: u64 = 100;
/// Most effects of one answer.
pub const EFFECTS: u64 = 256;
/// Effects of an answer when the request does not say.
pub const EFFECTS_USUALLY: u64 = 100;
/// Most entities of one answer about a difference.
pub const DIFF: u64 = 64;
/// Most entries or hits of one answer of a read model.
pub const ENTRIES: u64 = ports::read_models::PAGE_MAX as u64;
/// Most slices that an answer about the past is read in: a slice that comes to nothing would be asked for without an end.
pub const HISTORY_SLICES: usize = 1_000;
/// Longest time that a request waits for a task.
pub const WAIT_MS: u64 = 30_000;
/// Longest time that one question to a provider takes that is verified.
pub const VERIFY_MS: u64 = 60_000;
/// Most events that a stream reads at once.
pub const STREAM_EVENTS: usize = 64;
/// A stream that was read this far hands it on before it reads more: what a slow client costs is about this much.
pub const STREAM_CHUNK_BYTES: usize = 1 << 18;
/// Most deltas that a stream hands on before it looks for events again.
pub const STREAM_DELTAS: usize = 64;
/// Time between the heartbeats of a stream.
pub const HEARTBEAT_MS: u64 = 15_000;
/// How long a client waits before it comes back to a stream that ended.
pub const RETRY_MS: u64 = 1_000;

/// The table: name, limit, and what is limited.
pub const LIMITS: [(&str, u64, &str); 10] = [
    ("body_bytes", BODY_BYTES as u64, "bytes of a body"),
    ("commands", COMMANDS as u64, "commands of one request"),
    ("idempotency_key_bytes", IDEMPOTENCY_KEY_BYTES as u64, "visible ASCII characters of an Idempotency-Key"),
    ("events", EVENTS, "events of one answer"),
    ("effects", EFFECTS, "effects of one answer"),
    ("diff", DIFF, "entities of one answer about a difference"),
    ("entries", ENTRIES, "entries or hits of one answer of a read model"),
    ("wait_ms", WAIT_MS, "milliseconds that a request waits for a task"),
    ("verify_ms", VERIFY_MS, "milliseconds that one question to a provider takes that is verified"),
    ("heartbeat_ms", HEARTBEAT_MS, "milliseconds between the heartbeats of a stream"),
];
