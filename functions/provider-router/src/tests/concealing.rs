//! A provider that echoes the key.

use super::host::{Host, KEY, entry};
use crate::concealment::conceal;
use crate::{ProviderEntry, Router};
use ports::{Models, OutboundError, Silent};

#[tokio::test]
async fn a_key_in_a_failure_is_concealed() {
    let failure = Host::answering(401, "bad key sk-secret-0123456789, got sk-secret-0123456789").call(&entry()).await;
    assert_eq!(failure.unwrap_err().detail, "bad key …, got …");
    let host = Host::failing(OutboundError::Interrupted(format!("after {KEY}")));
    assert_eq!(host.call(&entry()).await.unwrap_err().detail, "the exchange broke: after …");
}

#[tokio::test]
async fn without_key_a_failure_is_left_as_it_is() {
    let keyless = ProviderEntry { key_ref: None, ..entry() };
    let host = Host::answering(401, "who are you");
    let router: Router<'_> = host.router();
    let failure = router.call(&keyless, "call-7", &super::host::request(), &Silent).await.unwrap_err();
    assert_eq!(failure.detail, "who are you");
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
