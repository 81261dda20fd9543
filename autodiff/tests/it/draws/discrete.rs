//! Whole numbers and truth values against their probabilities.

use bayeux_autodiff::{Expr, Function, RandomStreams, vmap};
use bayeux_tensor::Tensor;

use super::{assert_mean, at, distance, drawn, excess, numbers};

const N: usize = 40_000;

fn streams() -> RandomStreams {
    RandomStreams::new(2026)
}

/// How often each number below a limit was drawn.
fn counts(draws: &Expr<i64>, limit: usize) -> Vec<f64> {
    let mut counts = vec![0.0; limit];
    for k in drawn(draws).iter() {
        assert!((0..limit as i64).contains(&k), "{k}");
        counts[k as usize] += 1.0;
    }
    counts
}

#[track_caller]
fn assert_counts(what: &str, draws: &Expr<i64>, probabilities: &[f64]) {
    let excess = excess(&counts(draws, probabilities.len()), probabilities);
    assert!(excess < 4.5, "{what}: χ² is {excess} standard deviations too large");
}

/// Probabilities of 0, 1, … from the first and the quotients of neighbours.
fn from_quotients(first: f64, count: usize, quotient: impl Fn(f64) -> f64) -> Vec<f64> {
    let mut p = vec![first];
    (1..count).for_each(|k| p.push(p[k - 1] * quotient(k as f64)));
    p
}

#[test]
fn poisson() {
    for rate in [0.0, 1e-3, 0.1, 3.0, 9.9, 10.0, 10.5, 40.0, 300.0] {
        let p = from_quotients(f64::exp(-rate), 1000, |k| rate / k);
        assert_counts(&format!("poisson {rate}"), &streams().poisson::<f64>(rate, [N]), &p);
    }
    for rate in [1e4, 1e6] {
        // P(K ≤ k) = Q(k + 1, λ), in the middle of the step.
        let k = numbers(&streams().poisson::<f64>(rate, [N / 4]).cast::<f64>());
        let middle = k.into_iter().map(|k| k + 0.5).collect();
        let p = at(|k| k.gammaincc(&Expr::full(k.shape(), rate)), middle);
        assert!(distance(p) < 1.95, "{rate}");
    }
    // So large that it is normal, and that terms of the density cancel.
    let k = numbers(&streams().poisson::<f64>(1e15, [N]).cast::<f64>());
    let z = k.into_iter().map(|k| (k - 1e15) / 1e15f64.sqrt()).collect();
    assert!(distance(at(Expr::ndtr, z)) < 1.95);
    let mixed = Tensor::from_slice(&[0.5f32, 50.0]);
    let k = drawn(&streams().poisson::<f32>(mixed, [N, 2]).cast::<f64>());
    assert_mean("small", &k.slice(1, 0..1).to_vec(), 0.5);
    assert_mean("large", &k.slice(1, 1..2).to_vec(), 50.0);
}

#[test]
fn binomial() {
    let cases =
        [(10, 0.3), (1000, 0.003), (30, 0.5), (100, 0.4), (1000, 0.02), (50, 0.9), (7, 0.999), (40, 0.1)];
    for (n, p) in cases {
        let odds = p / (1.0 - p);
        let first = (n as f64 * f64::ln_1p(-p)).exp();
        let probabilities = from_quotients(first, n + 1, |k| (n as f64 + 1.0 - k) / k * odds);
        let draws = streams().binomial::<f64>(n as i64, p, [N]);
        assert_counts(&format!("binomial {n} {p}"), &draws, &probabilities);
    }
    for (n, p) in [(1e6, 0.7), (1e9, 1e-3)] {
        // P(K ≤ k) = I(n − k, k + 1) at 1 − p, in the middle of the step.
        let k = numbers(&streams().binomial::<f64>(n as i64, p, [N / 4]).cast::<f64>());
        let middle = k.into_iter().map(|k| k + 0.5).collect();
        let of = at(|k| (-k + n).betainc(&(k + 0.0), &Expr::full(k.shape(), 1.0 - p)), middle);
        assert!(distance(of) < 1.95, "{n} {p}");
    }
    let k = numbers(&streams().binomial::<f64>(1 << 50, 0.25, [N]).cast::<f64>());
    let (centre, deviation) = (2f64.powi(48), (2f64.powi(48) * 0.75).sqrt());
    assert!(distance(at(Expr::ndtr, k.into_iter().map(|k| (k - centre) / deviation).collect())) < 1.95);
    let of = |n: i64, p: f64| drawn(&streams().binomial::<f64>(n, p, ())).item();
    assert_eq!([of(0, 0.5), of(1000, 0.0), of(1000, 1.0)], [0, 0, 1000]);
    let rare = streams().binomial::<f64>(1_000_000_000, 5e-9, [N]);
    assert_counts("rare", &rare, &from_quotients((-5f64).exp(), 100, |k| 5.0 / k));
}

