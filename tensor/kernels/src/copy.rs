//! Copying between strided layouts.

use crate::Element;
use crate::size::{checked_len, fits, reach};

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
    let Some((&length, outer)) = shape.split_last() else {
        to[to_offset] = from[from_offset];
        return;
    };
    let (from_step, to_step) = (from_strides[outer.len()], to_strides[outer.len()]);
    for row in 0..outer.iter().product() {
        let mut index = row;
        let (mut f, mut t) = (from_offset as isize, to_offset as isize);
        for axis in (0..outer.len()).rev() {
            let i = (index % outer[axis]) as isize;
            index /= outer[axis];
            f += i * from_strides[axis];
            t += i * to_strides[axis];
        }
        if from_step == 1 && to_step == 1 {
            to[t as usize..][..length].copy_from_slice(&from[f as usize..][..length]);
        } else {
            for i in 0..length as isize {
                to[(t + i * to_step) as usize] = from[(f + i * from_step) as usize];
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
}
