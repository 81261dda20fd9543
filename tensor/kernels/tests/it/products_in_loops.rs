//! Loops that go on with a product, against the product and then the loop.

use crate::common::*;
use bayeux_kernels::fused::{Factors, Fused, FusedBuilder, Product, Reduce, Value};
use bayeux_kernels::random::Source;
use bayeux_kernels::*;
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
        let p = builder.product(Product::Matrices(k));
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
        let (noise, stores) = ([Source::new(7, 9)], &mut [&mut r.y[..], &mut r.state[..]]);
        let reduced = &mut [&mut r.sums[..], &mut r.largest[..]];
        if product_first {
            let mut gemm_scratch = dirty(gemm_scratch(k, n));
            gemm(m, k, n, T::ONE, &a, a_strides, &b, b_strides, T::ZERO, &mut r.product, &mut gemm_scratch);
            let operands = [(&r.product[..], 0), (&bias[..], 0), (&d[..], 0), (&[][..], 0)];
            fused.run_with_noise(&noise, &operands, stores, reduced, &mut scratch);
        } else {
            let kept = self.kept.then_some(&mut r.product[..]);
            let factors = Factors::Matrices([(&a, a_strides), (&b, b_strides)]);
            let operands = [(&[][..], 0), (&bias[..], 0), (&d[..], 0), (&[][..], 0)];
            fused.run_on_product(factors, kept, &noise, &operands, stores, reduced, &mut scratch);
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
    let chunks =
        |[m, k, n]: [usize; 3]| FusedBuilder::<f32>::chunks_of_product(&[m, n], Product::Matrices(k));
    assert!(chunks([500, 800, 800]).is_some_and(|chunks| chunks > 8));
    assert_eq!(chunks([10, 4, 10]), Some(1));
    // Few rows; rows, sums or matrices that are too long, or have nothing in them.
    for size in [[40, 800, 800], [500, 10, 3000], [500, 3000, 10], [0, 3, 3], [3, 0, 3], [3, 3, 0]] {
        assert_eq!(chunks(size), None, "{size:?}");
    }
    assert_eq!(FusedBuilder::<f32>::chunks_of_product(&[2, 3, 4], Product::Matrices(5)), None);
}

#[test]
fn the_bits_of_a_loop_on_a_product_do_not_depend_on_the_number_of_threads() {
    let run = |threads: usize| {
        let case = Case { size: [400, 300, 130], transposed: [true, false], kept: false };
        in_pool(threads, || case.run::<f32>(&case.fused(), false))
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(7));
}

#[test]
#[should_panic(expected = "a loop over [500, 3000] cannot go on with the product Matrices(10)")]
fn a_loop_refuses_a_product_that_is_too_wide() {
    FusedBuilder::<f32>::new(&[500, 3000]).product(Product::Matrices(10));
}

/// A loop that stores a product of 2×2 and 2×2, and its scratch.
fn stored_product() -> (Fused<f32>, Vec<f32>) {
    let mut builder = FusedBuilder::new(&[2, 2]);
    let p = builder.product(Product::Matrices(2));
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
    let factors = Factors::Matrices([(&[0.0; 4], [2, 1]), (&[0.0; 3], [2, 1])]);
    fused.run_on_product(factors, None, &[], &[(&[], 0)], &mut [&mut [0.0; 4]], &mut [], &mut scratch);
}

