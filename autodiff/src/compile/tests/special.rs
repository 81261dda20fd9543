//! Axes of size 0 and infinite values: the same compiled and interpreted.

use bayeux_tensor::Tensor;

use crate::{Conv2dOptions, Expr, Function, Pool2dOptions, Shared, grad, interpret};

/// Axes of size 0: sums over nothing are 0, compiled and interpreted, with their slopes.
#[test]
fn sums_over_nothing_are_zero() {
    let shapes: [(&[usize], &[usize]); 6] = [
        (&[2, 0, 3], &[2, 3, 4]),
        (&[2, 2, 0], &[2, 0, 4]),
        (&[4, 0, 3], &[3, 5]),
        (&[0, 3], &[3, 5]),
        (&[3, 0], &[0, 5]),
        (&[0, 2, 3], &[0, 3, 4]),
    ];
    let convolutions: [(&[usize], &[usize]); 4] = [
        (&[2, 0, 4, 4], &[3, 0, 3, 3]),
        (&[0, 2, 4, 4], &[3, 2, 3, 3]),
        (&[2, 2, 4, 4], &[0, 2, 3, 3]),
        (&[2, 0, 4, 4], &[0, 0, 3, 3]),
    ];
    let padded = Conv2dOptions { padding: [[1, 1], [2, 0]], ..Conv2dOptions::default() };
    let products = shapes.iter().map(|&(a, b)| (a, b, None));
    let all = products.chain(convolutions.iter().map(|&(a, b)| (a, b, Some(padded))));
    for (a, b, options) in all {
        let inputs =
            [("a", a), ("b", b)].map(|(name, shape)| Expr::<f64>::input(name, crate::Shape::from(shape)));
        let y = match options {
            Some(options) => inputs[0].conv2d(&inputs[1], options),
            None => inputs[0].matmul(&inputs[1]),
        };
        let y = (y + 0.5).tanh();
        let mut roots = grad(&y.square().sum_all(), &inputs);
        roots.extend([y.clone(), y.mean_all(), inputs[0].max(1).exp().sum_all()]);
        let values = [Tensor::ones(a), Tensor::ones(b)];
        let given: Vec<_> = inputs.iter().zip(&values).collect();
        let expected = interpret(&roots, &given, 0).expect("the interpreter runs");
        let found =
            Function::new(&inputs, &roots).and_then(|f| f.call(&[&values[0], &values[1]])).expect("it runs");
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found.shape(), expected.shape());
            assert!(
                found
                    .iter()
                    .zip(expected.iter())
                    .all(|(a, b)| a == b || a.is_nan() && b.is_nan() || (a - b).abs() < 1e-14)
            );
        }
        assert!(found[2].iter().all(|y| (y - 0.5f64.tanh()).abs() < 1e-15), "{a:?}, {b:?}: {:?}", found[2]);
        assert!(found[..2].iter().all(|slope| slope.iter().all(|x| x == 0.0)));
    }
}

#[test]
fn a_step_on_an_empty_batch_changes_nothing() {
    let x = Expr::<f32>::input("x", (crate::batch(), 3));
    let [w, b] = [Shared::new("w", Tensor::ones([3, 2])), Shared::new("b", Tensor::ones([2]))];
    let cost = (x.matmul(&w.expr()) + b.expr()).tanh().square().mean_all();
    let slopes = grad(&cost, &[w.expr(), b.expr()]);
    let updates = [(&w, w.expr() - &slopes[0] * 0.1), (&b, b.expr() - &slopes[1] * 0.1)];
    let f = Function::builder().inputs([&x]).updates(updates).build().expect("x is an input");
    f.call(&[&Tensor::zeros([0, 3])]).expect("runs");
    assert_eq!((w.get().to_vec(), b.get().to_vec()), (vec![1.0; 6], vec![1.0; 2]));
}

/// One meaning of infinities, compiled and interpreted.
#[test]
fn infinities_are_the_same_compiled() {
    const INF: f64 = f64::INFINITY;
    let x = Expr::<f64>::input("x", [2, 3]);
    let at = Tensor::from_fn([2, 3], |i| [[INF, 0.0, 2.0], [-INF, -0.0, INF]][i[0]][i[1]]);
    let roots = [
        x.powf(0.5),
        x.pow(&Expr::scalar(0.5)),
        &x * 0.0,
        x.logsumexp(),
        x.log_softmax(),
        x.softmax(),
        grad(&x.logsumexp().sum_all(), std::slice::from_ref(&x)).remove(0),
        x.exp().sum(1).ln(),
    ];
    let found = Function::new([&x], &roots).and_then(|f| f.call(&[&at])).expect("runs");
    let expected = interpret(&roots, &[(&x, &at)], 0).expect("runs");
    for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
        for (a, b) in found.iter().zip(expected.iter()) {
            let alike = a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
            assert!(alike, "{i}: {found:?}, {expected:?}");
        }
    }
    assert!((found[0].get(&[0, 2]) - 2f64.sqrt()).abs() < 1e-15);
    assert_eq!([0, 1, 3, 4, 5].map(|i| found[0].get(&[i / 3, i % 3])), [INF, 0.0, INF, 0.0, INF]);
    assert!(found[2].get(&[0, 0]).is_nan() && found[2].get(&[1, 0]).is_nan());
    assert_eq!((found[3].to_vec(), found[7].to_vec()), (vec![INF; 2], vec![INF; 2]));
    assert_eq!(found[5].to_vec(), [1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(found[6].to_vec(), found[5].to_vec());
}

#[test]
fn a_pool_of_infinite_images_is_the_same_compiled() {
    const INF: f64 = f64::INFINITY;
    let x = Expr::<f64>::input("x", [1, 2, 4, 4]);
    let b = Expr::<f64>::input("b", [2, 1, 1]);
    let at = Tensor::from_fn([1, 2, 4, 4], |i| {
        [0.1, -INF, 0.7, 0.3, INF, 0.2, -0.4, f64::NAN, 0.5][(i[1] * 5 + i[2] * 4 + i[3] * 3) % 9]
    });
    for bias in [[INF, -INF], [1.0, INF], [f64::NAN, 0.0]] {
        let bias = Tensor::from_fn([2, 1, 1], |i| bias[i[0]]);
        for pooled in [
            (&x + &b).max_pool2d(Pool2dOptions::new([2, 2])),
            (&x + &b).tanh().max_pool2d(Pool2dOptions::new([2, 2])),
            x.exp().max_pool2d(Pool2dOptions::new([2, 2])),
        ] {
            let inputs = [x.clone(), b.clone()];
            let mut roots = grad(&pooled.sum_all(), &inputs);
            roots.push(pooled);
            let found = Function::new(&inputs, &roots).and_then(|f| f.call(&[&at, &bias])).expect("runs");
            let expected = interpret(&roots, &[(&x, &at), (&b, &bias)], 0).expect("runs");
            for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
                for (a, b) in found.iter().zip(expected.iter()) {
                    assert!(
                        a == b || a.is_nan() && b.is_nan(),
                        "root {i}, bias {bias:?}: {found:?}, {expected:?}"
                    );
                }
            }
        }
    }
}
