//! The sequencer as a component: a writer for each request, all of them over one database.
//!
//! It has no public route: whoever reaches it is a component of this application. It calls nobody; that a runtime has
//! something to do is said with the answer.

mod models;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use kernel::id::WorkspaceId;
use ports::problem::Fault;
use ports::wire::Ask;
use ports::{Problem, wire};
use sequencer::{Shared, Words};
use std::rc::Rc;
use wasi_shared::wasi::exports::http::incoming_handler::Guest;
use wasi_shared::wasi::http::types::{IncomingRequest, ResponseOutparam};
use wasi_shared::{ASK, WORK_WAITS, WORKSPACES, Wasi, read, run, store, whole, workspace_key};

/// Most bytes of what is asked: more than any batch that the gateway lets through, written for the way.
const ASK_BYTES_MAX: usize = 16 << 20;

struct Component;

impl Guest for Component {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        run(serve(request, out));
    }
}

wasi_shared::wasi::http::proxy::export!(Component with_types_in wasi_shared::wasi);

/// Answer one request.
async fn serve(request: IncomingRequest, out: ResponseOutparam) {
    let answer = match read(request, ASK_BYTES_MAX).await {
        Ok(request) => answer(request).await,
        Err(problem) => Err(problem),
    };
    let (response, beside) = answer.unwrap_or_else(|problem| (problem.response(), None));
    whole(out, response).await;
    // The answer went: this keeps nobody waiting.
    if let Some(beside) = beside {
        if beside.keeps_up {
            beside.shared.keep_up(beside.workspace, beside.key).await;
        }
        models::bring_up(&beside.shared, beside.workspace, beside.key).await;
    }
}

/// What is looked at after an answer.
struct Beside {
    shared: Shared,
    workspace: WorkspaceId,
    key: [u8; 32],
    /// Whether snapshots are looked after, too.
    keeps_up: bool,
}

async fn answer(request: Request<Bytes>) -> Result<(Response<Bytes>, Option<Beside>), Problem> {
    let store = store()?;
    let shared = Shared { store, clock: Rc::new(Wasi), timer: Rc::new(Wasi), entropy: Rc::new(Wasi) };
    let path = request.uri().path();
    if path == WORKSPACES {
        return Ok((said(wire::answer(&shared.workspaces().await)), None));
    }
    let workspace = path.strip_prefix(ASK).and_then(|id| id.parse::<WorkspaceId>().ok());
    let workspace = workspace.ok_or_else(|| Fault::UnknownRoute.because("this asks nothing of a workspace"))?;
    let key = workspace_key(workspace)?;
    let ask = match wire::read(request.body())? {
        Ask::Models(ask) => {
            let (answer, more) = models::ask(&shared, workspace, key, ask).await;
            let beside = more.then_some(Beside { shared, workspace, key, keeps_up: false });
            return Ok((said(wire::answer(&answer)), beside));
        }
        ask => ask,
    };
    // What a destroyed key took with it leaves the read models at once.
    let destroys = matches!(&ask, Ask::Submit(sent) if sent.iter().any(|one| one.is("key.destroy")));
    let Words { body, work_waits, look_beside } = shared.answer(workspace, key, ask).await;
    let mut response = said(body);
    if work_waits {
        response.headers_mut().insert(WORK_WAITS, http::HeaderValue::from_static("true"));
    }
    let beside = Beside { shared, workspace, key, keeps_up: look_beside };
    Ok((response, (look_beside || destroys).then_some(beside)))
}

fn said(body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::OK;
    response
}
