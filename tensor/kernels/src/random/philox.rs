//! Philox4x32-10: Salmon, Moraes, Dror and Shaw, *Parallel random numbers: as easy as 1, 2, 3*, SC'11.

use std::convert::Infallible;

use rand::{SeedableRng, TryRng};

const MULTIPLIERS: [u64; 2] = [0xD251_1F53, 0xCD9E_8D57];
/// The key's steps from round to round: the golden ratio and √3 − 1, as 32-bit fractions.
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const LOW: u64 = 0xFFFF_FFFF;

/// The ten rounds for several blocks side by side. Words lie in 64-bit lanes, whose upper halves mean nothing: a loop over
/// this becomes vector code with 32 × 32 → 64 bit multiplications and without shuffles. One block alone would leave the
/// processor waiting: a round is a chain of four instructions.
#[inline(always)]
pub(super) fn rounds<const N: usize>(counters: [[u64; 4]; N], key: [u32; 2]) -> [[u64; 4]; N] {
    let (blocks, key) = five_rounds(counters, key);
    five_rounds(blocks, key).0
}

/// Half of them: ten would be too long a loop for the compiler to unroll.
#[inline(always)]
fn five_rounds<const N: usize>(mut blocks: [[u64; 4]; N], mut key: [u32; 2]) -> ([[u64; 4]; N], [u32; 2]) {
    for _ in 0..5 {
        for [a, b, c, d] in &mut blocks {
            let (p, q) = (MULTIPLIERS[0] * (*a & LOW), MULTIPLIERS[1] * (*c & LOW));
            (*a, *b, *c, *d) = ((q >> 32) ^ *b ^ u64::from(key[0]), q, (p >> 32) ^ *d ^ u64::from(key[1]), p);
        }
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    (blocks, key)
}

/// The counter of a block of four words: the block's number in the lower half, the stream in the upper.
#[inline(always)]
pub(super) fn counter(block: u64, stream: u64) -> [u64; 4] {
    [block & LOW, block >> 32, stream & LOW, stream >> 32]
}

/// A seed as a key.
#[inline(always)]
pub(super) fn key(seed: u64) -> [u32; 2] {
    [seed as u32, (seed >> 32) as u32]
}

/// The function itself: four random words for a counter and a key.
pub fn philox4x32(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    rounds([counter.map(u64::from)], key)[0].map(|word| word as u32)
}

/// Philox4x32-10 as a generator for `rand`: seed, stream, and a position that can be set.
///
/// ```
/// use bayeux_kernels::random::Philox4x32;
/// use rand::{Rng, RngExt};
///
/// let mut rng = Philox4x32::new(7, 0);
/// let die: u32 = rng.random_range(1..=6);
/// assert!((1..=6).contains(&die));
/// let saved = rng.position();
/// let next = rng.next_u32();
/// rng.set_position(saved);
/// assert_eq!(rng.next_u32(), next);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Philox4x32 {
    seed: u64,
    stream: u64,
    position: u64,
    block: [u32; 4],
}

impl Philox4x32 {
    /// The generator of one stream, at its beginning.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = Self { seed, stream, position: 0, block: [0; 4] };
        rng.set_position(0);
        rng
    }

    /// The number of 32-bit words drawn so far.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Jumps to where `words` 32-bit words have been drawn.
    pub fn set_position(&mut self, words: u64) {
        self.position = words;
        self.load();
    }

    fn load(&mut self) {
        let [block] = rounds([counter(self.position / 4, self.stream)], key(self.seed));
        self.block = block.map(|word| word as u32);
    }

    fn next_word(&mut self) -> u32 {
        let within = (self.position % 4) as usize;
        let word = self.block[within];
        self.position = self.position.wrapping_add(1);
        if within == 3 {
            self.load();
        }
        word
    }
}

impl TryRng for Philox4x32 {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.next_word())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let low = u64::from(self.next_word());
        Ok(u64::from(self.next_word()) << 32 | low)
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for bytes in out.chunks_mut(4) {
            bytes.copy_from_slice(&self.next_word().to_le_bytes()[..bytes.len()]);
        }
        Ok(())
    }
}

impl SeedableRng for Philox4x32 {
    type Seed = [u8; 8];

    /// The beginning of stream 0.
    fn from_seed(seed: [u8; 8]) -> Self {
        Self::new(u64::from_le_bytes(seed), 0)
    }
}