/// A loop that goes on with a convolution: tanh(p + a bias for each channel), and the sums of p over all but the channels,
/// against the convolution and then the loop. y and p have the same bits.
fn check_images<T: Float>(s: &Conv2dShape, kept: bool) {
    let [h, w] = s.out_size();
    let shape = [s.batch(), s.out_channels(), h, w];
    let (x, filters, bias) =
        (numbers::<T>(s.x_len(), 1), numbers::<T>(s.w_len(), 2), numbers::<T>(s.out_channels(), 3));
    let build = |by_images: bool| {
        let mut builder = FusedBuilder::<T>::new(&shape);
        let strides = [s.out_channels() * h * w, h * w, w, 1].map(|step| step as isize);
        let p = if by_images { builder.product(Product::Images(*s)) } else { builder.operand(&strides) };
        let b = builder.operand(&[0, 1, 0, 0]);
        let biased = builder.arithmetic(fused::Arithmetic::Add, p, b);
        let y = builder.unary(simd::tanh, biased);
        builder.store(y);
        builder.reduce(Reduce::Sum, p, &[0, 2, 3]);
        builder.build()
    };
    let results = || [s.y_len(), s.y_len(), s.out_channels()].map(dirty::<T>);
    let [mut want_p, mut want_y, mut want_sums] = results();
    let fused = build(false);
    conv2d(s, &x, &filters, &mut want_p, &mut dirty(s.scratch_forward()));
    let operands = [(&want_p[..], 0), (&bias[..], 0)];
    fused.run(&operands, &mut [&mut want_y], &mut [&mut want_sums], &mut dirty(fused.scratch()));

    let [mut p, mut y, mut sums] = results();
    let (fused, operands) = (build(true), [(&[][..], 0), (&bias[..], 0)]);
    let (factors, place) = (Factors::Images([&x, &filters]), kept.then_some(&mut p[..]));
    let scratch = &mut dirty(fused.scratch());
    fused.run_on_product(factors, place, &[], &operands, &mut [&mut y], &mut [&mut sums], scratch);
    assert!(y == want_y && (!kept || p == want_p), "{s:?}");
    let most = T::EPSILON * T::from_f64((4 * s.y_len() * s.w_len()) as f64);
    for (&found, &want) in sums.iter().zip(&want_sums) {
        assert!((found - want).abs() <= most, "{found} is not {want}: {s:?}");
    }
}

#[test]
fn a_loop_goes_on_with_a_convolution() {
    let none = [[0, 0], [0, 0]];
    for s in [
        Conv2dShape::new(61, 1, [28, 28], 24, [3, 3], [2, 2], [[1, 1], [1, 1]]),
        Conv2dShape::new(37, 24, [14, 14], 48, [3, 3], [2, 2], [[1, 1], [1, 1]]),
        Conv2dShape::new(1, 3, [9, 11], 5, [3, 4], [2, 3], [[1, 0], [2, 3]]), // columns in the lanes
        Conv2dShape::new(5, 2, [70, 60], 3, [5, 5], [1, 1], none), // bands of rows, two images' room
        Conv2dShape::new(200, 2, [3, 3], 4, [3, 3], [1, 1], none),
    ] {
        for kept in [false, true] {
            check_images::<f32>(&s, kept);
            check_images::<f64>(&s, kept);
        }
    }
}

#[test]
fn some_convolutions_are_not_computed_by_images() {
    let chunks = |batch, size: usize, shape: [usize; 4]| {
        let s = Conv2dShape::new(batch, 1, [size, size], 8, [1, 1], [1, 1], [[0, 0], [0, 0]]);
        FusedBuilder::<f32>::chunks_of_product(&shape, Product::Images(s))
    };
    assert!(chunks(100, 10, [100, 8, 10, 10]).is_some_and(|chunks| chunks >= 4));
    // Another shape; images that are too large; none at all.
    assert_eq!(chunks(100, 10, [100, 8, 10, 11]), None);
    assert_eq!(chunks(100, 65, [100, 8, 65, 65]), None);
    assert_eq!(chunks(0, 10, [0, 8, 10, 10]), None);
    // Groups of channels.
    let s = Conv2dShape::new(100, 2, [10, 10], 8, [1, 1], [1, 1], [[0, 0], [0, 0]]).grouped(2);
    assert_eq!(FusedBuilder::<f32>::chunks_of_product(&[100, 8, 10, 10], Product::Images(s)), None);
}

#[test]
#[should_panic(expected = "but the factors are of the other kind")]
fn a_loop_on_a_product_refuses_other_factors() {
    let (fused, mut scratch) = stored_product();
    let factors = Factors::Images([&[0.0; 4], &[0.0; 4]]);
    fused.run_on_product(factors, None, &[], &[(&[], 0)], &mut [&mut [0.0; 4]], &mut [], &mut scratch);
}
