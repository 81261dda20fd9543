//! Where a tensor's numbers stand.

use std::fmt;
use std::ops::{Deref, DerefMut};

use crate::Element;

/// Numbers one after the other, without a shape: working space.
///
/// ```
/// use bayeux_kernels::Storage;
/// let mut numbers = Storage::<f32>::zeros(3);
/// numbers[1] = 2.0;
/// assert_eq!(numbers[..], [0.0, 2.0, 0.0]);
/// ```
pub struct Storage<T>(Place<T>);

enum Place<T> {
    Heap(Vec<T>),
    /// On pages of their own.
    #[cfg(target_os = "linux")]
    Pages(pages::Pages<T>),
}

impl<T: Element> Storage<T> {
    /// Zeros: a MiB of them and more stand on large pages, where the system has such.
    ///
    /// # Panics
    /// If the system has no memory for so many.
    #[track_caller]
    #[must_use]
    pub fn zeros(len: usize) -> Self {
        #[cfg(target_os = "linux")]
        if let Some(pages) = pages::Pages::zeros(len) {
            return Storage(Place::Pages(pages));
        }
        zeros(len).into()
    }
}

/// Elements from which memory is asked for with care.
const MANY: usize = 1 << 28;

/// Zeros on the heap.
///
/// # Panics
/// If the system has no memory for so many. (A vector alone would end the process.)
#[track_caller]
pub fn zeros<T: Element>(len: usize) -> Vec<T> {
    if len >= MANY && Vec::<T>::new().try_reserve_exact(len).is_err() {
        no_memory(len);
    }
    vec![T::ZERO; len]
}

#[cold]
#[track_caller]
fn no_memory(len: usize) -> ! {
    panic!("there is no memory for {len} numbers")
}

impl<T> From<Vec<T>> for Storage<T> {
    fn from(numbers: Vec<T>) -> Self {
        Storage(Place::Heap(numbers))
    }
}

impl<T: Element> Clone for Storage<T> {
    fn clone(&self) -> Self {
        let mut copy = Storage::zeros(self.len());
        copy.copy_from_slice(self);
        copy
    }
}

impl<T> fmt::Debug for Storage<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Storage({} numbers)", self.len())
    }
}

impl<T> Deref for Storage<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        match &self.0 {
            Place::Heap(numbers) => numbers,
            #[cfg(target_os = "linux")]
            Place::Pages(pages) => pages.numbers(),
        }
    }
}

impl<T> DerefMut for Storage<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        match &mut self.0 {
            Place::Heap(numbers) => numbers,
            #[cfg(target_os = "linux")]
            Place::Pages(pages) => pages.numbers_mut(),
        }
    }
}

#[cfg(target_os = "linux")]
mod pages {
    //! Pages of 2 MiB in place of 4 KiB. A loop over a dozen arrays, or a copy of a matrix's columns, otherwise waits for the
    //! processor to look up where in memory each page is. Linux must be asked for them, unless it is set to `always`.

    use std::marker::PhantomData;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use memmap2::{Advice, MmapMut};

    use crate::Element;

    /// Bytes of a large page, with most processors.
    const LARGE: usize = 2 << 20;
    /// Where numbers begin in a large page: bytes from one place to the next, and places. Which lines of a cache can hold
    /// a number depends on its place in a page, and loops go through several arrays at once.
    const PLACES: (usize, usize) = (256, 16);

    static MAPS: AtomicUsize = AtomicUsize::new(0);

    /// Numbers on large pages.
    pub(crate) struct Pages<T> {
        map: MmapMut,
        /// Bytes of the map before them.
        offset: usize,
        len: usize,
        numbers: PhantomData<T>,
    }

    impl<T: Element> Pages<T> {
        /// Zeros, if they are worth a large page and the system has room.
        pub fn zeros(len: usize) -> Option<Self> {
            let place = MAPS.fetch_add(1, Ordering::Relaxed) % PLACES.1 * PLACES.0;
            let bytes = len.checked_mul(size_of::<T>())?.checked_add(place)?;
            // A large page is taken as a whole: not for a rest that fills less than half of one.
            let large = (bytes / (LARGE / 2)).div_ceil(2) * LARGE;
            if large == 0 || cfg!(miri) {
                return None;
            }
            let map = MmapMut::map_anon(bytes.max(large).checked_add(LARGE)?).ok()?;
            let start = map.as_ptr().align_offset(LARGE);
            // Without large pages everything works, only slower.
            let _ = map.advise_range(Advice::HugePage, start, large);
            Some(Self { map, offset: start + place, len, numbers: PhantomData })
        }
    }

    impl<T> Pages<T> {
        pub fn numbers(&self) -> &[T] {
            // SAFETY: `zeros` has mapped so many after the offset, which is a multiple of 256, and bytes of zeros are `Float`s.
            unsafe { std::slice::from_raw_parts(self.map[self.offset..].as_ptr().cast(), self.len) }
        }

        pub fn numbers_mut(&mut self) -> &mut [T] {
            // SAFETY: as above.
            unsafe { std::slice::from_raw_parts_mut(self.map[self.offset..].as_mut_ptr().cast(), self.len) }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        #[cfg_attr(miri, ignore)]
        fn large_pages_hold_zeros_that_can_be_written() {
            assert!(Pages::<f32>::zeros(LARGE / 8 - PLACES.0 * PLACES.1).is_none());
            assert!(Pages::<f64>::zeros(usize::MAX / 4).is_none());
            for bytes in [LARGE / 2, LARGE, 5 * LARGE / 4, 7 * LARGE / 4 + 8] {
                let mut pages = Pages::<f64>::zeros(bytes / 8).expect("room for a few numbers");
                assert_eq!(pages.numbers().len(), bytes / 8);
                assert!(pages.numbers().as_ptr().addr() % LARGE < PLACES.0 * PLACES.1);
                assert!(pages.numbers().as_ptr().addr().is_multiple_of(64));
                assert!(pages.numbers().iter().all(|&number| number == 0.0));
                pages.numbers_mut().iter_mut().enumerate().for_each(|(i, number)| *number = i as f64);
                assert!(pages.numbers().iter().enumerate().all(|(i, &number)| number == i as f64));
            }
        }
    }
}
