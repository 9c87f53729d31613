//! A Worker in front of the sequencer, for tests.
//!
//! | path | what it does |
//! |---|---|
//! | `/kit` | the store's kit, told in an object over its own storage |
//! | `/noop` | asks an object that does nothing: the way that every command takes |
//! | `/workspaces/NAME/begin` | makes a workspace with an agent |
//! | `/workspaces/NAME/commands/KEY` | `{"type", "data"}` under an idempotency key |
//! | `/workspaces/NAME/events` | all events: position and type |
//! | `/workspaces/NAME/watch`, `/workspaces/NAME/standing` | the object's own |
//! | `/workspaces/NAME/raw` | the body to the object as it is |
//! | `/directory/PRINCIPAL` | whose workspaces, and `POST` of one |
//! | `/wake/WORKSPACE` | as the runtime is woken; `/woken/NAME` tells how often |

mod bench;
mod workspace;

use cloudflare::DirectoryObject;
use kernel::id::WorkspaceId;
use ports::Directory as _;
use serde_json::{Value, json};
use worker::{Context, Env, Method, Request, Response, Result, event};

/// Anything that keeps a test from being told.
pub(crate) fn broken(why: impl std::fmt::Debug) -> worker::Error {
    worker::Error::RustError(format!("{why:?}"))
}

/// The id of the workspace that tests call `name`.
pub(crate) fn id_of(name: &str) -> WorkspaceId {
    let mut random = [0; 16];
    random.iter_mut().zip(name.bytes()).for_each(|(to, from)| *to = from);
    WorkspaceId::new(&workspace::DEVICE, &random)
}

#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    let path = request.path();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match segments.as_slice() {
        ["kit"] | ["noop"] => bench(&env, "bench")?.fetch_with_request(request).await,
        ["wake", workspace] => bench(&env, workspace)?.fetch_with_request(request).await,
        ["woken", name] => bench(&env, &id_of(name).to_string())?.fetch_with_request(request).await,
        ["workspaces", name, what @ ..] => workspace::of(id_of(name), what, request, &env).await,
        ["directory", principal] => Response::from_json(&directory(principal, request, &env).await?),
        _ => Response::error("there is nothing here", 404),
    }
}

fn bench(env: &Env, name: &str) -> Result<worker::Stub> {
    env.durable_object("BENCH")?.get_by_name(name)
}

async fn directory(principal: &str, mut request: Request, env: &Env) -> Result<Value> {
    let directory = DirectoryObject::of(env).map_err(broken)?;
    if request.method() == Method::Post {
        let name = request.text().await?;
        directory.register(principal, id_of(&name)).await.map_err(broken)?;
    }
    Ok(json!(directory.list(principal).await.map_err(broken)?))
}
