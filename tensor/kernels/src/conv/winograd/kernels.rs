//! The transform of the kernels, and its adjoint.

use super::POINTS;
use crate::conv::channels::{Group, for_each_group, together};
use crate::lanes::{self, Lanes, Task, WIDEST, unrolled};
use crate::{Element, Float};

const TAPS: usize = 9;

/// Packs `G w Gᵀ` of the weights `[outputs, channels, 3, 3]`: group after group of vectors of outputs, in each point after point, in
/// each channel after channel, in each the group's outputs, zero for those that there are none of.
pub(super) fn pack<T: Float>([outputs, channels]: [usize; 2], weights: &[T], panels: &mut [T]) {
    let (per, together) = (POINTS * channels, together(channels * TAPS * 2 * WIDEST));
    for_each_group(outputs, [per, together], panels, &|group, out| {
        let weights = &weights[group.first.min(outputs) * channels * TAPS..][..group.has * channels * TAPS];
        lanes::run(Kernels { weights, channels, group, out });
    });
}

struct Kernels<'a, T> {
    weights: &'a [T],
    channels: usize,
    group: Group,
    out: &'a mut [T],
}

impl<T: Float> Task<T> for Kernels<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let Self { weights, channels, group: Group { has, pitch, .. }, out } = self;
        assert!(POINTS * channels * pitch <= out.len() && pitch.is_multiple_of(V::N));
        let mut taps = [[T::ZERO; WIDEST]; TAPS];
        for first in (0..pitch).step_by(V::N) {
            for c in 0..channels {
                for lane in 0..V::N {
                    let o = first + lane;
                    for (t, tap) in taps.iter_mut().enumerate() {
                        tap[lane] = if o < has { weights[(o * channels + c) * TAPS + t] } else { T::ZERO };
                    }
                }
                // SAFETY: the assertion above.
                unsafe {
                    let to = out.as_mut_ptr().add(c * pitch + first);
                    transform::<V>(&taps, to, channels * pitch);
                }
            }
        }
    }
}

/// The transforms of N kernels.
///
/// # Safety
/// The processor has the instructions of `V`; a vector can be written for each point, so far apart.
#[inline(always)]
unsafe fn transform<V: Lanes>(taps: &[[V::T; WIDEST]; TAPS], to: *mut V::T, plane: usize) {
    // SAFETY: handed on.
    unsafe {
        let mut rows = [[V::splat(V::T::ZERO); 3]; 4];
        unrolled!(v < 3 => {
            let [g0, g1, g2] = [V::load(taps[v].as_ptr()), V::load(taps[3 + v].as_ptr()), V::load(taps[6 + v].as_ptr())];
            [rows[0][v], rows[1][v], rows[2][v], rows[3][v]] = point::<V>(g0, g1, g2);
        });
        unrolled!(i < 4 => {
            let points = point::<V>(rows[i][0], rows[i][1], rows[i][2]);
            unrolled!(j < 4 => points[j].store(to.add((4 * i + j) * plane)));
        });
    }
}

/// `G g`.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
unsafe fn point<V: Lanes>(g0: V, g1: V, g2: V) -> [V; 4] {
    // SAFETY: handed on.
    unsafe {
        let (zero, half) = (V::splat(V::T::ZERO), V::splat(V::T::from_f64(0.5)));
        let ends = g0.add(g2);
        [g0, zero.add_product(ends.add(g1), half), zero.add_product(ends.sub(g1), half), g2]
    }
}

/// The adjoint of [`pack`]: `Gᵀ u G` of the sum u of some partial sums, each `step` after the other.
pub(super) fn unpack<T: Float>(
    [outputs, channels]: [usize; 2],
    partials: &[T],
    step: usize,
    weights: &mut [T],
) {
    let (per, together) = (channels * TAPS, together(channels * TAPS * 2 * WIDEST));
    for_each_group(outputs, [per, together], weights, &|group, out| {
        let partials = &partials[POINTS * channels * group.first..];
        lanes::run(Gradients { partials, step, channels, group, out });
    });
}

struct Gradients<'a, T> {
    partials: &'a [T],
    step: usize,
    channels: usize,
    group: Group,
    out: &'a mut [T],
}

impl<T: Float> Task<T> for Gradients<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let Self { partials, step, channels, group: Group { has, pitch, .. }, out } = self;
        let mut taps = [[T::ZERO; WIDEST]; TAPS];
        for first in (0..has).step_by(V::N) {
            for c in 0..channels {
                // SAFETY: the slices below end where what is read does.
                unsafe {
                    let mut sums = [V::splat(T::ZERO); POINTS];
                    for partial in partials.chunks(step) {
                        let plane = channels * pitch;
                        let from = &partial[c * pitch + first..][..(POINTS - 1) * plane + V::N];
                        unrolled!(p < POINTS => sums[p] = sums[p].add(V::load(from.as_ptr().add(p * plane))));
                    }
                    gather::<V>(sums, &mut taps);
                }
                for lane in 0..V::N.min(has - first) {
                    let out = &mut out[((first + lane) * channels + c) * TAPS..][..TAPS];
                    out.iter_mut().zip(&taps).for_each(|(out, tap)| *out = tap[lane]);
                }
            }
        }
    }
}

/// `Gᵀ u G`.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
unsafe fn gather<V: Lanes>(u: [V; POINTS], taps: &mut [[V::T; WIDEST]; TAPS]) {
    // SAFETY: handed on; each tap has room for a vector.
    unsafe {
        let mut rows = [[V::splat(V::T::ZERO); 4]; 3];
        unrolled!(j < 4 => {
            [rows[0][j], rows[1][j], rows[2][j]] = taps_of::<V>(u[j], u[4 + j], u[8 + j], u[12 + j]);
        });
        unrolled!(r < 3 => {
            let values = taps_of::<V>(rows[r][0], rows[r][1], rows[r][2], rows[r][3]);
            unrolled!(v < 3 => values[v].store(taps[3 * r + v].as_mut_ptr()));
        });
    }
}

/// `Gᵀ u`.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
unsafe fn taps_of<V: Lanes>(u0: V, u1: V, u2: V, u3: V) -> [V; 3] {
    // SAFETY: handed on.
    unsafe {
        let (zero, half) = (V::splat(V::T::ZERO), V::splat(V::T::from_f64(0.5)));
        let [sum, difference] = [u1.add(u2), u1.sub(u2)];
        [u0.add_product(sum, half), zero.add_product(difference, half), u3.add_product(sum, half)]
    }
}
