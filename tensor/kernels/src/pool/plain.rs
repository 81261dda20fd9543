//! Max-pooling with 2×2 windows side by side.

use super::exceeds;
use crate::lanes::{Lanes, Task};
use crate::{Element, Float};

/// One channel.
pub(super) struct Plain<'a, T> {
    pub source: MaximaFrom<'a, T>,
    pub size: [usize; 2],
    pub what: What<'a, T>,
}

/// What tells where the maxima are.
#[derive(Clone, Copy)]
pub(super) enum MaximaFrom<'a, T> {
    /// The input.
    Values(&'a [T]),
    /// Their places in the windows, all below 4.
    Places(&'a [u8]),
}

pub(super) enum What<'a, T> {
    /// v at the arg-max, to y.
    Gather(&'a [T], &'a mut [T]),
    /// The same, and the place.
    GatherPlaces(&'a [T], &'a mut [T], &'a mut [u8]),
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
        let w = self.size[1];
        let corners = [at, at + 1, at + w, at + w + 1];
        let place = match self.source {
            MaximaFrom::Values(x) => {
                let up = usize::from(exceeds(x[at + 1], x[at]));
                let down = 2 + usize::from(exceeds(x[at + w + 1], x[at + w]));
                [up, down][usize::from(exceeds(x[corners[down]], x[corners[up]]))]
            }
            MaximaFrom::Places(places) => usize::from(places[out]),
        };
        match &mut self.what {
            What::Gather(v, y) => y[out] = v[corners[place]],
            What::GatherPlaces(v, y, places) => (y[out], places[out]) = (v[corners[place]], place as u8),
            What::Scatter(g, dx) => {
                corners.iter().for_each(|&p| dx[p] = T::ZERO);
                dx[corners[place]] = g[out];
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
        // SAFETY: the slices have two vectors' elements, those of outputs one vector's.
        unsafe {
            let masks = match self.source {
                MaximaFrom::Values(x) => {
                    Masks::of(columns::<V>(&x[at..][..n]), columns::<V>(&x[at + w..][..n]))
                }
                MaximaFrom::Places(places) => Masks::of_places(V::load_bytes(places[out..][..V::N].as_ptr())),
            };
            match &mut self.what {
                What::Gather(v, y) => {
                    let v = masks.choose(columns::<V>(&v[at..][..n]), columns::<V>(&v[at + w..][..n]));
                    v.store(y[out..][..V::N].as_mut_ptr());
                }
                What::GatherPlaces(v, y, places) => {
                    let v = masks.choose(columns::<V>(&v[at..][..n]), columns::<V>(&v[at + w..][..n]));
                    v.store(y[out..][..V::N].as_mut_ptr());
                    masks.places().store_bytes(places[out..][..V::N].as_mut_ptr());
                }
                What::Scatter(g, dx) => {
                    let (zero, g) = (V::splat(T::ZERO), V::load(g[out..][..V::N].as_ptr()));
                    let (up, down) = (V::choose(masks.below, zero, g), V::choose(masks.below, g, zero));
                    for (at, right, g) in [(at, masks.right[0], up), (at + w, masks.right[1], down)] {
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

/// Where the maxima of a vector of 2×2 windows are.
pub(crate) struct Masks<V> {
    /// In each of the two rows: whether the right element is the larger.
    right: [V; 2],
    /// Whether it is in the row below.
    below: V,
}

impl<V: Lanes> Masks<V> {
    /// From the elements, left and right, of the upper and lower rows.
    ///
    /// # Safety
    /// For this and the other functions: the processor has the instructions of V.
    #[inline(always)]
    pub unsafe fn of([a, b]: [V; 2], [c, d]: [V; 2]) -> Self {
        // SAFETY: handed on.
        unsafe {
            let right = [b.exceeds(a), d.exceeds(c)];
            Self { right, below: V::choose(right[1], d, c).exceeds(V::choose(right[0], b, a)) }
        }
    }

    /// From places, 0 to 3.
    #[inline(always)]
    unsafe fn of_places(places: V) -> Self {
        // SAFETY: handed on.
        unsafe {
            let number = |v: f64| V::splat(V::T::from_f64(v));
            let below = places.exceeds(number(1.0));
            let column = places.add(V::choose(below, number(-2.0), number(0.0)));
            Self { right: [column.exceeds(number(0.0)); 2], below }
        }
    }

    /// Of the elements of the windows those at the maxima.
    #[inline(always)]
    pub unsafe fn choose(&self, [a, b]: [V; 2], [c, d]: [V; 2]) -> V {
        // SAFETY: handed on.
        unsafe { V::choose(self.below, V::choose(self.right[1], d, c), V::choose(self.right[0], b, a)) }
    }

    /// The places of the maxima.
    #[inline(always)]
    pub unsafe fn places(&self) -> V {
        // SAFETY: handed on.
        unsafe {
            let number = |v: f64| V::splat(V::T::from_f64(v));
            self.choose([number(0.0), number(1.0)], [number(2.0), number(3.0)])
        }
    }
}
