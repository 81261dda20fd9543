//! When work is worth handing to other threads.
//!
//! Measured on two cores of a server (Xeon, AVX-512), with threads that have just been busy; threads that sleep take longer to
//! begin. From a thread of the pool it costs next to nothing to hand on what other threads have time for. From another thread
//! the pool is woken and waited for, 6 µs at the least: loops over 16 thousand to half a million numbers take as long either way
//! where they take 100 µs on one thread. A product's factors and results have to travel between the cores' caches: products of
//! 160×160×160 took longer there on two threads than on one, of 192×192×192 less. On two cores of a later one (EPYC, Zen 5) one of
//! 96×96×96 takes 0.93 of its time on one thread, of 128×128×128 0.60, of 160×160×160 0.66.

/// Cycles, about, from which a loop pays for being handed to the pool by a thread of the caller's.
const OUTSIDE: usize = 300_000;
/// Products of two numbers from which a matrix product is shared by the threads of the pool,
const PRODUCTS: usize = 2 << 20;
/// which take about one cycle for so many.
const PER_CYCLE: usize = 24;
/// Cycles from which the loop that goes on with a product makes up for one that is too small.
const LOOP: usize = 60_000;

fn outside() -> bool {
    rayon::current_thread_index().is_none()
}

/// Whether a loop of about so many cycles stays on this thread.
pub(crate) fn keeps_loop(cycles: usize) -> bool {
    cycles < OUTSIDE && outside()
}

/// Whether a matrix product of so many products stays on this thread, with a loop of so many cycles that goes on with it.
pub(crate) fn keeps_product([m, k, n]: [usize; 3], cycles: usize) -> bool {
    let products = m.saturating_mul(k).saturating_mul(n);
    products < PRODUCTS && (cycles < LOOP || cycles + products / PER_CYCLE < OUTSIDE && outside())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(target_family = "wasm", ignore = "there are no threads")]
    fn a_thread_of_the_callers_keeps_more() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
        for cycles in [0, OUTSIDE - 1, OUTSIDE] {
            assert_eq!(keeps_loop(cycles), cycles < OUTSIDE);
            assert!(pool.install(|| !keeps_loop(cycles)));
        }
        for [size, cycles] in [[120, 0], [128, 0], [100, LOOP]] {
            let kept = [keeps_product([size; 3], cycles), pool.install(|| keeps_product([size; 3], cycles))];
            assert_eq!(kept, [size < 128, size < 128 && cycles < LOOP], "{size} and {cycles} cycles");
        }
    }
}
