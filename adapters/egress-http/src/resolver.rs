//! Names by the system's resolver: hosts file, search rules and all.

use async_trait::async_trait;
use ports::Resolver;
use std::net::IpAddr;

/// The resolver of the machine. Its answers are not kept.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait(?Send)]
impl Resolver for SystemResolver {
    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        let found = tokio::net::lookup_host((host, 0)).await.map_err(|error| error.to_string())?;
        let mut addresses: Vec<IpAddr> = Vec::new();
        for address in found.map(|address| address.ip()) {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        Ok(addresses)
    }
}
