//! `POST /v1/workspaces/{workspace}/commands`: a batch of commands.

use crate::batch::{Sender, requests};
use crate::handler::Call;
use crate::{answer, body, identity};
use bytes::Bytes;
use http::Response;
use ports::Problem;

/// Send the commands of a batch on, in order.
pub async fn submit(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    let gateway = call.gateway;
    let workspace = call.params.workspace()?;
    let sender = Sender {
        principal: call.principal,
        key: identity::key(call.request.headers())?,
        device: gateway.device,
        incarnation: gateway.incarnation,
        now_ms: gateway.clock.now_ms(),
    };
    let requests = requests(body::object(call.request)?, workspace, &sender)?;
    let ids = answer::ids(&requests);
    let results = gateway.sequencing.submit(workspace, requests).await;
    Ok(answer::batch(&ids, results))
}
