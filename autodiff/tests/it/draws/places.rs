//! Where the numbers come from: the same bits on any number of threads, compiled and interpreted, other ones in each call, step and part.

use std::collections::HashSet;

use bayeux_autodiff::{AnyExpr, Expr, Function, RandomStreams, ScanOptions, Untyped, batch, interpret, vmap};
use bayeux_tensor::{AnyTensor, Tensor};

use super::drawn;

/// One expression of each kind, of so many numbers.
fn all(random: &RandomStreams, n: usize) -> Vec<AnyExpr> {
    let alpha = Expr::<f64>::constant(Tensor::from_fn([n], |i| 0.02 * (1.0 + i[0] as f64)));
    let logits = Expr::<f32>::constant(Tensor::from_slice(&[0.0, 1.0, 2.0]));
    let narrow = alpha.cast::<f32>();
    vec![
        random.bits([n]).untyped(),
        random.gamma(&alpha, [n]).untyped(),
        random.log_gamma(&narrow, [n]).untyped(),
        random.beta(&alpha, 2.0, [n]).untyped(),
        random.dirichlet(Expr::<f32>::full([3], 0.7), [n]).untyped(),
        random.student_t(&alpha, [n]).untyped(),
        random.von_mises(&narrow, [n]).untyped(),
        random.poisson(&alpha, [n]).untyped(),
        random.binomial(100, &(&alpha / (&alpha + 1.0)), [n]).untyped(),
        random.categorical(&logits, [n]).untyped(),
        random.randint(0, 100, [n]).untyped(),
        random.bernoulli::<f64>(0.3, [n]).untyped(),
        random.gumbel::<f32>([n]).untyped(),
        random.truncated_normal::<f64>(0.5, 2.0, [n]).untyped(),
        random.permutation(n).untyped(),
    ]
}

fn bits(values: &[AnyTensor]) -> Vec<Vec<u64>> {
    values.iter().map(|value| value.bits().collect()).collect()
}

#[test]
fn bits_are_the_same_on_any_number_of_threads_and_interpreted() {
    let roots = all(&RandomStreams::new(7), 40_000);
    let on = |threads: usize, call: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let mut f = Function::<Untyped>::new([], &roots).expect("no inputs");
        f.set_call(call);
        bits(&pool.install(|| f.call(())).expect("runs"))
    };
    let one = on(1, 5);
    assert_eq!(one, on(3, 5));
    assert_eq!(one, bits(&interpret(&roots, &[], 5).expect("runs")));
    for (other, one) in on(2, 6).iter().zip(&one) {
        assert_ne!(other, one);
    }
}

/// The first numbers are those of a shorter array.
#[test]
fn a_number_depends_on_its_own_place_alone() {
    let of = |n: usize| {
        let roots = all(&RandomStreams::new(7), n);
        bits(&interpret(&roots[..13], &[], 0).expect("runs"))
    };
    // The dropped one is of a vector for each draw.
    for (short, long) in of(50).iter().zip(&of(300)) {
        assert_eq!(short[..], long[..short.len()]);
    }
}

/// Results recorded once are drawn again for ever.
#[test]
fn draws_are_recorded() {
    let random = RandomStreams::new(0x1234_5678_9abc_def0);
    let alpha = Tensor::from_slice(&[0.01, 1.0, 300.0]);
    let real = [random.log_gamma::<f64>(alpha.clone(), [3]), random.von_mises::<f64>(alpha.clone(), [3])];
    let whole = [
        random.bits([3]),
        random.poisson::<f64>(alpha, [3]),
        random.binomial::<f64>(1000, Tensor::from_slice(&[0.001, 0.3, 0.9]), [3]),
        random.randint(0, 1_000_000, [3]),
        random.categorical::<f64>(Tensor::from_fn([100], |_| 0.0), [3]),
        random.permutation(5),
    ];
    let real = Function::<f64>::new([], &real).expect("no inputs").call(&[]).expect("runs");
    let whole = Function::<i64>::new([], &whole).expect("no inputs").call(&[]).expect("runs");
    let real: Vec<Vec<u64>> = real.iter().map(|x| x.iter().map(f64::to_bits).collect()).collect();
    let whole: Vec<Vec<i64>> = whole.iter().map(Tensor::to_vec).collect();
    assert_eq!(format!("{real:x?} {whole:?}"), RECORDED);
}

