//! Copying between images, whose channels come first, and bands, whose channels come last.

use super::patches::Patches;
use crate::Float;
use crate::conv::pixels::{AddToPlanes, ToPixels};
use crate::lanes::{Lanes, NARROW, Task};

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
        let ((first, channels), step) = (p.channels(self.block), p.s.in_size[0] * p.s.in_size[1]);
        for run in p.runs(self.first_row) {
            self.band[filled..run.band].fill(T::ZERO);
            filled = run.band + run.len * p.pixel;
            let (planes, pixels) = (&self.image[first * step + run.image..], &mut self.band[run.band..]);
            let copy = ToPixels { planes, channels, step, count: run.len, pixel: p.pixel, pixels };
            // SAFETY: the caller has checked the instructions.
            unsafe { copy.run::<V>() };
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
                let (out, line) = (out.as_chunks_mut::<NARROW>().0, line.as_chunks::<NARROW>().0);
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
        let ((first, channels), step) = (p.channels(self.block), p.s.in_size[0] * p.s.in_size[1]);
        for run in p.runs(self.first_row) {
            let (pixels, planes) = (&self.band[run.band..], &mut self.image[first * step + run.image..]);
            let add = AddToPlanes { pixels, pixel: p.pixel, count: run.len, channels, step, planes };
            // SAFETY: the caller has checked the instructions.
            unsafe { add.run::<V>() };
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
