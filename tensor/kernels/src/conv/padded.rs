//! A band of rows of one image, copied with its padding into scratch.

use std::ops::Range;

use crate::lanes::{self, Lanes, Task, WIDEST};
use crate::memory::{LINE, fetch};
use crate::{Element, Float};

/// The layout of a copied band. Element (c, r, b, q), at `((c · rows + r) · phases + b) · pitch + q`, is the image's
/// pixel in row `first_row + r` and column `first_column + q · phases + b`, or zero outside of the image. With as many
/// phases as the kernel's horizontal stride, neighbouring outputs read neighbouring elements whatever the stride, so
/// that one vector load serves one vector of outputs.
#[derive(Clone, Copy)]
pub(super) struct Padded {
    pub channels: usize,
    pub size: [usize; 2],
    pub rows: usize,
    pub phases: usize,
    pub pitch: usize,
    pub first_column: isize,
}

impl Padded {
    /// From one row to the next.
    #[inline(always)]
    pub fn row_step(&self) -> usize {
        self.phases * self.pitch
    }

    /// From one channel to the next.
    #[inline(always)]
    pub fn channel_step(&self) -> usize {
        self.rows * self.row_step()
    }

    /// Elements of scratch, with slack for a vector that starts at any of them.
    pub fn len(&self) -> usize {
        self.channels * self.channel_step() + WIDEST
    }

    /// Copies the band that starts in `first_row` of the image `[channels, size]`.
    #[inline(always)]
    pub fn fill<T: Float>(&self, image: &[T], first_row: isize, out: &mut [T]) {
        lanes::run(Fill { layout: *self, image, first_row, out });
    }

    /// Adds the band that starts in `first_row` to the image; what lies outside of the image is dropped.
    #[inline(always)]
    pub fn add_to<T: Float>(&self, band: &[T], first_row: isize, image: &mut [T]) {
        let [h, w] = self.size;
        let step = self.row_step();
        for (index, band) in band[..self.channels * self.channel_step()].chunks_exact(step).enumerate() {
            let (c, r) = (index / self.rows, first_row + (index % self.rows) as isize);
            if r < 0 || r >= h as isize {
                continue;
            }
            let row = &mut image[(c * h + r as usize) * w..][..w];
            for (b, band) in band.chunks_exact(self.pitch).enumerate() {
                let (inside, first) = self.inside(b, w);
                if inside.is_empty() {
                    continue;
                }
                let (row, band) = (&mut row[first..], &band[inside]);
                if self.phases == 1 {
                    row.iter_mut().zip(band).for_each(|(x, v)| *x += *v);
                } else {
                    row.iter_mut().step_by(self.phases).zip(band).for_each(|(x, v)| *x += *v);
                }
            }
        }
    }

    /// The elements of phase `b` of a row that lie in the image, of `width` columns, and the first one's column.
    #[inline(always)]
    fn inside(&self, b: usize, width: usize) -> (Range<usize>, usize) {
        let (step, first) = (self.phases, self.first_column + b as isize);
        let until = |column: isize| ((column - first).max(0) as usize).div_ceil(step).min(self.pitch);
        let (start, end) = (until(0), until(width as isize));
        (start..end, (first + (start * step) as isize).max(0) as usize)
    }
}

/// See [`Padded::fill`].
struct Fill<'a, T> {
    layout: Padded,
    image: &'a [T],
    first_row: isize,
    out: &'a mut [T],
}

impl<T: Float> Task<T> for Fill<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let Self { layout, image, first_row, out } = self;
        let [h, w] = layout.size;
        let (data, slack) = out[..layout.len()].split_at_mut(layout.channels * layout.channel_step());
        slack.fill(T::ZERO); // it meets zero weights, and NaN · 0 would not vanish
        for b in 0..layout.phases {
            let (inside, first) = layout.inside(b, w);
            let mut rows = data.chunks_exact_mut(layout.row_step());
            for c in 0..layout.channels {
                for (r, row) in (first_row..).zip(rows.by_ref().take(layout.rows)) {
                    let out = &mut row[b * layout.pitch..][..layout.pitch];
                    let outside = r < 0 || r >= h as isize || inside.is_empty();
                    // SAFETY: the caller has seen to the instructions.
                    unsafe {
                        if outside || inside.len() < out.len() {
                            zero::<V>(out);
                        }
                        if outside {
                            continue;
                        }
                        let at = (c * h + r as usize) * w;
                        let (row, out) = (&image[at..][first..w], &mut out[inside.clone()]);
                        // The same row of the next channel, which lies too far away for processors to foresee.
                        for line in (0..w).step_by(LINE / size_of::<T>()) {
                            fetch(image.as_ptr().wrapping_add(at + h * w + line));
                        }
                        if layout.phases == 1 {
                            copy::<V>(&row[..out.len()], out);
                        } else {
                            out.iter_mut().zip(row.iter().step_by(layout.phases)).for_each(|(o, x)| *o = *x);
                        }
                    }
                }
            }
        }
    }
}

/// Sets a row to zero. (A row is so short that a call of `memset`, or of `memcpy`, takes longer.)
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
unsafe fn zero<V: Lanes>(row: &mut [V::T]) {
    if row.len() < V::N {
        // SAFETY: the row's elements.
        return unsafe { V::splat(V::T::ZERO).store_first(row.as_mut_ptr(), row.len()) };
    }
    for at in (0..row.len()).step_by(V::N) {
        // SAFETY: the last vector overlaps the one before, so that it ends with the row.
        unsafe { V::splat(V::T::ZERO).store(row.as_mut_ptr().add(at.min(row.len() - V::N))) };
    }
}

/// Copies a row, as [`zero`].
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
unsafe fn copy<V: Lanes>(from: &[V::T], to: &mut [V::T]) {
    let len = to.len();
    assert_eq!(len, from.len());
    if len < V::N {
        // SAFETY: the rows' elements.
        return unsafe { V::load_first(from.as_ptr(), len).store_first(to.as_mut_ptr(), len) };
    }
    for at in (0..len).step_by(V::N) {
        let at = at.min(len - V::N);
        // SAFETY: as above.
        unsafe { V::load(from.as_ptr().add(at)).store(to.as_mut_ptr().add(at)) };
    }
}
