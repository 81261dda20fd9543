//! Loops that go on with a product, against the product and then the loop.

use crate::common::*;
use bayeux_tensor::fused::{Fused, FusedBuilder, Product, Reduce, Value};
use bayeux_tensor::*;
use proptest::prelude::*;

/// A loop over a product p: y = tanh(p + bias) + d, a state becomes state − p · normal, and the sums of p y over rows, and of y.
fn build<T: Float>(builder: &mut FusedBuilder<T>, p: Value, columns: usize) {
    let step = columns as isize;
    let (bias, d, state) =
        (builder.operand(&[0, 1]), builder.operand(&[step, 1]), builder.operand(&[step, 1]));
    let normal = builder.normal();
    let biased = builder.arithmetic(fused::Arithmetic::Add, p, bias);
    let t = builder.unary(simd::tanh, biased);
    let y = builder.arithmetic(fused::Arithmetic::Add, t, d);
    let change = builder.arithmetic(fused::Arithmetic::Mul, p, normal);
    let new = builder.arithmetic(fused::Arithmetic::Sub, state, change);
    let py = builder.arithmetic(fused::Arithmetic::Mul, p, y);
    builder.store(y);
    builder.store_over(new, state);
    builder.reduce(Reduce::Sum, py, &[0]);
    builder.reduce(Reduce::Max, y, &[0, 1]);
}

/// What the loop wrote: the product if it is kept, y, the state, the reductions.
#[derive(Debug, PartialEq)]
struct Results<T> {
    product: Vec<T>,
    y: Vec<T>,
    state: Vec<T>,
    sums: Vec<T>,
    largest: Vec<T>,
}

struct Case {
    size: [usize; 3],
    transposed: [bool; 2],
    kept: bool,
}

impl Case {
    fn factors<T: Float>(&self) -> [(Vec<T>, [isize; 2]); 2] {
        let [m, k, n] = self.size;
        [(m, k, 1), (k, n, 2)].map(|(rows, columns, seed)| {
            let transposed = self.transposed[seed as usize - 1];
            let strides = if transposed { [1, rows as isize] } else { [columns as isize, 1] };
            (numbers(rows * columns, seed), strides)
        })
    }

    fn fused<T: Float>(&self) -> Fused<T> {
        let [m, k, n] = self.size;
        let mut builder = FusedBuilder::new(&[m, n]);
        let p = builder.product(k);
        build(&mut builder, p, n);
        builder.build()
    }

    fn run<T: Float>(&self, fused: &Fused<T>, product_first: bool) -> Results<T> {
        let [m, k, n] = self.size;
        let [(a, a_strides), (b, b_strides)] = self.factors::<T>();
        let mut r = Results {
            product: dirty(if self.kept || product_first { m * n } else { 0 }),
            y: dirty(m * n),
            state: numbers(m * n, 5),
            sums: dirty(n),
            largest: dirty(1),
        };
        let (bias, d, mut scratch) = (numbers(n, 3), numbers(m * n, 4), dirty(fused.scratch()));
        let (noise, stores) = ([(7, 9)], &mut [&mut r.y[..], &mut r.state[..]]);
        let reduced = &mut [&mut r.sums[..], &mut r.largest[..]];
        if product_first {
            let mut gemm_scratch = dirty(gemm_scratch(k, n));
            gemm(m, k, n, T::ONE, &a, a_strides, &b, b_strides, T::ZERO, &mut r.product, &mut gemm_scratch);
            let operands = [(&r.product[..], 0), (&bias[..], 0), (&d[..], 0), (&[][..], 0)];
            fused.run_with_noise(&noise, &operands, stores, reduced, &mut scratch);
        } else {
            let kept = self.kept.then_some(&mut r.product[..]);
            let product = Product { a: &a, a_strides, b: &b, b_strides, kept };
            let operands = [(&[][..], 0), (&bias[..], 0), (&d[..], 0), (&[][..], 0)];
            fused.run_on_product(product, &noise, &operands, stores, reduced, &mut scratch);
        }
        r
    }

