//! The system's resolver.

use crate::SystemResolver;
use ports::Resolver;

#[tokio::test]
async fn this_machine_has_a_name_and_no_address_comes_twice() {
    let addresses = SystemResolver.resolve("localhost").await.unwrap();
    assert!(!addresses.is_empty() && addresses.iter().all(std::net::IpAddr::is_loopback), "{addresses:?}");
    let mut once = addresses.clone();
    once.dedup();
    assert_eq!(once, addresses);
}

#[tokio::test]
async fn a_name_that_nobody_can_have_is_an_error_with_a_reason() {
    let why = SystemResolver.resolve("nobody.invalid").await.unwrap_err();
    assert!(!why.is_empty());
}