#[test]
fn categorical() {
    let logits = Tensor::from_slice(&[0.0, 1.0, f64::NEG_INFINITY, 2.0, -30.0]);
    let weights = [1.0, 1f64.exp(), 0.0, 2f64.exp(), (-30f64).exp()];
    let total: f64 = weights.iter().sum();
    let p = weights.map(|w| w / total);
    let draws = streams().categorical::<f64>(logits, [N]);
    assert_counts("categorical", &draws, &p);
    assert_eq!(counts(&draws, 5)[2], 0.0);
    let weights = Tensor::from_slice(&weights.map(|w| 5.0 * w));
    assert_counts("weighted_choice", &streams().weighted_choice::<f64>(weights, [N]), &p);
    // Of each row its own.
    let rows = Tensor::new([2, 3], vec![0.0f32, 0.0, 0.0, 3f32.ln(), 0.0, 0.0]);
    let draws = drawn(&streams().categorical::<f32>(rows, [N, 2]).cast::<f64>());
    assert_mean("first row", &draws.slice(1, 0..1).to_vec(), 1.0);
    assert_mean("second row", &draws.slice(1, 1..2).to_vec(), 0.6);
    // As large as f32 logits go: their differences decide.
    let huge = Tensor::from_slice(&[-3e38f32, 3e38, 3e38]);
    assert_mean("huge", &numbers(&streams().categorical::<f32>(huge, [N]).cast::<f64>()), 1.5);
}

#[test]
fn whole_numbers_of_an_interval() {
    assert_counts("randint", &(streams().randint(-3, 4, [N]) + &3.into()), &[1.0 / 7.0; 7]);
    assert_counts("choice", &streams().choice(5, [N]), &[0.2; 5]);
    let wide = drawn(&streams().randint(i64::MIN, i64::MAX, [N]));
    assert_mean("wide", &wide.iter().map(|x| x as f64).collect::<Vec<_>>(), -0.5);
    assert!(wide.iter().any(|x| x < i64::MIN / 2) && wide.iter().any(|x| x > i64::MAX / 2));
}

#[test]
fn truth_values_and_masks() {
    let p = Tensor::from_slice(&[0.0, 0.1, 0.8, 1.0]);
    let hits = drawn(&streams().bernoulli::<f64>(p, [N, 4]).cast::<f64>());
    let column = |k: usize| hits.slice(1, k..k + 1).to_vec();
    assert!(column(0).iter().all(|&x| x == 0.0) && column(3).iter().all(|&x| x == 1.0));
    assert_mean("0.1", &column(1), 0.1);
    assert_mean("0.8", &column(2), 0.8);
    let signs = numbers(&streams().rademacher::<f32>([N]));
    assert!(signs.iter().all(|x| x.abs() == 1.0));
    assert_mean("signs", &signs, 0.0);
    let mask = numbers(&streams().dropout_mask::<f64>(0.2, [N]));
    assert!(mask.iter().all(|&x| x == 0.0 || x == 1.25));
    assert_mean("mask", &mask, 1.0);
    assert!(numbers(&streams().dropout_mask::<f32>(1.0, [100])).iter().all(|&x| x == 0.0));
}

/// So many stacks of something, each drawn apart.
fn many(f: impl Fn(&RandomStreams) -> Expr<i64>) -> Vec<Vec<i64>> {
    let random = streams();
    let parts = vmap(|_: &[Expr<f32>]| f(&random), &[Expr::zeros([N])]);
    let parts = drawn(&parts);
    let each = parts.shape()[1];
    parts.to_vec().chunks(each).map(<[i64]>::to_vec).collect()
}

