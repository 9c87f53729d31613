//! Random numbers that are the same for the same seed, on every machine.

/// Splitmix64: small, and good enough to choose what happens next.
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    /// The numbers of one step of a run: they are the same whatever was done in the steps before.
    pub(crate) fn of_step(seed: u64, step: u64) -> Self {
        Self::new(Self::new(seed).next() ^ Self::new(!step).next())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 when there is none.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// Whether something happens that happens `percent` times in a hundred.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// The same for events that are rarer: so many times in a thousand.
    pub(crate) fn rarely(&mut self, mille: u64) -> bool {
        self.below(1_000) < mille
    }

    /// One of `things`.
    pub(crate) fn pick<'a, T>(&mut self, things: &'a [T]) -> Option<&'a T> {
        let nth = self.below(things.len() as u64);
        things.get(nth as usize)
    }
}
