use bayeux_tensor::Tensor;

use crate::{Dim, Expr, Function, batch, grad};

fn random(shape: &[usize]) -> Tensor<f64> {
    let mut data = vec![0.0; shape.iter().product()];
    bayeux_tensor::random::fill_normal(12, 0, 0, &mut data);
    Tensor::new(shape, data)
}

/// Also of several blocks, and where the pivots are not on the diagonal.
#[test]
fn solutions_solve() {
    for n in [2, 7, 100] {
        let a = Expr::<f64>::constant(random(&[3, n, n]));
        let b = Expr::<f64>::constant(random(&[3, n, 2]));
        let errors = [a.matmul(&a.solve(&b)) - &b, a.matmul(&a.inv()) - Expr::eye(n)];
        let errors = errors.map(|error| error.abs().max_all());
        let found = Function::new([], errors).expect("builds").call(&[]).expect("runs");
        assert!(found.iter().all(|error| error.item() < 1e-10), "{n}: {found:?}");
    }
    let turned = Expr::<f64>::constant(Tensor::new([2, 2], vec![0.0, 1.0, 1.0, 0.0]));
    let inverse = Function::new([], [turned.inv()]).expect("builds").call(&[]).expect("runs").remove(0);
    assert_eq!(inverse.to_vec(), [0.0, 1.0, 1.0, 0.0]);
}

#[test]
fn a_singular_matrix_is_refused_by_name() {
    let x = Expr::<f64>::input("x", [2, 2, 2]);
    let f = Function::new([&x], [x.inv()]).expect("builds");
    let of = |bad: [f64; 4]| {
        let stack = Tensor::new([2, 2, 2], [[1.0, 2.0, 3.0, 4.0], bad].concat());
        f.call(&[&stack]).expect_err("is singular").to_string()
    };
    assert_eq!(of([1.0, 2.0, 2.0, 4.0]), "solve: matrix 1 of the stack is singular: pivot 1 is 0");
    assert_eq!(of([0.0; 4]), "solve: matrix 1 of the stack is singular: pivot 0 is 0");
    let error = of([f64::NAN, 2.0, 3.0, 4.0]);
    assert!(error.starts_with("solve: matrix 1 of the stack is not finite: pivot "), "{error}");
}

/// A vector is one right side for all matrices; with one matrix, all right sides are columns of one.
#[test]
fn shapes_are_those_of_numpy() {
    let shape = |a: &[usize], b: &[usize]| {
        Expr::<f32>::zeros(a).solve(&Expr::zeros(b)).shape().sizes().expect("are known")
    };
    assert_eq!(shape(&[3, 3], &[3]), [3]);
    assert_eq!(shape(&[2, 3, 3], &[3]), [2, 3]);
    assert_eq!(shape(&[2, 3, 3], &[3, 1]), [2, 3, 1]);
    assert_eq!(shape(&[3, 3], &[5, 2, 3, 4]), [5, 2, 3, 4]);
    assert_eq!(shape(&[2, 1, 3, 3], &[5, 3, 4]), [2, 5, 3, 4]);
}

/// The solution, its gradient, determinant and inverse share it.
#[test]
fn a_matrix_is_factorised_once() {
    let a = Expr::<f64>::input("a", [3, 3]);
    let b = Expr::<f64>::input("b", [3]);
    let cost = a.solve(&b).square().sum_all() + a.slogdet().1 + a.inv().sum_all();
    let slopes = grad(&cost, &[a.clone(), b.clone()]);
    let f = Function::new([&a, &b], [&cost, &slopes[0], &slopes[1]]).expect("builds");
    let text = f.explain(&[&random(&[3, 3]), &random(&[3])]).expect("is compiled");
    let count = text.lines().filter(|line| line.split_whitespace().any(|word| word == "lu")).count();
    assert_eq!(count, 1, "{text}");
}

#[test]
fn sizes_may_be_free() {
    let n = Dim::symbol("n");
    let a = Expr::<f64>::input("a", (batch(), n.clone(), n.clone()));
    let b = Expr::<f64>::input("b", (n, 2));
    let f = Function::new([&a, &b], [a.solve(&b)]).expect("builds");
    let scaled = |n: usize| Tensor::from_fn([3, n, n], |i| if i[1] == i[2] { 4.0 } else { 0.0 });
    for n in [0, 1, 5] {
        let x = f.call(&[&scaled(n), &Tensor::ones([n, 2])]).expect("runs").remove(0);
        assert_eq!(x.to_vec(), vec![0.25; 3 * n * 2]);
    }
}

#[test]
fn a_stack_is_by_rows() {
    let x = Expr::<f32>::input("x", (batch(), 3, 3));
    assert!(x.solve(&Expr::ones([3])).is_by_rows(&batch()));
    assert!(x.det().is_by_rows(&batch()));
}

/// Many matrices, on as many threads as there are and on one.
#[test]
fn results_do_not_depend_on_threads() {
    let x = Expr::<f32>::input("x", [200, 20, 20]);
    let a = x.matmul(&x.t()) + Expr::eye(20);
    let f = Function::new([&x], [a.inv(), a.cholesky(), a.eigh().1]).expect("builds");
    let at = &Tensor::from_fn([200, 20, 20], |i| ((i[0] * 7 + i[1] * 5 + i[2] * i[2]) % 11) as f32 - 5.0);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("starts");
        pool.install(|| f.call(&[at]).expect("runs"))
    };
    let (one, many) = (on(1), on(4));
    let bits = |values: &[Tensor<f32>]| -> Vec<u32> {
        values.iter().flat_map(|value| value.to_vec()).map(f32::to_bits).collect()
    };
    assert!(bits(&one) == bits(&many));
}

#[test]
#[should_panic(expected = "solve: shapes [3, 3] and [2] do not fit")]
fn a_misfit_panics_with_both_shapes() {
    let _ = Expr::<f64>::zeros([3, 3]).solve(&Expr::zeros([2]));
}
