//! Threads for tests.

/// What `f` gives on so many threads; where there are none, as in WebAssembly, on this one.
pub fn in_pool<R: Send>(threads: usize, f: impl FnOnce() -> R + Send) -> R {
    if cfg!(target_family = "wasm") {
        return f();
    }
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads").install(f)
}
