//! A workspace as a file: given away as a stream, taken in by requests that can be repeated and resumed.
//!
//! Taking in follows the protocols for resumable uploads (tus, and the draft of the IETF): `POST` begins, `PATCH` goes on
//! where `Upload-Offset` says, `HEAD` tells where that is, `DELETE` gives up. No request is larger than any other, so every
//! host can take in any workspace.

use crate::body;
use crate::handler::{Call, Chunks};
use crate::query::Number;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, unfold};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION};
use http::{HeaderName, Response, StatusCode};
use kernel::id::WorkspaceId;
use kernel::reject::{AMOUNT_MAX, Code};
use kernel::seal::TransferKey;
use ports::problem::{Fault, Kind, json};
use ports::transfer::{self, About, ExportAsk, ExportSlice, FrameKind, ImportAsk, ImportStand, ImportedBy, text};
use ports::{Problem, Sequencing, SequencingError};
use serde::Deserialize;
use std::rc::Rc;

/// Media type of a file.
pub const MEDIA_TYPE: &str = "application/octet-stream";

/// Media types of a part of a file: the draft's, that of tus, and the one of any bytes.
const PARTS: [&str; 3] = ["application/partial-upload", "application/offset+octet-stream", MEDIA_TYPE];

/// The longest wrapped key that goes into a file: an age file for a hundred recipients.
const WRAPPED_MAX: usize = 32 * 1024;

/// Where the bytes of a request stand in the file.
pub const UPLOAD_OFFSET: Number = Number {
    name: "upload-offset",
    least: 0,
    most: AMOUNT_MAX,
    usually: 0,
    meaning: "Where in the file the bytes of the request stand.",
};

/// Where a copy stands that is to be given up although it is whole.
pub const WHOLE: Number = Number {
    name: "whole",
    least: 1,
    most: AMOUNT_MAX,
    usually: 1,
    meaning: "Not an import that is under way, but what is whole, stands at this position, and owes nothing here: a copy \
              that was frozen to come here and was not adopted, or what a workspace left behind that went elsewhere.",
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Export {
    #[serde(with = "text::key")]
    key: TransferKey,
    #[serde(default)]
    wrapped: Option<String>,
    #[serde(default)]
    after: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Begin {
    #[serde(with = "text::bytes")]
    head: Vec<u8>,
    #[serde(with = "text::key")]
    key: TransferKey,
}

/// The workspace as a file.
///
/// What is wrong from the beginning is a problem. What goes wrong later stands in the file's last frame, which then says why
/// there is no more.
pub async fn export(call: &Call<'_>) -> Result<Response<Chunks>, Problem> {
    let Export { key, wrapped, after } = body::read(body::object(call.request)?)?;
    if wrapped.as_ref().is_some_and(|wrapped| wrapped.len() > WRAPPED_MAX) {
        return Err(Problem::new(Kind::Rejected(Code::TooLong), format!("wrapped has more than {WRAPPED_MAX} bytes")));
    }
    let workspace = call.params.workspace()?;
    let sequencing = Rc::clone(&call.gateway.feed.sequencing);
    let ask = ExportAsk { key, wrapped, written_at: call.gateway.clock.now_ms(), after, cursor: None };
    let ExportSlice { bytes, next } = sequencing.export(workspace, ask.clone()).await?;
    let rest =
        unfold(Some(ExportAsk { cursor: next, ..ask }), move |ask| slice(Rc::clone(&sequencing), workspace, ask));
    let chunks = stream::iter([Bytes::from(bytes)]).chain(rest).filter(|bytes| {
        let is_there = !bytes.is_empty();
        async move { is_there }
    });
    let mut response = Response::new(chunks.boxed_local());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The next piece of a file, and what is asked for after it.
async fn slice(
    sequencing: Rc<dyn Sequencing>,
    workspace: WorkspaceId,
    ask: Option<ExportAsk>,
) -> Option<(Bytes, Option<ExportAsk>)> {
    let mut ask = ask?;
    let cursor = ask.cursor.clone()?;
    match sequencing.export(workspace, ask.clone()).await {
        Ok(ExportSlice { bytes, next }) => {
            ask.cursor = next;
            Some((bytes.into(), Some(ask)))
        }
        Err(error) => {
            let why = serde_json::to_vec(&Problem::from(error)).unwrap_or_default();
            let mut chain = cursor.chain;
            Some((transfer::write(&mut chain, FrameKind::Failure, &why).into(), None))
        }
    }
}

/// Begin to take a workspace in, or go on with what was begun.
pub async fn begin(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    let Begin { head, key } = body::read(body::object(call.request)?)?;
    let workspace = call.params.workspace()?;
    // Before anything is made of it: what cannot be meant leaves no trace.
    About::read(&head)
        .map_err(Into::into)
        .and_then(|(about, ..)| about.is_meant(workspace, &key))
        .map_err(|(fault, why)| fault.because(why))?;
    let stand = ask(call, ImportAsk::Begin { head, key }).await?;
    let mut response = stands(StatusCode::CREATED, stand);
    if let Ok(location) = HeaderValue::try_from(format!("/v1/workspaces/{workspace}/import")) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// Take in what stands in the file at an offset.
pub async fn append(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    let headers = call.request.headers();
    let is_part = |value: &HeaderValue| PARTS.iter().any(|part| value.as_bytes().eq_ignore_ascii_case(part.as_bytes()));
    if !headers.get_all(CONTENT_TYPE).iter().all(is_part) {
        return Err(Fault::UnsupportedMediaType.because(format!("a part of a file is {}", PARTS.join(", or "))));
    }
    if call.request.body().len() > crate::limits::BODY_BYTES {
        return Err(Fault::BodyTooLarge.because(format!("a body has at most {} bytes", crate::limits::BODY_BYTES)));
    }
    let offset = headers.get(UPLOAD_OFFSET.name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let offset = UPLOAD_OFFSET.read(offset)?;
    let gateway = call.gateway;
    let by = ImportedBy {
        device: gateway.device,
        incarnation: gateway.incarnation,
        public_key: gateway.public_key,
        actor: call.principal.to_owned(),
    };
    let bytes = call.request.body().to_vec();
    Ok(stands(StatusCode::OK, ask(call, ImportAsk::Append { offset, bytes, by }).await?))
}

/// Tell how far an import is.
pub async fn stand(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    let stand = ask(call, ImportAsk::Stand).await?;
    Ok(stands(StatusCode::NO_CONTENT, stand).map(|_| Bytes::new()))
}

/// Give an import up.
pub async fn abandon(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    ask(call, ImportAsk::Abandon { whole: call.given.said(&WHOLE) }).await?;
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn ask(call: &Call<'_>, ask: ImportAsk) -> Result<ImportStand, Problem> {
    let begins = matches!(ask, ImportAsk::Begin { .. });
    let done = call.gateway.sequencing.import(call.params.workspace()?, call.principal, ask).await;
    done.map_err(|error| match error {
        SequencingError::NoWorkspace if !begins => Fault::ImportUnknown.because("nothing was begun"),
        error => error.into(),
    })
}

fn stands(status: StatusCode, stand: ImportStand) -> Response<Bytes> {
    let mut response = json(status, &stand);
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static(UPLOAD_OFFSET.name), HeaderValue::from(stand.offset));
    let complete = if stand.complete { "?1" } else { "?0" };
    headers.insert(HeaderName::from_static("upload-complete"), HeaderValue::from_static(complete));
    response
}
