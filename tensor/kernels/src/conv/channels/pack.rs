//! The weights as tiles read them.

use super::tiles;
use crate::Float;
use crate::lanes::{self, Lanes, Task, lanes, load_square, unrolled, wide};
use crate::tile::Terms;

/// Fewest weights that are worth a thread.
const WORTH_A_THREAD: usize = 64 << 10;

/// How many tasks of so many weights are worth a thread.
pub(in crate::conv) fn together(weights: usize) -> usize {
    WORTH_A_THREAD.div_ceil(weights.max(1))
}

/// Some vectors of channels, as tiles take them.
#[derive(Clone, Copy)]
pub(in crate::conv) struct Group {
    /// The first channel.
    pub first: usize,
    /// Channels in whole vectors,
    pub pitch: usize,
    /// and how many of them there are.
    pub has: usize,
}

/// The groups of so many channels ([`tiles`]).
pub(in crate::conv) fn groups<T: Float>(channels: usize) -> impl Iterator<Item = Group> {
    let lanes = lanes::<T>();
    tiles(channels.next_multiple_of(wide()) / lanes).map(move |(vector, vectors)| {
        let (first, pitch) = (vector * lanes, vectors * lanes);
        Group { first, pitch, has: channels.saturating_sub(first).min(pitch) }
    })
}

/// Calls `run` for each group of so many channels with its part of what has `per` elements for each channel, on several threads if
/// more groups than are `together` worth one.
pub(in crate::conv) fn for_each_group<T: Float>(
    channels: usize,
    [per, together]: [usize; 2],
    out: &mut [T],
    run: &(impl Fn(Group, &mut [T]) + Sync),
) {
    some_groups(channels, [0, groups::<T>(channels).count()], [per, together.max(1)], out, run);
}

/// The same for groups `from .. to`.
fn some_groups<T: Float>(
    channels: usize,
    [from, to]: [usize; 2],
    [per, together]: [usize; 2],
    mut out: &mut [T],
    run: &(impl Fn(Group, &mut [T]) + Sync),
) {
    if to - from <= together {
        for group in groups::<T>(channels).take(to).skip(from) {
            let own = (group.pitch * per).min(out.len());
            run(group, out.split_off_mut(..own).unwrap_or_default());
        }
        return;
    }
    let middle = from.midpoint(to);
    let first: usize = groups::<T>(channels).take(middle).skip(from).map(|group| group.pitch * per).sum();
    let (left, right) = out.split_at_mut(first.min(out.len()));
    rayon::join(
        || some_groups(channels, [from, middle], [per, together], left, run),
        || some_groups(channels, [middle, to], [per, together], right, run),
    );
}

/// Packs weights: group after group of vectors of output channels, in each tap after tap in the order of [`Terms`], in
/// each the group's channels, zero for those that there are none of.
pub(in crate::conv) fn pack<T: Float>(taps: &Terms, outputs: usize, weights: &[T], panels: &mut [T]) {
    let len = taps.len();
    for_each_group(outputs, [len, together(len * 2 * lanes::<T>())], panels, &|group, panel| {
        let weights = &weights[group.first.min(outputs) * len..][..group.has * len];
        lanes::run(Pack { taps, group, weights, panel });
    });
}

/// The transpose of a group's weights.
struct Pack<'a, T> {
    taps: &'a Terms,
    group: Group,
    weights: &'a [T],
    panel: &'a mut [T],
}

impl<T: Float> Task<T> for Pack<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let Self { taps, group: Group { pitch, has, .. }, weights, panel } = self;
        let len = taps.len();
        assert!(has * len <= weights.len() && len * pitch <= panel.len() && pitch.is_multiple_of(V::N));
        for o in (0..pitch).step_by(V::N) {
            let rows = has.saturating_sub(o).min(V::N);
            for first in (0..len).step_by(V::N) {
                // The last vectors overlap the ones before, if there are any.
                let first = first.min(len.saturating_sub(V::N));
                let count = len.min(V::N);
                // SAFETY: the assertion above.
                unsafe {
                    let from = weights.as_ptr().wrapping_add(o * len + first);
                    let mut square = V::splat(T::ZERO).square();
                    if rows == V::N && count == V::N {
                        square = load_square::<V>(from, len);
                    } else {
                        unrolled!(k < V::N => if k < rows {
                            let from = from.add(k * len);
                            square[k] = if count == V::N { V::load(from) } else { V::load_first(from, count) };
                        });
                    }
                    let square = V::transpose(square);
                    unrolled!(k < V::N => if k < count {
                        square[k].store(panel.as_mut_ptr().add(place(taps, first + k) * pitch + o));
                    });
                }
            }
        }
    }
}

/// The place of a tap in the order of [`Terms`]: the elements of a row go round the phases.
#[inline(always)]
fn place(taps: &Terms, tap: usize) -> usize {
    if taps.phases == 1 {
        return tap;
    }
    let (row, v) = (tap / taps.elements, tap % taps.elements);
    let (phase, turn) = (v % taps.phases, v / taps.phases);
    let (whole, longer) = (taps.elements / taps.phases, taps.elements % taps.phases);
    row * taps.elements + phase * whole + phase.min(longer) + turn
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::correlate::each_tap;

    #[test]
    fn places_are_those_of_the_walk() {
        for (elements, phases) in [(3, 1), (3, 2), (5, 3), (7, 3), (2, 4), (1, 2)] {
            let terms = Terms { channels: 2, rows: 3, elements, phases, steps: [0; 4] };
            let mut next = 0;
            each_tap(&terms, |tap| {
                assert_eq!(place(&terms, tap), next, "tap {tap} of rows of {elements} by {phases}");
                next += 1;
            });
            assert_eq!(next, terms.len());
        }
    }
}
