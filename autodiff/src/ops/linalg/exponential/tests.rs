use bayeux_tensor::{AnyTensor, ElementType, Tensor};

use crate::{AnyExpr, Expr, Function, Untyped, grad};

fn value(a: &Tensor<f64>, element: ElementType) -> Vec<f64> {
    let a = AnyExpr::of_tensor(AnyTensor::from(a.clone()).cast_to(element));
    Function::<Untyped>::new([], [a.expm()]).expect("builds").call(&[]).expect("runs")[0]
        .cast::<f64>()
        .to_vec()
}

/// Rotations by angles that take each degree, and squarings; their powers are where errors would grow.
#[test]
fn rotations_of_all_sizes() {
    for angle in [1e-3, 0.1, 0.5, 1.5, 4.0, 30.0, 1000.0] {
        let (sin, cos) = f64::sin_cos(angle);
        let a = Tensor::new([2, 2], vec![0.0, -angle, angle, 0.0]);
        let tolerances = [(ElementType::F64, 1e-13), (ElementType::F32, 3e-5)];
        for (element, tolerance) in tolerances {
            let found = value(&a, element);
            let error =
                found.iter().zip([cos, -sin, sin, cos]).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            // In f32, the angle itself has an error.
            let tolerance =
                if element == ElementType::F32 { tolerance * f64::max(angle, 1.0) } else { tolerance };
            assert!(error < tolerance, "{angle}, {element}: {found:?}");
        }
    }
}

/// Nilpotent: a finite sum. And of a large triangle, whose exponential Moler & Van Loan warn of.
#[test]
fn known_exponentials() {
    let a = Tensor::new([3, 3], vec![0.0, 1.0, 2.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0]);
    let wanted = [1.0, 1.0, 3.5, 0.0, 1.0, 3.0, 0.0, 0.0, 1.0];
    assert!(value(&a, ElementType::F64).iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-14));
    // [[−49, 24], [−64, 31]] has the eigenvalues −1 and −17: "Nineteen dubious ways", example 1.
    let a = Tensor::new([2, 2], vec![-49.0, 24.0, -64.0, 31.0]);
    let (p, q) = ((-1.0_f64).exp(), (-17.0_f64).exp());
    let wanted = [-2.0 * p + 3.0 * q, 1.5 * (p - q), -4.0 * (p - q), 3.0 * p - 2.0 * q];
    let found = value(&a, ElementType::F64);
    assert!(found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-13), "{found:?}, not {wanted:?}");
}

/// d tr exp(A) = exp(A)ᵀ, however large or small what is asked for.
#[test]
fn the_gradient_of_a_trace() {
    let x = Expr::<f64>::input("x", [2, 2]);
    for size in [1e-200, 1.0, 1e200, 0.0] {
        let slope = grad(&(x.expm().trace() * size), std::slice::from_ref(&x)).remove(0);
        let f = Function::new([&x], [slope, x.expm().t() * size]).expect("builds");
        let found = f.call(&[&Tensor::new([2, 2], vec![0.5, -1.0, 2.0, 0.3])]).expect("runs");
        for (a, b) in found[0].iter().zip(found[1].iter()) {
            assert!((a - b).abs() <= 1e-14 * size, "{found:?}");
        }
    }
}
