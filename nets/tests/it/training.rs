//! Small nets, trained.

use bayeux_autodiff::{Expr, Function, batch};
use bayeux_nets::activations::tanh;
use bayeux_nets::losses::{accuracy, binary_cross_entropy_logits, cross_entropy_logits};
use bayeux_nets::optimizers::{Adam, Momentum, Optimizer};
use bayeux_nets::regularization::{l1, l2};
use bayeux_nets::{Conv2d, Dense, Dropout, Input, MaxPool2d, tags};
use bayeux_tensor::Tensor;

#[test]
fn xor_is_learned() {
    let (x, y) = (Expr::<f32>::input("x", (batch(), 2)), Expr::input("y", (batch(), 1)));
    let net = Input::new(&x).seeded(3).then(Dense::new(8).activation(tanh)).then(Dense::new(1));
    let loss = binary_cross_entropy_logits(&net.output(), &y).mean_all();
    let updates = Adam::new(0.05).updates_for(&loss, &net.trainable());
    let step = Function::builder().inputs([&x, &y]).outputs([&loss]).updates(updates).build().unwrap();
    let points = Tensor::new([4, 2], vec![0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
    let values = Tensor::new([4, 1], vec![0.0, 1.0, 1.0, 0.0]);
    let mut last = f32::INFINITY;
    for _ in 0..300 {
        last = step.call(&[&points, &values]).unwrap()[0].item();
    }
    assert!(last < 0.02, "{last}");
    let found = Function::new([&x], [&net.deterministic()]).unwrap().call(&[&points]).unwrap();
    let right = found[0].iter().zip(values.iter()).all(|(logit, y)| (logit > 0.0) == (y > 0.5));
    assert!(right, "{found:?}");
}

/// Vertical and horizontal bars: no single pixel tells them apart.
#[test]
fn a_convolutional_net_tells_bars_apart() {
    let bars =
        Tensor::from_fn([12, 1, 6, 6], |at| (at[if at[0] < 6 { 2 } else { 3 }] == at[0] % 6) as u8 as f32);
    let labels = Tensor::from_fn([12], |at| (at[0] >= 6) as u8 as f32);
    let (x, y) = (Expr::<f32>::input("x", (batch(), 1, 6, 6)), Expr::input("y", [batch()]));
    let net = Input::new(&x)
        .then(Conv2d::new(4, [3, 3]).activation(tanh))
        .then(MaxPool2d::new([4, 4]))
        .then(Dense::new(2));
    let loss = cross_entropy_logits(&net.output(), &y).mean_all();
    let share = accuracy(&net.output(), &y);
    let updates = Momentum::new(0.1, 0.9).updates_for(&loss, &net.trainable());
    let step =
        Function::builder().inputs([&x, &y]).outputs([&loss, &share]).updates(updates).build().unwrap();
    let mut last = Vec::new();
    for _ in 0..150 {
        last = step.call(&[&bars, &labels]).unwrap();
    }
    assert!(last[0].item() < 0.1 && last[1].item() == 1.0, "{last:?}");
}

#[test]
fn penalties_sum_over_weights_and_not_biases() {
    let x = Input::new(&Expr::<f64>::input("x", (batch(), 2)));
    let net = x
        .then(Dense::new(2).weights(Tensor::full([2, 2], -3.0)).bias(Tensor::full([2], 7.0)))
        .then(Dense::new(1).weights(Tensor::full([2, 1], 0.5)));
    let weights = net.parameter_expressions_tagged(tags::REGULARIZABLE);
    let values =
        Function::new([], [&l1(&weights), &l2(&weights), &l2::<f64>(&[])]).unwrap().call(&[]).unwrap();
    assert_eq!(values.iter().map(Tensor::item).collect::<Vec<_>>(), [13.0, 36.5, 0.0]);
}

/// A label out of range is an error of the call, not a wrong number.
#[test]
fn a_label_out_of_range_is_refused() {
    let (x, y) = (Expr::<f32>::input("x", (batch(), 3)), Expr::input("y", [batch()]));
    let f = Function::new([&x, &y], [&cross_entropy_logits(&x, &y)]).unwrap();
    let error = f.call(&[&Tensor::zeros([2, 3]), &Tensor::from_slice(&[0.0, 3.0])]).unwrap_err();
    assert!(error.to_string().contains("index 3 at position 1"), "{error}");
}

/// Training with dropout in two branches: the same seed gives the same bits, another seed others.
#[test]
fn training_from_the_same_seed_gives_the_same_bits() {
    let train = |seed: u64| {
        let (x, y) = (Expr::<f32>::input("x", (batch(), 4)), Expr::input("y", (batch(), 1)));
        let stem = Input::new(&x).seeded(seed).then(Dense::new(8).activation(tanh));
        let branches = [1, 2].map(|i| {
            let head = Dense::new(1).named(&format!("head{i}"));
            stem.then(Dropout::new(0.3)).then(head)
        });
        let loss = (branches[0].output() + branches[1].output() - &y).square().mean_all();
        let parameters = Expr::shareds(std::slice::from_ref(&loss));
        let updates = Adam::new(0.05).updates_for(&loss, &parameters);
        let step = Function::builder().inputs([&x, &y]).outputs([&loss]).updates(updates).build().unwrap();
        let points = Tensor::from_fn([6, 4], |at| ((at[0] * 5 + at[1] * 3) % 7) as f32 / 7.0);
        let values = Tensor::from_fn([6, 1], |at| at[0] as f32 / 6.0);
        for _ in 0..20 {
            step.call(&[&points, &values]).unwrap();
        }
        parameters.iter().flat_map(|p| p.get().to_vec()).map(f32::to_bits).collect::<Vec<u32>>()
    };
    assert_eq!(train(3), train(3));
    assert_ne!(train(3), train(4));
}
