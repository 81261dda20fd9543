use bayeux_tensor::{AnyTensor, ElementType, Tensor};

use crate::{AnyExpr, Dim, Error, Expr, Function, Triangle, Untyped, batch};

fn factor(a: &Tensor<f64>) -> Result<Tensor<f64>, Error> {
    let x = Expr::<f64>::input("a", a.shape());
    Ok(Function::new([&x], [x.cholesky()])?.call(&[a])?.remove(0))
}

/// The example of LAPACK's and Wikipedia's pages: whole numbers.
#[test]
fn a_known_factor() {
    let a = Tensor::new([3, 3], vec![4.0, 12.0, -16.0, 12.0, 37.0, -43.0, -16.0, -43.0, 98.0]);
    assert_eq!(factor(&a).expect("is positive").to_vec(), [2.0, 0.0, 0.0, 6.0, 1.0, 0.0, -8.0, 5.0, 3.0]);
}

#[test]
fn what_is_not_positive_is_refused_by_name() {
    let unit = [1.0, 0.0, 0.0, 1.0];
    let stack = |bad: [f64; 4]| Tensor::new([3, 2, 2], [unit, bad, [-1.0; 4]].concat());
    for bad in [[1.0, 2.0, 2.0, 1.0], [1.0, 0.0, 0.0, f64::NAN], [1.0, 0.0, 0.0, 0.0]] {
        let error = factor(&stack(bad)).expect_err("is not positive");
        let expected = "cholesky: matrix 1 of the stack is not positive definite, as pivot 1 shows";
        assert_eq!(error.to_string(), expected);
    }
}

/// A large one, of several blocks, in both widths: L Lᵀ = A.
#[test]
fn the_factor_times_its_transpose_is_the_matrix() {
    let mut data = vec![0.0; 150 * 150];
    bayeux_tensor::random::fill_uniform(5, 0, 0, &mut data);
    let data = AnyTensor::from(Tensor::new([150, 150], data));
    for (element, tolerance) in [(ElementType::F64, 1e-13), (ElementType::F32, 1e-5)] {
        let x = AnyExpr::of_tensor(data.cast_to(element));
        let a = super::super::positive(&x);
        let l = a.cholesky();
        let error = (l.matmul(&l.t()) - &a).abs().max_all() / a.abs().max_all();
        let above = (&l - super::super::triangle(&l, Triangle::Lower)).abs().max_all();
        let values = Function::<Untyped>::new([], [error, above]).expect("builds").call(&[]).expect("runs");
        let values: Vec<f64> = values.iter().map(|value| value.cast::<f64>().item()).collect();
        assert!(values[0] < tolerance && values[1] == 0.0, "{values:?}");
    }
}

/// log det stays finite where the determinant does not.
#[test]
fn a_logarithm_of_a_determinant_does_not_overflow() {
    let x = Expr::<f32>::input("x", [300, 300]);
    let logdet = x.cholesky().cholesky_logdet();
    let a = &Tensor::<f32>::from_fn([300, 300], |i| if i[0] == i[1] { 1e4 } else { 0.0 });
    let f = Function::new([&x], [logdet, x.det()]).expect("builds");
    let values = f.call(&[a]).expect("is positive");
    assert!((values[0].item() - 300.0 * 1e4_f32.ln()).abs() < 1e-2);
    assert_eq!(values[1].item(), f32::INFINITY);
}

#[test]
fn sizes_may_be_free() {
    let x = Expr::<f64>::input("x", (batch(), Dim::symbol("n"), Dim::symbol("n")));
    let f = Function::new([&x], [x.cholesky().cholesky_logdet()]).expect("builds");
    let units =
        |count: usize, n: usize| Tensor::from_fn([count, n, n], |i| if i[1] == i[2] { 4.0 } else { 0.0 });
    assert_eq!(f.call(&[&units(2, 3)]).expect("runs")[0].to_vec(), [3.0 * 4.0_f64.ln(); 2]);
    assert_eq!(f.call(&[&units(3, 0)]).expect("runs")[0].to_vec(), [0.0; 3]);
}

#[test]
#[should_panic(expected = "cholesky: the matrices of f64[3, 2] are not square")]
fn a_matrix_that_is_not_square_is_refused() {
    let _ = Expr::<f64>::zeros([3, 2]).cholesky();
}
