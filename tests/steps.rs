//! Properties of a whole training step: the same bits on any number of threads, and no allocation.

use std::alloc::System;

use bayeux::bayes::Fitter;
use bayeux::prelude::*;
use bayeux::tensor::random;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const BATCH: usize = 60;

/// The hierarchical convolutional network of the `mnist` example on random images.
fn fitter() -> Fitter<'static, f32> {
    let rows = 4 * BATCH;
    let mut pixels = vec![0.0; rows * 784];
    random::fill_uniform(1, 0, 0, &mut pixels);
    let images = Tensor::new([rows, 1, 28, 28], pixels);
    let labels = Tensor::from_fn([rows], |i| (i[0] % 10) as f32);

    let model = Model::new();
    let x = model.data("x", (batch(), 1, 28, 28));
    let y = model.data("y", [batch()]);
    let prior = |name: &str| {
        let scale = model.free(format!("{name}.scale"), HalfNormal::new(1.0));
        model.prior(name, move |shape: &Shape| Normal::new(0.0, &scale).shape(shape))
    };
    let conv =
        |i: usize| Conv2d::new(32, [5, 5]).weights(prior(&format!("w{i}"))).bias(prior(&format!("b{i}")));
    let dense =
        |units, i: usize| Dense::new(units).weights(prior(&format!("w{i}"))).bias(prior(&format!("b{i}")));
    let net = Input::new(&x)
        .then(conv(1).activation(tanh))
        .then(MaxPool2d::new([2, 2]))
        .then(conv(2).activation(tanh))
        .then(MaxPool2d::new([2, 2]))
        .then(dense(256, 3).activation(tanh))
        .then(dense(10, 4));
    model.observe("label", Categorical::logits(net.output()), &y, rows).expect("unique names");
    Advi::mean_field(&model)
        .minibatches(BATCH, [(&x, &images), (&y, &labels)])
        .optimizer(Adam::new(1e-3))
        .seed(3)
        .progress(false)
        .compile()
        .expect("data that fits")
}

fn in_pool<R: Send>(threads: usize, f: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads").install(f)
}

/// One test, so that nothing else allocates while it counts.
#[test]
fn a_step_gives_the_same_bits_on_any_number_of_threads_and_allocates_nothing() {
    let trace = |threads: usize| {
        in_pool(threads, || {
            let mut fitter = fitter();
            (0..6).map(|_| fitter.step().expect("a finite ELBO").to_bits()).collect::<Vec<u64>>()
        })
    };
    let expected = trace(1);
    assert_eq!(expected, trace(1), "two runs");
    assert_eq!(expected, trace(2), "two threads");
    assert_eq!(expected, trace(3), "three threads");

    let allocations = in_pool(2, || {
        let mut fitter = fitter();
        // The first steps fill what is kept between calls; the worker threads' queues grow once.
        let mut steps = |count: usize| (0..count).all(|_| fitter.step().expect("a finite ELBO").is_finite());
        assert!(steps(3));
        let region = Region::new(ALLOCATOR);
        assert!(steps(5));
        region.change().allocations
    });
    assert_eq!(allocations, 0, "allocations in five steps");
}
