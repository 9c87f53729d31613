//! From a request and a policy to an answer or a classified failure.

use crate::body::{Body, Deadline, broken_off, late};
use crate::failure::{Outcome, cut, fail};
use crate::host::Host;
use crate::message::Message;
use crate::policy::Policy;
use crate::redirect;
use crate::secrets::{Opened, references, unopened};
use crate::target::Target;
use async_trait::async_trait;
use futures_util::future::{Either, select};
use http::Response;
use ports::egress::EgressClass::{Connect, Secret, TooManyRedirects, Unresolvable};
use ports::egress::{Connection, ConnectionBody, ExchangeError, Peer};
use ports::{Dial, Egress, EgressAnswer, EgressFailure, EgressPolicy, EgressRequest, Resolver, Timer, Vault};
use std::cell::Cell;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::rc::Rc;

/// Most addresses of a name that are tried. All are checked.
const ADDRESSES_MAX: usize = 4;
/// Time to connect to an address when there is another to try.
const CONNECT_MS: u64 = 5_000;

/// The way out, made of what the host brings.
#[derive(Clone)]
pub struct Broker {
    /// What names mean.
    pub resolver: Rc<dyn Resolver>,
    /// The way to addresses.
    pub dial: Rc<dyn Dial>,
    /// Where secrets are.
    pub vault: Rc<dyn Vault>,
    /// Timer.
    pub timer: Rc<dyn Timer>,
}

impl std::fmt::Debug for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Broker")
    }
}

#[async_trait(?Send)]
impl Egress for Broker {
    async fn open(&self, policy: &EgressPolicy, request: EgressRequest) -> Outcome<EgressAnswer> {
        let policy = Policy::parse(policy)?;
        let (timer, timeout_ms) = (Rc::clone(&self.timer), policy.timeout_ms);
        let mut deadline: Deadline = Box::pin(async move { timer.sleep(timeout_ms).await });
        let sent = Cell::new(false);
        let outcome = match select(pin!(self.follow(&policy, request, &sent)), &mut deadline).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(_) => late(&policy),
        };
        let arrived =
            outcome.map_err(|failure| EgressFailure { detail: cut(&failure.detail), sent: sent.get(), ..failure })?;
        Ok(self.answer(arrived, policy, deadline))
    }
}

/// The head of an answer, and the secrets that were sent for it.
type Hop = (Response<Box<dyn ConnectionBody>>, Opened);

/// A head that came, the last if there were redirects.
struct Arrived {
    response: Response<Box<dyn ConnectionBody>>,
    target: Target,
    secrets: Opened,
}

impl Broker {
    /// The request, and whatever its answers redirect it to.
    async fn follow(&self, policy: &Policy, request: EgressRequest, sent: &Cell<bool>) -> Outcome<Arrived> {
        let follows = request.follow_redirects;
        let mut message = Message::read(request)?;
        let mut redirects = 0;
        loop {
            let (response, secrets) = self.hop(policy, &message, sent).await?;
            let location = if follows { redirect::location(response.status(), response.headers())? } else { None };
            let Some(location) = location else {
                return Ok(Arrived { response, target: message.target, secrets });
            };
            if redirects == policy.redirects_max {
                return fail(
                    TooManyRedirects,
                    format!("{redirects} redirects and another one from {}", message.target),
                );
            }
            redirects += 1;
            message = message.redirected(response.status(), location)?;
        }
    }

