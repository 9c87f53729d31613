//! Expressions on hosts whose threads have little room.

use kernelos_kernel::expression::Expression;
use serde_json::json;

#[test]
fn nothing_nests_deeper_than_the_stack_of_the_smallest_host() {
    // Some hosts give a thread one megabyte.
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(|| {
        assert!(Expression::parse(&"[".repeat(4_000)).is_err());
        let _ = Expression::parse(&"-".repeat(1_500));
        let pipes = vec!["."; 150].join("|");
        let _ = Expression::parse(&pipes).map(|it| it.evaluate(&json!(1), &[]));
        let nested = format!("{}1{}", "[".repeat(40), "]".repeat(40));
        let _ = Expression::parse(&nested).unwrap().evaluate(&json!(1), &[]);
        let deep = (0..120).fold(json!(1), |inner, _| json!([inner]));
        for source in ["[..] | length", "walk(.)", "flatten", "[paths] | length", "tojson", ". == ."] {
            let _ = Expression::parse(source).unwrap().evaluate(&deep, &[]);
        }
        let alternating = format!("{}1{}", "if . then ".repeat(60), " else 2 end".repeat(60));
        let _ = Expression::parse(&alternating).map(|it| it.evaluate(&json!(1), &[]));
    });
    thread.unwrap().join().unwrap();
}
