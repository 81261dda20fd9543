//! Functions that are written out in a loop have the bits of those of slices.

use proptest::prelude::*;

use crate::Float;
use crate::fused::{Arithmetic, Function, FusedBuilder};
use crate::level::Level;

/// Special numbers, and others of all sizes.
fn arguments<T: Float>() -> Vec<T> {
    let tiny = T::MIN_POSITIVE * T::EPSILON;
    let specials = [T::ZERO, T::ONE, T::INFINITY, T::NAN, tiny, T::MIN_POSITIVE];
    let grid = (0..2000).map(|i| T::from_f64((f64::from(i) - 999.5) * 0.0373 * f64::from(1 + i % 7)));
    let sizes = (-320..=308).map(|exponent| T::from_f64(1.234 * 10f64.powi(exponent)));
    specials.into_iter().chain(sizes).flat_map(|x| [x, -x]).chain(grid).collect()
}

fn check<T: Float>(function: Function, x: &[T]) {
    let mut builder = FusedBuilder::<T>::new(&[x.len()]);
    let operand = builder.operand(&[1]);
    let y = builder.function(function, operand);
    // The argument is still needed.
    let both = builder.arithmetic(Arithmetic::Add, y, operand);
    builder.store(y);
    builder.store(both);
    let mut expected = vec![T::ZERO; x.len()];
    function.of_slices()(x, &mut expected);
    for level in Level::available() {
        let fused = builder.clone().build_with(false, level);
        assert_eq!(fused.native.is_some(), crate::native::available(level));
        let (mut y, mut both) = (vec![T::ZERO; x.len()], vec![T::ZERO; x.len()]);
        fused.run(&[(x, 0)], &mut [&mut y, &mut both], &mut [], &mut vec![T::ZERO; fused.scratch()]);
        for (i, &x) in x.iter().enumerate() {
            let same = |a: T, b: T| a.bits() == b.bits() || a.is_nan() && b.is_nan();
            assert!(
                same(y[i], expected[i]) && same(both[i], expected[i] + x),
                "{level:?}: {function:?} of {x:e}: {:e}, not {:e}",
                y[i],
                expected[i]
            );
        }
    }
}

#[test]
fn functions_have_the_bits_of_those_of_slices() {
    for &function in Function::ALL {
        check(function, &arguments::<f32>());
        check(function, &arguments::<f64>());
    }
}

proptest! {
    #[test]
    fn also_of_random_bits(bits in prop::collection::vec(any::<u64>(), 1..300)) {
        let single: Vec<f32> = bits.iter().map(|&bits| f32::from_bits(bits as u32)).collect();
        let double: Vec<f64> = bits.iter().map(|&bits| f64::from_bits(bits)).collect();
        for &function in Function::ALL {
            check(function, &single);
            check(function, &double);
        }
    }
}
