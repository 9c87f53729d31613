//! Lengths of time: an object of days to milliseconds, or an ISO 8601 duration.

use super::Parser;
use super::place::{Place, is_expression};
use super::words::nearest;
use crate::reject::AMOUNT_MAX;
use crate::workflow::Duration;
use serde_json::Value;

const UNITS: [(&str, u64); 5] =
    [("days", 86_400_000), ("hours", 3_600_000), ("minutes", 60_000), ("seconds", 1_000), ("milliseconds", 1)];

const HINT: &str = "write `seconds: 30` under it, or an ISO 8601 duration such as `PT30S`";

/// Why something is no length of time.
#[derive(Debug, PartialEq, Eq)]
struct Bad {
    code: &'static str,
    /// The key of the object that is wrong.
    key: Option<String>,
    message: String,
    hint: Option<String>,
}

/// Milliseconds of a duration object or an ISO 8601 duration.
pub fn milliseconds(value: &Value) -> Result<u64, String> {
    measured(value).map_err(|bad| bad.message)
}

impl<'a> Parser<'a> {
    /// A length of time, which may be computed.
    pub fn duration(&mut self, place: &Place<'a>) -> Option<Duration> {
        if place.value.as_str().is_some_and(is_expression) {
            return self.template(place).map(Duration::Computed);
        }
        self.fixed_duration(place).map(Duration::Ms)
    }

    /// A length of time that is known beforehand.
    pub fn fixed_duration(&mut self, place: &Place<'a>) -> Option<u64> {
        if place.value.as_str().is_some_and(is_expression) {
            let message =
                format!("`{}` is computed here: not supported, only `wait` computes its length", place.name());
            self.mistakes.add(place.unsupported(message).hint(HINT));
            return None;
        }
        let bad = match measured(place.value) {
            Ok(ms) => return Some(ms),
            Err(bad) => bad,
        };
        let mistake = match bad.key.as_deref().and_then(|key| place.get(key)) {
            Some(member) if bad.code == "unknown_key" => member.mistake_in_key(bad.code, bad.message),
            Some(member) => member.mistake(bad.code, bad.message),
            None => place.mistake(bad.code, bad.message),
        };
        self.mistakes.add(mistake.hint(bad.hint.unwrap_or_else(|| HINT.to_owned())));
        None
    }

    /// A length of time under `key`, known beforehand; it may be absent.
    pub fn fixed_duration_of(&mut self, place: &Place<'a>, key: &str) -> Option<u64> {
        place.get(key).and_then(|place| self.fixed_duration(&place))
    }
}

fn measured(value: &Value) -> Result<u64, Bad> {
    let ms = match value {
        Value::String(text) => iso(text)?,
        Value::Object(members) if members.is_empty() => return Err(bad("the duration is empty")),
        Value::Object(members) => {
            let mut sum = Some(0u64);
            for (key, value) in members {
                let ms = member(key, value)?;
                sum = sum.and_then(|sum| sum.checked_add(ms?));
            }
            sum
        }
        _ => return Err(bad("this is no duration")),
    };
    ms.filter(|ms| *ms <= AMOUNT_MAX).ok_or_else(|| bad("the duration is too long"))
}

/// Milliseconds of one member of a duration object; none when they are too many.
fn member(key: &str, value: &Value) -> Result<Option<u64>, Bad> {
    let units = UNITS.map(|(unit, _)| unit);
    let Some((_, unit)) = UNITS.iter().find(|(unit, _)| *unit == key) else {
        let hint = nearest(key, units).map(|near| format!("did you mean `{near}`?"));
        let hint = hint.or_else(|| Some("the units are days, hours, minutes, seconds and milliseconds".to_owned()));
        let message = format!("`{key}` is not a unit of a duration");
        return Err(Bad { code: "unknown_key", key: Some(key.to_owned()), hint, message });
    };
    let amount = value.as_u64().ok_or_else(|| Bad {
        key: Some(key.to_owned()),
        hint: Some(format!("write a whole number: `{key}: 5`")),
        ..bad(format!("`{key}` of a duration must be a whole number from 0 on"))
    })?;
    Ok(amount.checked_mul(*unit))
}

fn bad(message: impl Into<String>) -> Bad {
    Bad { code: "bad_duration", key: None, message: message.into(), hint: None }
}

