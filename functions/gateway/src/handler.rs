//! One request: who asks, for what, and the answer.

use crate::gateway::Gateway;
use crate::path::Params;
use crate::query::{self, Given};
use crate::routes::{self, Endpoint, Missing};
use crate::{
    browser, commands, history, models, openapi, portability, reads, snapshots, space, stream, verify, workspaces,
};
use bytes::Bytes;
use futures_util::stream::LocalBoxStream;
use http::header::{ALLOW, HeaderValue};
use http::{Request, Response, StatusCode};
use ports::Problem;
use ports::problem::{Fault, json};
use ports::views::Query;
use serde::Serialize;

/// A request that may be answered.
pub struct Call<'a> {
    /// What the host brings.
    pub gateway: &'a Gateway<'a>,
    /// The request itself.
    pub request: &'a Request<Bytes>,
    /// Who asks; nobody where anybody may.
    pub principal: &'a str,
    /// What the path names.
    pub params: Params<'a>,
    /// What the query says.
    pub given: Given,
}

/// The chunks of an answer that goes on.
pub type Chunks = LocalBoxStream<'static, Bytes>;

/// What an answer carries.
pub enum Body {
    /// All there is.
    Whole(Bytes),
    /// Chunks, for as long as the client listens and the host runs.
    Stream(Chunks),
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

/// Answer `request`. Whatever is wrong with it, the answer is a problem document.
pub async fn handle(request: Request<Bytes>, gateway: &Gateway<'_>) -> Response<Body> {
    answer(&request, gateway).await.unwrap_or_else(|problem| problem.response().map(Body::Whole))
}

async fn answer(request: &Request<Bytes>, gateway: &Gateway<'_>) -> Result<Response<Body>, Problem> {
    browser::check(request, gateway)?;
    let (route, params) = match routes::find(request.method(), request.uri().path()) {
        Ok(found) => found,
        Err(Missing::Path) => return Err(Fault::UnknownRoute.because("paths and methods stand in /openapi.json")),
        Err(Missing::Method(allowed)) => return Ok(other_method(&allowed).map(Body::Whole)),
    };
    let principal = if route.open { "" } else { gateway.tokens.authenticate(request.headers())? };
    let given = query::read(request.uri().query(), route.query)?;
    let call = Call { gateway, request, principal, params, given };
    if route.streams.is_some() && stream::is_wanted(request.headers()) {
        return Ok(stream::events(&call).await?.map(Body::Stream));
    }
    endpoint(route.endpoint, &call).await
}

async fn endpoint(endpoint: Endpoint, call: &Call<'_>) -> Result<Response<Body>, Problem> {
    let whole = match endpoint {
        Endpoint::ExportWorkspace => return Ok(portability::export(call).await?.map(Body::Stream)),
        Endpoint::BeginImport => portability::begin(call).await,
        Endpoint::AppendImport => portability::append(call).await,
        Endpoint::StandImport => portability::stand(call).await,
        Endpoint::AbandonImport => portability::abandon(call).await,
        Endpoint::Health => Ok(json(StatusCode::OK, &Health { status: "ok" })),
        Endpoint::Description => Ok(json(StatusCode::OK, &openapi::document())),
        Endpoint::CreateWorkspace => workspaces::create(call).await,
        Endpoint::ListWorkspaces => workspaces::list(call).await,
        Endpoint::DescribeWorkspace => workspaces::describe(call).await,
        Endpoint::SubmitCommands => commands::submit(call).await,
        Endpoint::ReadEvents => reads::events(call).await,
        Endpoint::ReadTask => reads::task(call).await,
        Endpoint::ListTasks => models::tasks(call).await,
        Endpoint::ListAgents => models::list(call, Query::Agents).await,
        Endpoint::ListProviders => models::list(call, Query::Providers).await,
        Endpoint::VerifyProvider => verify::provider(call).await,
        Endpoint::ListWorkflows => models::list(call, Query::Workflows).await,
        Endpoint::ListCapabilities => models::list(call, Query::Capabilities).await,
        Endpoint::ListApprovals => models::approvals(call).await,
        Endpoint::ReadUsage => models::list(call, Query::Usage).await,
        Endpoint::ReadEgress => models::list(call, Query::Egress).await,
        Endpoint::ReadRestored => models::list(call, Query::Restored).await,
        Endpoint::PreviewRestore => models::restore(call).await,
        Endpoint::ListDocuments => models::list(call, Query::Documents).await,
        Endpoint::ReadDocument => models::document(call).await,
        Endpoint::ReadContext => models::context(call).await,
        Endpoint::ReadState => history::state(call).await,
        Endpoint::ReadDiff => history::diff(call).await,
        Endpoint::ReadWhy => history::why(call).await,
        Endpoint::ListDueEffects => reads::due(call).await,
        Endpoint::ReadEffect => reads::effect(call).await,
        Endpoint::ListSnapshots => snapshots::list(call).await,
        Endpoint::MakeSnapshot => snapshots::make(call).await,
        Endpoint::ReadSpace => space::space(call).await,
        Endpoint::Compact => space::compact(call).await,
    };
    Ok(whole?.map(Body::Whole))
}

fn other_method(allowed: &str) -> Response<Bytes> {
    let mut response = Fault::MethodNotAllowed.because(format!("this path has {allowed}")).response();
    if let Ok(allowed) = HeaderValue::try_from(allowed) {
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}
