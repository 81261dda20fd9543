//! Shapes that no memory could have, or whose number of elements wraps around to one that looks right.

use bayeux_tensor::Tensor;
use proptest::prelude::*;
use proptest::sample::select;

use crate::common::panics::{Panicked, SIZES, STRIDES, outcome};

/// Half of the bits of a size: its square wraps to 0.
const HALF: usize = 1 << (usize::BITS / 2);

/// What a call says that must not be computed, and that it says so of the line that made it.
#[track_caller]
fn refusal<R: std::fmt::Debug>(f: impl FnOnce() -> R) -> String {
    let Panicked { message, file } = outcome(f).expect_err("it must not be computed");
    assert!(file.ends_with("tests/it/sizes.rs"), "{message}: in {file}");
    message
}

#[test]
fn products_of_sizes_that_wrap_are_no_lengths() {
    let third = usize::MAX / 3 + 1; // 3 · this is 2
    for (shape, len) in [([3, third], 2), ([HALF, HALF], 0), ([0, usize::MAX], 0)] {
        for make in [
            &(|| Tensor::new(shape, vec![1.0f32; len])) as &dyn Fn() -> Tensor<f32>,
            &|| Tensor::zeros(shape),
            &|| Tensor::full(shape, 1.0),
            &|| Tensor::from_fn(shape, |_| 1.0),
            &|| Tensor::zeros([len]).reshape(shape),
            &|| Tensor::scalar(1.0).broadcast_to(shape),
        ] {
            assert!(refusal(make).contains("more elements than memory can hold"));
        }
    }
    refusal(|| Tensor::<f64>::eye(HALF));
    refusal(|| Tensor::<f64>::arange(usize::MAX));
    assert!(refusal(|| Tensor::<f32>::arange(1 << (usize::BITS - 4))).contains("no memory"));
}

#[test]
fn a_product_with_a_repeated_number_is_no_larger_than_memory() {
    let many = Tensor::scalar(1.0f32).broadcast_to([1, usize::MAX / 12 + 1]); // 3 times as many wrap, in bytes
    let message = refusal(|| Tensor::ones([12, 1]).matmul(&many));
    assert!(
        message.contains("matmul: [12, 1] times [1, ") && message.contains("more than memory"),
        "{message}"
    );
    // As it was found.
    let message = refusal(|| {
        Tensor::ones([3, 1]).matmul(&Tensor::scalar(1.0f32).broadcast_to([1, usize::MAX / 3 + 1]))
    });
    assert!(message.contains("broadcast_to"), "{message}");
    let long = Tensor::scalar(1.0f32).broadcast_to([HALF, 1, 1]);
    let wide = Tensor::scalar(1.0f32).broadcast_to([1, 1, HALF]);
    for refused in
        [refusal(|| long.matmul(&wide)), refusal(|| &long + &wide), refusal(|| long.maximum(&wide))]
    {
        assert!(refused.contains("[4294967296, 1, 1]") || usize::BITS < 64, "{refused}");
    }
}

#[test]
fn views_and_joins_stay_within_memory() {
    let x = Tensor::<f32>::arange(3);
    refusal(|| x.slice_step(0, 1, usize::MAX, 0)); // the same index again and again
    refusal(|| x.slice_step(0, 2, 2, isize::MAX));
    refusal(|| x.slice_step(0, 2, 3, isize::MIN));
    // Of one index the step is nothing.
    assert_eq!(
        x.slice_step(0, 2, 1, isize::MIN).insert_axis(0).matmul(&Tensor::ones([1, 1])).to_vec(),
        [2.0]
    );
    refusal(|| x.pad(0, usize::MAX, 4));
    refusal(|| x.pad(0, isize::MAX as usize / 4, 0));
    let many = Tensor::scalar(1.0f32).broadcast_to([isize::MAX as usize / 4]);
    refusal(|| Tensor::concat(&[many.clone(), x.clone()], 0));
    refusal(|| Tensor::stack(&[many.clone(), many.clone()], 0));
    refusal(|| many.cast::<f64>());
    refusal(|| many.to_vec());
    refusal(|| many.contiguous());
    refusal(|| &many + 1.0);
    refusal(|| Tensor::select(&many, &many, &x.slice(0, 0..1)));
    refusal(|| many.insert_axis(1).broadcast_to([isize::MAX as usize / 4, 2]));
}

