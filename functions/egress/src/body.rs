//! The body of an answer, within the limits of its exchange.

use crate::failure::{Outcome, cut, fail};
use crate::policy::Policy;
use crate::secrets::Opened;
use crate::target::Target;
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::{Either, select};
use ports::egress::EgressClass::{self, Interrupted, Timeout, TooLarge};
use ports::egress::{ConnectionBody, EgressBody};
use ports::{EgressFailure, Timer};
use std::pin::Pin;
use std::rc::Rc;

/// The end of the time that everything together may take.
pub type Deadline = Pin<Box<dyn Future<Output = ()>>>;

/// A body that is counted and timed while it comes.
pub struct Body {
    /// What comes; gone when it ended or broke off.
    pub coming: Option<Box<dyn ConnectionBody>>,
    /// Whose answer it is.
    pub target: Target,
    /// What was sent along, which no failure may tell.
    pub secrets: Opened,
    /// Bytes that may still come.
    pub left: usize,
    /// All that holds for the exchange.
    pub policy: Policy,
    /// What time is measured with.
    pub timer: Rc<dyn Timer>,
    /// When the exchange must be over.
    pub deadline: Deadline,
}

#[async_trait(?Send)]
impl EgressBody for Body {
    async fn chunk(&mut self) -> Outcome<Option<Bytes>> {
        let outcome = self.next().await;
        if !matches!(outcome, Ok(Some(_))) {
            // The connection is free, or of no use any more.
            self.coming = None;
        }
        outcome.map_err(|failure| {
            let failure = self.secrets.conceal(failure);
            EgressFailure { detail: cut(&failure.detail), sent: true, ..failure }
        })
    }
}

impl Body {
    async fn next(&mut self) -> Outcome<Option<Bytes>> {
        let Some(coming) = &mut self.coming else { return Ok(None) };
        // As soon as it is known: by the announced length before anything is read, else by the first byte too many.
        if coming.announced() > self.left as u64 {
            return too_large(&self.target, &self.policy);
        }
        let over = select(&mut self.deadline, self.timer.sleep(self.policy.silence_ms));
        match select(coming.chunk(), over).await {
            Either::Left((Ok(None), _)) => Ok(None),
            Either::Left((Ok(Some(piece)), _)) => match self.left.checked_sub(piece.len()) {
                None => too_large(&self.target, &self.policy),
                Some(left) => {
                    self.left = left;
                    Ok(Some(piece))
                }
            },
            Either::Left((Err(why), _)) => broken_off(&self.target, &why),
            Either::Right((Either::Left(_), _)) => late(&self.policy),
            Either::Right((Either::Right(_), _)) => {
                fail(Interrupted, format!("nothing came from {} for {} ms", self.target, self.policy.silence_ms))
            }
        }
    }
}

/// The answer is larger than it may be.
fn too_large<T>(target: &Target, policy: &Policy) -> Outcome<T> {
    fail(TooLarge, format!("the answer of {target} has more than {} bytes", policy.response_bytes_max))
}

/// The time is over.
pub fn late<T>(policy: &Policy) -> Outcome<T> {
    fail(Timeout, format!("no whole answer within {} ms", policy.timeout_ms))
}

/// There is no whole answer.
pub fn broken_off<T>(target: &Target, why: &str) -> Outcome<T> {
    fail(EgressClass::Interrupted, format!("the exchange with {target} broke off: {why}"))
}
