//! Numbers are decimal, so that every build comes to the same digits: whole ones as long as they are, others with up to 28
//! decimal places. What is beyond that compares, and nothing is computed with it.
//!
//! JSON keeps a fraction as the nearest double, which is only ever written to text and read from it here.

use jaq_core::ops::Math;
use rust_decimal::prelude::ToPrimitive as _;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Number, Value};
use std::cmp::Ordering;

/// The number, when it can be computed with.
fn decimal(number: &Number) -> Option<Decimal> {
    if let Some(whole) = number.as_i64() {
        return Some(Decimal::from(whole));
    }
    if let Some(whole) = number.as_u64() {
        return Some(Decimal::from(whole));
    }
    let text = number.to_string();
    if text.contains(['e', 'E']) { Decimal::from_scientific(&text).ok() } else { text.parse().ok() }
}

/// The number as JSON has it: what is whole is shown as whole, wherever it came from.
fn json(decimal: Decimal) -> Option<Value> {
    if decimal.is_integer() {
        let whole = decimal.to_i64().map(Value::from).or_else(|| decimal.to_u64().map(Value::from));
        if whole.is_some() {
            return whole;
        }
    }
    // The standard library's parser rounds correctly on every host.
    decimal.to_string().parse().ok().and_then(Number::from_f64).map(Value::Number)
}

/// The result of an operation; none when there is no such number (a division by zero, or one out of range).
pub fn compute(operation: Math, left: &Number, right: &Number) -> Option<Value> {
    let (a, b) = (decimal(left)?, decimal(right)?);
    json(match operation {
        Math::Add => a.checked_add(b)?,
        Math::Sub => a.checked_sub(b)?,
        Math::Mul => a.checked_mul(b)?,
        Math::Div => a.checked_div(b)?,
        // As in jq, the sides are made whole first, and the sign is that of the left one.
        Math::Rem => a.trunc().checked_rem(b.trunc())?,
    })
}

/// The number with its sign turned.
pub fn negate(number: &Number) -> Option<Value> {
    json(-decimal(number)?)
}

/// How two numbers compare. A total order: those out of range stand outside of all others, by what they say.
pub fn compare(left: &Number, right: &Number) -> Ordering {
    let by_double = || left.as_f64().partial_cmp(&right.as_f64()).unwrap_or(Ordering::Equal);
    match (decimal(left), decimal(right)) {
        (Some(a), Some(b)) => a.cmp(&b).then_with(by_double),
        _ => by_double(),
    }
}

/// The number rounded to a whole one: `floor`, `ceil` or `round`.
pub fn rounded(number: &Number, how: &str) -> Option<Value> {
    let decimal = decimal(number)?;
    json(match how {
        "floor" => decimal.floor(),
        "ceil" => decimal.ceil(),
        _ => decimal.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero),
    })
}

/// The number as a place in a list; towards the smaller one.
pub fn place(number: &Number) -> Option<i64> {
    decimal(number)?.floor().to_i64()
}

/// The number that a text says, as JSON writes numbers.
pub fn read(text: &str) -> Option<Value> {
    let number: Number = serde_json::from_str(text.trim()).ok()?;
    Some(decimal(&number).and_then(json).unwrap_or(Value::Number(number)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn number(text: &str) -> Number {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn decimals_come_to_what_people_expect() {
        for (operation, a, b, result) in [
            (Math::Add, "0.1", "0.2", json!(0.3)),
            (Math::Sub, "1", "0.9", json!(0.1)),
            (Math::Mul, "1.1", "3", json!(3.3)),
            (Math::Div, "10", "4", json!(2.5)),
            (Math::Div, "9", "3", json!(3)),
            (Math::Div, "1", "3", json!(0.333_333_333_333_333_3)),
            (Math::Mul, "4611686018427387904", "4", json!(18_446_744_073_709_551_616.0)),
            (Math::Rem, "-7.9", "3.1", json!(-1)),
        ] {
            assert_eq!(compute(operation, &number(a), &number(b)), Some(result), "{a} {operation:?} {b}");
        }
        for (operation, a, b) in [(Math::Div, "1", "0"), (Math::Rem, "1", "0.5"), (Math::Mul, "1e28", "1e28")] {
            assert_eq!(compute(operation, &number(a), &number(b)), None, "{a} {operation:?} {b}");
        }
    }

    #[test]
    fn what_is_out_of_range_is_read_and_compared() {
        assert_eq!(read("1e300"), Some(json!(1e300)));
        assert_eq!(compare(&number("1e300"), &number("1e299")), Ordering::Greater);
        assert_eq!(compare(&number("-1e300"), &number("5")), Ordering::Less);
        assert_eq!(compare(&number("1e-300"), &number("0")), Ordering::Greater);
        assert_eq!(compare(&number("9007199254740993"), &number("9007199254740992.0")), Ordering::Greater);
        assert_eq!((place(&number("1e300")), place(&number("-1.5"))), (None, Some(-2)));
    }

    proptest! {
        // Sorting may bring a program down when its order is none.
        #[test]
        fn comparing_is_a_total_order(texts in proptest::collection::vec("-?[1-9][0-9]{0,20}(\\.[0-9]{1,20})?(e-?[0-9]{1,2})?", 3)) {
            let numbers: Vec<Number> = texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect();
            for a in &numbers {
                for b in &numbers {
                    prop_assert_eq!(compare(a, b), compare(b, a).reverse());
                    for c in &numbers {
                        if compare(a, b).is_le() && compare(b, c).is_le() {
                            prop_assert!(compare(a, c).is_le(), "{} {} {}", a, b, c);
                        }
                    }
                }
            }
        }
    }
}
