//! What the passes make of expressions. That they keep the values is the business of `tests/random_graphs.rs`.

mod instructions;
mod special;

use approx::assert_relative_eq;
use bayeux_tensor::Tensor;

use super::{Graph, Inners, Watch, optimise};
use crate::dim::Sizes;
use crate::execute::TARGET;
use crate::expr::all_untyped;
use crate::{Conv2dOptions, Expr, Function, Pool2dOptions, Shared, grad, interpret};

/// The optimised graph as text.
fn optimised(roots: &[Expr<f64>], inputs: &[Expr<f64>]) -> String {
    let (roots, inputs) = (crate::stabilise::stabilise(&all_untyped(roots)), all_untyped(inputs));
    let graph = Graph::trace(&roots, &inputs, &Sizes::new(), &mut Inners::new(&TARGET, &mut Watch::start()))
        .expect("concrete sizes");
    optimise(graph, &mut Watch::start()).to_string()
}

/// The number of lines that compute something.
fn computations(graph: &str) -> usize {
    graph
        .lines()
        .filter(|line| line.starts_with('%') && !line.contains("= input") && !line.contains("= shared"))
        .count()
}

#[track_caller]
fn becomes(formula: impl Fn(&Expr<f64>) -> Expr<f64>, expected: &[&str]) {
    let x = Expr::input("x", [3]);
    let graph = optimised(&[formula(&x)], std::slice::from_ref(&x));
    let ops: Vec<&str> = graph
        .lines()
        .filter(|line| line.starts_with('%') && !line.contains("= input"))
        .map(|line| line.split("= ").nth(1).unwrap_or_default().split('(').next().unwrap_or_default())
        .filter(|op| !["broadcast", "reshape"].contains(op) && op.parse::<f64>().is_err())
        .collect();
    assert_eq!(ops, expected, "{graph}");
}

#[test]
fn the_textbook_becomes_the_stable_form() {
    becomes(|x| (1.0 + x.exp()).ln(), &["softplus"]);
    becomes(|x| (x + 1.0).ln(), &["log1p"]);
    becomes(|x| x.exp() - 1.0, &["expm1"]);
    becomes(|x| x.exp().sum_all().ln(), &["logsumexp"]);
    becomes(|x| x.exp().sum_keep(0).ln(), &["logsumexp"]);
    becomes(|x| x.softmax().ln(), &["log_softmax"]);
    becomes(|x| x.exp() / x.exp().sum_keep(0), &["softmax"]);
    becomes(|x| (x.exp() / x.exp().sum_keep(0)).ln(), &["log_softmax"]);
    becomes(|x| x.sigmoid().ln(), &["neg", "softplus", "neg"]);
    becomes(|x| (1.0 - x.sigmoid()).ln(), &["softplus", "neg"]);
}

#[test]
fn stable_forms_keep_their_digits_where_the_textbook_overflows() {
    let x = Expr::<f64>::input("x", [3]);
    let forms = [
        (1.0 + x.exp()).ln(),
        x.sigmoid().ln(),
        x.exp().sum_keep(0).ln(),
        (x.exp() / x.exp().sum_keep(0)).ln(),
        (1e-20 * &x + 1.0).ln(),
    ];
    let f = Function::new([&x], &forms).expect("x is an input");
    let values = f.call(&[&Tensor::from_slice(&[1000.0, -1000.0, 0.0])]).expect("runs");
    assert_eq!(values[0].to_vec(), [1000.0, 0.0, std::f64::consts::LN_2]);
    assert_eq!(values[1].get(&[1]), -1000.0);
    assert_eq!(values[2].to_vec(), [1000.0]);
    assert_eq!(values[3].to_vec(), [0.0, -2000.0, -1000.0]);
    assert_relative_eq!(values[4].get(&[0]), 1e-17, max_relative = 1e-14);
}

#[test]
fn algebra_leaves_no_work_undone() {
    becomes(|x| (x + 0.0) * 1.0 / 1.0 - 0.0, &[]);
    becomes(|x| -(-x), &[]);
    becomes(|x| x * x, &["square"]);
    becomes(|x| x.powf(2.0) + x.powf(0.0) * 0.0, &["square"]);
    becomes(|x| 2.0 * (3.0 * x), &["mul"]);
    becomes(|x| x.exp().ln(), &[]);
    becomes(|x| x / 4.0, &["mul"]);
    becomes(|x| x - (-x) * -1.0, &["sub"]);
    becomes(|x| (x * 3.0).sum_all(), &["sum [0]", "mul"]);
    becomes(|x| x.insert_axis(0).reshape([3]).reshape([1, 3]).sum_all(), &["sum [0]"]);
}

