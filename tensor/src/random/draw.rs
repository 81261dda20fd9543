//! From random words to numbers, for a batch of blocks at once.

use crate::Float;
use crate::simd::dispatch::MulAdd;
use crate::simd::exponential::ln_normal;
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

/// A quarter turn is 2³⁰ units of 2⁻³² turns.
const QUARTER_BITS: u32 = 30;

/// Box and Muller's transform (Annals of Mathematical Statistics 29, 1958): r cos θ and r sin θ are independent standard
/// normals for r = √(−2 ln u) and θ uniform on the circle. This is r;
#[inline(always)]
fn radius<T: Float, M: MulAdd>(u: T) -> T {
    (T::from_f64(-2.0) * ln_normal::<T, M>(u)).sqrt()
}

/// and this r cos θ and r sin θ for θ = `rest` + `quarter` · π/2. In a loop of its own: two short chains of dependent
/// instructions overlap with their neighbours better than one long one.
#[inline(always)]
fn on_circle<T: Float, M: MulAdd>(radius: T, quarter: u32, rest: T) -> (T, T) {
    let (sin, cos) = sin_cos_inside::<T, M>(rest);
    let (sin, cos) = (radius * sin, radius * cos);
    let (x, y) = if quarter & 1 == 1 { (-sin, cos) } else { (cos, sin) };
    if quarter & 2 == 2 { (-x, -y) } else { (x, y) }
}

/// An angle of `word` / 2³² turns as the nearest quarter turn and a rest in units of 2⁻³² turns, at most an eighth.
#[inline(always)]
fn split_angle(word: u32) -> (u32, i32) {
    let quarter = word.wrapping_add(1 << (QUARTER_BITS - 1)) >> QUARTER_BITS;
    (quarter, word.wrapping_sub(quarter << QUARTER_BITS) as i32)
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
        const RADIANS: f32 = std::f32::consts::FRAC_PI_2 / (1 << QUARTER_BITS) as f32;
        for (out, words) in out.chunks_exact_mut(2 * LANES).zip(words.chunks_exact(2)) {
            let (x, y) = out.split_at_mut(LANES);
            for lane in 0..LANES {
                x[lane] = radius::<f32, M>(((words[0][lane] >> 1) as i32 as f32 + 0.5) * UNIT);
            }
            for lane in 0..LANES {
                let (quarter, rest) = split_angle(words[1][lane]);
                (x[lane], y[lane]) = on_circle::<f32, M>(x[lane], quarter, rest as f32 * RADIANS);
            }
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
        const RADIANS: f64 = std::f64::consts::FRAC_PI_2 / (1 << QUARTER_BITS) as f64;
        let (x, y) = out[..2 * LANES].split_at_mut(LANES);
        for lane in 0..LANES {
            x[lane] = radius::<f64, M>(unit_interval(words[0][lane], words[1][lane]) + HALF);
        }
        for lane in 0..LANES {
            let (quarter, rest) = split_angle(words[2][lane]);
            let rest = f64::from(rest) + f64::from((words[3][lane] >> 1) as i32) * LOW;
            (x[lane], y[lane]) = on_circle::<f64, M>(x[lane], quarter, rest * RADIANS);
        }
    }
}