#[test]
fn orders() {
    let mut counts = [0.0; 27];
    for order in many(|random| random.permutation(3)) {
        counts[order.iter().fold(0, |code, &k| 3 * code + k as usize)] += 1.0;
    }
    let found: Vec<f64> = counts.into_iter().filter(|&count| count > 0.0).collect();
    assert_eq!(found.len(), 6);
    assert!(excess(&found, &[1.0 / 6.0; 6]) < 4.5, "{found:?}");
    let x = Expr::<f64>::constant(Tensor::from_fn([3, 50], |i| (i[0] * 50 + i[1]) as f64));
    let shuffled = drawn(&streams().shuffle(&x, 1));
    let first = shuffled.slice(0, 0..1).to_vec();
    assert_ne!(first, (0..50).map(f64::from).collect::<Vec<_>>());
    assert_eq!(shuffled.slice(0, 2..3).to_vec(), first.iter().map(|x| x + 100.0).collect::<Vec<_>>());
    let mut sorted = first;
    sorted.sort_by(f64::total_cmp);
    assert_eq!(sorted, (0..50).map(f64::from).collect::<Vec<_>>());
}

#[test]
fn choices_without_replacement() {
    let (mut pairs, mut weighted) = ([0.0; 16], [0.0; 16]);
    for pair in many(|random| random.choice_without_replacement(4, 2)) {
        pairs[(4 * pair[0] + pair[1]) as usize] += 1.0;
    }
    let weights = [1.0, 2.0, 3.0, 0.0];
    let of = |random: &RandomStreams| {
        random.weighted_choice_without_replacement::<f64>(Tensor::from_slice(&weights), 2)
    };
    for pair in many(of) {
        weighted[(4 * pair[0] + pair[1]) as usize] += 1.0;
    }
    let (mut equal, mut expected) = ([0.0; 16], [0.0; 16]);
    for i in 0..4 {
        for j in (0..4).filter(|&j| j != i) {
            equal[4 * i + j] = 1.0 / 12.0;
            expected[4 * i + j] = weights[i] / 6.0 * weights[j] / (6.0 - weights[i]);
        }
    }
    for (found, wanted) in [(pairs, equal), (weighted, expected)] {
        assert!((0..16).all(|i| wanted[i] > 0.0 || found[i] == 0.0), "{found:?}");
        assert!(excess(&found, &wanted) < 4.5, "{found:?} of {wanted:?}");
    }
}

#[test]
fn parameters_without_a_meaning_are_refused() {
    let random = streams();
    let error = |draws: Expr<i64>| {
        Function::<i64>::new([], [draws]).expect("no inputs").call(&[]).expect_err("refused").to_string()
    };
    let rates = Tensor::from_slice(&[1.0, f64::NAN, -1.0]);
    assert_eq!(error(random.poisson::<f64>(rates, [2, 3])), "poisson: rate NaN at position 1");
    assert_eq!(error(random.poisson::<f64>(-0.5, ())), "poisson: rate -0.5 at position 0");
    assert_eq!(error(random.binomial::<f64>(-1, 0.5, [2])), "binomial: count -1 at position 0");
    assert_eq!(error(random.binomial::<f32>(1, 1.5, [2])), "binomial: probability 1.5 at position 0");
    assert_eq!(error(random.randint(3, 3, [2])), "randint: upper end 3 at position 0");
    let row = |x: [f64; 2]| Tensor::new([2, 2], vec![0.0, 0.5, x[0], x[1]]);
    let of = |x| error(random.categorical::<f64>(row(x), [20_000, 2]));
    assert_eq!(of([0.0, f64::INFINITY]), "categorical: logit inf at position 1");
    assert_eq!(of([f64::NEG_INFINITY; 2]), "categorical: logit -inf at position 1");
    let of = |x| error(random.weighted_choice::<f64>(row(x), [2]));
    assert_eq!(of([1.0, -1.0]), "weighted_choice: weight -1 at position 1");
    assert_eq!(of([0.0, 0.0]), "weighted_choice: weight 0 at position 1");
}
