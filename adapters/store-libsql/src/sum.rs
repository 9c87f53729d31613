//! A sum over what the kernel's hashes do not cover, so that a flipped bit in it is noticed when it is read.
//!
//! It is for accidents, not against people: whoever can rewrite the file can rewrite the sum. Every step maps state and
//! word one to one, so altering any single word of the input always alters the result.

/// A sum in the making.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sum(u64);

impl Sum {
    /// The empty sum of one kind of value.
    pub(crate) const fn of(kind: u64) -> Self {
        Self(kind)
    }

    /// Add a number.
    pub(crate) const fn number(self, word: u64) -> Self {
        Self((self.0.rotate_left(29) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// Add bytes, and how many there are.
    pub(crate) fn bytes(self, bytes: &[u8]) -> Self {
        let (words, rest) = bytes.as_chunks::<8>();
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        let sum = words.iter().fold(self.number(bytes.len() as u64), |sum, word| sum.number(u64::from_le_bytes(*word)));
        sum.number(u64::from_le_bytes(last))
    }

    /// The sum.
    pub(crate) const fn done(self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}

#[cfg(test)]
mod tests {
    use super::Sum;

    #[test]
    fn every_flipped_bit_changes_the_sum() {
        let mut bytes: Vec<u8> = (0..=100).collect();
        let good = Sum::of(1).bytes(&bytes).done();
        for at in 0..bytes.len() {
            for bit in 0..8 {
                bytes[at] ^= 1 << bit;
                assert_ne!(Sum::of(1).bytes(&bytes).done(), good, "byte {at}, bit {bit}");
                bytes[at] ^= 1 << bit;
            }
        }
    }

    #[test]
    fn what_moves_from_one_value_to_the_next_changes_the_sum() {
        let one = Sum::of(1).bytes(b"ab").bytes(b"c").done();
        assert_ne!(one, Sum::of(1).bytes(b"a").bytes(b"bc").done());
        assert_ne!(one, Sum::of(1).bytes(b"ab\0").bytes(b"c").done());
    }
}
