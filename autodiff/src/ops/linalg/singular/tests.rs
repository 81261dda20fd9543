use bayeux_tensor::Tensor;

use crate::{Dim, Expr, Function, batch, grad};

fn random(shape: [usize; 2]) -> Expr<f64> {
    let mut data = vec![0.0; shape[0] * shape[1]];
    bayeux_tensor::random::fill_normal(3, 0, 0, &mut data);
    Expr::constant(Tensor::new(shape, data))
}

fn largest(x: &Expr<f64>) -> Expr<f64> {
    x.abs().max_all()
}

/// Thin, square and wide, also so tall that a QR decomposition goes before.
#[test]
fn the_factors_are_orthonormal_and_make_the_matrix() {
    for shape in [[30, 30], [50, 20], [20, 50], [400, 7]] {
        let a = random(shape);
        let [u, s, vt] = a.svd();
        let k = shape[0].min(shape[1]);
        let again = largest(&((&u * &s).matmul(&vt) - &a));
        let unit = [u.t().matmul(&u), vt.matmul(&vt.t())].map(|x| largest(&(x - Expr::eye(k))));
        let alone = largest(&(a.svdvals() - &s));
        let ordered = s.slice(0, 1..).le(&s.slice(0, ..-1)).all(0).cast::<f64>();
        let [left, right] = unit;
        let found = Function::new([], [again, left, right, alone, ordered]).expect("builds").call(&[]);
        let found: Vec<f64> = found.expect("runs").iter().map(Tensor::item).collect();
        assert!(found[..4].iter().all(|&error| error < 1e-12) && found[4] == 1.0, "{shape:?}: {found:?}");
    }
}

/// Singular values of [[3, 0], [4, 5]] are √45 and √5 (Strang, "Linear Algebra and its Applications", 6.3).
#[test]
fn known_values() {
    let a = Expr::<f64>::constant(Tensor::new([2, 2], vec![3.0, 0.0, 4.0, 5.0]));
    let s = Function::new([], [a.svdvals()]).expect("builds").call(&[]).expect("runs").remove(0);
    assert!((s.get(&[0]) - 45.0_f64.sqrt()).abs() < 1e-14 && (s.get(&[1]) - 5.0_f64.sqrt()).abs() < 1e-14);
}

/// A matrix of rank 1, and one of equal values. The nuclear norm's gradient is U Vᵀ on what the matrix has; that of ‖A‖² by its values is 2 A.
#[test]
fn gradients_are_finite_without_full_rank() {
    let x = Expr::<f64>::input("x", [3, 2]);
    let [u, s, vt] = x.svd();
    let costs = [s.square().sum_all(), u.sum_all() + vt.sum_all() + s.sum_all()];
    let slopes = costs.map(|cost| grad(&cost, std::slice::from_ref(&x)).remove(0));
    let f = Function::new([&x], slopes).expect("builds");
    let flat = Tensor::new([3, 2], vec![1.0, 2.0, 2.0, 4.0, -1.0, -2.0]);
    let equal = Tensor::new([3, 2], vec![2.0, 0.0, 0.0, 2.0, 0.0, 0.0]);
    for at in [flat, equal, Tensor::zeros([3, 2])] {
        let found = f.call(&[&at]).expect("runs");
        assert!(found[0].iter().zip(at.iter()).all(|(slope, x)| (slope - 2.0 * x).abs() < 1e-13));
        assert!(found[1].iter().all(f64::is_finite), "{found:?}");
    }
}

/// Free rows are taken to be at least as many as columns.
#[test]
fn sizes_may_be_free() {
    let x = Expr::<f64>::input("x", (batch(), 2));
    let f = Function::new([&x], [x.svdvals()]).expect("builds");
    let unit = |rows: usize| Tensor::from_fn([rows, 2], |i| if i[0] == i[1] { 3.0 } else { 0.0 });
    assert_eq!(f.call(&[&unit(5)]).expect("runs")[0].to_vec(), [3.0; 2]);
    let error = f.call(&[&unit(1)]).expect_err("is wide");
    assert!(error.to_string().contains("has fewer rows than columns"), "{error}");
    let wide = Expr::<f64>::input("x", [Dim::symbol("n"), Dim::symbol("n") + 1]);
    assert_eq!(wide.svd().map(|x| x.shape().to_string()), ["[n, n]", "[n]", "[n, n + 1]"]);
}