fn size() -> BoxedStrategy<usize> {
    prop_oneof![3 => 0usize..5, 1 => select(&SIZES[..])].boxed()
}

/// Something that makes a tensor of others.
#[derive(Clone, Debug)]
enum Make {
    Broadcast(Vec<usize>),
    Reshape(Vec<usize>),
    Step(usize, usize, usize, isize),
    Pad(usize, usize, usize),
    Insert(usize),
    Flip(usize),
    Transpose,
    Index(usize, usize),
}

fn make() -> impl Strategy<Value = Make> {
    let shape = || prop::collection::vec(size(), 0..4);
    prop_oneof![
        shape().prop_map(Make::Broadcast),
        shape().prop_map(Make::Reshape),
        (0usize..3, size(), size(), select(&STRIDES[..])).prop_map(|(a, b, c, d)| Make::Step(a, b, c, d)),
        (0usize..3, size(), size()).prop_map(|(a, b, c)| Make::Pad(a, b, c)),
        (0usize..4).prop_map(Make::Insert),
        (0usize..3).prop_map(Make::Flip),
        Just(Make::Transpose),
        (0usize..3, size()).prop_map(|(a, b)| Make::Index(a, b)),
    ]
}

impl Make {
    fn run(&self, x: &Tensor<f32>) -> Tensor<f32> {
        match self {
            Make::Broadcast(shape) => x.broadcast_to(shape),
            Make::Reshape(shape) => x.reshape(shape),
            Make::Step(axis, start, len, step) => x.slice_step(*axis, *start, *len, *step),
            Make::Pad(axis, before, after) => x.pad(*axis, *before, *after),
            Make::Insert(axis) => x.insert_axis(*axis),
            Make::Flip(axis) => x.flip(*axis),
            Make::Transpose => x.t(),
            Make::Index(axis, index) => x.index_axis(*axis, *index),
        }
    }
}

/// Whether all its elements may be computed here; of more there is either no memory, or too much.
fn is_small(x: &Tensor<f32>) -> bool {
    x.len() < 1 << 12
}

proptest! {
    #[test]
    fn any_views_are_right_or_refused(makes in prop::collection::vec(make(), 0..6), other in prop::collection::vec(make(), 0..3)) {
        let follow = |makes: &[Make]| makes.iter().fold(Tensor::new([2, 3], vec![1.0f32; 6]), |x, make| {
            // What is refused is left out; so is what would copy a great deal.
            let much = |added: usize| (1 << 12..1 << (usize::BITS - 8)).contains(&added);
            let copies = match *make {
                Make::Reshape(_) => !is_small(&x),
                Make::Pad(_, before, after) => !is_small(&x) || much(before) || much(after),
                _ => false,
            };
            if copies { x } else { outcome(|| make.run(&x)).unwrap_or(x) }
        });
        let (x, y) = (follow(&makes), follow(&other));
        let wanted: u128 = x.shape().iter().map(|&size| size.max(1) as u128).product();
        let len = if x.is_empty() { 0 } else { wanted };
        prop_assert!(wanted * 4 <= isize::MAX as u128 && x.len() as u128 == len);
        if is_small(&x) {
            // Zeros are what padding added.
            prop_assert!(x.iter().all(|x| x == 0.0 || x == 1.0) && x.to_vec() == x.iter().collect::<Vec<_>>());
            let axes: Vec<usize> = (0..x.rank()).collect();
            prop_assert_eq!(x.sum(&axes).item(), x.iter().sum::<f32>());
        }
        if is_small(&x) && is_small(&y) {
            if let Ok(sum) = outcome(|| &x + &y) {
                prop_assert!(sum.iter().all(|sum| (0.0..=2.0).contains(&sum)));
            }
            if let Ok(product) = outcome(|| x.matmul(&y)) {
                let k = x.shape()[x.rank() - 1] as f32;
                prop_assert!(product.iter().all(|sum| (0.0..=k).contains(&sum)));
            }
        }
    }
}
