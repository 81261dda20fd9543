//! Sorting of one row by keys: digit by digit in stretches, which are then merged, on several threads where the row is long. Nothing
//! of the result depends on the number of threads.

use rayon::prelude::*;

/// A key and the place it came from. No two are equal, since no two places are.
pub(in crate::ops) trait Item: Copy + Ord + Default + Send + Sync {
    /// How many bits the key has.
    const BITS: u32;
    fn new(key: u64, place: usize) -> Self;
    fn key(self) -> u64;
    fn place(self) -> usize;
}

/// A key below 2³² before a place below 2³², in one number.
impl Item for u64 {
    const BITS: u32 = 32;

    #[inline(always)]
    fn new(key: u64, place: usize) -> Self {
        key << 32 | place as u64
    }

    #[inline(always)]
    fn key(self) -> u64 {
        self >> 32
    }

    #[inline(always)]
    fn place(self) -> usize {
        (self & u64::from(u32::MAX)) as usize
    }
}

impl Item for (u64, u64) {
    const BITS: u32 = 64;

    #[inline(always)]
    fn new(key: u64, place: usize) -> Self {
        (key, place as u64)
    }

    #[inline(always)]
    fn key(self) -> u64 {
        self.0
    }

    #[inline(always)]
    fn place(self) -> usize {
        self.1 as usize
    }
}

/// Below so many items comparisons are faster.
const SHORT: usize = 512;

/// The longest stretch that is sorted at once.
const STRETCH: usize = 1 << 18;

/// Bits of a digit.
const DIGIT: u32 = 11;

/// Sorts items that stand in the order of their places.
pub(in crate::ops) fn sort<I: Item>(items: &mut Vec<I>) {
    let n = items.len();
    if n < SHORT {
        return items.sort_unstable();
    }
    let mut other = vec![I::default(); n];
    if n <= STRETCH {
        return by_digits(items, &mut other);
    }
    let mut length = n.div_ceil(n.div_ceil(STRETCH).next_power_of_two());
    items.par_chunks_mut(length).zip(other.par_chunks_mut(length)).for_each(|(a, b)| by_digits(a, b));
    while length < n {
        let pairs = items.par_chunks(2 * length).zip(other.par_chunks_mut(2 * length));
        pairs.for_each(|(pair, merged)| {
            let (a, b) = pair.split_at(length.min(pair.len()));
            merge(a, b, merged);
        });
        std::mem::swap(items, &mut other);
        length *= 2;
    }
}

/// Digit by digit from the last, each pass stable. The result stands in `a`.
fn by_digits<I: Item>(a: &mut [I], b: &mut [I]) {
    const VALUES: usize = 1 << DIGIT;
    let passes = I::BITS.div_ceil(DIGIT) as usize;
    let digit = |item: I, pass: usize| (item.key() >> (pass as u32 * DIGIT)) as usize % VALUES;
    let mut counts = vec![[0u32; VALUES]; passes];
    for &item in a.iter() {
        counts.iter_mut().enumerate().for_each(|(pass, counts)| counts[digit(item, pass)] += 1);
    }
    let (mut from, mut to) = (&mut *a, &mut *b);
    let mut swapped = false;
    for (pass, counts) in counts.iter_mut().enumerate() {
        // A digit that is the same everywhere says nothing.
        if counts.iter().any(|&count| count as usize == from.len()) {
            continue;
        }
        let mut next = 0;
        for count in counts.iter_mut() {
            next += std::mem::replace(count, next);
        }
        for &item in from.iter() {
            let place = &mut counts[digit(item, pass)];
            to[*place as usize] = item;
            *place += 1;
        }
        std::mem::swap(&mut from, &mut to);
        swapped = !swapped;
    }
    if swapped {
        to.copy_from_slice(from);
    }
}

/// The item of a rank, the first being 0, among `n` that are in the order of their places.
pub(in crate::ops) fn nth<I: Item>(n: usize, item: impl Fn(usize) -> I + Sync, mut rank: usize) -> I {
    const FEW: usize = 1 << 12;
    let mut shift = I::BITS.saturating_sub(DIGIT);
    // Those whose first digits are the wanted one's: all, at first.
    let mut left: Option<Vec<I>> = (n <= FEW).then(|| (0..n).map(&item).collect());
    loop {
        if let Some(left) = left.as_mut().filter(|left| left.len() <= FEW) {
            return *left.select_nth_unstable(rank).1;
        }
        let at = |i: usize| left.as_ref().map_or_else(|| item(i), |left| left[i]);
        let count = left.as_ref().map_or(n, Vec::len);
        let digit = |item: I| (item.key() >> shift) as usize % (1 << DIGIT);
        let counts = histogram(count, |i| digit(at(i)));
        let mut wanted = 0;
        while rank >= counts[wanted] {
            rank -= counts[wanted];
            wanted += 1;
        }
        let kept = (0..count).into_par_iter().with_min_len(PART).map(at);
        let kept: Vec<I> = kept.filter(|&item| digit(item) == wanted).collect();
        if shift == 0 {
            return kept[rank]; // their keys are the same
        }
        left = Some(kept);
        shift = shift.saturating_sub(DIGIT);
    }
}

