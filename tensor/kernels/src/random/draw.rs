//! From random words to numbers, for a batch of blocks at once.

use crate::simd::dispatch::ScalarFormula;
use crate::simd::exponential::Ln;
use crate::simd::fma::MulAdd;
use crate::simd::number::Number;
use crate::simd::trigonometric::sin_cos_inside;

/// Philox blocks in a batch.
pub const LANES: usize = 64;

/// The words of a batch: word `j` of block `b` is `words[j][b]`.
pub type Words = [[u32; LANES]; 4];

/// Distributions from the words of a batch. Sealed with [`crate::Float`], which requires it.
pub trait Draw: Sized {
    /// How many numbers a batch gives.
    const BATCH: usize;
    /// Uniform on [0, 1): 24 bits for f32, 53 for f64.
    fn uniform<M: MulAdd>(words: &Words, out: &mut [Self]);
    /// Standard normal.
    fn normal<M: MulAdd>(words: &Words, out: &mut [Self]);
}

/// Box and Muller's transform (Annals of Mathematical Statistics 29, 1958): r cos θ and r sin θ are independent standard
/// normals for r = √(−2 ln u), u uniform on (0, 1), and θ uniform on the circle. Here θ is uniform on [−π/4, π/4), a random
/// sign of r adds the opposite quarter, and a random exchange of the two results the other two.
///
/// In several loops, as the halves of `ScalarFormula` are.
#[inline(always)]
fn box_muller<T: Number, M: MulAdd>(
    (x, y): (&mut [T], &mut [T]),
    uniform: impl Fn(usize) -> T,
    sign: impl Fn(usize) -> T,
    angle: impl Fn(usize) -> T,
    exchange: impl Fn(usize) -> bool,
) {
    let mut u = [T::ZERO; LANES];
    for lane in 0..LANES {
        u[lane] = uniform(lane);
        (x[lane], y[lane]) = Ln::prepare::<T, M>(u[lane]);
    }
    for lane in 0..LANES {
        x[lane] = T::from_f64(-2.0) * Ln::finish::<T, M>(u[lane], (x[lane], y[lane]));
    }
    for lane in 0..LANES {
        let radius = x[lane].sqrt().with_sign(sign(lane));
        let (sin, cos) = sin_cos_inside::<T, M>(angle(lane));
        let (sin, cos) = (radius * sin, radius * cos);
        (x[lane], y[lane]) = if exchange(lane) { (sin, cos) } else { (cos, sin) };
    }
}

/// `word` without its first bit, which `exchange` uses, as a signed number; an eighth of a turn is 2³¹.
#[inline(always)]
fn signed(word: u32) -> i32 {
    (word << 1) as i32
}

/// The first bit of a word.
#[inline(always)]
fn exchange(word: u32) -> bool {
    (word as i32) < 0
}

impl Draw for f32 {
    const BATCH: usize = 4 * LANES;

    #[inline(always)]
    fn uniform<M: MulAdd>(words: &Words, out: &mut [f32]) {
        for (out, words) in out.chunks_exact_mut(LANES).zip(words) {
            for (out, &word) in out.iter_mut().zip(words) {
                *out = (word >> 8) as i32 as f32 * (1.0 / (1 << 24) as f32);
            }
        }
    }

    /// u = (k + ½) 2⁻³¹ with 31 random bits k: no rounding for small u, so the tail reaches 6.6 σ.
    #[inline(always)]
    fn normal<M: MulAdd>(words: &Words, out: &mut [f32]) {
        const UNIT: f32 = 1.0 / (1u32 << 31) as f32;
        const RADIANS: f32 = std::f32::consts::FRAC_PI_4 / (1u32 << 31) as f32;
        for (out, words) in out.chunks_exact_mut(2 * LANES).zip(words.chunks_exact(2)) {
            box_muller::<f32, M>(
                out.split_at_mut(LANES),
                |lane| M::mul_add((words[0][lane] >> 1) as i32 as f32, UNIT, 0.5 * UNIT),
                |lane| f32::from_bits(words[0][lane] << 31),
                |lane| signed(words[1][lane]) as f32 * RADIANS,
                |lane| exchange(words[1][lane]),
            );
        }
    }
}

/// (high · 2²¹ + low's upper 21 bits) · 2⁻⁵³, exactly. Vector units convert only signed words, hence the detour by −½.
#[inline(always)]
fn unit_interval(high: u32, low: u32) -> f64 {
    const HIGH: f64 = 1.0 / (1u64 << 32) as f64;
    const LOW: f64 = 1.0 / (1u64 << 53) as f64;
    f64::from((high ^ 1 << 31) as i32) * HIGH + 0.5 + f64::from((low >> 11) as i32) * LOW
}

impl Draw for f64 {
    const BATCH: usize = 2 * LANES;

    #[inline(always)]
    fn uniform<M: MulAdd>(words: &Words, out: &mut [f64]) {
        for (out, words) in out.chunks_exact_mut(LANES).zip(words.chunks_exact(2)) {
            for lane in 0..LANES {
                out[lane] = unit_interval(words[0][lane], words[1][lane]);
            }
        }
    }

    /// u is a 53-bit uniform plus half a unit: the tail reaches 8.6 σ.
    #[inline(always)]
    fn normal<M: MulAdd>(words: &Words, out: &mut [f64]) {
        const HALF: f64 = 0.5 / (1u64 << 53) as f64;
        const LOW: f64 = 1.0 / (1u64 << 31) as f64;
        const RADIANS: f64 = std::f64::consts::FRAC_PI_4 / (1u64 << 31) as f64;
        box_muller::<f64, M>(
            out[..2 * LANES].split_at_mut(LANES),
            |lane| unit_interval(words[0][lane], words[1][lane]) + HALF,
            |lane| f64::from_bits(u64::from(words[1][lane]) << 63),
            |lane| {
                M::mul_add(f64::from((words[3][lane] >> 1) as i32), LOW, f64::from(signed(words[2][lane])))
                    * RADIANS
            },
            |lane| exchange(words[2][lane]),
        );
    }
}
