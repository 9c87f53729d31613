//! A platform that remembers what it was to fetch, and answers what the test told it.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use ports::Fetch;
use ports::egress::ConnectionBody;
use std::cell::RefCell;
use std::rc::Rc;

/// What is answered: status, headers and pieces of the body; or why nothing is.
pub type Answer = Result<(u16, Vec<(&'static str, String)>, Vec<String>), String>;

type Answering = Box<dyn Fn(&Request<Bytes>) -> Answer>;

pub struct Platform {
    answer: Answering,
    pub asked: RefCell<Vec<Request<Bytes>>>,
}

impl Platform {
    pub fn new(answer: impl Fn(&Request<Bytes>) -> Answer + 'static) -> Rc<Self> {
        Rc::new(Self { answer: Box::new(answer), asked: RefCell::default() })
    }

    /// What was fetched.
    pub fn fetched(&self) -> Vec<String> {
        self.asked.borrow().iter().map(|request| request.uri().to_string()).collect()
    }
}

#[async_trait(?Send)]
impl Fetch for Platform {
    async fn fetch(&self, request: Request<Bytes>) -> Result<Response<Box<dyn ConnectionBody>>, String> {
        let answer = (self.answer)(&request);
        self.asked.borrow_mut().push(request);
        let (status, headers, mut pieces) = answer?;
        let response =
            headers.into_iter().fold(Response::builder().status(status), |it, (name, value)| it.header(name, value));
        pieces.reverse();
        let body: Box<dyn ConnectionBody> = Box::new(Pieces(pieces));
        Ok(response.body(body).unwrap())
    }
}

struct Pieces(Vec<String>);

#[async_trait(?Send)]
impl ConnectionBody for Pieces {
    fn announced(&self) -> u64 {
        0
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, String> {
        Ok(self.0.pop().map(Bytes::from))
    }
}
