//! What people see of a letter that went out. The recording is what a host answered.

use super::tree::drawn;
use expect_test::expect_file;
use serde_json::{Value, json};

fn recorded() -> Value {
    serde_json::from_str(include_str!("tests/letters.json")).unwrap()
}

#[test]
fn a_letter_that_went_out_is_told_back_to_whoever_began() {
    expect_file!["tests/letters.txt"].assert_eq(&drawn(&recorded(), false));
}

#[test]
fn what_others_wrote_stays_in_its_line_and_what_is_gone_says_so() {
    let mut view = recorded();
    for reason in view["reasons"].as_array_mut().unwrap() {
        for (_, text) in reason["content"].as_object_mut().unwrap() {
            *text = json!("\u{1b}[2J\nmy own line");
        }
    }
    let text = drawn(&view, false);
    assert!(!text.contains('\u{1b}') && !text.lines().any(|line| line.starts_with("my own line")), "{text}");
    for reason in view["reasons"].as_array_mut().unwrap() {
        reason["content"].as_object_mut().unwrap().values_mut().for_each(|text| *text = Value::Null);
    }
    assert!(drawn(&view, false).contains("(its key was destroyed)"));
}

#[test]
fn a_long_way_back_says_what_it_leaves_out() {
    let reason = |pos: u64, because: Vec<u64>| {
        json!({"pos": pos, "at": pos, "event": "timer.ended", "scope": "effects:perform", "actor": "a", "because": because,
            "data": {}, "content": {}})
    };
    let view = json!({"of": 900, "task": "d.10.14.task", "left_out": 700, "came": {"events": {}, "until": 900},
        "reasons": [reason(900, vec![899]), reason(899, vec![898]), reason(2, vec![1]), reason(1, vec![])]});
    expect_test::expect![[r#"
           900  00:00:00  the time came
           899  00:00:00  the time came
                … 700 events in between are left out …
             2  00:00:00  the time came
             1  00:00:00  │  the time came

        the whole story: kernelos timeline 10.14.task
    "#]]
    .assert_eq(&drawn(&view, false));
}
