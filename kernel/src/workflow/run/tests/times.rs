//! Waiting, and taking too long.

use super::*;

#[test]
fn a_wait_is_as_long_as_it_says_and_changes_nothing() {
    for (wait, ms) in [
        (json!({"minutes": 2}), 120_000),
        (json!("PT1.5S"), 1_500),
        (json!("${ .pause }"), 3_000),
        (json!("${ {seconds: 4} }"), 4_000),
    ] {
        let played = play(&tasks(json!([{"pause": {"wait": wait}}])), &json!({"pause": "PT3S"}), &[]);
        assert_eq!((played.waits, played.end.unwrap()), (vec![ms], json!({"pause": "PT3S"})), "{wait}");
    }
    let odd = play(&tasks(json!([{"pause": {"wait": "${ .pause }"}}])), &json!({"pause": "soon"}), &[]);
    assert_eq!(odd.error(), ("bad_duration", 400));
}

#[test]
fn a_task_that_takes_too_long_fails_and_can_be_caught_around_it() {
    let slow = json!({"slow": {"do": [{"pause": {"wait": "PT1M"}}, {"never": {"set": {"never": 1}}}], "timeout": {"after": "PT10S"}}});
    let played = play(&tasks(json!([slow])), &json!({}), &[]);
    assert_eq!(played.error(), ("timeout", 408));
    assert_eq!(played.end.unwrap_err().instance.as_deref(), Some("/do/0/slow"));
    let inside = json!([{"slow": {"try": [{"pause": {"wait": "PT1M"}}], "catch": {"do": [{"no": {"set": {"no": 1}}}]}, "timeout": {"after": "PT10S"}}}]);
    assert_eq!(play(&tasks(inside), &json!({}), &[]).error(), ("timeout", 408), "it cannot catch its own timeout");
    let around = json!([{"guard": {"try": [slow], "catch": {"errors": {"with": {"status": 408}}, "do": [{"told": {"set": {"late": true}}}]}}}]);
    assert_eq!(comes_to(around, json!({})), json!({"late": true}));
}

#[test]
fn a_run_that_takes_too_long_fails_whatever_it_would_catch() {
    let list = json!([{"guard": {"try": [{"look": {"call": "http", "with": {"method": "get", "endpoint": "https://example.org/"}}}], "catch": {}}}]);
    let source = with(list, json!({"timeout": {"after": "PT5S"}}));
    assert_eq!(play(&source, &json!({}), &[(4_999, Ok(json!(1)))]).end.unwrap(), json!(1));
    assert_eq!(play(&source, &json!({}), &[(5_000, Ok(json!(1)))]).error(), ("timeout", 408));
}
