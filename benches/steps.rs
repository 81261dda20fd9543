//! What a fused loop and a whole training step cost.
//!
//! ```text
//! cargo bench --bench steps
//! ```

use bayeux::prelude::*;
use bayeux::tensor::random;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// Ten cheap operations over ten million numbers, and a sum of squares: one pass over memory each.
fn fused(criterion: &mut Criterion) {
    const LEN: usize = 10_000_000;
    let mut numbers = vec![0.0f32; LEN];
    random::fill_uniform_par(1, 0, 0, &mut numbers);
    let numbers = Tensor::new([LEN], numbers);
    let x = Expr::<f32>::input("x", [LEN]);
    let chain =
        (((&x * 2.0 + 1.0).maximum(&(&x * -3.0)) + &x) * 0.5 - 0.25).minimum(&Expr::scalar(2.0)) * &x + 1.0;
    let square = (x.square() * 3.0 + 1.0).sum_all();
    let mut group = criterion.benchmark_group("fused");
    group.sample_size(20).throughput(Throughput::Bytes(4 * LEN as u64));
    for (name, y) in [("chain of ten", chain), ("sum of a x² + b", square)] {
        let mut f = Function::new([&x], [&y]).expect("x is an input");
        group.bench_function(name, |b| b.iter(|| f.run(&[&numbers]).expect("the shape is right")));
    }
    group.finish();
}

/// One iteration of hierarchical ADVI at batch 500, dense and convolutional.
fn advi_step(criterion: &mut Criterion) {
    const BATCH: usize = 500;
    let mut pixels = vec![0.0; BATCH * 784];
    random::fill_uniform(1, 0, 0, &mut pixels);
    let images = Tensor::new([BATCH, 1, 28, 28], pixels);
    let labels = Tensor::from_fn([BATCH], |i| (i[0] % 10) as f32);
    let mut group = criterion.benchmark_group("advi_step");
    group.sample_size(20);
    for name in ["dense", "conv"] {
        let model = Model::new();
        let x = model.data("x", (batch(), 1, 28, 28));
        let y = model.data("y", [batch()]);
        let prior = |name: &str| {
            let scale = model.free(format!("{name}.scale"), HalfNormal::new(1.0));
            model.prior(name, move |shape: &Shape| Normal::new(0.0, &scale).shape(shape))
        };
        let dense = |units, i: usize| {
            Dense::new(units).weights(prior(&format!("w{i}"))).bias(prior(&format!("b{i}")))
        };
        let conv =
            |i: usize| Conv2d::new(32, [5, 5]).weights(prior(&format!("w{i}"))).bias(prior(&format!("b{i}")));
        let input = Input::new(&x);
        let net = if name == "dense" {
            input.then(dense(800, 1).activation(tanh)).then(dense(800, 2).activation(tanh)).then(dense(10, 3))
        } else {
            input
                .then(conv(1).activation(tanh))
                .then(MaxPool2d::new([2, 2]))
                .then(conv(2).activation(tanh))
                .then(MaxPool2d::new([2, 2]))
                .then(dense(256, 3).activation(tanh))
                .then(dense(10, 4))
        };
        model.observe("label", Categorical::logits(net.output()), &y, 50_000).expect("names are unique");
        let mut fitter = Advi::mean_field(&model)
            .minibatches(BATCH, [(&x, &images), (&y, &labels)])
            .optimizer(Adam::new(1e-3))
            .progress(false)
            .compile()
            .expect("the data fits");
        group.bench_function(name, |b| b.iter(|| fitter.step().expect("a finite ELBO")));
    }
    group.finish();
}

criterion_group!(benches, fused, advi_step);
criterion_main!(benches);
