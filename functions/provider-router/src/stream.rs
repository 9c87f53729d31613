//! A call whose answer is passed on while it comes.

use crate::handler::Body;
use crate::router::Router;
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::StreamExt as _;
use futures_util::stream::poll_fn;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response};
use ports::calls::{EVENTS, LINES, ModelCall, Said};
use ports::provider::{Live, Models as _};
use std::cell::RefCell;
use std::rc::Rc;
use std::task::Poll;

/// How pieces are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// By lines of JSON.
    Lines,
    /// As events of a stream for browsers.
    Events,
}

impl Form {
    /// The form that `headers` ask for by name, if they ask for pieces at all.
    pub fn wanted(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let types = values.flat_map(|value| value.split(',')).map(|range| range.split(';').next().unwrap_or_default());
        let forms = [Self::Lines, Self::Events];
        types
            .into_iter()
            .find_map(|range| forms.into_iter().find(|form| form.media_type().eq_ignore_ascii_case(range.trim())))
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Lines => LINES,
            Self::Events => EVENTS,
        }
    }

    fn write(self, out: &mut Vec<u8>, said: &Said) {
        // Structs of texts and numbers always have a JSON form; were it otherwise, the reader would say that it is none.
        match self {
            Self::Lines => {
                out.extend(serde_json::to_vec(said).unwrap_or_default());
                out.push(b'\n');
            }
            Self::Events => {
                let data = match said {
                    Said::Delta(text) => serde_json::to_string(text),
                    Said::Ok(response) => serde_json::to_string(response),
                    Said::Failure(failure) => serde_json::to_string(failure),
                };
                out.extend(format!("event: {}\ndata: {}\n\n", said.name(), data.unwrap_or_default()).into_bytes());
            }
        }
    }
}

/// Pieces that came and were not passed on yet.
#[derive(Clone, Default)]
struct Waiting(Rc<RefCell<Vec<String>>>);

impl Live for Waiting {
    fn delta(&self, text: &str) {
        self.0.borrow_mut().push(text.to_owned());
    }
}

/// Make `call`, and answer with what is said meanwhile.
pub fn stream<'a>(call: ModelCall, router: Router<'a>, form: Form) -> Response<Body<'a>> {
    let waiting = Waiting::default();
    let live = waiting.clone();
    let calling = async move {
        let ModelCall { provider, request, idempotency_key } = call;
        Said::from(router.call(&provider, &idempotency_key, &request, &live).await)
    };
    let mut calling = Some(calling.boxed_local());
    let chunks = poll_fn(move |cx| {
        let Some(call) = calling.as_mut() else { return Poll::Ready(None) };
        let outcome = call.poll_unpin(cx);
        let mut out = Vec::new();
        for text in waiting.0.take() {
            form.write(&mut out, &Said::Delta(text));
        }
        if let Poll::Ready(said) = outcome {
            form.write(&mut out, &said);
            calling = None;
        }
        if out.is_empty() { Poll::Pending } else { Poll::Ready(Some(Bytes::from(out))) }
    });
    let mut response = Response::new(Body::Stream(chunks.boxed_local()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
