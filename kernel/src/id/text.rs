//! Text forms that sort like what they stand for.

use super::BadId;

/// Crockford's base32, lower case: no `i l o u`, ascending in ASCII.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Length of 16 bytes in base32.
pub const BYTES16_LEN: usize = 26;

fn digit(value: u64) -> char {
    DIGITS.get((value & 31) as usize).copied().unwrap_or(b'0') as char
}

fn value(byte: u8) -> Result<u64, BadId> {
    let at = match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'h' => byte - b'a' + 10,
        b'j' | b'k' => byte - b'j' + 18,
        b'm' | b'n' => byte - b'm' + 20,
        b'p'..=b't' => byte - b'p' + 22,
        b'v'..=b'z' => byte - b'v' + 27,
        _ => return Err(BadId),
    };
    Ok(u64::from(at))
}

/// Write 16 bytes as 26 digits, most significant bits first; the last digit carries three bits.
pub fn write_bytes16(f: &mut impl std::fmt::Write, bytes: &[u8; 16]) -> std::fmt::Result {
    let wide = u128::from_be_bytes(*bytes);
    let mut out = [0u8; BYTES16_LEN];
    for (i, slot) in out.iter_mut().enumerate() {
        let shift = 123_i32 - 5 * i as i32;
        let five = if shift >= 0 { wide >> shift } else { wide << -shift };
        *slot = digit((five & 31) as u64) as u8;
    }
    f.write_str(std::str::from_utf8(&out).unwrap_or_default())
}

/// Read what [`write_bytes16`] wrote.
pub fn read_bytes16(text: &str) -> Result<[u8; 16], BadId> {
    if text.len() != BYTES16_LEN {
        return Err(BadId);
    }
    let mut wide = 0u128;
    for (i, byte) in text.bytes().enumerate() {
        let five = u128::from(value(byte)?);
        let shift = 123_i32 - 5 * i as i32;
        if shift < 0 && five & 3 != 0 {
            return Err(BadId);
        }
        wide |= if shift >= 0 { five << shift } else { five >> -shift };
    }
    Ok(wide.to_be_bytes())
}

/// Write a number so that text order is number order: the count of base32 digits, then the digits without leading zeros.
pub fn write_number(f: &mut impl std::fmt::Write, number: u64) -> std::fmt::Result {
    let digits = u64::from((64 - number.leading_zeros()).div_ceil(5).max(1));
    f.write_char(digit(digits))?;
    (0..digits).rev().try_for_each(|i| f.write_char(digit(number >> (5 * i))))
}

/// Read what [`write_number`] wrote; nothing else is accepted, so a number has one text only.
pub fn read_number(text: &str) -> Result<u64, BadId> {
    let mut bytes = text.bytes();
    let digits = value(bytes.next().ok_or(BadId)?)?;
    if digits == 0 || digits > 13 || bytes.len() as u64 != digits {
        return Err(BadId);
    }
    let mut number = 0u64;
    for (i, byte) in bytes.enumerate() {
        let five = value(byte)?;
        if i == 0 && five == 0 && digits > 1 {
            return Err(BadId);
        }
        number = number.checked_mul(32).ok_or(BadId)? | five;
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(n: u64) -> String {
        let mut out = String::new();
        write_number(&mut out, n).unwrap();
        out
    }

    #[test]
    fn numbers_sort_as_text_and_read_back() {
        let some = [0, 1, 5, 31, 32, 40, 1023, 1024, 1 << 40, u64::MAX - 1, u64::MAX];
        for pair in some.windows(2) {
            assert!(number(pair[0]) < number(pair[1]));
        }
        for n in some {
            assert_eq!(read_number(&number(n)), Ok(n));
        }
        assert_eq!(number(5), "15");
        assert_eq!(number(40), "218");
        for bad in ["", "1", "205", "0", "1i", "25", "155", "dzzzzzzzzzzzzz"] {
            assert_eq!(read_number(bad), Err(BadId), "{bad}");
        }
    }

    #[test]
    fn bytes_sort_as_text_and_read_back() {
        let mut low = [0u8; 16];
        low[15] = 1;
        for bytes in [[0u8; 16], low, [7; 16], [255; 16]] {
            let mut out = String::new();
            write_bytes16(&mut out, &bytes).unwrap();
            assert_eq!(read_bytes16(&out), Ok(bytes));
        }
    }
}
