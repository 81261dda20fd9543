//! The loops of Theano's tutorial that `scan.rs` does not have.

use bayeux_autodiff::{AnyExpr, Dim, Expr, Function, RandomStreams, ScanOptions, Shared, fold, scan, vmap};
use bayeux_tensor::Tensor;

fn numbers(shape: &[usize], salt: usize) -> Tensor<f64> {
    let count: usize = shape.iter().product();
    Tensor::new(shape, (0..count).map(|i| ((i * 7 + salt * 3) % 11) as f64 / 11.0 - 0.4).collect())
}

/// x W, of plain numbers.
fn times(x: &[f64], w: &Tensor<f64>) -> Vec<f64> {
    let product = |j| x.iter().enumerate().map(|(i, x)| x * w.get(&[i, j])).sum();
    (0..w.shape()[1]).map(product).collect()
}

#[track_caller]
fn assert_close(found: &Tensor<f64>, expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-14, "{found}, not {expected}");
    }
}

/// tanh(x(t) W + b), by a loop and by a map.
#[test]
fn a_layer_of_each_row() {
    let x = Expr::<f64>::input("x", (Dim::symbol("n"), 3));
    let (w, b) = (Expr::<f64>::input("w", [3, 2]), Expr::<f64>::input("b", [2]));
    let layer = |x: &Expr<f64>| (x.matmul(&w) + &b).tanh();
    let none = Vec::<AnyExpr>::new;
    let by_loop =
        scan(|_: &Vec<AnyExpr>, x: &[Expr<f64>]| (none(), layer(&x[0])), none(), std::slice::from_ref(&x)).1;
    let by_map = vmap(|x| layer(&x[0]), std::slice::from_ref(&x));
    let f = Function::new([&x, &w, &b], [by_loop, by_map]).expect("builds");
    let at = [numbers(&[4, 3], 1), numbers(&[3, 2], 2), numbers(&[2], 3)];
    let found = f.call(&at.each_ref()).expect("runs");
    let row = |t: usize| -> Vec<f64> {
        let row = at[0].slice(0, t..t + 1).to_vec();
        times(&row, &at[1]).iter().zip(at[2].iter()).map(|(y, b)| (y + b).tanh()).collect()
    };
    let expected = (0..4).flat_map(row).collect::<Vec<_>>();
    assert_close(&found[0], &expected);
    assert_close(&found[1], &expected);
}

/// x(t) = tanh(x(t − 1) W + y(t) U + p(T − t) V), whose last sequence is read from its end.
#[test]
fn a_recurrence_of_two_sequences_one_backwards() {
    let x = Expr::<f64>::input("x", [2]);
    let (w, u, v) = (Expr::input("w", [2, 2]), Expr::input("u", [2, 2]), Expr::input("v", [2, 2]));
    let length = Dim::symbol("n");
    let (y, p) = (Expr::<f64>::input("y", (&length, 2)), Expr::input("p", (&length, 2)));
    let step = |x: &Expr<f64>, part: &[Expr<f64>]| {
        let x = (x.matmul(&w) + part[0].matmul(&u) + part[1].matmul(&v)).tanh();
        (x.clone(), x)
    };
    let all = scan(step, x.clone(), &[y.clone(), p.flip(0)]).1;
    let f = Function::new([&x, &w, &u, &v, &y, &p], [all]).expect("builds");
    let at = [
        numbers(&[2], 1),
        numbers(&[2, 2], 2),
        numbers(&[2, 2], 3),
        numbers(&[2, 2], 4),
        numbers(&[5, 2], 5),
        numbers(&[5, 2], 6),
    ];
    let found = f.call(&at.each_ref()).expect("runs").remove(0);
    let (mut state, mut expected) = (at[0].to_vec(), Vec::new());
    for t in 0..5 {
        let row = |x: &Tensor<f64>, t: usize| x.slice(0, t..t + 1).to_vec();
        let [a, b, c] =
            [times(&state, &at[1]), times(&row(&at[4], t), &at[2]), times(&row(&at[5], 4 - t), &at[3])];
        state = (0..2).map(|i| (a[i] + b[i] + c[i]).tanh()).collect();
        expected.extend_from_slice(&state);
    }
    assert_close(&found, &expected);
}

