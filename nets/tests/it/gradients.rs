//! Gradients of each layer and loss with respect to input and parameters, orders 1 and 2, in f64.

use bayeux_autodiff::{Expr, check_gradient};
use bayeux_nets::activations::*;
use bayeux_nets::init::Stream;
use bayeux_nets::losses::*;
use bayeux_nets::{Conv2d, Dense, Input, MaxPool2d, Net, Padding};
use bayeux_tensor::Tensor;

fn normal(name: &str, shape: &[usize]) -> Tensor<f64> {
    Stream::new(11, name).normal(shape)
}

/// Checks the gradient of a weighted sum of what `build` makes of inputs with these names and shapes.
#[track_caller]
fn check(inputs: &[(&str, &[usize])], build: impl Fn(&[Expr<f64>]) -> Expr<f64>) {
    let points: Vec<Tensor<f64>> = inputs.iter().map(|(name, shape)| normal(name, shape)).collect();
    let leaves: Vec<Expr<f64>> = inputs.iter().map(|(name, shape)| Expr::input(name, *shape)).collect();
    let output = build(&leaves);
    let sizes = output.shape().sizes().unwrap();
    let cost = (output * Expr::constant(normal("weights of the sum", &sizes))).sum_all();
    let pairs: Vec<_> = leaves.iter().zip(&points).collect();
    let errors = check_gradient(&cost, &pairs).unwrap();
    assert!(errors.first <= 1e-6 && errors.second <= 1e-5, "{errors:?}");
}

#[test]
fn dense() {
    check(&[("x", &[3, 2, 2]), ("w", &[4, 5]), ("b", &[5])], |at| {
        Input::new(&at[0]).then(Dense::new(5).weights(&at[1]).bias(&at[2]).activation(tanh)).output()
    });
}

#[test]
fn dense_with_weights_used_twice() {
    check(&[("x", &[3, 4]), ("w", &[4, 3])], |at| {
        let code = Input::new(&at[0]).then(Dense::new(3).weights(&at[1]).no_bias().activation(sigmoid));
        code.then(Dense::new(4).weights(code.weights().t()).no_bias()).output()
    });
}

#[test]
fn convolution() {
    let layers: [fn(Conv2d<'static, f64>) -> Conv2d<'static, f64>; 4] = [
        |conv| conv,
        |conv| conv.padding(Padding::Same).flip_filters(true),
        |conv| conv.stride([2, 3]).padding([[0, 1], [2, 0]]),
        |conv| conv.stride([2, 2]).padding(Padding::Same),
    ];
    for with in layers {
        check(&[("x", &[2, 2, 5, 6]), ("w", &[3, 2, 3, 2]), ("b", &[3])], |at| {
            let conv = Conv2d::new(3, [3, 2]).weights(at[1].clone()).bias(at[2].clone()).activation(tanh);
            Input::new(&at[0]).then(with(conv)).output()
        });
    }
}

#[test]
fn pooling() {
    for pool in [MaxPool2d::new([2, 2]), MaxPool2d::new([3, 2]).stride([1, 2]).padding(1)] {
        check(&[("x", &[2, 2, 5, 6])], |at| Input::new(&at[0].tanh()).then(pool.clone()).output());
    }
}

#[test]
fn activations() {
    type Activation = fn(&Expr<f64>) -> Expr<f64>;
    let all: [Activation; 10] =
        [identity, tanh, sigmoid, relu, leaky_relu, elu, softplus, swish, gelu, softmax];
    for activation in all {
        check(&[("x", &[4, 3])], |at| Net::new(&(&at[0] * 1.5)).then(activation).output());
    }
}

#[test]
fn losses() {
    let labels = Expr::constant(Tensor::from_slice(&[2.0, 0.0, 1.0, 1.0]));
    let shares = Expr::constant(normal("t", &[4, 3])).softmax();
    let signs = Expr::constant(normal("s", &[4, 3])).gt(&Expr::scalar(0.0)).cast::<f64>();
    type Loss<'a> = &'a dyn Fn(&Expr<f64>) -> Expr<f64>;
    let all: [Loss<'_>; 9] = [
        &|x| cross_entropy(&x.softmax(), &labels),
        &|x| cross_entropy(&x.softmax(), &shares),
        &|x| cross_entropy_logits(x, &labels),
        &|x| cross_entropy_logits(x, &shares),
        &|x| binary_cross_entropy(&x.sigmoid(), &signs),
        &|x| binary_cross_entropy(&x.sigmoid(), &shares),
        &|x| binary_cross_entropy_logits(x, &shares),
        &|x| squared_error(x, &shares),
        &|x| multiclass_hinge(x, &labels, 1.0),
    ];
    for loss in all {
        check(&[("x", &[4, 3])], |at| loss(&at[0]));
    }
}
