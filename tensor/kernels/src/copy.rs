//! Copying between strided layouts.

use rayon::prelude::*;

use crate::Element;
use crate::hand_off::keeps_loop;
use crate::shared::Shared;
use crate::size::{checked_len, fits, reach};

/// Elements that are worth a task of their own, and the most tasks.
const TASK: usize = 1 << 15;
const MOST_TASKS: usize = 32;
/// A row that is not worth a loop of its own if there are more rows than elements in it.
const SHORT: usize = 8;

/// Copies the elements of one strided view to another of the same shape. The views begin at `from_offset` and
/// `to_offset`; strides count elements and may be negative, those of `from` also 0.
///
/// # Panics
/// If an index falls outside a slice, or if the strides do not match the shape's rank.
pub fn copy_strided<T: Element>(
    shape: &[usize],
    from: &[T],
    from_offset: usize,
    from_strides: &[isize],
    to: &mut [T],
    to_offset: usize,
    to_strides: &[isize],
) {
    assert!(
        shape.len() == from_strides.len() && shape.len() == to_strides.len(),
        "copy_strided: shape {shape:?}, strides {from_strides:?} and {to_strides:?}"
    );
    if shape.contains(&0) {
        return;
    }
    checked_len::<T>(shape).expect("copy_strided: a shape that memory could hold");
    let inside = |len, offset, strides| reach(shape, strides).is_some_and(|reach| fits(len, offset, reach));
    assert!(
        inside(from.len(), from_offset, from_strides) && inside(to.len(), to_offset, to_strides),
        "copy_strided: {shape:?} by strides {from_strides:?} from {from_offset} of {}, {to_strides:?} from {to_offset} of {}",
        from.len(),
        to.len()
    );
    let axes = Axes { shape, from: from_strides, to: to_strides };
    let (from, to) = (from.as_ptr().wrapping_add(from_offset), to.as_mut_ptr().wrapping_add(to_offset));
    // Outer axes, along which pieces are farther apart than a page, if there are enough of them.
    let divided = (0..shape.len()).find(|&axis| shape[axis] >= MOST_TASKS);
    let divided = divided.or((0..shape.len()).max_by_key(|&axis| shape[axis]));
    let len: usize = shape.iter().product();
    match divided {
        Some(axis) if len > TASK && !keeps_loop(len) && axes.are_apart() => {
            let pieces = len.div_ceil(TASK).min(MOST_TASKS).min(shape[axis]);
            let (from, to) = (Shared(from.cast_mut()), Shared(to));
            (0..pieces).into_par_iter().for_each(|piece| {
                let [first, last] = [piece, piece + 1].map(|i| i * shape[axis] / pieces);
                let [f, t] = [from_strides, to_strides].map(|strides| first as isize * strides[axis]);
                let (from, to) = (from.get().wrapping_offset(f), to.get().wrapping_offset(t));
                // SAFETY: as below. Each element of `to` is that of one piece.
                unsafe { axes.copy([axis, last - first], from, to) };
            });
        }
        // SAFETY: all elements are inside the slices, and nobody else has `to`.
        _ => unsafe { axes.copy([shape.len(), 0], from, to) },
    }
}

/// Of two views, the one that is copied and the one that it is copied to.
#[derive(Clone, Copy)]
struct Axes<'a> {
    shape: &'a [usize],
    from: &'a [isize],
    to: &'a [isize],
}

impl Axes<'_> {
    /// Whether no two elements are copied to one place: each step is longer than all that shorter ones reach.
    fn are_apart(&self) -> bool {
        let step = |axis: usize| (self.to[axis].unsigned_abs(), axis);
        let long = |axis: &usize| self.shape[*axis] > 1;
        let reach = |axis: usize| step(axis).0 * (self.shape[axis] - 1);
        let all = 0..self.shape.len();
        all.clone().filter(long).all(|axis| {
            let shorter = all.clone().filter(long).filter(|&other| step(other) < step(axis));
            step(axis).0 > shorter.map(reach).sum()
        })
    }

    /// Copies a piece, in which one axis is as long as this.
    ///
    /// # Safety
    /// All elements of the piece can be read and written.
    unsafe fn copy<T: Element>(&self, [cut, len]: [usize; 2], from: *const T, to: *mut T) {
        let size = |axis: usize| if axis == cut { len } else { self.shape[axis] };
        let rank = self.shape.len();
        let axis = |behind: usize| match rank.checked_sub(behind) {
            Some(axis) => Axis { len: size(axis), from: self.from[axis], to: self.to[axis] },
            None => Axis { len: 1, from: 0, to: 0 },
        };
        let (mut rows, mut columns) = (axis(2), axis(1));
        // Short rows that follow each other on both sides are one.
        let len = columns.len as isize;
        if columns.from == 1 && columns.to == 1 && rows.from == len && rows.to == len {
            columns.len *= rows.len;
            rows.len = 1;
        }
        // The longer loop inside, if its order does not matter.
        if columns.len < SHORT && rows.len > columns.len && self.are_apart() {
            (rows, columns) = (columns, rows);
        }
        let outer = rank.saturating_sub(2);
        for matrix in 0..(0..outer).map(size).product() {
            let (mut index, mut f, mut t) = (matrix, 0, 0);
            for axis in (0..outer).rev() {
                let i = (index % size(axis)) as isize;
                index /= size(axis);
                f += i * self.from[axis];
                t += i * self.to[axis];
            }
            for row in 0..rows.len as isize {
                let (f, t) = (f + row * rows.from, t + row * rows.to);
                // SAFETY: these are elements of the piece.
                unsafe { columns.copy(from.wrapping_offset(f), to.wrapping_offset(t)) };
            }
        }
    }
}

