//! Calls that may panic.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    /// While somebody watches: what the last panic of this thread said, and in which file.
    static WATCHED: RefCell<Option<Panicked>> = const { RefCell::new(None) };
}

/// A panic.
#[derive(Clone, Debug, Default)]
pub struct Panicked {
    pub message: String,
    /// The file that it is said to be in, the caller's where that is tracked.
    #[allow(dead_code)] // the kernels' tests do not ask
    pub file: String,
}

/// What `f` gives, or its panic, which is not printed.
pub fn outcome<R>(f: impl FnOnce() -> R) -> Result<R, Panicked> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            WATCHED.with_borrow_mut(|watched| match watched {
                Some(panicked) => {
                    let text = info.payload_as_str().unwrap_or_default();
                    let file = info.location().map_or("", |place| place.file());
                    *panicked = Panicked { message: text.to_owned(), file: file.to_owned() };
                }
                None => print(info),
            });
        }));
    });
    WATCHED.set(Some(Panicked::default()));
    let result = catch_unwind(AssertUnwindSafe(f));
    let panicked = WATCHED.take().unwrap_or_default();
    result.map_err(|_| panicked)
}

/// Sizes at which arithmetic goes wrong, and small ones: products of them wrap, to small numbers too.
pub const SIZES: [usize; 16] = [
    0,
    1,
    2,
    3,
    4,
    7,
    40,
    1 << (usize::BITS / 2),
    1 << (usize::BITS - 2),
    usize::MAX / 3 + 1,
    isize::MAX as usize / 8,
    isize::MAX as usize / 4 + 1,
    isize::MAX as usize,
    isize::MAX as usize + 1,
    usize::MAX - 1,
    usize::MAX,
];

/// Strides of the same kind.
pub const STRIDES: [isize; 11] = [
    0,
    1,
    2,
    7,
    -1,
    1 << (usize::BITS / 2),
    isize::MAX / 2 + 1,
    isize::MAX - 1,
    isize::MAX,
    isize::MIN,
    isize::MIN + 1,
];
