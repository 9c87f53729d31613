//! How long the vendor asks to wait.

use super::{decode_response, response};

const DATE: (&str, &str) = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");

/// The wait in a failure with `status` and `headers`.
fn wait(status: u16, headers: &[(&str, &str)]) -> Option<u64> {
    decode_response(&response(status, headers, "{}")).unwrap_err().retry_after_ms
}

#[test]
fn seconds_become_milliseconds() {
    let waits = [
        ("0", Some(0)),
        ("2", Some(2_000)),
        (" 2 ", Some(2_000)),
        ("1.5", Some(1_500)),
        ("0.0001", Some(1)),
        ("2.", Some(2_000)),
        ("99999999999999999999999", Some(86_400_000)),
        ("", None),
        ("-1", None),
        ("1e3", None),
        ("inf", None),
        (".5", None),
        ("1.5.5", None),
        ("soon", None),
    ];
    for (text, wanted) in waits {
        assert_eq!(wait(429, &[("retry-after", text)]), wanted, "{text:?}");
    }
}

#[test]
fn milliseconds_win_over_seconds() {
    assert_eq!(wait(429, &[("retry-after", "2"), ("retry-after-ms", "1250")]), Some(1_250));
    assert_eq!(wait(429, &[("retry-after", "2"), ("retry-after-ms", "12.5")]), Some(13));
    assert_eq!(wait(429, &[("retry-after", "2"), ("retry-after-ms", "nonsense")]), Some(2_000));
}

#[test]
fn a_date_is_a_wait_from_the_date_of_the_answer() {
    let dates = ["Sun, 06 Nov 1994 08:50:37 GMT", "Sunday, 06-Nov-94 08:50:37 GMT", "Sun Nov  6 08:50:37 1994"];
    for date in dates {
        assert_eq!(wait(503, &[DATE, ("retry-after", date)]), Some(60_000), "{date}");
    }
    assert_eq!(wait(503, &[DATE, ("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT")]), Some(0));
    assert_eq!(wait(503, &[("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT")]), None);
    assert_eq!(wait(503, &[DATE, ("retry-after", "Sun, 06 Nov 1994 25:50:37 GMT")]), None);
}

#[test]
fn only_what_may_be_tried_again_has_a_wait() {
    assert_eq!(wait(429, &[]), None);
    assert_eq!(wait(401, &[("retry-after", "2")]), None);
    assert_eq!(wait(503, &[("retry-after", "2")]), Some(2_000));
}
