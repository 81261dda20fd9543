//! A pool: what calls on several threads need one each of, such as memory, for as long as they last.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::thread;

/// As many items as were needed at a time. Each stands in a thread's own place, where it finds it in the next call without
/// writing to what other threads read; so the calls of several threads do not slow each other down.
#[derive(Debug)]
pub(super) struct Pool<X>(Box<[Place<X>]>);

/// Two lines of the cache, which processors fetch together.
#[derive(Debug)]
#[repr(align(128))]
struct Place<X>(Mutex<Option<X>>);

/// Most places. More threads than places share them, and then find their items in others' places.
const PLACES: usize = 64;

/// The number of this thread, counted from 0.
fn ordinal() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static ORDINAL: usize = THREADS.fetch_add(1, Ordering::Relaxed));
    ORDINAL.with(|ordinal| *ordinal)
}

impl<X> Default for Pool<X> {
    fn default() -> Self {
        static CPUS: OnceLock<usize> = OnceLock::new();
        let cpus = *CPUS.get_or_init(|| thread::available_parallelism().map_or(1, usize::from));
        // A power of two, so that places are found quickly; twice as many, so that few threads share one.
        let places = (2 * cpus).next_power_of_two().min(PLACES);
        Pool((0..places).map(|_| Place(Mutex::new(None))).collect())
    }
}

impl<X> Place<X> {
    /// What is there, unless another thread is using it. What a call has left half done by a panic is gone.
    fn open(&self) -> Option<MutexGuard<'_, Option<X>>> {
        match self.0.try_lock() {
            Ok(place) => Some(place),
            Err(TryLockError::WouldBlock) => None,
            Err(TryLockError::Poisoned(poisoned)) => {
                self.0.clear_poison();
                let mut place = poisoned.into_inner();
                *place = None;
                Some(place)
            }
        }
    }
}

impl<X> Pool<X> {
    /// Calls `f` with an item that nobody else has meanwhile: one that is there already, or a `new` one.
    pub fn with<R>(&self, new: impl FnOnce() -> X, f: impl FnOnce(&mut X) -> R) -> R {
        let own = &self.0[ordinal() & (self.0.len() - 1)];
        if let Some(mut place) = own.open() {
            return f(place.get_or_insert_with(|| self.idle().unwrap_or_else(new)));
        }
        // Another thread of this place is using it, or a call that this one interrupts.
        let mut item = self.idle().unwrap_or_else(new);
        let result = f(&mut item);
        self.leave(item);
        result
    }

    /// An item that nobody is using.
    pub fn idle(&self) -> Option<X> {
        self.0.iter().find_map(|place| place.open()?.take())
    }

    /// Puts an item where there is none.
    pub fn leave(&self, item: X) {
        if let Some(mut place) = self.0.iter().filter_map(Place::open).find(|place| place.is_none()) {
            *place = Some(item);
        }
    }

    /// The sum of something over all items; it waits for those in use.
    pub fn sum(&self, of: impl Fn(&X) -> usize) -> usize {
        let locked =
            |place: &Place<X>| place.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map_or(0, &of);
        self.0.iter().map(locked).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    /// A pool, and how many items it has made.
    fn counted() -> (Pool<usize>, AtomicUsize) {
        (Pool::default(), AtomicUsize::new(0))
    }

    #[test]
    #[cfg_attr(target_family = "wasm", ignore = "there are no threads")]
    fn calls_one_after_the_other_need_one_item_on_any_threads() {
        let (pool, made) = counted();
        let new = || made.fetch_add(1, Ordering::Relaxed);
        for _ in 0..10 {
            assert_eq!(pool.with(new, |item| *item), 0);
            let elsewhere = thread::scope(|scope| scope.spawn(|| pool.with(new, |item| *item)).join());
            assert_eq!(elsewhere.expect("no panic"), 0);
        }
    }

    #[test]
    fn calls_at_the_same_time_need_one_each() {
        let (pool, made) = counted();
        let new = || made.fetch_add(1, Ordering::Relaxed);
        for _ in 0..3 {
            let [outer, inner] = pool.with(new, |outer| [*outer, pool.with(new, |inner| *inner)]);
            assert_ne!(outer, inner);
        }
        assert_eq!((made.load(Ordering::Relaxed), pool.sum(|_| 1)), (2, 2));
        let all = [pool.idle(), pool.idle(), pool.idle()];
        assert!(all[0].is_some() && all[1].is_some() && all[2].is_none());
    }

    #[test]
    #[cfg_attr(target_family = "wasm", ignore = "panics end the program")]
    fn what_a_panic_has_left_is_not_used() {
        let (pool, made) = counted();
        let new = || made.fetch_add(1, Ordering::Relaxed);
        let panic = catch_unwind(AssertUnwindSafe(|| pool.with(new, |_| panic!("half done"))));
        assert!(panic.is_err());
        assert_eq!(pool.with(new, |item| *item), 1);
    }
}
