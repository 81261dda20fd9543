//! Loops: the cases of Theano's tutorial, and what a loop promises.

use bayeux_autodiff::{
    AnyExpr, Dim, Expr, Function, RandomStreams, ScanOptions, Untyped, cond, fold, grad, jacobian, scan,
    while_loop,
};
use bayeux_tensor::{AnyTensor, Tensor};

fn values(f: &Function<f64>, inputs: &[&Tensor<f64>]) -> Vec<Vec<f64>> {
    f.call(inputs).expect("runs").iter().map(Tensor::to_vec).collect()
}

#[test]
fn powers_of_numbers() {
    // Aᵏ element by element.
    let a = Expr::<f64>::input("a", [Dim::symbol("n")]);
    let (_, powers) = ScanOptions::new().steps(4).scan(
        |p: &Expr<f64>, _: &[Expr<f64>]| (p * &a, p * &a),
        a.ones_like(),
        &[],
    );
    let last = powers.slice(0, -1..).sum_all();
    let f = Function::new([&a], [&powers, &grad(&last, std::slice::from_ref(&a))[0]]).expect("builds");
    let found = values(&f, &[&Tensor::from_slice(&[1.0, 2.0, 3.0])]);
    assert_eq!(found[0], [1.0, 2.0, 3.0, 1.0, 4.0, 9.0, 1.0, 8.0, 27.0, 1.0, 16.0, 81.0]);
    assert_eq!(found[1], [4.0, 32.0, 108.0]);
}

#[test]
fn a_polynomial_by_its_terms() {
    let c = Expr::<f64>::input("c", [Dim::symbol("n")]);
    let x = Expr::<f64>::input("x", ());
    let powers = Expr::<f64>::arange(c.dim(0));
    // Nothing is carried on, so that no loop is left.
    let terms = scan(
        |none: &Vec<Expr<f64>>, part| (none.clone(), &part[0] * x.pow(&part[1])),
        Vec::new(),
        &[c.clone(), powers],
    );
    let mut f = Function::new([&c, &x], [terms.1.sum_all()]).expect("builds");
    assert_eq!(values(&f, &[&Tensor::from_slice(&[1.0, 0.0, 2.0]), &Tensor::scalar(3.0)])[0], [19.0]);
    f.specialise(&[&Tensor::zeros([3]), &Tensor::scalar(1.0)]).expect("fits");
    assert!(!f.to_string().contains("scan"), "{f}");
}

#[test]
fn cumulative_sums_backwards_too() {
    let x = Expr::<f64>::input("x", [Dim::symbol("n")]);
    let sum = |s: &Expr<f64>, part: &[Expr<f64>]| (s + &part[0], s + &part[0]);
    let forwards = scan(sum, Expr::zeros(()), std::slice::from_ref(&x)).1;
    let backwards = ScanOptions::new().backwards().scan(sum, Expr::zeros(()), std::slice::from_ref(&x)).1;
    let f = Function::new([&x], [&forwards, &backwards]).expect("builds");
    let found = values(&f, &[&Tensor::from_slice(&[1.0, 2.0, 4.0])]);
    assert_eq!(found, [[1.0, 3.0, 7.0], [7.0, 6.0, 4.0]]);
    assert_eq!(values(&f, &[&Tensor::zeros([0])]), [[], []] as [[f64; 0]; 2]);
}

#[test]
fn taps_look_around_and_back() {
    // y_t = x_{t−1} + 10 x_{t+1} + 100 y_{t−1} + 1000 y_{t−3}.
    let x = Expr::<f64>::input("x", [5]);
    let start = Expr::<f64>::input("start", [3]);
    let step = |around: &[Vec<Expr<f64>>], back: &[Vec<Expr<f64>>]| {
        let y = &around[0][0] + &around[0][1] * 10.0 + &back[0][0] * 100.0 + &back[0][1] * 1000.0;
        vec![y.clone(), y * 2.0]
    };
    let all =
        ScanOptions::new().scan_with_taps(&[(x.clone(), &[-1, 1])], &[(start.clone(), &[-1, -3])], step);
    let f = Function::new([&x, &start], [&all[0], &all[1]]).expect("builds");
    let found = values(
        &f,
        &[&Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0]), &Tensor::from_slice(&[0.001, 0.002, 0.003])],
    );
    let y0 = 1.0 + 30.0 + 0.3 + 1.0;
    let y1 = 2.0 + 40.0 + 100.0 * y0 + 2.0;
    let y2 = 3.0 + 50.0 + 100.0 * y1 + 3.0;
    for (found, wanted) in found[0].iter().zip([y0, y1, y2]) {
        assert!((found - wanted).abs() < 1e-9 * wanted, "{found}, not {wanted}");
    }
    assert_eq!(found[1], found[0].iter().map(|y| 2.0 * y).collect::<Vec<_>>());
}