/// Milliseconds of an ISO 8601 duration; none when they are too many.
fn iso(text: &str) -> Result<Option<u64>, Bad> {
    let wrong = || bad(format!("`{text}` is not an ISO 8601 duration"));
    let rest = text.strip_prefix('P').ok_or_else(wrong)?;
    let (date, time) = match rest.split_once('T') {
        Some((date, time)) if !time.is_empty() => (date, time),
        Some(_) => return Err(wrong()),
        None => (rest, ""),
    };
    if rest.is_empty() {
        return Err(wrong());
    }
    let date = amounts(date, &['Y', 'M', 'W', 'D']).ok_or_else(wrong)?;
    let time = amounts(time, &['H', 'M', 'S']).ok_or_else(wrong)?;
    if date.iter().any(|(unit, _)| matches!(unit, 'Y' | 'M')) {
        let message = format!("`{text}` counts in years or months, which differ in length: not supported");
        return Err(Bad { code: "unsupported_feature", hint: Some("count in days".to_owned()), ..bad(message) });
    }
    let of = |unit: char, is_date: bool| match (unit, is_date) {
        ('W', _) => 7 * 86_400_000,
        ('D', _) => 86_400_000,
        ('H', _) => 3_600_000,
        ('M', _) => 60_000,
        _ => 1_000,
    };
    let parts = date.iter().map(|part| (part, true)).chain(time.iter().map(|part| (part, false)));
    Ok(parts
        .map(|((unit, amount), is_date)| amount.times(of(*unit, is_date)))
        .try_fold(0u64, |sum, ms| sum.checked_add(ms?)))
}

/// A number with a fraction: `1.5` is 1 and 5 of 10.
struct Amount {
    whole: u64,
    part: u64,
    of: u64,
}

impl Amount {
    fn parse(text: &str) -> Option<Self> {
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| !text.is_empty() && text.len() <= 16 && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(part) {
            return None;
        }
        let part: String = part.chars().take(9).collect();
        let of = 10u64.checked_pow(u32::try_from(part.len()).ok()?)?;
        Some(Self { whole: whole.parse().ok()?, part: part.parse().ok()?, of })
    }

    /// So many of `unit` milliseconds, rounded down.
    fn times(&self, unit: u64) -> Option<u64> {
        let part = self.part.checked_mul(unit)?.checked_div(self.of)?;
        self.whole.checked_mul(unit)?.checked_add(part)
    }
}

/// Amounts with their units, which stand in the order of `units`, each at most once.
fn amounts(text: &str, units: &[char]) -> Option<Vec<(char, Amount)>> {
    let mut found = Vec::new();
    let mut number = String::new();
    let mut units = units.iter();
    for c in text.chars() {
        if c.is_ascii_digit() || c == '.' {
            number.push(c);
        } else {
            units.find(|unit| **unit == c)?;
            found.push((c, Amount::parse(&number)?));
            number.clear();
        }
    }
    number.is_empty().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_duration_is_an_object_or_iso_8601() {
        assert_eq!(milliseconds(&json!({"seconds": 30})), Ok(30_000));
        assert_eq!(milliseconds(&json!({"days": 1, "hours": 2, "minutes": 3, "milliseconds": 4})), Ok(93_780_004));
        assert_eq!(milliseconds(&json!("PT30S")), Ok(30_000));
        assert_eq!(milliseconds(&json!("P1DT2H3M4.5S")), Ok(93_784_500));
        assert_eq!(milliseconds(&json!("P2W")), Ok(14 * 86_400_000));
        assert_eq!(milliseconds(&json!("PT0.0001S")), Ok(0));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "P", "PT", "P1DT", "30s", "PT1H30", "PT1M1H", "P1H", "PT1.S", "PT-1S", "pt1s", "PT1S1S"] {
            assert_eq!(measured(&json!(text)).unwrap_err().code, "bad_duration", "{text}");
        }
        for value in [json!({}), json!(30), json!(null), json!({"seconds": -1}), json!({"seconds": 1.5})] {
            assert_eq!(measured(&value).unwrap_err().code, "bad_duration", "{value}");
        }
        assert_eq!(measured(&json!({"second": 1})).unwrap_err().hint.as_deref(), Some("did you mean `seconds`?"));
        assert_eq!(measured(&json!("P1Y")).unwrap_err().code, "unsupported_feature");
    }

    #[test]
    fn a_duration_that_nobody_can_count_is_refused() {
        for value in [json!({"days": u64::MAX}), json!({"seconds": AMOUNT_MAX}), json!("P9999999999999999W")] {
            assert_eq!(measured(&value).unwrap_err().message, "the duration is too long", "{value}");
        }
    }
}