/// The `count` least of `n` items, in no order, on several threads: each keeps few, and looks at what is below the last of them only.
pub(in crate::ops) fn least<I: Item>(n: usize, item: impl Fn(usize) -> I + Sync, count: usize) -> Vec<I> {
    const STRIDE: usize = 1 << 18;
    let reduce = |kept: &mut Vec<I>| {
        let last = (kept.len() > count).then(|| *kept.select_nth_unstable(count - 1).1);
        kept.truncate(count);
        last
    };
    let part = |part: usize| {
        let mut kept: Vec<I> = Vec::with_capacity(2 * count + 512);
        let mut bound = None;
        for place in part * STRIDE..((part + 1) * STRIDE).min(n) {
            let item = item(place);
            if bound.is_none_or(|bound| item < bound) {
                kept.push(item);
                if kept.len() == kept.capacity() {
                    bound = reduce(&mut kept);
                }
            }
        }
        reduce(&mut kept);
        kept
    };
    let parts: Vec<Vec<I>> = (0..n.div_ceil(STRIDE)).into_par_iter().map(part).collect();
    let mut kept = parts.concat();
    reduce(&mut kept);
    kept
}

/// Up to so many are few for [`least`].
pub(in crate::ops) const FEW: usize = 1 << 12;

/// How often each digit is there.
fn histogram(n: usize, digit: impl Fn(usize) -> usize + Sync) -> Vec<usize> {
    let none = || vec![0; 1 << DIGIT];
    let parts = (0..n.div_ceil(PART)).into_par_iter().fold(none, |mut counts: Vec<usize>, part| {
        (part * PART..((part + 1) * PART).min(n)).for_each(|i| counts[digit(i)] += 1);
        counts
    });
    parts.reduce(none, |mut a, b| {
        a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        a
    })
}

/// So many items are merged or counted at once.
const PART: usize = 1 << 16;

/// Two sorted runs as one, in parts that several threads merge.
fn merge<I: Item>(a: &[I], b: &[I], to: &mut [I]) {
    to.par_chunks_mut(PART).enumerate().for_each(|(part, to)| {
        let (first, end) = (part * PART, part * PART + to.len());
        let (i, j) = (among(a, b, first), among(a, b, end));
        merge_part(&a[i..j], &b[first - i..end - j], to);
    });
}

/// How many of the first `count` of two sorted runs together are in the first of them.
fn among<I: Item>(a: &[I], b: &[I], count: usize) -> usize {
    let (mut low, mut high) = (count.saturating_sub(b.len()), count.min(a.len()));
    while low < high {
        let middle = low.midpoint(high);
        if a[middle] < b[count - 1 - middle] { low = middle + 1 } else { high = middle }
    }
    low
}

fn merge_part<I: Item>(a: &[I], b: &[I], to: &mut [I]) {
    let (mut i, mut j) = (0, 0);
    let mut written = 0;
    // Without a branch on which is smaller, which nobody can foresee.
    while i < a.len() && j < b.len() {
        let (x, y) = (a[i], b[j]);
        let first = x < y;
        to[written] = if first { x } else { y };
        i += usize::from(first);
        j += usize::from(!first);
        written += 1;
    }
    let rest = if i < a.len() { &a[i..] } else { &b[j..] };
    to[written..].copy_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::{Item, least, nth, sort};

    /// Lengths around those at which the way of sorting changes, keys of many bits, of few, and all alike.
    #[test]
    fn rows_of_all_lengths_are_sorted_and_ties_stay_in_order() {
        fn check<I: Item + std::fmt::Debug>(n: usize, mask: u64) {
            let mut state = 1u64;
            let mut key = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> (64 - I::BITS)) & mask
            };
            let given: Vec<I> = (0..n).map(|place| I::new(key(), place)).collect();
            let (mut found, mut wanted) = (given.clone(), given.clone());
            sort(&mut found);
            wanted.sort_by_key(|item| item.key());
            assert!(found == wanted, "{n} keys of {mask:x}");
            for rank in [0, n / 3, n.saturating_sub(1)].into_iter().filter(|&rank| rank < n) {
                assert!(nth(n, |i| given[i], rank) == wanted[rank], "{n} keys of {mask:x}, {rank}");
                let mut few = least(n, |i| given[i], rank.min(100) + 1);
                few.sort_unstable();
                assert!(few[..] == wanted[..=rank.min(100)], "{n} keys of {mask:x}, {rank}");
            }
        }
        for n in [0, 1, 2, 511, 512, 1000, (1 << 18) - 1, (1 << 18) + 1, 700_001] {
            for mask in [u64::MAX, 0xff00_00ff, 3, 0] {
                check::<u64>(n, mask);
                check::<(u64, u64)>(n, mask);
            }
        }
    }
}