/// An axis: how many elements, and the steps from one to the next.
#[derive(Clone, Copy)]
struct Axis {
    len: usize,
    from: isize,
    to: isize,
}

impl Axis {
    /// # Safety
    /// All elements can be read and written.
    unsafe fn copy<T: Element>(self, from: *const T, to: *mut T) {
        let len = self.len as isize;
        // Each in its own words, so that the compiler can use vectors.
        // SAFETY: the caller's promise.
        unsafe {
            match (self.from, self.to) {
                (1, 1) => to.copy_from_nonoverlapping(from, self.len),
                (0, 1) => {
                    let value = *from;
                    (0..len).for_each(|i| *to.offset(i) = value);
                }
                (-1, 1) => (0..len).for_each(|i| *to.offset(i) = *from.offset(-i)),
                (2, 1) => (0..len).for_each(|i| *to.offset(i) = *from.offset(2 * i)),
                (1, 2) => (0..len).for_each(|i| *to.offset(2 * i) = *from.offset(i)),
                (from_step, to_step) => {
                    (0..len).for_each(|i| *to.offset(i * to_step) = *from.offset(i * from_step));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flipped_transpose_into_a_frame() {
        // [[1, 2, 3], [4, 5, 6]], transposed and its rows flipped, into columns 1 and 2 of a 3 × 4 matrix.
        let from = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let mut to = [0.0; 12];
        copy_strided(&[3, 2], &from, 2, &[-1, 3], &mut to, 1, &[4, 1]);
        assert_eq!(to, [0.0, 3.0, 6.0, 0.0, 0.0, 2.0, 5.0, 0.0, 0.0, 1.0, 4.0, 0.0]);
        copy_strided(&[], &[7.0], 0, &[], &mut to, 0, &[]);
        assert_eq!(to[0], 7.0);
        copy_strided(&[2, 0], &[], 0, &[0, 1], &mut to, 0, &[0, 1]);
    }

    /// Copies that threads share, and those that they may not, have what a copy element by element has.
    #[test]
    #[cfg_attr(miri, ignore = "too many elements")]
    fn many_elements() {
        type Case = (&'static [usize], usize, &'static [isize], usize, &'static [isize]);
        let cases: [Case; 9] = [
            (&[300, 301], 0, &[301, 1], 0, &[301, 1]),
            (&[300, 301], 300, &[301, -1], 0, &[301, 1]),
            (&[90_001], 90_000, &[-1], 0, &[1]),
            (&[300, 301], 0, &[602, 2], 7, &[310, 1]),
            (&[50_000, 2], 0, &[1, 0], 0, &[2, 1]),
            (&[2, 50_000], 0, &[0, 1], 0, &[1, 2]),
            (&[301, 300], 0, &[1, 301], 0, &[300, 1]),
            (&[3, 5, 70, 90], 5, &[0, 90, 500, 1], 2, &[40_000, 6_500, 91, 1]),
            // Rows that overlap: the last one stays.
            (&[40, 3_000], 0, &[3_000, 1], 0, &[1, 1]),
        ];
        let from: Vec<f32> = (0..400_000).map(|i| i as f32).collect();
        for (shape, f, from_strides, t, to_strides) in cases {
            let [mut found, mut wanted] = [vec![-1.0; 200_000], vec![-1.0; 200_000]];
            let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("threads");
            pool.install(|| copy_strided(shape, &from, f, from_strides, &mut found, t, to_strides));
            for element in 0..shape.iter().product() {
                let (mut index, mut at) = (element, [f as isize, t as isize]);
                for axis in (0..shape.len()).rev() {
                    let i = (index % shape[axis]) as isize;
                    index /= shape[axis];
                    at = [at[0] + i * from_strides[axis], at[1] + i * to_strides[axis]];
                }
                wanted[at[1] as usize] = from[at[0] as usize];
            }
            assert!(found == wanted, "{shape:?} {from_strides:?} {to_strides:?}");
        }
    }
}
