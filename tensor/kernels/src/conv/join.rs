//! The weights' gradient from its parts.

use rayon::prelude::*;

use crate::Float;

/// Adds partial sums to the weights' gradient, one after the other.
pub(super) fn join<T: Float>(dw: &mut [T], partials: &[T]) {
    let len = dw.len();
    dw.par_chunks_mut(4096).enumerate().for_each(|(index, dw)| {
        for partial in partials.chunks_exact(len) {
            dw.iter_mut().zip(&partial[index * 4096..]).for_each(|(w, p)| *w += *p);
        }
    });
}
