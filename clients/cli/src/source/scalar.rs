//! What a plain word of YAML 1.2 means: the core schema, as far as JSON can say it.

use saphyr_parser::ScalarStyle;
use serde_json::{Number, Value};

/// A scalar.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// Text, as it stands.
    Text,
    /// Null, a boolean or a number.
    Other(Value),
}

/// What `text` means. An error says what cannot be kept of it.
pub fn read(text: &str, style: ScalarStyle) -> Result<Scalar, &'static str> {
    if style != ScalarStyle::Plain {
        return Ok(Scalar::Text);
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Scalar::Other(Value::Null)),
        "true" | "True" | "TRUE" => return Ok(Scalar::Other(Value::Bool(true))),
        "false" | "False" | "FALSE" => return Ok(Scalar::Other(Value::Bool(false))),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if [".inf", ".Inf", ".INF"].contains(&unsigned) || [".nan", ".NaN", ".NAN"].contains(&text) {
        return Err("is no number of JSON");
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        let digits = text.strip_prefix(prefix).filter(|it| !it.is_empty() && it.chars().all(|it| it.is_digit(radix)));
        if let Some(digits) = digits {
            return u64::from_str_radix(digits, radix).map(|it| Scalar::Other(it.into())).map_err(|_| TOO_LARGE);
        }
    }
    if !unsigned.is_empty() && unsigned.bytes().all(|it| it.is_ascii_digit()) {
        let number = text.strip_prefix('+').unwrap_or(text);
        let signed = number.parse::<i64>().map(Value::from);
        return signed.or_else(|_| number.parse::<u64>().map(Value::from)).map(Scalar::Other).map_err(|_| TOO_LARGE);
    }
    if !is_fraction(unsigned) {
        return Ok(Scalar::Text);
    }
    let number = text.parse::<f64>().ok().and_then(Number::from_f64);
    number.map(|it| Scalar::Other(Value::Number(it))).ok_or(TOO_LARGE)
}

const TOO_LARGE: &str = "is too large a number to be kept exactly";

/// `[0-9]* . [0-9]*` with an exponent or without, and a digit before the exponent.
fn is_fraction(text: &str) -> bool {
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(it, exponent)| (it, Some(exponent)));
    let digits = |text: &str| text.bytes().all(|it| it.is_ascii_digit());
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.is_none_or(|it| {
        let it = it.strip_prefix(['-', '+']).unwrap_or(it);
        !it.is_empty() && digits(it)
    });
    digits(whole) && digits(part) && !(whole.is_empty() && part.is_empty()) && exponent
}
