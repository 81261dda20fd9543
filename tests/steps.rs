//! Properties of a whole training step: the same bits on any number of threads, and no allocation.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[path = "../examples/networks/mod.rs"]
mod networks;
use networks::{Network, digits};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const BATCH: usize = 60;

fn in_pool<R: Send>(threads: usize, f: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads").install(f)
}

/// One test, so that nothing else allocates while it counts.
#[test]
fn a_step_gives_the_same_bits_on_any_number_of_threads_and_allocates_nothing() {
    let digits = digits(4 * BATCH);
    for network in [Network::Conv, Network::Strided] {
        let fitter = || network.advi(BATCH, &digits).expect("data that fits");
        let trace = |threads: usize| {
            in_pool(threads, || {
                let mut fitter = fitter();
                (0..6).map(|_| fitter.step().expect("a finite ELBO").to_bits()).collect::<Vec<u64>>()
            })
        };
        let expected = trace(1);
        assert_eq!(expected, trace(1), "{network:?}, two runs");
        assert_eq!(expected, trace(2), "{network:?}, two threads");
        assert_eq!(expected, trace(3), "{network:?}, three threads");

        let allocations = in_pool(2, || {
            let mut fitter = fitter();
            // The first steps fill what is kept between calls; the worker threads' queues grow once.
            let mut steps =
                |count: usize| (0..count).all(|_| fitter.step().expect("a finite ELBO").is_finite());
            assert!(steps(3));
            let region = Region::new(ALLOCATOR);
            assert!(steps(5));
            region.change().allocations
        });
        assert_eq!(allocations, 0, "{network:?}: allocations in five steps");
    }
}
