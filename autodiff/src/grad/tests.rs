//! Zeros and infinities in the reverse sweep, and digits of slopes, at orders one and two, in f32 and f64.

use bayeux_tensor::{Float, Tensor};

use crate::{Expr, Function, Pool2dOptions, grad, interpret};

type Formula<T> = Box<dyn Fn(&Expr<T>) -> Expr<T>>;

/// The value, the slope of the sum and the slope of the slope's sum of a formula at some points, compiled; the interpreter must
/// agree to the bit on what is 0, infinite and undefined.
fn orders<T: Float>(formula: &dyn Fn(&Expr<T>) -> Expr<T>, at: &[f64]) -> [Vec<f64>; 3] {
    let x = Expr::<T>::input("x", [at.len()]);
    let y = formula(&x);
    let slope = grad(&y.sum_all(), std::slice::from_ref(&x)).remove(0);
    let curvature = grad(&slope.sum_all(), std::slice::from_ref(&x)).remove(0);
    let roots = [y, slope, curvature];
    let at = Tensor::from_slice(&at.iter().map(|&x| T::from_f64(x)).collect::<Vec<_>>());
    let found = Function::new([&x], &roots).and_then(|f| f.call(&[&at])).expect("runs");
    let expected = interpret(&roots, &[(&x, &at)], 0).expect("runs");
    for (order, (found, expected)) in found.iter().zip(&expected).enumerate() {
        for (a, b) in found.iter().zip(expected.iter()) {
            let (a, b) = (a.to_f64(), b.to_f64());
            let alike = (a.is_nan() && b.is_nan()) || a == b || (a - b).abs() <= 1e-5 * b.abs();
            assert!(alike, "order {order} of {}: compiled {a}, interpreted {b}", roots[0]);
        }
    }
    [0, 1, 2].map(|i| found[i].iter().map(|x| x.to_f64()).collect())
}

fn positive<T: Float>(u: &Expr<T>) -> Expr<bool> {
    u.gt(&Expr::scalar(0.0))
}

/// y where u is positive, else 0.
fn otherwise<T: Float>(u: &Expr<T>, y: Expr<T>) -> Expr<T> {
    Expr::select(&positive(u), &y, &Expr::scalar(0.0))
}

