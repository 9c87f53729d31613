//! The way out of a Worker: the egress broker over what the platform has.

use crate::ambient::Isolate;
use crate::fetch::Outside;
use crate::setup::optional;
use crate::vault::SecretsVault;
use egress::Broker;
use egress_fetch::{DNS, FetchDialler, HttpsResolver};
use ports::Fetch;
use std::rc::Rc;
use worker::Env;

/// The resolver that is asked over HTTPS, if it is to be another one.
const RESOLVER: &str = "KERNELOS_DNS";

/// The one way out of this Worker, with the secrets of this Worker.
pub fn broker(env: &Env) -> Broker {
    let outside: Rc<dyn Fetch> = Rc::new(Outside);
    let endpoint = optional(env, RESOLVER).unwrap_or_else(|| DNS.to_owned());
    Broker {
        resolver: Rc::new(HttpsResolver::new(Rc::clone(&outside), endpoint)),
        dial: Rc::new(FetchDialler::new(outside)),
        vault: Rc::new(SecretsVault::new(env.clone())),
        timer: Rc::new(Isolate),
    }
}
