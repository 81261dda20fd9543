//! Max-pooling that keeps the place of each maximum, and its adjoint and tangent from the places alone.

use rayon::prelude::*;

use super::Pool2dShape;
use super::plain::{MaximaFrom, Plain, What};
use crate::Float;
use crate::lanes;

/// The maximum of each window, as [`max_pool2d`](crate::max_pool2d), and its place in the window: row · window's width
/// + column, counted from the window's corner, be it in the padding.
///
/// ```
/// use bayeux_kernels::{Pool2dShape, max_pool2d_places, max_pool2d_scatter_places};
/// let s = Pool2dShape::new(1, 1, [2, 4], [2, 2], [2, 2], [[0, 0], [0, 0]]);
/// let (mut y, mut places, mut dx) = ([0.0; 2], [0; 2], [0.0; 8]);
/// max_pool2d_places(&s, &[1., 2., 3., 4., 8., 7., 6., 5.], &mut y, &mut places);
/// assert_eq!((y, places), ([8., 6.], [2, 2]));
/// max_pool2d_scatter_places(&s, &places, &[10., 20.], &mut dx);
/// assert_eq!(dx, [0., 0., 0., 0., 10., 0., 20., 0.]);
/// ```
///
/// # Panics
/// If a slice has a length other than its shape's (`places` has y's), or not [`Pool2dShape::fits_bytes`].
#[track_caller]
pub fn max_pool2d_places<T: Float>(s: &Pool2dShape, x: &[T], y: &mut [T], places: &mut [u8]) {
    s.check("max_pool2d_places", &[x.len()], y.len());
    s.check_places("max_pool2d_places", places.len());
    let [of_x, of_y] = s.task_lengths();
    let tasks = (y.par_chunks_mut(of_y), places.par_chunks_mut(of_y), x.par_chunks(of_x));
    tasks.into_par_iter().for_each(|(y, places, x)| {
        if s.is_plain() {
            let (source, size, what) =
                (MaximaFrom::Values(x), s.rows_of(x.len()), What::GatherPlaces(x, y, places));
            return lanes::run(Plain { source, size, what });
        }
        s.maxima(x, y, places);
    });
}

/// [`max_pool2d_scatter`](crate::max_pool2d_scatter) from the places of the maxima: dx is zero but for them, where each
/// window's g is added.
///
/// dx is overwritten; g and the places have the output's shape.
///
/// # Panics
/// If a slice has a length other than its shape's, not [`Pool2dShape::fits_bytes`], or a place lies outside of its
/// window or in the padding.
#[track_caller]
pub fn max_pool2d_scatter_places<T: Float>(s: &Pool2dShape, places: &[u8], g: &[T], dx: &mut [T]) {
    s.check("max_pool2d_scatter_places", &[dx.len()], g.len());
    s.check_places("max_pool2d_scatter_places", places.len());
    let [of_x, of_y] = s.task_lengths();
    let tasks = (dx.par_chunks_mut(of_x), places.par_chunks(of_y), g.par_chunks(of_y));
    tasks.into_par_iter().for_each(|(dx, places, g)| {
        if s.is_plain() {
            s.check_inside(places);
            let (source, size, what) =
                (MaximaFrom::Places(places), s.rows_of(dx.len()), What::Scatter(g, dx));
            return lanes::run(Plain { source, size, what });
        }
        dx.fill(T::ZERO);
        s.inputs_of(places, |q, p| dx[p] += g[q]);
    });
}

/// [`max_pool2d_gather`](crate::max_pool2d_gather) from the places of the maxima: v (of the input's shape) read at them.
///
/// # Panics
/// As [`max_pool2d_scatter_places`].
#[track_caller]
pub fn max_pool2d_gather_places<T: Float>(s: &Pool2dShape, places: &[u8], v: &[T], y: &mut [T]) {
    s.check("max_pool2d_gather_places", &[v.len()], y.len());
    s.check_places("max_pool2d_gather_places", places.len());
    let [of_x, of_y] = s.task_lengths();
    let tasks = (y.par_chunks_mut(of_y), places.par_chunks(of_y), v.par_chunks(of_x));
    tasks.into_par_iter().for_each(|(y, places, v)| {
        if s.is_plain() {
            s.check_inside(places);
            let (source, size, what) = (MaximaFrom::Places(places), s.rows_of(v.len()), What::Gather(v, y));
            return lanes::run(Plain { source, size, what });
        }
        s.inputs_of(places, |q, p| y[q] = v[p]);
    });
}

impl Pool2dShape {
    #[track_caller]
    pub(crate) fn check_places(&self, op: &str, places: usize) {
        assert!(self.fits_bytes(), "{op}: the places in a window of {:?} do not fit in a byte", self.window);
        assert_eq!(places, self.y_len(), "{op}: {places} places, but {} windows", self.y_len());
    }

    /// Panics if a place is outside of the window.
    #[track_caller]
    pub(crate) fn check_inside(&self, places: &[u8]) {
        let (area, largest) =
            (self.window[0] * self.window[1], places.iter().fold(0, |m, &place| place.max(m)));
        assert!(area > usize::from(largest), "place {largest} lies outside of a window of {area} elements");
    }

    /// Maxima and places of channels, one after the other.
    pub(crate) fn maxima<T: Float>(&self, x: &[T], y: &mut [T], places: &mut [u8]) {
        let [of_x, of_y] = [self.in_size, self.out_size()].map(|[h, w]| h * w);
        let channels = x.chunks_exact(of_x).zip(y.chunks_exact_mut(of_y)).zip(places.chunks_exact_mut(of_y));
        for ((x, y), places) in channels {
            self.windows(x, |q, p, place| {
                y[q] = x[p];
                places[q] = place as u8;
            });
        }
    }

    /// Calls `f(output index, input index)` for the places of one channel.
    fn inputs_of(&self, places: &[u8], mut f: impl FnMut(usize, usize)) {
        let ([h, w], [_, ow], [wh, ww]) = (self.in_size, self.out_size(), self.window);
        for (q, &place) in places.iter().enumerate() {
            let [row, column] = [usize::from(place) / ww, usize::from(place) % ww];
            // What lies above or left of the input wraps to something large.
            let r = (q / ow * self.stride[0] + row).wrapping_sub(self.padding[0][0]);
            let c = (q % ow * self.stride[1] + column).wrapping_sub(self.padding[1][0]);
            assert!(row < wh && r < h && c < w, "window {q} cannot have its maximum at place {place}");
            f(q, r * w + c);
        }
    }
}