#[test]
fn a_jacobian_by_a_loop_is_the_jacobian() {
    let x = Expr::<f64>::input("x", [3]);
    let w = Expr::<f64>::constant(Tensor::from_fn([3, 2], |i| (i[0] * 2 + i[1]) as f64 / 3.0 - 0.7));
    let y = x.matmul(&w).tanh() * x.sum_all();
    let units = Expr::<f64>::eye(2);
    let rows = scan(
        |none: &Vec<Expr<f64>>, unit| {
            let slope = grad(&(&y * &unit[0]).sum_all(), std::slice::from_ref(&x)).remove(0);
            (none.clone(), slope)
        },
        Vec::new(),
        &[units],
    );
    let whole = jacobian(&y, std::slice::from_ref(&x)).remove(0);
    let f = Function::new([&x], [&rows.1, &whole]).expect("builds");
    let found = values(&f, &[&Tensor::from_slice(&[0.3, -0.2, 0.9])]);
    assert!(found[0].iter().zip(&found[1]).all(|(a, b)| (a - b).abs() < 1e-14), "{found:?}");
}

/// Of a Boltzmann machine of three visible and two hidden units, by turns.
fn gibbs(steps: usize) -> Expr<f64> {
    let w = Expr::<f64>::constant(Tensor::new([3, 2], vec![1.0, -1.0, 0.5, 2.0, -0.5, 0.3]));
    let random = RandomStreams::new(5);
    let sample = |p: Expr<f64>| random.uniform::<f64>(p.shape()).lt(&p).cast::<f64>();
    let start = Expr::<f64>::zeros([200, 3]);
    let turn = |visible: &Expr<f64>, _: &[Expr<f64>]| {
        let hidden = sample(visible.matmul(&w).sigmoid());
        let visible = sample(hidden.matmul(&w.t()).sigmoid());
        (visible.clone(), visible)
    };
    ScanOptions::new().steps(steps).scan(turn, start, &[]).1
}

#[test]
fn a_gibbs_chain_draws_anew_in_each_step() {
    let f = Function::<f64>::new([], [gibbs(50)]).expect("builds");
    let first = f.call(&[]).expect("runs").remove(0);
    let second = f.call(&[]).expect("runs").remove(0);
    assert_ne!(first, second);
    // Means of the last 40 steps, against those of all 2⁵ states.
    let w = [[1.0, -1.0], [0.5, 2.0], [-0.5, 0.3]];
    let (mut total, mut means) = (0.0, [0.0; 3]);
    for state in 0..32u32 {
        let bit = |i: usize| f64::from(state >> i & 1);
        let energy: f64 = (0..3).map(|i| (0..2).map(|j| bit(i) * w[i][j] * bit(3 + j)).sum::<f64>()).sum();
        total += energy.exp();
        (0..3).for_each(|i| means[i] += bit(i) * energy.exp());
    }
    for (i, mean) in means.iter().enumerate() {
        let drawn = first.slice(0, 10..50).slice(2, i..i + 1).mean_all();
        assert!((drawn - mean / total).abs() < 0.02, "{i}: {drawn}, not {}", mean / total);
    }
    // The same numbers in another function, and as the interpreter draws them.
    let again = Function::<f64>::new([], [gibbs(50)]).expect("builds").call(&[]).expect("runs").remove(0);
    assert_eq!(first, again);
    let slow = bayeux_autodiff::interpret(&[gibbs(50)], &[], 0).expect("runs").remove(0);
    assert_eq!(first, slow);
}

/// Noise in the reverse sweep is that of the forward loop, in blocks too.
#[test]
fn slopes_see_the_noise_of_their_steps() {
    let scale = Expr::<f64>::input("scale", ());
    for options in [ScanOptions::new(), ScanOptions::new().checkpoint_every(3)] {
        let random = RandomStreams::new(1);
        // s ← s + scale e: the last is scale Σ e, whose slope is Σ e.
        let walk = |s: &Expr<f64>, _: &[Expr<f64>]| {
            let s = s + &scale * random.normal::<f64>(());
            (s.clone(), s)
        };
        let last = options.steps(7).scan(walk, Expr::zeros(()), &[]).0;
        let slope = grad(&last, std::slice::from_ref(&scale)).remove(0);
        let f = Function::new([&scale], [last, slope]).expect("builds");
        let found = values(&f, &[&Tensor::scalar(2.0)]);
        assert!((found[0][0] - 2.0 * found[1][0]).abs() < 1e-14, "{found:?}");
    }
}