#[test]
fn a_branch_not_taken_passes_nothing_on() {
    fn check<T: Float>() {
        let formulas: Vec<Formula<T>> = vec![
            Box::new(|u| otherwise(u, u.sqrt())),
            Box::new(|u| otherwise(u, u.ln())),
            Box::new(|u| otherwise(u, u.recip())),
            Box::new(|u| otherwise(u, 1.0 / u)),
            Box::new(|u| otherwise(u, u / u.abs())),
            Box::new(|u| otherwise(u, u * u.ln())),
            Box::new(|u| otherwise(u, u.powf(-1.5))),
            Box::new(|u| otherwise(u, u.pow(u))),
            Box::new(|u| otherwise(u, u.ln().exp())),
            Box::new(|u| otherwise(u, u.ln().tanh().square())),
            Box::new(|u| otherwise(u, (u.ln() * 2.0 + 1.0).sigmoid())),
            Box::new(|u| otherwise(u, (u - 1.0).log1p())),
            Box::new(|u| otherwise(u, u.lgamma() + u.digamma())),
            Box::new(|u| otherwise(u, u.ln().reshape([1, 3]).softmax().reshape([3]))),
            Box::new(|u| otherwise(u, u.ln().maximum(&u.sqrt()))),
            Box::new(|u| otherwise(u, u.ln().relu().abs())),
            Box::new(|u| otherwise(u, u.ln().erf().sin())),
            // The other way to leave out, by a product with 0 of what is finite.
            Box::new(|u| positive(u).cast_like(u) * u.abs().sqrt()),
            Box::new(|u| u.relu() * u.abs().sqrt()),
            // Overflow where the branch is not taken.
            Box::new(|u| {
                Expr::select(&positive(u), &Expr::scalar(1.0), &(u * 1e4).exp())
                    + Expr::select(&positive(u), &u.square(), &(u * -1e4).exp()) * 0.0
            }),
        ];
        for (i, formula) in formulas.iter().enumerate() {
            let at = if i + 1 == formulas.len() { [2.0, 1.0, 3.0] } else { [0.0, 2.0, 0.0] };
            let [value, slope, curvature] = orders(formula, &at);
            assert!(value[0].is_finite(), "formula {i}: {value:?}");
            let expected = if i + 1 == formulas.len() { slope[0] } else { 0.0 };
            assert_eq!((slope[0], slope[2].is_finite()), (expected, true), "formula {i}: {slope:?}");
            assert!(curvature.iter().all(|x| x.is_finite()), "formula {i}: {curvature:?}");
            // The slope where the branch is taken, of those that are not constant there.
            assert!([4, 13, 19].contains(&i) || slope[1] != 0.0, "formula {i}: {slope:?}");
        }
        // Missing data, written as NaN.
        let [value, slope, _] = orders::<T>(
            &|x| Expr::select(&x.eq(x), &(x - 1.0).square().tanh(), &Expr::scalar(0.0)),
            &[f64::NAN, 1.5],
        );
        assert_eq!((value[0], slope[0]), (0.0, 0.0));
        assert!(slope[1] > 0.5);
        // What a slice leaves out.
        let [_, slope, _] = orders::<T>(&|x| x.sqrt().slice(0, 1..3), &[0.0, 1.0, 4.0]);
        assert_eq!(slope, [0.0, 0.5, 0.25]);
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn lengths_and_powers_at_zero() {
    fn check<T: Float>() {
        let zeros = [0.0; 3];
        for length in [
            |w: &Expr<T>| w.square().sum_all().sqrt(),
            |w: &Expr<T>| (w * w).sum_keep(0).sqrt(),
            |w: &Expr<T>| w.powf(2.0).sum_all().powf(0.5),
            |w: &Expr<T>| (w.square() * 3.0).sum(0).sqrt() * 2.0 + w.abs().sum_all(),
            |w: &Expr<T>| w.square().max(0).sqrt(),
        ] {
            assert_eq!(orders(&length, &zeros)[1], zeros);
            assert!(
                orders(&length, &[1.0, 2.0, 2.0])[1].iter().all(|slope| slope.is_finite() && *slope >= 0.0)
            );
        }
        // An infinite slope that nothing annihilates stays.
        assert_eq!(orders::<T>(&|x| x.sqrt(), &[0.0])[1], [f64::INFINITY]);
        let k = Expr::<T>::constant(Tensor::from_slice(&[0.0, 1.0, 2.0, 3.0].map(T::from_f64)));
        let [value, slope, curvature] = orders::<T>(&|x| x.pow(&k), &[0.0; 4]);
        assert_eq!(
            (value, slope, curvature),
            (vec![1.0, 0.0, 0.0, 0.0], vec![0.0, 1.0, 0.0, 0.0], vec![0.0, 0.0, 2.0, 0.0])
        );
        let base = Expr::<T>::constant(Tensor::from_slice(&[0.0, 0.0, 1.0].map(T::from_f64)));
        assert_eq!(orders::<T>(&|k| base.pow(k), &[0.0, 2.0, 3.0])[1], zeros);
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn slopes_keep_their_digits_far_out() {
    fn check<T: Float>(tolerance: f64, far: f64) {
        let near = |found: f64, expected: f64| (found - expected).abs() <= tolerance * expected.abs();
        for x in [0.1, 1.0, 5.0, 0.5 * far, far, 2.0 * far] {
            let (p, q) = (1.0 / (1.0 + (-x).exp()), (-x).exp() / (1.0 + (-x).exp()));
            for (x, p, q) in [(x, p, q), (-x, q, p)] {
                let [_, slope, curvature] = orders::<T>(&|x| x.softplus(), &[x]);
                assert!(
                    near(slope[0], p) && near(curvature[0], p * q),
                    "softplus at {x}: {slope:?} {curvature:?}"
                );
                let [_, slope, curvature] = orders::<T>(&|x| x.sigmoid(), &[x]);
                let second = p * q * (q - p);
                assert!(
                    near(slope[0], p * q) && (near(curvature[0], second) || x.abs() < 0.5),
                    "sigmoid at {x}: {slope:?} {curvature:?}"
                );
                let [_, slope, curvature] = orders::<T>(&|x| x.tanh(), &[x]);
                let sech = 4.0 * (-2.0 * x.abs()).exp() / (1.0 + (-2.0 * x.abs()).exp()).powi(2);
                assert!(near(slope[0], sech), "tanh at {x}: {slope:?}, not {sech}");
                assert!(near(curvature[0], -2.0 * x.tanh() * sech), "tanh at {x}: {curvature:?}");
            }
        }
    }
    check::<f64>(1e-13, 40.0);
    check::<f32>(2e-6, 20.0);
}

/// An adjoint that happens to be 0 has slopes of its own: that of (a − 1) ln x with respect to x is, at a = 1.
#[test]
fn what_happens_to_be_zero_is_differentiated_further() {
    let [a, x] = ["a", "x"].map(|name| Expr::<f64>::input(name, ()));
    let less = &a - 1.0;
    let terms = [&less * x.ln(), &less * x.sqrt(), &less / &x, x.pow(&less), &less * x.ln().tanh()];
    let expected = [0.5, 0.5 / 2f64.sqrt(), -0.25, 0.5, 0.5 * (1.0 - 2f64.ln().tanh().powi(2))];
    for (term, expected) in terms.iter().zip(expected) {
        let by_x = grad(term, std::slice::from_ref(&x)).remove(0);
        let mixed = grad(&by_x, std::slice::from_ref(&a)).remove(0);
        let f = Function::new([&a, &x], [&mixed]).expect("inputs");
        let found = f.call(&[&Tensor::scalar(1.0), &Tensor::scalar(2.0)]).expect("runs")[0].item();
        assert!((found - expected).abs() < 1e-14, "{term}: {found}, not {expected}");
    }
}

/// Of a max-pool and of rows of a table: what overflowed elsewhere passes nothing on.
#[test]
fn what_a_pool_or_a_table_leaves_out_passes_nothing_on() {
    let x = Expr::<f64>::input("x", [1, 1, 1, 2]);
    let pooled = (-x.exp()).max_pool2d(Pool2dOptions::new([1, 2])).sum_all();
    let slope = grad(&pooled, std::slice::from_ref(&x)).remove(0);
    let f = Function::new([&x], [&slope]).expect("fits");
    let values = f.call(&[&Tensor::new([1, 1, 1, 2], vec![0.0, 1000.0])]).expect("runs");
    assert_eq!(values[0].to_vec(), [-1.0, 0.0]);

    let table = Expr::<f64>::input("table", [3, 1]);
    let rows = table.exp().take(0, &Expr::constant(Tensor::from_slice(&[1i64])));
    let slope = grad(&rows.sum_all(), std::slice::from_ref(&table)).remove(0);
    let f = Function::new([&table], [&slope]).expect("fits");
    let values = f.call(&[&Tensor::new([3, 1], vec![1000.0, 0.0, 1000.0])]).expect("runs");
    assert_eq!(values[0].to_vec(), [0.0, 1.0, 0.0]);

    let x = Expr::<f64>::input("x", [3]);
    let slope = grad(&(-x.exp()).top_k(1).0.sum_all(), std::slice::from_ref(&x)).remove(0);
    let f = Function::new([&x], [&slope]).expect("fits");
    let values = f.call(&[&Tensor::from_slice(&[1000.0, 0.0, 1.0])]).expect("runs");
    assert_eq!(values[0].to_vec(), [0.0, -1.0, 0.0]);
}

/// Slopes of a loop are those of its steps written out, also where these are infinite or undefined.
#[test]
fn a_loop_passes_on_what_its_steps_do() {
    type Pair = (Expr<f64>, Expr<f64>);
    type Step = fn(&Pair, &Expr<f64>) -> (Pair, Expr<f64>);
    type Cost = fn(&Pair, Expr<f64>) -> Expr<f64>;
    let square = |y: &Expr<f64>| y.square();
    let rows: [(&str, Step, Cost, [f64; 3]); 6] = [
        // The last step overflows, and nobody asks for what it carries on.
        ("after the end", |(p, q), x| ((p.exp(), q.clone()), p + x), |_, y| y, [1.0, 2.0, 4.0]),
        ("never carried on", |(_, q), x| ((x.exp(), q.clone()), q * x), |(p, _), y| p + y, [800.0, 1.0, 2.0]),
        // √ is infinitely steep in one step, what it is taken of was multiplied by 0 in the one before.
        ("steep", |(p, q), x| ((q.sqrt(), p * x), p.clone()), |(p, _), _| p.clone(), [0.0, 0.0, 1.0]),
        // A branch is taken behind the loop, or inside.
        (
            "chosen behind",
            |(p, q), x| ((p * x.ln(), q.clone()), q * x),
            |(p, _), y| otherwise(&(p - 1.0), p.clone()) + y,
            [0.0, 1.0, 2.0],
        ),
        (
            "chosen inside",
            |(p, q), x| ((otherwise(x, p * x.ln()), q + p), p * q),
            |(p, q), y| p + q + y,
            [0.5, 0.0, 2.0],
        ),
        (
            "ordinary",
            |(p, q), x| ((p * x + q.tanh(), p * q), p.sin()),
            |(p, q), y| p * q + y,
            [0.5, -0.3, 2.0],
        ),
    ];
    // A mask from outside, by which a step that overflows is left out, as padding is.
    let x = Expr::<f64>::input("x", [3]);
    let mask =
        Expr::<f64>::constant(Tensor::from_slice(&[1.0, 1.0, 0.0])).gt(&Expr::scalar(0.5)).cast::<f64>();
    let masked = |p: &Expr<f64>, x: &Expr<f64>, m: &Expr<f64>| {
        let next = p / (2.0 + x.exp());
        m * next + (1.0 - m) * p
    };
    let as_sequence = |p: &Expr<f64>, given: &[Expr<f64>]| {
        let p = masked(p, &given[0], &given[1]);
        (p.clone(), p)
    };
    let last = crate::scan(as_sequence, Expr::scalar(0.5), &[x.clone(), mask]).0;
    let slope = grad(&last, std::slice::from_ref(&x)).remove(0);
    let f = Function::new([&x], [&slope]).expect("builds");
    let found = f.call(&[&Tensor::from_slice(&[0.1, 0.2, 800.0])]).expect("runs")[0].to_vec();
    assert!(found[0] != 0.0 && found[0].is_finite() && found[2] == 0.0, "{found:?}");
    // √ at 0 in a loop of a length that is known, and of one that is not.
    for free in [false, true] {
        let n = if free { crate::batch() } else { 3.into() };
        let (w, x) = (Expr::<f64>::input("w", ()), Expr::<f64>::input("x", [n]));
        let step = |p: &Expr<f64>, x: &[Expr<f64>]| {
            let p = (p * &x[0]).sqrt();
            (p.clone(), p)
        };
        let last = crate::scan(step, w.square(), std::slice::from_ref(&x)).0;
        let slope = grad(&last, std::slice::from_ref(&w)).remove(0);
        let f = Function::new([&w, &x], [&slope]).expect("builds");
        let found = f.call(&[&Tensor::scalar(0.0), &Tensor::ones([3])]).expect("runs")[0].item();
        assert_eq!(found, 0.0, "free length: {free}");
    }
    for (name, step, cost, x) in rows {
        let inputs = [("p", vec![]), ("q", vec![]), ("x", vec![3])]
            .map(|(name, shape)| Expr::<f64>::input(name, shape));
        let start = (inputs[0].clone(), inputs[1].clone());
        let (last, all) = crate::scan(|s: &Pair, x| step(s, &x[0]), start.clone(), &inputs[2..]);
        let looped = cost(&last, square(&all).sum_all());
        let (mut state, mut total) = (start, Expr::scalar(0.0));
        for t in 0..3 {
            let (next, y) = step(&state, &inputs[2].slice(0, t..t + 1).reshape([0; 0]));
            (state, total) = (next, total + square(&y));
        }
        let slopes = [looped, cost(&state, total)].map(|cost| grad(&cost, &inputs));
        let f = Function::new(&inputs, slopes.concat()).expect("builds");
        let at = [Tensor::scalar(0.5), Tensor::scalar(0.25), Tensor::from_slice(&x)];
        let found = f.call(&at.iter().collect::<Vec<_>>()).expect("runs");
        for (a, b) in found[..3].iter().zip(&found[3..]).flat_map(|(a, b)| a.iter().zip(b.iter())) {
            let alike = a == b || a.is_nan() && b.is_nan() || (a - b).abs() < 1e-12 * b.abs();
            assert!(alike, "{name}: {a} in a loop, {b} written out: {found:?}");
        }
    }
}

#[test]
fn a_gradient_that_is_nothing_says_why() {
    let (x, w) = (Expr::<f64>::input("x", [3]), Expr::<f64>::input("w", [3]));
    let cost = (x.floor() * w.square()).sum_all();
    let slopes = grad(&cost, &[x.clone(), w.clone()]);
    let f = crate::Function::new([&x, &w], &slopes).expect("builds");
    let ones = Tensor::ones([3]);
    assert_eq!(f.call(&[&ones, &ones]).expect("runs")[0].to_vec(), [0.0; 3]);
    let page = f.explain(&[&ones, &ones]).expect("compiles");
    assert!(page.contains("warning: no gradient of `x`: its paths end at floor"), "{page}");
    assert!(!page.contains("no gradient of `w`"), "{page}");
    // Where somebody said so there is nothing to warn of.
    let stopped = grad(&x.stop_gradient().sum_all(), std::slice::from_ref(&x)).remove(0);
    assert_eq!(stopped.name(), None);
    let error = crate::grad_connected(&cost, &[w, x]).expect_err("it has none");
    assert!(
        error.to_string().starts_with("the cost does not depend on `x`: its paths end at floor"),
        "{error}"
    );
}

#[test]
fn known_gradients_are_carried_on() {
    let x = Expr::<f64>::input("x", [2]);
    let (y, z) = (x.square(), x.sum_all());
    let (of_y, of_z) = (Expr::<f64>::input("of y", [2]), Expr::<f64>::input("of z", ()));
    let slope = crate::grad_from(&[(&y, &of_y), (&z, &of_z)], std::slice::from_ref(&x)).remove(0);
    let f = crate::Function::new([&x, &of_y, &of_z], [slope]).expect("builds");
    let at = [Tensor::from_slice(&[1.0, 2.0]), Tensor::from_slice(&[10.0, 1.0]), Tensor::scalar(5.0)];
    let found = f.call(&at.iter().collect::<Vec<_>>()).expect("runs");
    assert_eq!(found[0].to_vec(), [25.0, 9.0]);
}
