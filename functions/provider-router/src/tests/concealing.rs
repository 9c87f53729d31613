//! A provider that echoes the key.

use super::host::{Host, KEY, entry, out};
use crate::concealment::conceal;
use crate::{ProviderEntry, Router};
use ports::egress::EgressClass::Interrupted;
use ports::{Models, Silent};

#[tokio::test]
async fn a_key_in_a_failure_is_concealed() {
    let failure = Host::answering(401, "bad key sk-secret-0123456789, got sk-secret-0123456789").call(&entry()).await;
    assert_eq!(failure.unwrap_err().detail, "bad key …, got …");
    let host = Host::failing(out(Interrupted, &format!("after {KEY}")));
    assert_eq!(host.call(&entry()).await.unwrap_err().detail, "after …");
}

#[tokio::test]
async fn without_key_a_failure_is_left_as_it_is() {
    let keyless = ProviderEntry { key_ref: None, ..entry() };
    let host = Host::answering(401, "who are you");
    let router: Router<'_> = host.router();
    let failure = router.call(&keyless, "call-7", &super::host::request(), &Silent).await.unwrap_err();
    assert_eq!(failure.detail, "who are you");
}

#[tokio::test]
async fn what_may_hold_a_key_that_cannot_be_looked_for_is_not_shown() {
    let gone = ProviderEntry { key_ref: Some("vault:gone".into()), ..entry() };
    let failure = Host::answering(401, "bad key sk-something").call(&gone).await.unwrap_err();
    assert_eq!(failure.detail, "its words are not shown: the key cannot be read");
}

#[test]
fn a_key_cut_off_at_the_end_of_a_detail_is_concealed_too() {
    for len in 4..=KEY.len() {
        assert_eq!(conceal(&format!("bad key {}", KEY.get(..len).unwrap()), KEY), "bad key …", "{len}");
    }
    assert_eq!(conceal("bad key sk-", KEY), "bad key sk-");
    assert_eq!(conceal("nothing", KEY), "nothing");
    assert_eq!(conceal("a detail", "a"), "a detail");
    assert_eq!(conceal("kéy: ké", "kéyé"), "kéy: ké");
}