    /// One exchange up to the head of its answer, with the whole check before it.
    async fn hop(&self, policy: &Policy, message: &Message, sent: &Cell<bool>) -> Outcome<Hop> {
        let target = &message.target;
        policy.admit(target)?;
        let addresses = self.addresses(target).await?;
        policy.admit_addresses(target, &addresses)?;
        let secrets = self.open_secrets(policy, message, &addresses).await?;
        let request = message.with(secrets.fill(message)?)?;
        let connection = self.connect(target, &addresses).await.map_err(|failure| secrets.conceal(failure))?;
        let before = sent.replace(true);
        let outcome = match connection.exchange(request).await {
            Ok(response) => return Ok((response, secrets)),
            Err(ExchangeError::Unsent(why)) => {
                sent.set(before);
                fail(Connect, format!("could not connect to {target}: {why}"))
            }
            Err(ExchangeError::Interrupted(why)) => broken_off(target, &why),
        };
        outcome.map_err(|failure| secrets.conceal(failure))
    }

    /// What arrived, as the caller gets it.
    fn answer(&self, arrived: Arrived, policy: Policy, deadline: Deadline) -> EgressAnswer {
        let Arrived { response, target, secrets } = arrived;
        let (head, coming) = response.into_parts();
        let (url, left, timer) = (target.url().to_owned(), policy.response_bytes_max, Rc::clone(&self.timer));
        let body = Body { coming: Some(coming), target, secrets, left, policy, timer, deadline };
        EgressAnswer { head, url, body: Box::new(body) }
    }

    /// Every address `target` means. Asked once for each exchange: what is checked is what is connected to.
    async fn addresses(&self, target: &Target) -> Outcome<Vec<IpAddr>> {
        let name = match &target.host {
            Host::Address(address) => return Ok(vec![*address]),
            Host::Name(name) => name,
        };
        match self.resolver.resolve(name).await {
            Ok(addresses) if addresses.is_empty() => fail(Unresolvable, format!("{name} has no address")),
            Ok(addresses) => Ok(addresses),
            Err(why) => fail(Unresolvable, format!("{name} has no address: {why}")),
        }
    }

    /// The secrets `message` refers to, if each may go where it goes.
    async fn open_secrets(&self, policy: &Policy, message: &Message, addresses: &[IpAddr]) -> Outcome<Opened> {
        let references = references(message)?;
        let here = addresses.iter().all(IpAddr::is_loopback);
        if !references.is_empty() && !message.target.secure && !here && !policy.secrets_in_clear {
            return fail(Secret, format!("a secret would travel in clear to {}; use https://", message.target));
        }
        // All are checked before the vault is asked for any.
        references.iter().try_for_each(|reference| policy.admit_secret(reference, &message.target))?;
        let mut opened = Vec::new();
        for reference in references {
            let secret = self.vault.secret(&reference).await.or_else(|error| unopened(&error))?;
            opened.push((reference, secret));
        }
        Ok(Opened(opened))
    }

    /// A connection to the first of `addresses` that has one for us.
    async fn connect(&self, target: &Target, addresses: &[IpAddr]) -> Outcome<Box<dyn Connection>> {
        let name = match &target.host {
            Host::Name(name) => name.clone(),
            Host::Address(address) => address.to_string(),
        };
        let tried = addresses.len().min(ADDRESSES_MAX);
        let mut last = String::new();
        for (index, address) in addresses.iter().take(tried).enumerate() {
            let address = SocketAddr::new(*address, target.port);
            let peer = Peer { address, name: name.clone(), secure: target.secure };
            let connecting = self.dial.connect(&peer);
            let outcome = if index + 1 == tried {
                connecting.await
            } else {
                let outcome = self.within(CONNECT_MS, connecting).await;
                outcome.unwrap_or_else(|| Err(format!("no connection within {CONNECT_MS} ms")))
            };
            match outcome {
                Ok(connection) => return Ok(connection),
                Err(why) => last = why,
            }
        }
        fail(Connect, format!("could not connect to {target}: {last}"))
    }

    /// What `work` comes to, unless it takes longer.
    async fn within<T>(&self, ms: u64, work: impl Future<Output = T>) -> Option<T> {
        match select(pin!(work), pin!(self.timer.sleep(ms))).await {
            Either::Left((outcome, _)) => Some(outcome),
            Either::Right(_) => None,
        }
    }
}
