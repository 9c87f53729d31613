//! Counts that are worth reading even when all is well.

use std::io::Write as _;

/// Say `line` past the capture of the test's output.
pub fn say(line: &str) {
    // Whoever closed the output does not want to read it.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Median and maximum of `values`, in milliseconds.
pub fn spread(values: &mut [f64]) -> String {
    values.sort_by(f64::total_cmp);
    match values {
        [] => "none".to_owned(),
        [.., max] => {
            let max = *max;
            format!("median {:.2} ms, max {max:.2} ms of {}", values[values.len() / 2], values.len())
        }
    }
}