#[test]
fn equal_computations_are_shared() {
    let x = Expr::<f64>::input("x", [3]);
    let w = Shared::new("w", Tensor::ones([3]));
    // Two leaves of one variable, and sums with their terms exchanged, are the same.
    let y = (&x + &w.expr()).tanh() * (w.expr() + &x).tanh();
    let graph = optimised(&[y], std::slice::from_ref(&x));
    assert_eq!(computations(&graph), 3, "{graph}");
}

#[test]
fn what_follows_a_max_pool_is_computed_after_it() {
    let x = Expr::<f64>::input("x", [2, 3, 8, 8]);
    let bias = Expr::<f64>::input("bias", [3, 1, 1]);
    let w = Expr::<f64>::input("w", [4, 3, 3, 3]);
    let pooled = (&x + &bias).tanh().max_pool2d(Pool2dOptions::new([2, 2]));
    let cost = pooled.conv2d(&w, Conv2dOptions::default()).square().sum_all();
    let slopes = grad(&cost, &[x.clone(), bias.clone()]);
    let inputs = [x.clone(), bias.clone(), w.clone()];
    let roots = [cost, slopes[0].clone(), slopes[1].clone()];
    let graph = optimised(&roots, &inputs);
    // The only full-size values are the images themselves and where the adjoint is scattered to.
    let full_size = |line: &&str| line.contains("[2, 3, 8, 8]") && !line.contains("= input");
    let full: Vec<&str> = graph.lines().filter(full_size).collect();
    assert_eq!(full.len(), 1, "{graph}");
    assert!(full[0].contains("max_pool2d_scatter"), "{graph}");

    let values: Vec<Tensor<f64>> = inputs
        .iter()
        .zip(1u64..)
        .map(|(input, stream)| {
            let sizes = input.shape().sizes().expect("concrete sizes");
            let mut data = vec![0.0; sizes.iter().product()];
            bayeux_tensor::random::fill_normal(9, stream, 0, &mut data);
            Tensor::new(sizes, data)
        })
        .collect();
    let f = Function::new(&inputs, &roots).expect("all inputs are there");
    let found = f.call(&values.iter().collect::<Vec<_>>()).expect("runs");
    let pairs: Vec<_> = inputs.iter().zip(&values).collect();
    for (found, expected) in found.iter().zip(interpret(&roots, &pairs, 0).expect("runs")) {
        assert!(found.all_close(&expected, 1e-12, 1e-12));
    }
}

/// A small net of two convolutions with pools, its cost and its gradient.
fn pooled_net(window: usize, stride: usize) -> (Vec<Expr<f64>>, Vec<Expr<f64>>) {
    let x = Expr::<f64>::input("x", [3, 2, 13, 12]);
    let (w, v) = (Expr::<f64>::input("w", [3, 2, 3, 3]), Expr::<f64>::input("v", [4, 3, 2, 2]));
    let bias = Expr::<f64>::input("bias", [3, 1, 1]);
    let pool = Pool2dOptions { stride: [stride; 2], ..Pool2dOptions::new([window; 2]) };
    let h = (x.conv2d(&w, Conv2dOptions::default()) + &bias).tanh().max_pool2d(pool);
    let y = h.conv2d(&v, Conv2dOptions { padding: [[1, 0], [0, 1]], ..Conv2dOptions::default() });
    let cost = y.max_pool2d(pool).sigmoid().square().sum_all();
    let inputs = vec![x, w, v, bias];
    let mut outputs = grad(&cost, &inputs);
    outputs.push(cost);
    (inputs, outputs)
}

