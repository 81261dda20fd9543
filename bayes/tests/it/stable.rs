//! Densities of probabilities that underflow: the values and slopes of the same densities from logits.

use bayeux_autodiff::{Expr, Function, grad};
use bayeux_bayes::{Categorical, Distribution};
use bayeux_tensor::{Float, Tensor};

#[test]
fn a_categorical_of_a_softmax_has_the_slope_of_its_logits() {
    fn check<T: Float>() {
        let x = Expr::<T>::input("x", [2, 3]);
        let label = Expr::constant(Tensor::from_slice(&[2.0, 0.0].map(T::from_f64)));
        let forms = [Categorical::probabilities(x.softmax()), Categorical::logits(&x)];
        let logs = forms.map(|distribution| distribution.log_prob(&label));
        let slopes = logs.clone().map(|log| grad(&log.sum_all(), std::slice::from_ref(&x)).remove(0));
        let at =
            Tensor::from_fn([2, 3], |i| T::from_f64([[0.0, 50.0, -50.0], [0.0, 200.0, 0.0]][i[0]][i[1]]));
        let f = Function::new([&x], logs.iter().chain(&slopes)).expect("x is an input");
        let found = f.call(&[&at]).expect("runs");
        assert_eq!(found[0].iter().map(T::to_f64).collect::<Vec<_>>(), [-100.0, -200.0]);
        assert!(
            found[0].all_close(&found[1], 1e-6, 1e-6) && found[2].all_close(&found[3], 1e-6, 1e-6),
            "{found:?}"
        );
    }
    check::<f32>();
    check::<f64>();
}