const RECORDED: &str = "[[c083389353c115a8, 3feb1bc7cc463257, 40170ee486491d9b], \
    [3fecbb114920f3e5, 3fd46bc2743161a3, bfac6417ff5a38ee]] \
    [[7732400377494533932, -5089021590632935420, 7192852733417334708], [0, 0, 309], [1, 333, 908], \
    [462388, 315225, 238677], [68, 79, 84], [0, 1, 4, 2, 3]]";

fn all_differ(parts: impl IntoIterator<Item = Vec<f64>>) -> bool {
    let parts: Vec<Vec<u64>> =
        parts.into_iter().map(|part| part.into_iter().map(f64::to_bits).collect()).collect();
    parts.iter().collect::<HashSet<_>>().len() == parts.len()
}

#[test]
fn each_step_of_a_loop_and_each_part_of_a_stack_draws_its_own() {
    let (rate, alpha) = (Expr::<f64>::from(1e6), Expr::<f64>::from(2.5));
    let draws = |random: &RandomStreams| {
        random.gamma(&alpha, [4]) + random.poisson(&rate, [4]).cast::<f64>() + random.von_mises(&alpha, [4])
    };
    let random = RandomStreams::new(5);
    let step = |sum: &Expr<f64>, _: &[Expr<f64>]| {
        let x = draws(&random);
        (sum + &x, x)
    };
    let (sum, steps) = ScanOptions::new().steps(30).scan(step, Expr::zeros([4]), &[]);
    let stack = vmap(|x: &[Expr<f64>]| &x[0] + draws(&RandomStreams::new(6)), &[Expr::zeros([30, 4])]);
    let roots = [sum, steps, stack];
    let f = Function::<f64>::new([], &roots).expect("no inputs");
    let values = f.call(&[]).expect("runs");
    for stack in &values[1..] {
        assert!(all_differ(stack.to_vec().chunks(4).map(<[f64]>::to_vec)));
    }
    for k in 0..4 {
        let total: f64 = values[1].slice(1, k..k + 1).iter().sum();
        assert!((values[0].get(&[k]) / total - 1.0).abs() < 1e-14);
    }
    assert_eq!(interpret(&roots, &[], 0).expect("runs"), values);
    assert_ne!(f.call(&[]).expect("runs"), values);
}

#[test]
fn streams_are_told_apart_by_their_makers() {
    let gamma = |random: &RandomStreams| random.gamma::<f64>(2.0, [3]);
    let apart = || gamma(&RandomStreams::apart(7));
    let same = || gamma(&RandomStreams::new(7));
    let values = Function::<f64>::new([], [apart(), apart(), same(), same()]).expect("no inputs");
    let values = values.call(&[]).expect("runs");
    assert_ne!(values[0], values[1]);
    assert_eq!(values[2], values[3]);
    // Two requests of one maker.
    let random = RandomStreams::new(7);
    assert_ne!(drawn(&gamma(&random)), drawn(&gamma(&random)));
}

#[test]
fn shapes_may_be_free_or_empty() {
    let alpha = Expr::<f32>::input("alpha", [batch()]);
    let random = RandomStreams::new(1);
    let roots = [
        random.gamma(&alpha, alpha.shape()).untyped(),
        random.poisson(&alpha, alpha.shape()).untyped(),
        random.categorical(&alpha, [5]).untyped(),
        random.permutation(batch()).untyped(),
        random.dropout_mask::<f32>(0.5, alpha.shape()).untyped(),
    ];
    let f = Function::<Untyped>::new([&alpha.untyped()], &roots).expect("one input");
    for n in [1, 3, 100] {
        let values = f.call(&[&Tensor::<f32>::ones([n]).into()]).expect("runs");
        let shapes: Vec<&[usize]> = values.iter().map(AnyTensor::shape).collect();
        assert_eq!(shapes, [&[n][..], &[n], &[5], &[n], &[n]]);
    }
    let none = random.gamma::<f64>(1.0, [0]);
    assert_eq!(drawn(&none).shape(), [0]);
    assert_eq!(drawn(&random.categorical::<f64>(Expr::zeros([0, 2]), [0])).shape(), [0]);
    // Nothing to choose from.
    let nothing = random.categorical::<f64>(Expr::zeros([2, 0]), [2]);
    assert!(Function::<i64>::new([], [nothing]).expect("no inputs").call(&[]).is_err());
}
