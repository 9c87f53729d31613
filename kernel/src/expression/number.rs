//! Numbers. Whole ones are exact; the others are doubles, of which only what is the same everywhere is used: the four
//! operations, comparison, rounding to whole numbers. All of the kernel's use of doubles is in this file.

use jaq_core::ops::Math;
use serde_json::{Number, Value};
use std::cmp::Ordering;

/// Whole numbers beyond this are not told apart by a double.
const EXACT: i128 = 1 << 53;

enum Kind {
    Whole(i128),
    Double(f64),
}

fn kind(number: &Number) -> Kind {
    let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    match whole {
        Some(whole) => Kind::Whole(whole),
        None => Kind::Double(number.as_f64().unwrap_or(0.0)),
    }
}

fn double(number: &Number) -> f64 {
    number.as_f64().unwrap_or(0.0)
}

fn from_whole(whole: i128) -> Option<Value> {
    let value = i64::try_from(whole).map(Value::from).or_else(|_| u64::try_from(whole).map(Value::from));
    value.ok()
}

fn from_double(double: f64) -> Option<Value> {
    // What is whole is shown as whole, wherever it came from.
    if double.fract() == 0.0 && double.abs() < EXACT as f64 {
        return from_whole(double as i128);
    }
    Number::from_f64(double).map(Value::Number)
}

/// The result of an operation; none when there is no such number (a division by zero, or one too large).
pub fn compute(operation: Math, left: &Number, right: &Number) -> Option<Value> {
    if let (Kind::Whole(a), Kind::Whole(b)) = (kind(left), kind(right)) {
        let exact = match operation {
            Math::Add => a.checked_add(b),
            Math::Sub => a.checked_sub(b),
            Math::Mul => a.checked_mul(b),
            Math::Div if b != 0 && a % b == 0 => a.checked_div(b),
            Math::Div => None,
            Math::Rem if b == 0 => return None,
            Math::Rem => a.checked_rem(b.abs()),
        };
        if let Some(value) = exact.and_then(from_whole) {
            return Some(value);
        }
    }
    let (a, b) = (double(left), double(right));
    match operation {
        Math::Add => from_double(a + b),
        Math::Sub => from_double(a - b),
        Math::Mul => from_double(a * b),
        Math::Div if b == 0.0 => None,
        Math::Div => from_double(a / b),
        Math::Rem => {
            let (a, b) = (a.trunc() as i128, (b.trunc() as i128).abs());
            a.checked_rem(b).and_then(from_whole)
        }
    }
}

/// The number with its sign turned.
pub fn negate(number: &Number) -> Option<Value> {
    match kind(number) {
        Kind::Whole(whole) => from_whole(-whole),
        Kind::Double(double) => from_double(-double),
    }
}

/// How two numbers compare.
pub fn compare(left: &Number, right: &Number) -> Ordering {
    match (kind(left), kind(right)) {
        (Kind::Whole(a), Kind::Whole(b)) => a.cmp(&b),
        _ => double(left).partial_cmp(&double(right)).unwrap_or(Ordering::Equal),
    }
}

/// The number rounded to a whole one: `floor`, `ceil` or `round`.
pub fn rounded(number: &Number, how: &str) -> Option<Value> {
    let double = match kind(number) {
        Kind::Whole(whole) => return from_whole(whole),
        Kind::Double(double) => double,
    };
    from_double(match how {
        "floor" => double.floor(),
        "ceil" => double.ceil(),
        _ => double.round(),
    })
}

/// The number as a place in a list; towards the smaller one.
pub fn place(number: &Number) -> Option<i64> {
    match kind(number) {
        Kind::Whole(whole) => i64::try_from(whole).ok(),
        Kind::Double(double) if double.abs() < EXACT as f64 => Some(double.floor() as i64),
        Kind::Double(_) => None,
    }
}

/// The number that a text says, as JSON writes numbers.
pub fn read(text: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(text.trim()).ok()?;
    match value {
        Value::Number(number) => match kind(&number) {
            Kind::Whole(whole) => from_whole(whole),
            Kind::Double(double) => from_double(double),
        },
        _ => None,
    }
}
