//! A pool: what calls on several threads need one each of, such as memory, for as long as they last.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::thread;

/// As many items of a kind as were needed at a time. Each stands in a thread's own place, where it finds it in the next call without
/// writing to what other threads read; so the calls of several threads do not slow each other down.
#[derive(Debug)]
pub(super) struct Pool<X>(Box<[Place<X>]>);

/// Two lines of the cache, which processors fetch together.
#[derive(Debug)]
#[repr(align(128))]
struct Place<X>(Mutex<Vec<X>>);

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
        Pool((0..places).map(|_| Place(Mutex::default())).collect())
    }
}

impl<X> Place<X> {
    /// What is there, unless another thread is using it. What a call has left half done by a panic is gone.
    fn open(&self) -> Option<MutexGuard<'_, Vec<X>>> {
        match self.0.try_lock() {
            Ok(items) => Some(items),
            Err(TryLockError::WouldBlock) => None,
            Err(TryLockError::Poisoned(poisoned)) => {
                self.0.clear_poison();
                let mut items = poisoned.into_inner();
                items.clear();
                Some(items)
            }
        }
    }
}

impl<X> Pool<X> {
    fn own(&self) -> &Place<X> {
        &self.0[ordinal() & (self.0.len() - 1)]
    }

    /// Calls `f` with an item that fits and that nobody else has meanwhile: one in the thread's own place, or else a `new` one.
    #[inline]
    pub fn with<R, E>(
        &self,
        fits: impl Fn(&X) -> bool,
        new: impl FnOnce() -> Result<X, E>,
        f: impl FnOnce(&mut X) -> R,
    ) -> Result<R, E> {
        if let Some(mut items) = self.own().open()
            && let Some(item) = items.iter_mut().find(|item| fits(item))
        {
            return Ok(f(item));
        }
        let mut item = new()?;
        let Some(mut items) = self.own().open() else {
            // Another thread of this place is using it, or a call that this one interrupts.
            let result = f(&mut item);
            self.leave(item, fits);
            return Ok(result);
        };
        // The last is found last; few have more than one.
        let at = items.len();
        items.push(item);
        Ok(f(&mut items[at]))
    }

    /// Takes an item that fits and that nobody is using.
    pub fn idle(&self, fits: impl Fn(&X) -> bool) -> Option<X> {
        self.0.iter().find_map(|place| {
            let mut items = place.open()?;
            let at = items.iter().position(&fits)?;
            Some(items.swap_remove(at))
        })
    }

    /// Puts an item where there is none that fits.
    pub fn leave(&self, item: X, fits: impl Fn(&X) -> bool) {
        let mut places = self.0.iter().filter_map(Place::open);
        if let Some(mut items) = places.find(|items| !items.iter().any(&fits)) {
            items.push(item);
        }
    }

    /// Drops the items that somebody wants no longer, but for those in use.
    pub fn remove(&self, unwanted: impl Fn(&X) -> bool) {
        self.0.iter().filter_map(Place::open).for_each(|mut items| items.retain(|item| !unwanted(item)));
    }

    /// The sum of something over all items; it waits for those in use.
    pub fn sum(&self, of: impl Fn(&X) -> usize) -> usize {
        let locked = |place: &Place<X>| -> usize {
            place.0.lock().unwrap_or_else(PoisonError::into_inner).iter().map(&of).sum()
        };
        self.0.iter().map(locked).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    /// A pool of items of two kinds, even and odd ones, and how many it has made.
    #[derive(Default)]
    struct Counted {
        pool: Pool<usize>,
        made: AtomicUsize,
    }

    impl Counted {
        fn with<R>(&self, kind: usize, f: impl FnOnce(usize) -> R) -> R {
            let fits = |item: &usize| item % 2 == kind;
            let new = || Ok::<_, Infallible>(2 * self.made.fetch_add(1, Ordering::Relaxed) + kind);
            let idle = || self.pool.idle(fits).map_or_else(new, Ok);
            let Ok(result) = self.pool.with(fits, idle, |item| f(*item));
            result
        }
    }

    #[test]
    #[cfg_attr(target_family = "wasm", ignore = "there are no threads")]
    fn calls_one_after_the_other_need_one_item_of_a_kind_on_any_threads() {
        let counted = Counted::default();
        for _ in 0..10 {
            assert_eq!([0, 1].map(|kind| counted.with(kind, |item| item)), [0, 3]);
            let elsewhere = thread::scope(|scope| scope.spawn(|| counted.with(1, |item| item)).join());
            assert_eq!(elsewhere.expect("no panic"), 3);
        }
    }

    #[test]
    fn calls_at_the_same_time_need_one_each() {
        let counted = Counted::default();
        for _ in 0..3 {
            let [outer, inner] = counted.with(0, |outer| [outer, counted.with(0, |inner| inner)]);
            assert_ne!(outer, inner);
        }
        assert_eq!((counted.made.load(Ordering::Relaxed), counted.pool.sum(|_| 1)), (2, 2));
        let all = [0; 3].map(|_| counted.pool.idle(|_| true));
        assert!(all[0].is_some() && all[1].is_some() && all[2].is_none());
    }

    #[test]
    fn what_is_not_wanted_goes() {
        let counted = Counted::default();
        [0, 1].into_iter().for_each(|kind| counted.with(kind, |_| ()));
        counted.pool.remove(|item| item % 2 == 0);
        assert_eq!(counted.pool.sum(|item| *item), 3);
    }

    #[test]
    #[cfg_attr(target_family = "wasm", ignore = "panics end the program")]
    fn what_a_panic_has_left_is_not_used() {
        let counted = Counted::default();
        let panic = catch_unwind(AssertUnwindSafe(|| counted.with(0, |_| panic!("half done"))));
        assert!(panic.is_err());
        assert_eq!(counted.with(0, |item| item), 2);
    }
}
