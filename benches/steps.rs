//! What a fused loop and a whole training step cost.
//!
//! ```text
//! cargo bench --bench steps
//! ```

use bayeux::prelude::*;
use bayeux::tensor::random;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

#[path = "../examples/networks/mod.rs"]
mod networks;
use networks::{Network, digits};

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

/// One iteration of hierarchical ADVI at batch 500.
fn advi_step(criterion: &mut Criterion) {
    const BATCH: usize = 500;
    let digits = digits(BATCH);
    let mut group = criterion.benchmark_group("advi_step");
    group.sample_size(20);
    for (name, network) in [("dense", Network::Dense), ("conv", Network::Conv), ("strided", Network::Strided)]
    {
        let mut fitter = network.advi(BATCH, &digits).expect("the data fits");
        group.bench_function(name, |b| b.iter(|| fitter.step().expect("a finite ELBO")));
    }
    group.finish();
}

criterion_group!(benches, fused, advi_step);
criterion_main!(benches);