#[test]
fn norms_of_rows_and_columns_and_the_trace() {
    let x = Expr::<f64>::input("x", [3, 4]);
    let norm = |x: &[Expr<f64>]| x[0].square().sum_all().sqrt();
    let [rows, columns] = [x.clone(), x.t()].map(|x| vmap(norm, &[x]));
    // Σ xᵢᵢ, with the place as a sequence and the matrix as what is the same in each step.
    let trace = fold(
        |sum: &Expr<f64>, place| sum + x.take(0, &place[0]).take(0, &place[0]),
        Expr::zeros(()),
        &[Expr::<i64>::arange(3)],
    );
    let f = Function::new([&x], [rows, columns, trace]).expect("builds");
    let at = numbers(&[3, 4], 1);
    let found = f.call(&[&at]).expect("runs");
    let norm = |x: Vec<f64>| x.iter().map(|x| x * x).sum::<f64>().sqrt();
    let rows: Vec<f64> = (0..3).map(|i| norm(at.slice(0, i..i + 1).to_vec())).collect();
    let columns: Vec<f64> = (0..4).map(|i| norm(at.slice(1, i..i + 1).to_vec())).collect();
    assert_close(&found[0], &rows);
    assert_close(&found[1], &columns);
    assert_close(&found[2], &[(0..3).map(|i| at.get(&[i, i])).sum()]);
}

/// x(t) = x(t − 2) U + x(t − 1) V + tanh(x(t − 1) W + b)
#[test]
fn a_recurrence_with_two_taps() {
    let start = Expr::<f64>::input("start", [2, 2]);
    let [u, v, w] = ["u", "v", "w"].map(|name| Expr::<f64>::input(name, [2, 2]));
    let b = Expr::<f64>::input("b", [2]);
    let none: &[(Expr<f64>, &[isize])] = &[];
    let step = |_: &[Vec<Expr<f64>>], x: &[Vec<Expr<f64>>]| {
        let [before, last] = [&x[0][0], &x[0][1]];
        vec![before.matmul(&u) + last.matmul(&v) + (last.matmul(&w) + &b).tanh()]
    };
    let all = ScanOptions::new().steps(4).scan_with_taps(none, &[(start.clone(), &[-2, -1])], step);
    let f = Function::new([&start, &u, &v, &w, &b], [&all[0]]).expect("builds");
    let at = [[2, 2]; 4].map(|shape| numbers(&shape, shape[0]));
    let at = [numbers(&[2, 2], 1), at[1].clone(), numbers(&[2, 2], 4), numbers(&[2, 2], 5), numbers(&[2], 6)];
    let found = f.call(&at.each_ref()).expect("runs").remove(0);
    let mut states = vec![at[0].slice(0, 0..1).to_vec(), at[0].slice(0, 1..2).to_vec()];
    for t in 2..6 {
        let (a, b, c) =
            (times(&states[t - 2], &at[1]), times(&states[t - 1], &at[2]), times(&states[t - 1], &at[3]));
        states.push((0..2).map(|i| a[i] + b[i] + (c[i] + at[4].get(&[i])).tanh()).collect());
    }
    assert_close(&found, &states[2..].concat());
}

/// Steps counted in a variable, over all calls.
#[test]
fn a_variable_is_updated_by_a_loop() {
    let count = Shared::new("count", Tensor::scalar(10.0_f64));
    let counted = ScanOptions::new().steps(5).fold(|n: &Expr<f64>| n + 1.0, count.expr());
    let mut f = Function::<f64>::builder()
        .outputs([&counted])
        .updates([(&count, counted.clone())])
        .build()
        .expect("builds");
    f.run(&[]).expect("runs");
    f.run(&[]).expect("runs");
    assert_eq!(count.get().item(), 20.0);
}

/// tanh(x W + b) d, with units that are dropped anew in each step.
#[test]
fn a_mask_is_drawn_in_each_step() {
    let x = Expr::<f64>::input("x", [50, 3]);
    let w = Expr::<f64>::input("w", [3, 4]);
    let random = RandomStreams::new(3);
    let none = Vec::<AnyExpr>::new;
    let step = |_: &Vec<AnyExpr>, x: &[Expr<f64>]| {
        let mask = random.uniform::<f64>([4]).lt(&Expr::full([4], 0.6)).cast::<f64>();
        (none(), (x[0].matmul(&w).tanh() * &mask, mask))
    };
    let (y, masks) = scan(step, none(), std::slice::from_ref(&x)).1;
    let f = Function::new([&x, &w], [y, masks]).expect("builds");
    let at = [numbers(&[50, 3], 1), numbers(&[3, 4], 2)];
    let found = f.call(&at.each_ref()).expect("runs");
    let whole = at[0].matmul(&at[1]);
    let expected: Vec<f64> = whole.iter().zip(found[1].iter()).map(|(y, mask)| y.tanh() * mask).collect();
    assert_close(&found[0], &expected);
    let kept = found[1].iter().sum::<f64>() / 200.0;
    assert!((kept - 0.6).abs() < 0.15, "{kept}");
    assert_ne!(found[1].slice(0, 0..10).to_vec(), found[1].slice(0, 10..20).to_vec());
}
