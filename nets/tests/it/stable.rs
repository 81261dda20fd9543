//! Losses of probabilities that underflow: the values and slopes of the same losses from logits.

use bayeux_autodiff::{Expr, Function, grad};
use bayeux_nets::losses::{
    binary_cross_entropy, binary_cross_entropy_logits, cross_entropy, cross_entropy_logits,
};
use bayeux_tensor::{Float, Tensor};

fn agree<T: Float>(x: &Expr<T>, at: &Tensor<T>, from_probabilities: &Expr<T>, from_logits: &Expr<T>) {
    let slope = |loss: &Expr<T>| grad(&loss.sum_all(), std::slice::from_ref(x)).remove(0);
    let roots =
        [from_probabilities.clone(), from_logits.clone(), slope(from_probabilities), slope(from_logits)];
    let found = Function::new([x], &roots).and_then(|f| f.call(&[at])).expect("runs");
    for pair in found.chunks(2) {
        assert!(pair[0].iter().all(T::is_finite) && pair[0].all_close(&pair[1], 1e-6, 1e-6), "{pair:?}");
    }
    assert!(found[2].iter().any(|x| x != T::ZERO));
}

#[test]
fn losses_of_probabilities_keep_their_slopes() {
    fn check<T: Float>() {
        let x = Expr::<T>::input("x", [2, 3]);
        let at =
            Tensor::from_fn([2, 3], |i| T::from_f64([[0.0, 50.0, -50.0], [0.0, 200.0, 0.0]][i[0]][i[1]]));
        let labels = Expr::constant(Tensor::from_slice(&[2.0, 0.0].map(T::from_f64)));
        agree(&x, &at, &cross_entropy(&x.softmax(), &labels), &cross_entropy_logits(&x, &labels));
        let shares =
            Expr::constant(Tensor::from_fn([2, 3], |i| T::from_f64([0.25, 0.0, 0.75][(i[0] + i[1]) % 3])));
        agree(&x, &at, &cross_entropy(&x.softmax(), &shares), &cross_entropy_logits(&x, &shares));
        let column = x.slice(1, 1..2).reshape([2]) * 20.0 - 2000.0;
        let targets = Expr::constant(Tensor::from_slice(&[1.0, 0.0].map(T::from_f64)));
        let p = (x.slice(1, 1..2) * 20.0 - 2000.0).sigmoid().reshape([2]);
        agree(&x, &at, &binary_cross_entropy(&p, &targets), &binary_cross_entropy_logits(&column, &targets));
    }
    check::<f32>();
    check::<f64>();
}
