//! Loops of recurrent networks: memory, what is done at once, and an LSTM beside the same without a loop.

use bayeux_autodiff::{Dim, Expr, Function, ScanOptions, Shared, grad, scan};
use bayeux_tensor::Tensor;

fn recurrent_cost(options: &ScanOptions, x: &Expr<f32>, w: &Shared<f32>) -> Expr<f32> {
    let w = w.expr();
    let step = |h: &Expr<f32>, x: &[Expr<f32>]| {
        let h = (h.matmul(&w) + x[0].matmul(&w)).tanh();
        (h.clone(), h.square().sum_all())
    };
    options.scan(step, Expr::zeros([4, 8]), std::slice::from_ref(x)).1.sum_all()
}

/// The memory of a gradient over n steps in blocks of √n grows as √n.
#[test]
fn blocks_need_memory_for_their_beginnings() {
    let w = Shared::new("w", Tensor::full([8, 8], 0.1));
    let x = Expr::<f32>::input("x", [Dim::symbol("n"), 1.into(), 8.into()]);
    let bytes = |options: ScanOptions, steps: usize| {
        let cost = recurrent_cost(&options, &x, &w);
        let slope = grad(&cost, &[w.expr()]).remove(0);
        let f = Function::new([&x], [&cost, &slope]).expect("builds");
        let value = f.call(&[&Tensor::ones([steps, 1, 8])]).expect("runs");
        (f.memory(), value)
    };
    let (all, value) = bytes(ScanOptions::new(), 10_000);
    let (blocks, same) = bytes(ScanOptions::new().checkpoint_every(100), 10_000);
    assert!(value[0].all_close(&same[0], 1e-6, 0.0) && value[1].all_close(&same[1], 1e-4, 1e-4));
    let step = 4 * 8 * 4;
    assert!(all > 10_000 * step, "{all}");
    assert!(blocks < 1_500 * step, "{blocks}");
}

/// Products of whole sequences are outside of the loop, forwards and backwards, and the body is there once.
#[test]
fn what_can_be_done_at_once_is() {
    let w = Shared::new("w", Tensor::full([8, 8], 0.1));
    let x = Expr::<f32>::input("x", [20, 4, 8]);
    let cost = recurrent_cost(&ScanOptions::new(), &x, &w);
    let slope = grad(&cost, &[w.expr()]).remove(0);
    let mut f = Function::new([&x], [&cost, &slope]).expect("builds");
    f.specialise(&[&Tensor::zeros([20, 4, 8])]).expect("fits");
    let program = f.to_string();
    let outside: Vec<&str> = program.lines().filter(|line| !line.starts_with("        ")).collect();
    let inside: Vec<&str> = program.lines().filter(|line| line.starts_with("        ")).collect();
    let products = |lines: &[&str]| lines.iter().filter(|line| line.contains("matmul")).count();
    assert_eq!(outside.iter().filter(|line| line.contains("scan of 20 steps")).count(), 2, "{program}");
    // x·w before, and both parts of w's slope after: as one product each.
    assert_eq!((products(&outside), products(&inside)), (3, 2), "{program}");
}

fn zeros_like(leaf: &Expr<f64>) -> Tensor<f64> {
    Tensor::zeros(leaf.shape().sizes().expect("concrete"))
}

/// Both states, all weights: the slopes of an LSTM in a loop are those without a loop.
#[test]
fn an_lstm_is_the_same_written_out() {
    let (batch, length, inputs, hidden) = (2, 4, 3, 2);
    let x = Expr::<f64>::input("x", [length, batch, inputs]);
    let w = Expr::<f64>::input("w", [inputs, 4 * hidden]);
    let u = Expr::<f64>::input("u", [hidden, 4 * hidden]);
    let b = Expr::<f64>::input("b", [4 * hidden]);
    let step = |(h, c): &(Expr<f64>, Expr<f64>), x: &[Expr<f64>]| {
        let gates = x[0].matmul(&w) + h.matmul(&u) + &b;
        let gate = |k: usize| gates.slice(1, k * hidden..(k + 1) * hidden);
        let c = gate(0).sigmoid() * c + gate(1).sigmoid() * gate(2).tanh();
        let h = gate(3).sigmoid() * c.tanh();
        ((h.clone(), c), h)
    };
    let start = || (Expr::<f64>::zeros([batch, hidden]), Expr::zeros([batch, hidden]));
    let looped = scan(step, start(), std::slice::from_ref(&x)).1.square().sum_all();
    let (mut state, mut unrolled) = (start(), Expr::zeros(()));
    for t in 0..length {
        let (next, h) = step(&state, &[x.slice(0, t..t + 1).reshape([batch, inputs])]);
        (state, unrolled) = (next, unrolled + h.square().sum_all());
    }
    let leaves = [x, w, u, b];
    // What flows back is nobody's choice, so nothing guards it, and the gates' parts are written one behind the other.
    let slopes = grad(&looped, &leaves[1..]);
    let mut f = Function::new(&leaves, slopes).expect("builds");
    f.specialise(&leaves.iter().map(zeros_like).collect::<Vec<_>>().iter().collect::<Vec<_>>())
        .expect("fits");
    let program = f.to_string();
    assert!(program.contains("concat along axis 1") && !program.contains("select"), "{program}");
    assert!(!program.contains("pad"), "{program}");
    let point: Vec<Tensor<f64>> = leaves
        .iter()
        .map(|leaf| {
            let shape = leaf.shape().sizes().expect("concrete");
            Tensor::from_fn(shape, |i| (i.iter().fold(1, |all, &i| all * 3 + i) % 7) as f64 / 5.0 - 0.6)
        })
        .collect();
    let outputs = [&looped, &unrolled].map(|cost| {
        let slopes = grad(cost, &leaves);
        let mixed = slopes.iter().map(|slope| slope.square().sum_all()).reduce(|a, b| a + b).expect("four");
        [slopes, grad(&mixed, &leaves)].concat()
    });
    let f = Function::new(&leaves, outputs.concat()).expect("builds");
    let found = f.call(&point.iter().collect::<Vec<_>>()).expect("runs");
    for (k, (a, b)) in found[..8].iter().zip(&found[8..]).enumerate() {
        assert!(a.all_close(b, 1e-11, 1e-13), "{k}: {a:?}, {b:?}");
    }
}
