//! Whole numbers in whose order elements are sorted.

use bayeux_tensor::{Element, ElementType};

/// The whole number of an element: the order of two is that of the elements, equal ones have equal numbers (0 and −0 have, and all NaNs),
/// and a NaN has the largest, in ascending and in descending order.
#[inline(always)]
pub(in crate::ops) fn key<T: Element>(x: T, descending: bool) -> u64 {
    let last = largest(T::TYPE);
    let ascending = match T::TYPE {
        ElementType::F32 | ElementType::F64 if x.partial_cmp(&x).is_none() => return last,
        // The sign bit of what is positive is set, and all bits of what is negative are turned over.
        ElementType::F32 => {
            let bits = if x == T::ZERO { 0 } else { x.bits() as u32 };
            u64::from(if bits >> 31 == 0 { bits | 1 << 31 } else { !bits })
        }
        ElementType::F64 => {
            let bits = if x == T::ZERO { 0 } else { x.bits() };
            if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
        }
        ElementType::I64 => x.to_i64() as u64 ^ 1 << 63,
        _ => (x.to_i64() - i64::from(i32::MIN)) as u64,
    };
    if descending { last - ascending } else { ascending }
}

/// Whether the keys of a type are below 2³².
pub(in crate::ops) fn is_short(element: ElementType) -> bool {
    !matches!(element, ElementType::F64 | ElementType::I64)
}

fn largest(element: ElementType) -> u64 {
    if is_short(element) { u64::from(u32::MAX) } else { u64::MAX }
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Element;

    use super::key;

    fn check<T: Element>(ascending: &[T]) {
        for pair in ascending.windows(2) {
            assert!(key(pair[0], false) < key(pair[1], false), "{pair:?}");
            let is_nan = pair[1].partial_cmp(&pair[1]).is_none();
            assert!(is_nan || key(pair[0], true) > key(pair[1], true), "{pair:?}");
        }
    }

    #[test]
    fn keys_are_in_the_order_of_the_elements() {
        let (inf, tiny) = (f32::INFINITY, f32::from_bits(1));
        check(&[-inf, f32::MIN, -1.0, -tiny, 0.0, tiny, 1.0, f32::MAX, inf, f32::NAN]);
        let (inf, tiny) = (f64::INFINITY, f64::from_bits(1));
        check(&[-inf, f64::MIN, -1.0, -tiny, 0.0, tiny, 1.0, f64::MAX, inf, f64::NAN]);
        check(&[i64::MIN, -1, 0, 1, i64::MAX]);
        check(&[i32::MIN, -1, 0, 1, i32::MAX]);
        check(&[0u8, 1, 255]);
        check(&[false, true]);
        for descending in [false, true] {
            assert_eq!(key(0.0f32, descending), key(-0.0f32, descending));
            assert_eq!(key(f64::NAN, descending), key(-f64::NAN, descending));
            assert!(key(f32::NEG_INFINITY, descending) < key(f32::NAN, descending));
            assert!(key(f64::INFINITY, descending) < key(f64::NAN, descending));
        }
    }
}
