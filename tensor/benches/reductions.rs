//! Sums of a matrix and a broadcast addition: `cargo bench -p bayeux-tensor`.

use std::hint::black_box;

use bayeux_tensor::Tensor;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn reductions(c: &mut Criterion) {
    let x = Tensor::<f32>::from_fn([1000, 1000], |i| (i[0] * 7 + i[1] * 3 % 11) as f32);
    let mut group = c.benchmark_group("sum f32 1000 x 1000");
    group.throughput(Throughput::Bytes(4_000_000));
    for axes in [&[0, 1][..], &[0], &[1]] {
        group.bench_function(format!("axes {axes:?}"), |b| b.iter(|| black_box(&x).sum(axes)));
    }
    group.bench_function("tensor + row", |b| {
        let row = x.index_axis(0, 5);
        b.iter(|| black_box(&x) + black_box(&row))
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(std::time::Duration::from_millis(200))
        .measurement_time(std::time::Duration::from_millis(600))
        .sample_size(30);
    targets = reductions
}
criterion_main!(benches);
