//! The provider router as a Worker, reached by service bindings only. Keys of providers are its secrets.

use bytes::Bytes;
use cloudflare::{Chunks, Isolate, SecretsVault, broker, read, stream, streamed, whole};
use futures_channel::oneshot;
use http::Request;
use http::response::Parts;
use ports::Problem;
use ports::problem::Fault;
use provider_openai::ChatCompletions;
use provider_router::{Body, CALL_BYTES_MAX, Prober, Router, handle};
use worker::{Context, Env, Response, Result, event};

/// Answers one call of another Worker.
#[event(fetch)]
async fn fetch(request: worker::Request, env: Env, context: Context) -> Result<Response> {
    match answer(request, env, &context).await {
        Ok(response) => response,
        Err(problem) => Ok(whole(problem.response())),
    }
}

/// An answer, as far as it is there.
enum Begun {
    Whole(http::Response<Bytes>),
    Coming(Parts, Chunks),
}

async fn answer(
    request: worker::Request,
    env: Env,
    context: &Context,
) -> std::result::Result<Result<Response>, Problem> {
    let request = read(request, CALL_BYTES_MAX).await?;
    let (begin, begun) = oneshot::channel();
    context.wait_until(call(request, env, begin));
    match begun.await {
        Ok(Begun::Whole(answer)) => Ok(Ok(whole(answer))),
        Ok(Begun::Coming(head, chunks)) => Ok(streamed(&head, chunks)),
        Err(_) => Err(Fault::Unavailable.because("the call was given up")),
    }
}

/// Make the call. It is a task of its own: what an answer is made of lives as long as the answer comes.
async fn call(request: Request<Bytes>, env: Env, begin: oneshot::Sender<Begun>) {
    let egress = broker(&env);
    let vault = SecretsVault::new(env);
    let router = Router { codecs: &[&ChatCompletions], vault: &vault, egress: &egress };
    let prober = Prober { router, clock: &Isolate, entropy: &Isolate };
    let (head, body) = handle(request, prober).await.into_parts();
    match body {
        Body::Whole(bytes) => drop(begin.send(Begun::Whole(http::Response::from_parts(head, bytes)))),
        Body::Stream(said) => {
            let (pump, chunks) = stream();
            // Whoever called may be gone: then there is nothing to be said.
            if begin.send(Begun::Coming(head, chunks)).is_ok() {
                pump.fill(said).await;
            }
        }
    }
}