    /// The same bits as the product and then a loop, but for sums, whose terms are added in another order.
    fn check<T: Float>(&self) {
        let [m, k, n] = self.size;
        let mut builder = FusedBuilder::new(&[m, n]);
        let p = builder.operand(&[n as isize, 1]);
        build(&mut builder, p, n);
        let want = self.run::<T>(&builder.build(), true);
        let found = self.run::<T>(&self.fused(), false);
        if self.kept {
            assert_eq!(found.product, want.product);
        }
        assert_eq!((&found.y, &found.state, &found.largest), (&want.y, &want.state, &want.largest));
        let most = T::EPSILON * T::from_f64((4 * m * k) as f64);
        for (&found, &want) in found.sums.iter().zip(&want.sums) {
            assert!((found - want).abs() <= most, "{found} is not {want}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_loop_goes_on_with_a_product(
        m in 1usize..150, k in 1usize..40, n in prop_oneof![1usize..70, 120usize..170], ta: bool, tb: bool, kept: bool,
    ) {
        let case = Case { size: [m, k, n], transposed: [ta, tb], kept };
        case.check::<f32>();
        case.check::<f64>();
    }
}

#[test]
fn a_loop_goes_on_with_products_of_many_tasks() {
    for size in
        [[500, 300, 130], [301, 1000, 800], [1000, 40, 33], [700, 20, 1000], [1, 1000, 1], [5000, 9, 3]]
    {
        for transposed in [[false, false], [true, false], [false, true]] {
            for kept in [false, true] {
                let case = Case { size, transposed, kept };
                case.check::<f32>();
                case.check::<f64>();
            }
        }
    }
}

#[test]
fn some_products_are_not_computed_by_rows() {
    let chunks = |[m, k, n]: [usize; 3]| FusedBuilder::<f32>::chunks_of_product(&[m, n], k);
    assert!(chunks([500, 800, 800]).is_some_and(|chunks| chunks > 8));
    assert_eq!(chunks([10, 4, 10]), Some(1));
    // Few rows; rows, sums or matrices that are too long, or have nothing in them.
    for size in [[40, 800, 800], [500, 10, 3000], [500, 3000, 10], [0, 3, 3], [3, 0, 3], [3, 3, 0]] {
        assert_eq!(chunks(size), None, "{size:?}");
    }
    assert_eq!(FusedBuilder::<f32>::chunks_of_product(&[2, 3, 4], 5), None);
}

#[test]
fn the_bits_of_a_loop_on_a_product_do_not_depend_on_the_number_of_threads() {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let case = Case { size: [400, 300, 130], transposed: [true, false], kept: false };
        pool.install(|| case.run::<f32>(&case.fused(), false))
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(7));
}

#[test]
#[should_panic(expected = "a loop over [500, 3000] cannot go on with a product of 10 terms")]
fn a_loop_refuses_a_product_that_is_too_wide() {
    FusedBuilder::<f32>::new(&[500, 3000]).product(10);
}

/// A loop that stores a product of 2×2 and 2×2, and its scratch.
fn stored_product() -> (Fused<f32>, Vec<f32>) {
    let mut builder = FusedBuilder::new(&[2, 2]);
    let p = builder.product(2);
    builder.store(p);
    let fused = builder.build();
    let scratch = vec![0.0; fused.scratch()];
    (fused, scratch)
}

#[test]
#[should_panic(expected = "the loop goes on with a product")]
fn a_loop_on_a_product_needs_one() {
    let (fused, mut scratch) = stored_product();
    fused.run(&[(&[], 0)], &mut [&mut [0.0; 4]], &mut [], &mut scratch);
}

#[test]
#[should_panic(expected = "gemm: B of 2×2 with strides [2, 1] needs 4 elements, got 3")]
fn a_loop_names_the_short_factor() {
    let (fused, mut scratch) = stored_product();
    let product = Product { a: &[0.0; 4], a_strides: [2, 1], b: &[0.0; 3], b_strides: [2, 1], kept: None };
    fused.run_on_product(product, &[], &[(&[], 0)], &mut [&mut [0.0; 4]], &mut [], &mut scratch);
}
