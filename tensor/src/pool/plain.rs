//! Max-pooling with 2×2 windows side by side.

use super::exceeds;
use crate::Float;
use crate::lanes::{Lanes, Task};

/// One channel.
pub(super) struct Plain<'a, T> {
    pub x: &'a [T],
    pub size: [usize; 2],
    pub what: What<'a, T>,
}

pub(super) enum What<'a, T> {
    /// v at the arg-max, to y.
    Gather(&'a [T], &'a mut [T]),
    /// g to the arg-max, zero to the others.
    Scatter(&'a [T], &'a mut [T]),
}

impl<T: Float> Task<T> for Plain<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(mut self) {
        let [h, w] = self.size;
        let (rows, columns) = (h / 2, w / 2);
        for i in 0..rows {
            // The last vector of a row overlaps the one before. In a narrow row it runs over into what follows, which is
            // written after it; only where nothing follows the windows go one by one.
            let runs_over = columns < V::N;
            if runs_over && ((2 * i + 1) * w + 2 * V::N > h * w || i * columns + V::N > rows * columns) {
                (0..columns).for_each(|j| self.window(2 * i * w + 2 * j, i * columns + j));
                continue;
            }
            for j in (0..columns).step_by(V::N) {
                let j = j.min(columns.saturating_sub(V::N));
                // SAFETY: `run` is called with the instructions of V.
                unsafe { self.vector::<V>(2 * i * w + 2 * j, i * columns + j) };
            }
        }
        if let What::Scatter(_, dx) = self.what {
            if w % 2 == 1 {
                dx.iter_mut().skip(w - 1).step_by(w).for_each(|last| *last = T::ZERO);
            }
            dx[2 * rows * w..].fill(T::ZERO);
        }
    }
}

impl<T: Float> Plain<'_, T> {
    /// The window whose first element is `at`, and output `out`. Indexing takes the place of branches, which no processor
    /// could predict.
    #[inline(always)]
    fn window(&mut self, at: usize, out: usize) {
        let (x, w) = (self.x, self.size[1]);
        let up = at + usize::from(exceeds(x[at + 1], x[at]));
        let down = at + w + usize::from(exceeds(x[at + w + 1], x[at + w]));
        let place = [up, down][usize::from(exceeds(x[down], x[up]))];
        match &mut self.what {
            What::Gather(v, y) => y[out] = v[place],
            What::Scatter(g, dx) => {
                [at, at + 1, at + w, at + w + 1].iter().for_each(|&p| dx[p] = T::ZERO);
                dx[place] = g[out];
            }
        }
    }

    /// Neighbouring windows in a row, as many as a vector has lanes.
    ///
    /// # Safety
    /// The processor has the instructions of V.
    #[inline(always)]
    unsafe fn vector<V: Lanes<T = T>>(&mut self, at: usize, out: usize) {
        let (w, n) = (self.size[1], 2 * V::N);
        let (up, down) = (&self.x[at..][..n], &self.x[at + w..][..n]);
        // SAFETY: the slices have two vectors' elements, those of outputs one vector's.
        unsafe {
            let ([a, b], [c, d]) = (columns::<V>(up), columns::<V>(down));
            let (right, right_below) = (b.exceeds(a), d.exceeds(c));
            let below = V::choose(right_below, d, c).exceeds(V::choose(right, b, a));
            match &mut self.what {
                What::Gather(v, y) => {
                    let ([a, b], [c, d]) = (columns::<V>(&v[at..][..n]), columns::<V>(&v[at + w..][..n]));
                    let v = V::choose(below, V::choose(right_below, d, c), V::choose(right, b, a));
                    v.store(y[out..][..V::N].as_mut_ptr());
                }
                What::Scatter(g, dx) => {
                    let (zero, g) = (V::splat(T::ZERO), V::load(g[out..][..V::N].as_ptr()));
                    let (up, down) = (V::choose(below, zero, g), V::choose(below, g, zero));
                    for (at, right, g) in [(at, right, up), (at + w, right_below, down)] {
                        let pairs = V::interleave(V::choose(right, zero, g), V::choose(right, g, zero));
                        let dx = dx[at..][..n].as_mut_ptr();
                        pairs[0].store(dx);
                        pairs[1].store(dx.add(V::N));
                    }
                }
            }
        }
    }
}

/// The left and the right elements of a row of windows.
///
/// # Safety
/// The processor has the instructions of V; the row has two vectors' elements.
#[inline(always)]
unsafe fn columns<V: Lanes>(row: &[V::T]) -> [V; 2] {
    // SAFETY: handed on.
    unsafe { V::deinterleave(V::load(row.as_ptr()), V::load(row.as_ptr().add(V::N))) }
}