#[test]
fn a_loop_ends_when_it_says_so() {
    // Newton's iteration for a square root, as long as it changes something.
    let a = Expr::<f64>::input("a", ());
    let root = while_loop(
        |[x, before]: &[Expr<f64>; 2]| (x - before).abs().gt(&Expr::scalar(1e-12)),
        |[x, _]| [(x + &a / x) * 0.5, x.clone()],
        [a.clone(), Expr::zeros(())],
        1000,
    );
    let slope = grad(&root[0], std::slice::from_ref(&a)).remove(0);
    let f = Function::new([&a], [&root[0], &slope]).expect("builds");
    for x in [2.0f64, 49.0, 1e6] {
        let found = values(&f, &[&Tensor::scalar(x)]);
        assert!((found[0][0] - x.sqrt()).abs() < 1e-12 * x, "{found:?}");
        assert!((found[1][0] - 0.5 / x.sqrt()).abs() < 1e-9, "{found:?}");
    }
}

#[test]
fn only_the_branch_that_is_taken_runs() {
    let x = Expr::<f64>::input("x", [2]);
    let labels = Expr::<i64>::constant(Tensor::from_slice(&[0, 5]));
    // Position 5 is out of range: whoever computes it fails.
    let y = cond(&x.sum_all().gt(&Expr::scalar(0.0)), || &x * 2.0, || x.take(0, &labels));
    let f = Function::new([&x], [y]).expect("builds");
    assert_eq!(values(&f, &[&Tensor::from_slice(&[1.0, 2.0])])[0], [2.0, 4.0]);
    assert!(f.call(&[&Tensor::from_slice(&[-1.0, -2.0])]).is_err());
    assert_eq!(values(&f, &[&Tensor::from_slice(&[3.0, 2.0])])[0], [6.0, 4.0]);
}

