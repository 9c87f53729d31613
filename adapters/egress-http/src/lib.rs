//! The two halves of the way out, on tokio: names by the system's resolver, and HTTP/1.1 to an address that was checked.
//!
//! The dialler never sees a name that it could look up: it connects to the address it is given, and uses the name only
//! for what the peer must prove. Each connection serves one exchange, so that none is found in a pool under a name that
//! meant another address when it was made. No redirects, no proxies, no cookies, no decoding.

mod connection;
mod dialler;
mod resolver;
#[cfg(test)]
mod tests;

pub use dialler::HttpDialler;
pub use resolver::SystemResolver;

/// The error and what caused it, outermost first: the outermost alone says only that something failed.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
