//! Whole numbers on their way through JavaScript, which has doubles only.

use ports::StoreError;

/// The first number that a double does not tell from its neighbour.
const END: u64 = 1 << 53;

/// `number` as a double that means exactly it. A larger one is refused, not rounded.
pub(crate) fn to_double(number: u64) -> Result<f64, StoreError> {
    if number < END {
        return Ok(number as f64);
    }
    Err(StoreError::Unavailable(format!("{number} is more than this store can count to; nothing was written")))
}

/// The number that `double` means; none when it means no number that could have been written.
pub(crate) fn of_double(double: f64) -> Option<u64> {
    let is_whole = double >= 0.0 && double < END as f64 && double.fract() == 0.0;
    is_whole.then_some(double as u64)
}

/// A limit as a double: one that is too large to be said is none.
pub(crate) fn at_most(limit: usize) -> f64 {
    limit.min(i32::MAX as usize) as f64
}

#[cfg(test)]
mod tests {
    use super::{END, of_double, to_double};

    #[test]
    fn numbers_that_fit_come_back_and_others_are_refused_and_not_rounded() {
        for number in [0, 1, 255, 1 << 40, END - 1] {
            assert_eq!(to_double(number).map(of_double), Ok(Some(number)));
        }
        for number in [END, END + 1, 1 << 60, u64::MAX] {
            assert!(to_double(number).is_err(), "{number}");
        }
    }

    #[test]
    fn what_is_no_whole_number_is_no_number() {
        for double in [-1.0, 0.5, f64::NAN, f64::INFINITY, END as f64, 1e300] {
            assert_eq!(of_double(double), None, "{double}");
        }
    }
}