/// A step that fails leaves all buffers where they were: what was carried on stands in two of them by turns.
#[test]
fn a_step_that_fails_leaves_the_next_call_as_it_was() {
    let x = Expr::<f64>::input("x", [2, 3]);
    let places = Expr::<i64>::input("places", [Dim::symbol("n")]);
    let step = |s: &AnyExpr, place: &[AnyExpr]| {
        let s = s.flip(1) + s.typed::<f64>().take(0, &place[0].typed()).untyped();
        (s.clone(), s)
    };
    let (last, all) = scan(step, x.untyped(), &[places.untyped()]);
    let f = Function::<Untyped>::new([&x.untyped(), &places.untyped()], [&last, &all]).expect("builds");
    let data = AnyTensor::from(Tensor::new([2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    for failing in 0..4 {
        let mut given = vec![1i64, 0, 1, 0];
        let good = AnyTensor::from(Tensor::from_slice(&given));
        given[failing] = 9;
        let wanted = f.call(&[&data, &good]).expect("runs");
        drop(f.call(&[&data, &AnyTensor::from(Tensor::from_slice(&given))]).expect_err("out of range"));
        assert_eq!(f.call(&[&data, &good]).expect("runs"), wanted, "step {failing}");
    }
}

/// Of steps that are not done nothing fails: neither what the sequences alone decide, nor what comes after the loop.
#[test]
fn what_a_loop_does_not_come_to_does_not_fail() {
    let places = Expr::<i64>::constant(Tensor::from_slice(&[0, 1, 7]));
    let x = Expr::<f64>::input("x", [2]);
    let step = |s: &AnyExpr, place: &[AnyExpr]| {
        let part = x.take(0, &place[0].typed());
        let s = s + part.untyped();
        // Of zeros this is none.
        let matrix = Expr::<f64>::eye(2) * s.typed::<f64>();
        let over = s.typed::<f64>().ge(&Expr::scalar(3.0));
        (s, [part.untyped(), matrix.cholesky().untyped()], over)
    };
    let start = Expr::<f64>::zeros(()).untyped();
    let (_, [parts, roots], steps) = ScanOptions::new().scan_until(step, start, &[places.untyped()]);
    let f = Function::<Untyped>::new([&x.untyped()], [&parts, &roots, &steps.untyped()]).expect("builds");
    let found = f.call(&[&AnyTensor::from(Tensor::from_slice(&[1.0, 3.0]))]).expect("only what is done");
    assert_eq!(found[0].get::<f64>().to_vec(), [1.0, 3.0, 0.0]);
    assert_eq!(found[1].get::<f64>().to_vec(), [1.0, 0.0, 0.0, 1.0, 2.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(found[2].get::<i64>().item(), 2);
}

#[test]
fn a_truncated_gradient_stops() {
    let w = Expr::<f64>::input("w", ());
    // s ← w s + x: ds₄/dw over all steps, and over the last two.
    let x = Expr::<f64>::constant(Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0]));
    let of = |options: ScanOptions| {
        let step = |s: &Expr<f64>, x: &[Expr<f64>]| (s * &w + &x[0], Vec::<Expr<f64>>::new());
        let last = options.scan(step, Expr::zeros(()), std::slice::from_ref(&x)).0;
        grad(&last, std::slice::from_ref(&w)).remove(0)
    };
    let f = Function::new([&w], [of(ScanOptions::new()), of(ScanOptions::new().truncate_gradient(2))])
        .expect("builds");
    let (w, mut s) = (0.5, [0.0; 5]);
    for t in 0..4 {
        s[t + 1] = w * s[t] + (t + 1) as f64;
    }
    let found = values(&f, &[&Tensor::scalar(w)]);
    let terms: Vec<f64> = (0..4).map(|t| s[t] * w.powi(3 - t as i32)).collect();
    assert_eq!(found[0], [terms.iter().sum::<f64>()]);
    assert_eq!(found[1], [terms[2] + terms[3]]);
}

#[test]
fn a_sequence_of_any_length_and_the_second_order() {
    let x = Expr::<f64>::input("x", [Dim::symbol("n")]);
    let w = Expr::<f64>::input("w", ());
    let last = fold(|s: &Expr<f64>, x| (s * &w + &x[0]).sin(), Expr::zeros(()), std::slice::from_ref(&x));
    let slope = grad(&last, std::slice::from_ref(&w)).remove(0);
    let second = grad(&slope, std::slice::from_ref(&w)).remove(0);
    let f = Function::new([&x, &w], [&last, &slope, &second]).expect("builds");
    for n in [0, 1, 2, 13] {
        let data: Vec<f64> = (0..n).map(|i| f64::from(i) * 0.7 - 0.2).collect();
        let at =
            |w: f64| values(&f, &[&Tensor::new([n as usize], data.clone()), &Tensor::scalar(w)]).concat();
        let (middle, up, down) = (at(0.8), at(0.8 + 1e-5), at(0.8 - 1e-5));
        for order in 0..2 {
            let difference = (up[order] - down[order]) / 2e-5;
            assert!((difference - middle[order + 1]).abs() < 1e-7, "{n} {order}: {difference}, {middle:?}");
        }
    }
}

#[test]
fn mixed_types_are_carried() {
    let x = Expr::<f32>::input("x", [4]);
    let (last, _) = scan(
        |(count, largest): &(Expr<i64>, Expr<f32>), part: &[Expr<f32>]| {
            let positive = part[0].gt(&Expr::zeros(())).cast::<i64>();
            ((count + positive, largest.maximum(&part[0])), Vec::<Expr<f32>>::new())
        },
        (Expr::<i64>::zeros(()), Expr::<f32>::scalar(-9.0)),
        std::slice::from_ref(&x),
    );
    let f = Function::<Untyped>::new([&x.untyped()], [last.0.untyped(), last.1.untyped()]).expect("builds");
    let found = f.call(&[&AnyTensor::from(Tensor::from_slice(&[1.0f32, -2.0, 3.0, 0.5]))]).expect("runs");
    assert_eq!((found[0].get::<i64>().item(), found[1].get::<f32>().item()), (3, 3.0));
}

#[test]
#[should_panic(expected = "scan: a step makes f32[2] of what began as f32[]")]
fn a_step_that_changes_the_type_is_refused() {
    let x = Expr::<f32>::input("x", [3, 2]);
    let _ = fold(|s: &Expr<f32>, x| s + &x[0], Expr::zeros(()), &[x]);
}

#[test]
#[should_panic(expected = "has 2 parts, there are 3 steps")]
fn sequences_of_different_lengths_are_refused() {
    let [a, b] = [Expr::<f32>::input("a", [3]), Expr::<f32>::input("b", [2])];
    let _ = fold(|s: &Expr<f32>, x| s + &x[0] * &x[1], Expr::zeros(()), &[a, b]);
}
