//! Max-pooling, its adjoint and its tangent.
//!
//! Any windows go through [`Pool2dShape::windows`], which finds each arg-max in a loop; windows of 2×2 side by side,
//! the usual ones, through [`Plain`], a vector at a time.

mod places;
mod plain;
mod shape;

pub use places::{max_pool2d_gather_places, max_pool2d_places, max_pool2d_scatter_places};

use rayon::prelude::*;

use crate::Float;
use crate::lanes;
pub(crate) use plain::Masks;
use plain::{MaximaFrom, Plain, What};
pub use shape::Pool2dShape;
use shape::exceeds;

/// The maximum of each window: y from x.
///
/// # Panics
/// If a slice has a length other than its shape's.
#[track_caller]
pub fn max_pool2d<T: Float>(s: &Pool2dShape, x: &[T], y: &mut [T]) {
    max_pool2d_gather(s, x, x, y);
}

/// The adjoint of [`max_pool2d`]: dx is zero but for the arg-max of each window of x, where the window's g is added.
///
/// dx is overwritten; g has the output's shape.
///
/// # Panics
/// If a slice has a length other than its shape's.
#[track_caller]
pub fn max_pool2d_scatter<T: Float>(s: &Pool2dShape, x: &[T], g: &[T], dx: &mut [T]) {
    s.check("max_pool2d_scatter", &[x.len(), dx.len()], g.len());
    let [of_x, of_y] = s.task_lengths();
    let tasks = (dx.par_chunks_mut(of_x), x.par_chunks(of_x), g.par_chunks(of_y));
    tasks.into_par_iter().for_each(|(dx, x, g)| {
        if s.is_plain() {
            let (source, size, what) = (MaximaFrom::Values(x), s.rows_of(x.len()), What::Scatter(g, dx));
            return lanes::run(Plain { source, size, what });
        }
        dx.fill(T::ZERO);
        s.windows(x, |q, p, _| dx[p] += g[q]);
    });
}

/// v (of x's shape) read at the arg-max of each window of x: the tangent of [`max_pool2d`] in the direction v.
///
/// # Panics
/// If a slice has a length other than its shape's.
#[track_caller]
pub fn max_pool2d_gather<T: Float>(s: &Pool2dShape, x: &[T], v: &[T], y: &mut [T]) {
    s.check("max_pool2d_gather", &[x.len(), v.len()], y.len());
    let [of_x, of_y] = s.task_lengths();
    let tasks = (y.par_chunks_mut(of_y), x.par_chunks(of_x), v.par_chunks(of_x));
    tasks.into_par_iter().for_each(|(y, x, v)| {
        if s.is_plain() {
            let (source, size, what) = (MaximaFrom::Values(x), s.rows_of(x.len()), What::Gather(v, y));
            return lanes::run(Plain { source, size, what });
        }
        s.windows(x, |q, p, _| y[q] = v[p]);
    });
}