#[test]
fn pools_remember_their_places_and_convolutions_compute_for_windows_only() {
    for (window, stride) in [(2, 2), (3, 2), (2, 3)] {
        let (inputs, outputs) = pooled_net(window, stride);
        let graph = optimised(&outputs, &inputs);
        // Where windows overlap, what follows the scatter cannot be gathered, and needs the images.
        if window <= stride {
            for op in ["conv2d_max_pool2d(", "conv2d_input_pooled(", "conv2d_weights_pooled("] {
                assert_eq!(graph.matches(op).count(), 2, "{op} in {graph}");
            }
            assert!(!graph.contains("scatter") && !graph.contains("conv2d("), "{graph}");
        }
        // Against the interpreter, which knows nothing of places.
        let values: Vec<Tensor<f64>> = inputs
            .iter()
            .enumerate()
            .map(|(stream, input)| {
                let sizes = input.shape().sizes().expect("concrete sizes");
                let mut data = vec![0.0; sizes.iter().product()];
                bayeux_tensor::random::fill_normal(9, stream as u64, 0, &mut data);
                Tensor::new(sizes, data)
            })
            .collect();
        let values: Vec<&Tensor<f64>> = values.iter().collect();
        let given: Vec<(&Expr<f64>, &Tensor<f64>)> = inputs.iter().zip(values.iter().copied()).collect();
        let expected = interpret(&outputs, &given, 0).expect("the interpreter runs");
        let found = Function::new(&inputs, &outputs).and_then(|f| f.call(&values)).expect("it runs");
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found.shape(), expected.shape());
            for (a, b) in found.iter().zip(expected.iter()) {
                assert_relative_eq!(a, b, epsilon = 1e-12, max_relative = 1e-10);
            }
        }
    }
}

#[test]
fn a_convolution_that_is_read_otherwise_too_is_computed_once() {
    let (x, w) = (Expr::<f64>::input("x", [2, 1, 8, 8]), Expr::<f64>::input("w", [2, 1, 3, 3]));
    let y = x.conv2d(&w, Conv2dOptions::default());
    let graph = optimised(&[y.max_pool2d(Pool2dOptions::new([2, 2])), y.exp()], &[x, w]);
    assert_eq!(graph.matches("conv2d").count(), 1, "{graph}");
}

#[test]
fn a_slope_that_is_only_summed_is_computed_from_the_value() {
    let [x, w, v] = [("x", [5, 3]), ("w", [3, 4]), ("v", [4, 2])].map(|(n, s)| Expr::<f64>::input(n, s));
    for (net, slope) in [(Expr::tanh as fn(&Expr<f64>) -> Expr<f64>, "square"), (Expr::sigmoid, "sub")] {
        let y = net(&x.matmul(&w));
        let cost = y.matmul(&v).square().sum_all();
        // Behind a product in the one, asked for in the other.
        let inside = optimised(&grad(&cost, std::slice::from_ref(&w)), &[x.clone(), w.clone(), v.clone()]);
        assert!(inside.contains(slope) && !inside.contains("exp"), "{inside}");
        let asked = optimised(&grad(&net(&x).sum_all(), std::slice::from_ref(&x)), std::slice::from_ref(&x));
        assert!(asked.contains("exp") && !asked.contains("sech"), "{asked}");
    }
}

#[test]
fn cross_entropy_and_its_adjoint_share_the_exponentials() {
    let x = Expr::<f64>::input("x", [4, 3]);
    let cost = x.log_softmax().slice(1, 0..1).sum_all();
    let slope = grad(&cost, std::slice::from_ref(&x)).remove(0);
    let graph = optimised(&[cost, slope], &[x]);
    assert_eq!(
        (graph.matches("= log_softmax").count(), graph.matches("= softmax").count()),
        (1, 0),
        "{graph}"
    );
}

/// A loop that computes a value again still reads views of it from where it was stored.
#[test]
fn a_value_is_read_beside_a_view_of_it() {
    let x = Expr::<f64>::input("x", [2, 2]);
    let value = Tensor::from_fn([2, 2], |i| 1.0 + (2 * i[0] + i[1]) as f64);
    let s = x.square();
    let cases = [
        &s + s.t() + &x,
        &s - s.slice(1, 0..1) + &x,
        (&x * 2.0) + (&x * 2.0).t() * &x,
        (-&x).flip(0) * -&x + &x,
    ];
    for y in cases {
        let roots = [y.clone(), grad(&y.square().sum_all(), std::slice::from_ref(&x)).remove(0)];
        let found = Function::new([&x], &roots).expect("compiles").call(&[&value]).expect("runs");
        let expected = interpret(&roots, &[(&x, &value)], 0).expect("runs");
        for (found, expected) in found.iter().zip(&expected) {
            assert!(found.all_close(expected, 1e-12, 1e-12), "{y}: {found:?} is not {expected:?}");
        }
    }
}
