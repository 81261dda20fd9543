//! Copying between images, whose channels come first, and bands, whose channels come last.

#![allow(clippy::needless_range_loop)] // tiles of registers are read more easily by their indices

use super::patches::{Patches, Run};
use crate::Float;
use crate::lanes::{Lanes, MOST_LANES, Task};

/// Copies a block of a band whose first row is `first_row` of the image `[channels, height, width]`.
pub(super) struct Fill<'a, T> {
    pub patches: &'a Patches,
    pub block: usize,
    pub first_row: isize,
    pub image: &'a [T],
    /// Working space, [`Patches::lines`].
    pub lines: &'a mut [T],
    pub band: &'a mut [T],
}

impl<T: Float> Task<T> for Fill<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        if !self.patches.overlap {
            return self.rows();
        }
        let (p, mut filled) = (self.patches, 0);
        for run in p.runs(self.first_row) {
            self.band[filled..run.band].fill(T::ZERO);
            filled = run.band + run.len * p.pixel;
            let planes = Planes::new(p, self.block, self.image.len(), self.band.len(), run);
            let (image, band) = (self.image.as_ptr(), self.band.as_mut_ptr());
            for c in (0..p.pixel).step_by(V::N) {
                let whole = if c + V::N <= planes.count && run.len >= V::N { run.len } else { 0 };
                for start in (0..whole).step_by(V::N) {
                    // The last vectors overlap the ones before.
                    let start = start.min(whole - V::N);
                    // SAFETY: `Planes` has checked that all pixels of all channels are in reach.
                    unsafe {
                        let square = load::<V>(image.add(planes.image(c, start)), planes.step);
                        store(V::transpose(square), band.add(planes.band(c, start)), p.pixel);
                    }
                }
                for c in if whole > 0 { 0..0 } else { c..c + V::N } {
                    for i in 0..run.len {
                        let x = if c < planes.count { self.image[planes.image(c, i)] } else { T::ZERO };
                        self.band[planes.band(c, i)] = x;
                    }
                }
            }
        }
        self.band[filled..].fill(T::ZERO);
    }
}

impl<T: Float> Fill<'_, T> {
    /// The rows of the patches one by one, as they do not overlap: each a part of a line, a row of the band with its
    /// channels last. All lines come first, for a vector that is read too soon after its parts were written has to wait.
    #[inline(always)]
    fn rows(self) {
        let (p, [h, w], channels) = (self.patches, self.patches.s.in_size, self.patches.s.in_channels);
        let [top, left] = [self.first_row, p.first_column].map(|first| (-first).max(0) as usize);
        let [row, column] = [self.first_row, p.first_column].map(|first| first.max(0) as usize);
        let lines = &mut self.lines[..p.lines()];
        lines.fill(T::ZERO);
        for (r, line) in lines.chunks_exact_mut(p.line).skip(top).take(h.saturating_sub(row)).enumerate() {
            for c in 0..channels {
                let x = self.image[(c * h + row + r) * w..][..w].iter().skip(column);
                let line = line.iter_mut().skip(left * channels + c);
                if channels == 1 {
                    line.zip(x).for_each(|(line, x)| *line = *x); // contiguous
                } else {
                    line.step_by(channels).zip(x).for_each(|(line, x)| *line = *x);
                }
            }
        }
        for (out, line) in self.band.chunks_exact_mut(p.steps[0]).zip(lines.chunks_exact(p.line)) {
            for (j, out) in out.chunks_exact_mut(p.row).enumerate() {
                let line = &line[j * p.s.stride[1] * channels..][..p.row];
                let (out, line) = (out.as_chunks_mut::<MOST_LANES>().0, line.as_chunks::<MOST_LANES>().0);
                out.iter_mut().zip(line).for_each(|(out, line)| *out = *line);
            }
        }
    }
}

/// Adds a block of a band to the image: the transpose of [`Fill`]. What lies outside of the image is dropped.
pub(super) struct AddTo<'a, T> {
    pub patches: &'a Patches,
    pub block: usize,
    pub first_row: isize,
    pub band: &'a [T],
    pub image: &'a mut [T],
}

