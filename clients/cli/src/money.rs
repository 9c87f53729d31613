//! Amounts of money: people write decimals, and millionths are what is stored and counted.

/// Millionths of a unit of a currency.
const MICROS: u64 = 1_000_000;
/// Decimals that an amount has at most.
const DECIMALS: usize = 6;

/// Read `2.50` as 2500000. Nothing is rounded: more than six decimals are refused.
pub fn parse(text: &str) -> Result<u64, String> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) || text.ends_with('.') {
        return Err("an amount is written like 3 or 0.15".to_owned());
    }
    if part.len() > DECIMALS {
        return Err(format!("an amount has at most {DECIMALS} decimals"));
    }
    let whole: Option<u64> = whole.parse::<u64>().ok().and_then(|whole| whole.checked_mul(MICROS));
    let part: u64 = format!("{part:0<DECIMALS$}").parse().unwrap_or_default();
    whole.and_then(|whole| whole.checked_add(part)).ok_or_else(|| "the amount is too large".to_owned())
}

/// Show 2500000 as `2.50`: two decimals, and as many more as the amount has.
pub fn show(micros: u64) -> String {
    let part = format!("{:0>DECIMALS$}", micros % MICROS);
    let part = part.trim_end_matches('0');
    format!("{}.{part:0<2}", micros / MICROS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_and_shown_with_every_decimal_it_has() {
        for (text, micros, shown) in [
            ("0", 0, "0.00"),
            ("3", 3_000_000, "3.00"),
            ("0.15", 150_000, "0.15"),
            ("12.5", 12_500_000, "12.50"),
            ("0.000001", 1, "0.000001"),
            ("9007199254.740991", 9_007_199_254_740_991, "9007199254.740991"),
        ] {
            assert_eq!((parse(text), show(micros).as_str()), (Ok(micros), shown));
        }
    }

    #[test]
    fn what_is_no_amount_is_refused_and_nothing_is_rounded() {
        for text in ["", ".5", "1.", "-1", "1e3", "1,5", "0.0000001", "99999999999999999999", "1.2.3", "+1"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
