use bayeux_tensor::Tensor;

use crate::{Expr, Function, grad};

fn found(a: &Tensor<f64>) -> [Vec<f64>; 3] {
    let x = Expr::<f64>::input("x", a.shape());
    let (sign, log) = x.slogdet();
    let f = Function::new([&x], [x.det(), sign, log]).expect("builds");
    let values = f.call(&[a]).expect("runs");
    [0, 1, 2].map(|i| values[i].to_vec())
}

/// All orders of three rows: the sign of a permutation.
#[test]
fn permutations_have_their_signs() {
    let orders = [[0, 1, 2], [1, 2, 0], [2, 0, 1], [1, 0, 2], [0, 2, 1], [2, 1, 0]];
    let a = Tensor::from_fn([6, 3, 3], |i| if orders[i[0]][i[1]] == i[2] { 2.0 } else { 0.0 });
    let [det, sign, log] = found(&a);
    assert_eq!(det, [8.0, 8.0, 8.0, -8.0, -8.0, -8.0]);
    assert_eq!(sign, [1.0, 1.0, 1.0, -1.0, -1.0, -1.0]);
    assert!(log.iter().all(|log| (log - 8.0_f64.ln()).abs() < 1e-15));
}

/// Of a singular matrix, of none, and of what is no number: as NumPy.
#[test]
fn what_is_singular_has_none_left() {
    let a = Tensor::new([3, 2, 2], vec![1.0, 2.0, 2.0, 4.0, -1.0, 0.0, 0.0, 3.0, f64::NAN, 0.0, 0.0, 0.0]);
    let [det, sign, log] = found(&a);
    assert_eq!((det[0], sign[0], log[0]), (0.0, 0.0, f64::NEG_INFINITY));
    assert_eq!((det[1], sign[1], log[1]), (-3.0, -1.0, libm::log(3.0)));
    assert!(det[2].is_nan() && sign[2].is_nan() && log[2].is_nan());
    assert_eq!(found(&Tensor::zeros([2, 0, 0])), [vec![1.0; 2], vec![1.0; 2], vec![0.0; 2]]);
}

/// Vandermonde's: the product of the differences.
#[test]
fn a_known_determinant() {
    let x = [1.0_f64, 2.0, 4.0, -3.0, 0.5];
    let a = Tensor::from_fn([5, 5], |i| x[i[0]].powi(i[1] as i32));
    let pairs = (0..5).flat_map(|j| (0..j).map(move |i| (i, j)));
    let wanted: f64 = pairs.map(|(i, j)| x[j] - x[i]).product();
    let [det, sign, log] = found(&a);
    assert!((det[0] / wanted - 1.0).abs() < 1e-13);
    assert!((sign[0] * log[0].exp() / wanted - 1.0).abs() < 1e-13);
}

#[test]
fn the_gradient_of_a_singular_matrix_is_refused() {
    let x = Expr::<f64>::input("x", [2, 2]);
    let slope = grad(&x.det(), std::slice::from_ref(&x)).remove(0);
    let error = Function::new([&x], [slope]).expect("builds").call(&[&Tensor::ones([2, 2])]);
    assert!(error.expect_err("is singular").to_string().contains("is singular: pivot 1 is 0"));
}