impl<T: Float> Task<T> for AddTo<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        if !self.patches.overlap {
            return self.rows();
        }
        let p = self.patches;
        for run in p.runs(self.first_row) {
            let planes = Planes::new(p, self.block, self.image.len(), self.band.len(), run);
            let (image, band) = (self.image.as_mut_ptr(), self.band.as_ptr());
            for c in (0..planes.count).step_by(V::N) {
                let whole = if c + V::N <= planes.count { run.len / V::N * V::N } else { 0 };
                for start in (0..whole).step_by(V::N) {
                    // SAFETY: `Planes` has checked that all pixels of all channels are in reach.
                    unsafe {
                        let mut square = V::transpose(load::<V>(band.add(planes.band(c, start)), p.pixel));
                        let image = image.add(planes.image(c, start));
                        for k in 0..V::N {
                            square[k] = V::load(image.add(k * planes.step)).add(square[k]);
                        }
                        store(square, image, planes.step);
                    }
                }
                for c in c..(c + V::N).min(planes.count) {
                    for i in whole..run.len {
                        self.image[planes.image(c, i)] += self.band[planes.band(c, i)];
                    }
                }
            }
        }
    }
}

impl<T: Float> AddTo<'_, T> {
    /// Where patches do not overlap.
    #[inline(always)]
    fn rows(self) {
        let (p, [h, w]) = (self.patches, self.patches.s.in_size);
        for (r, band) in self.band[..p.len()].chunks_exact(p.steps[0]).enumerate() {
            let row = self.first_row + r as isize;
            if row < 0 || row >= h as isize {
                continue;
            }
            for (j, band) in band.chunks_exact(p.row).enumerate() {
                let column = p.first_column + (j * p.s.stride[1]) as isize;
                for (v, pixel) in band.chunks_exact(p.pixel).take(p.s.kernel[1]).enumerate() {
                    let at = column + v as isize;
                    if at < 0 || at >= w as isize {
                        continue;
                    }
                    for (c, value) in pixel.iter().enumerate() {
                        self.image[(c * h + row as usize) * w + at as usize] += *value;
                    }
                }
            }
        }
    }
}

/// The elements of a run in the planes of a block's channels, and in the band.
struct Planes {
    run: Run,
    pixel: usize,
    first: usize,
    /// How many channels.
    count: usize,
    /// From one to the next.
    step: usize,
}

impl Planes {
    /// Panics if some of them are not in an image or band of these lengths.
    #[inline(always)]
    fn new(p: &Patches, block: usize, image: usize, band: usize, run: Run) -> Self {
        let (first, count) = p.channels(block);
        let planes = Self { run, pixel: p.pixel, first, count, step: p.s.in_size[0] * p.s.in_size[1] };
        assert!(run.len > 0 && count > 0 && count <= p.pixel);
        assert!(planes.image(count - 1, run.len - 1) < image && planes.band(p.pixel - 1, run.len - 1) < band);
        planes
    }

    #[inline(always)]
    fn image(&self, c: usize, i: usize) -> usize {
        (self.first + c) * self.step + self.run.image + i
    }

    #[inline(always)]
    fn band(&self, c: usize, i: usize) -> usize {
        self.run.band + i * self.pixel + c
    }
}

/// Vectors that are `step` apart, the first N of the array.
///
/// # Safety
/// The processor has the instructions of V, and all of them can be read.
#[inline(always)]
pub(super) unsafe fn load<V: Lanes>(p: *const V::T, step: usize) -> [V; MOST_LANES] {
    // SAFETY: handed on.
    unsafe {
        let mut square = [V::splat(V::T::ZERO); MOST_LANES];
        for k in 0..V::N {
            square[k] = V::load(p.add(k * step));
        }
        square
    }
}

/// The inverse of [`load`].
///
/// # Safety
/// As for it, but written.
#[inline(always)]
pub(super) unsafe fn store<V: Lanes>(square: [V; MOST_LANES], p: *mut V::T, step: usize) {
    // SAFETY: handed on.
    unsafe {
        for k in 0..V::N {
            square[k].store(p.add(k * step));
        }
    }
}
