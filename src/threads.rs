//! The threads that everything computes on.

/// Starts the threads that everything computes on: so many, or by default `RAYON_NUM_THREADS`, or one for each processor.
///
/// It is for the beginning of a program, whose main thread becomes one of them: it then computes its share where it would
/// otherwise wake another thread and wait for it, which a function of a few milliseconds notices. Without this call rayon
/// starts threads beside the main one when they are first needed. Results have the same bits either way.
///
/// What is given to [`rayon::spawn`](https://docs.rs/rayon/latest/rayon/fn.spawn.html) runs on the other threads only, until the
/// main thread computes something itself.
///
/// # Errors
/// If rayon's global threads have been started already, or the system has no more threads.
///
/// ```standalone_crate
/// bayeux::start_threads(Some(2))?;
/// assert!(bayeux::start_threads(Some(3)).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn start_threads(threads: Option<usize>) -> Result<(), rayon::ThreadPoolBuildError> {
    let threads = threads.unwrap_or(0); // rayon's default
    rayon::ThreadPoolBuilder::new().num_threads(threads).use_current_thread().build_global()
}
