//! The two halves of the way out, on tokio: names by the system's resolver, and HTTP/1.1 to an address that was checked.
//!
//! The dialler never sees a name that it could look up: it connects to the address it is given, and uses the name only
//! for what the peer must prove. Connections serve again, but only whoever was given the same address for the same name.
//! No redirects, no proxies, no cookies, no decoding.

mod connection;
mod dialler;
mod line;
mod pool;
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
