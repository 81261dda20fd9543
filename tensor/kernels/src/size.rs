//! Sizes that memory could have.
//!
//! A product of sizes that wraps around is a small number that belongs to a large shape, and every check of a slice's length
//! against it is void. So sizes are multiplied checked, once, where a shape comes in, and no later product of them can wrap.

/// The number of elements of a shape, if memory could hold them: if the product of the sizes that are not zero, times the
/// bytes of an element, is at most `isize::MAX`. (As ndarray has it. Zeros do not count, so that products of some of the sizes do
/// not wrap either.)
///
/// ```
/// use bayeux_kernels::size::checked_len;
/// assert_eq!(checked_len::<f32>(&[2, 0, 3]), Some(0));
/// assert_eq!(checked_len::<f32>(&[1 << 40, 1 << 40, 0]), None);
/// ```
#[inline]
#[must_use]
pub fn checked_len<T>(shape: &[usize]) -> Option<usize> {
    let (mut len, mut empty) = (1usize, false);
    for &size in shape {
        empty |= size == 0;
        len = len.checked_mul(size.max(1))?;
    }
    (len <= isize::MAX as usize / size_of::<T>().max(1)).then_some(if empty { 0 } else { len })
}

/// [`checked_len`].
///
/// # Panics
/// If memory could not hold the elements, naming the operation and the shape.
#[inline]
#[track_caller]
#[expect(clippy::must_use_candidate)] // called for its panic as well
pub fn len<T>(op: &str, shape: &[usize]) -> usize {
    match checked_len::<T>(shape) {
        Some(len) => len,
        None => too_large(op, shape),
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn too_large(op: &str, shape: &[usize]) -> ! {
    panic!("{op}: shape {shape:?} has more elements than memory can hold")
}

/// How far from the first element of a strided view the others lie, at most, before it and after it, if it is not farther than
/// memory is long: Σ (n − 1)·|stride| over the axes with a stride of that sign. A view without elements reaches nothing.
#[inline]
#[must_use]
pub fn reach(shape: &[usize], strides: &[isize]) -> Option<[usize; 2]> {
    let mut reach = [0usize; 2];
    if shape.contains(&0) {
        return Some(reach);
    }
    for (&size, &stride) in shape.iter().zip(strides) {
        let side = &mut reach[usize::from(stride > 0)];
        *side = side.checked_add((size - 1).checked_mul(stride.unsigned_abs())?)?;
    }
    let most = isize::MAX as usize;
    (reach[0] <= most && reach[1] <= most).then_some(reach)
}

/// Whether a strided view that begins at an offset lies inside of a slice of `len` elements.
#[inline]
#[must_use]
pub fn fits(len: usize, offset: usize, [before, after]: [usize; 2]) -> bool {
    before <= offset && offset.checked_add(after).is_some_and(|last| last < len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_refused_from_the_first_byte_too_many() {
        let most = isize::MAX as usize / 8;
        assert_eq!(checked_len::<f64>(&[most]), Some(most));
        assert_eq!(checked_len::<f64>(&[most + 1]), None);
        assert_eq!(checked_len::<u8>(&[most + 1]), Some(most + 1));
        assert_eq!(checked_len::<f64>(&[]), Some(1));
        // 2³² · 2³² wraps to 0, and 3 · this to 2.
        for shape in [[1 << (usize::BITS / 2); 2], [3, usize::MAX / 3 + 1], [usize::MAX, 0], [0, usize::MAX]]
        {
            assert_eq!(checked_len::<f32>(&shape), None, "{shape:?}");
        }
    }

    #[test]
    fn views_reach_both_ways_and_not_around() {
        assert_eq!(reach(&[3, 4], &[-5, 2]), Some([10, 6]));
        assert_eq!(reach(&[0, usize::MAX], &[1, isize::MAX]), Some([0, 0]));
        assert_eq!(reach(&[1, 2], &[isize::MIN, isize::MAX]), Some([0, isize::MAX as usize]));
        for (shape, strides) in
            [([2, 2], [isize::MAX, 1]), ([2, 2], [isize::MIN, 0]), ([usize::MAX, 3], [2, 0])]
        {
            assert_eq!(reach(&shape, &strides), None, "{shape:?} {strides:?}");
        }
        assert!(
            fits(7, 3, [3, 3]) && !fits(7, 3, [4, 0]) && !fits(7, 3, [0, 4]) && !fits(7, usize::MAX, [0, 1])
        );
        assert!(!fits(0, 0, [0, 0]));
    }
}
