//! Problem documents (RFC 9457): what every function answers when it cannot do what was asked.
//!
//! A problem says what happened, what is safe, and what to do next. Its `code` is stable and for programs; the rest is for
//! people. Codes stand in two tables that never share a name: [`Fault`] for what goes wrong at the edge, and
//! [`kernel::reject::Code`] for what the kernel refuses.

mod fault;
mod rejection;
#[cfg(test)]
mod tests;
mod unreadable;

pub use fault::Fault;
pub use unreadable::{bad_arguments, unreadable};

use crate::sequencing::SequencingError;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use kernel::id::CommandId;
use kernel::reject::{Code, Rejection};
use serde::{Deserialize, Serialize, Serializer};
use std::borrow::Cow;

/// Media type of a problem document.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// Details come from many places, some of them outside; what is longer than this helps nobody.
const DETAIL_CHARS_MAX: usize = 400;

/// Which problem it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something at the edge, before any command was decided.
    Fault(Fault),
    /// The kernel refused.
    Rejected(Code),
}

impl Kind {
    /// Every kind there is: faults, then rejections, each in the order of its table.
    pub fn all() -> impl Iterator<Item = Self> {
        Fault::ALL.iter().copied().map(Self::Fault).chain(Code::ALL.iter().copied().map(Self::Rejected))
    }

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Fault(fault) => fault.row().code,
            Self::Rejected(code) => code.name(),
        }
    }

    /// The HTTP status it is answered with.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Fault(fault) => fault.row().status,
            Self::Rejected(code) => rejection::status(code),
        }
    }

    /// What happened, in one sentence; the same for every occurrence.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Fault(fault) => fault.row().title,
            Self::Rejected(code) => code.title(),
        }
    }

    /// What can be relied on although it happened.
    pub const fn safe(self) -> &'static str {
        match self {
            Self::Fault(fault) => fault.row().safe,
            Self::Rejected(code) => rejection::safe(code),
        }
    }

    /// What to do next.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Fault(fault) => fault.row().hint,
            Self::Rejected(code) => code.hint(),
        }
    }
}

/// One occurrence of a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which problem.
    pub kind: Kind,
    /// What exactly happened this time, for a person. Never repeats secrets or content.
    pub detail: String,
    /// The command that met it, when one is on record.
    pub command: Option<CommandId>,
}

impl Problem {
    /// A problem of `kind`.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let mut detail = detail.into();
        if let Some((end, _)) = detail.char_indices().nth(DETAIL_CHARS_MAX) {
            detail.truncate(end);
        }
        Self { kind, detail, command: None }
    }

    /// A rejection as the log remembers it, in the same words however often it is asked for.
    pub fn recorded(code: Code, detail: &str, command: CommandId) -> Self {
        let detail = if detail.is_empty() { code.title() } else { detail };
        Self { command: Some(command), ..Self::new(Kind::Rejected(code), detail) }
    }

    /// The same problem, said to be about `place` in what was sent.
    pub fn within(self, place: &str) -> Self {
        Self { command: self.command, ..Self::new(self.kind, format!("{place}: {}", self.detail)) }
    }

    /// The problem as a document.
    pub fn document(&self) -> Document<'_> {
        Document {
            r#type: Cow::Owned(format!("urn:kernelos:problem:{}", self.kind.code())),
            title: Cow::Borrowed(self.kind.title()),
            status: self.kind.status().as_u16(),
            detail: Cow::Borrowed(&self.detail),
            code: Cow::Borrowed(self.kind.code()),
            safe: Cow::Borrowed(self.kind.safe()),
            hint: Cow::Borrowed(self.kind.hint()),
            command: self.command,
        }
    }

    /// The problem as a whole answer.
    pub fn response(&self) -> Response<Bytes> {
        let mut response = respond(self.kind.status(), MEDIA_TYPE, self);
        let headers = response.headers_mut();
        match self.kind.status() {
            StatusCode::UNAUTHORIZED => headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
            StatusCode::SERVICE_UNAVAILABLE => headers.insert(RETRY_AFTER, HeaderValue::from_static("1")),
            _ => None,
        };
        response
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.document().serialize(serializer)
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        Self::new(Kind::Rejected(rejection.code), rejection.detail)
    }
}

impl From<SequencingError> for Problem {
    fn from(error: SequencingError) -> Self {
        match error {
            SequencingError::NoWorkspace => Fault::WorkspaceNotFound.because("no workspace has this id here"),
            SequencingError::Refused(rejection) => rejection.into(),
            SequencingError::Damaged(what) => Fault::Damaged.because(what),
            SequencingError::Transfer(fault, why) => fault.because(why),
            SequencingError::Unavailable(why) => Fault::Unavailable.because(why),
        }
    }
}

/// A problem as it stands on the wire. Clients read it, too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document<'a> {
    /// `urn:kernelos:problem:` and the code.
    pub r#type: Cow<'a, str>,
    /// What happened, in one sentence.
    pub title: Cow<'a, str>,
    /// The HTTP status.
    pub status: u16,
    /// What exactly happened this time.
    pub detail: Cow<'a, str>,
    /// The stable code.
    pub code: Cow<'a, str>,
    /// What can be relied on.
    pub safe: Cow<'a, str>,
    /// What to do next.
    pub hint: Cow<'a, str>,
    /// The command that met it, when one is on record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandId>,
}

/// `value` as a JSON answer.
pub fn json(status: StatusCode, value: &impl Serialize) -> Response<Bytes> {
    respond(status, "application/json", value)
}

/// `value` as an answer that nobody on the way may keep: it is somebody's data.
fn respond(status: StatusCode, media_type: &'static str, value: &impl Serialize) -> Response<Bytes> {
    // Structs of texts and numbers always have a JSON form; were it otherwise, an empty body says that much.
    let body = serde_json::to_vec(value).unwrap_or_default();
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
