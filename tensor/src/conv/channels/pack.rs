//! The weights as tiles read them.

use rayon::prelude::*;

use super::tiles;
use crate::Float;
use crate::lanes::{self, Lanes, Task, lanes, load_square, unrolled, wide};
use crate::tile::Walk;

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

/// Packs weights: group after group of vectors of output channels, in each tap after tap in the order of the [`Walk`], in
/// each the group's channels, zero for those that there are none of.
pub(in crate::conv) fn pack<T: Float>(taps: &Walk, outputs: usize, mut weights: &[T], mut panels: &mut [T]) {
    let mut tasks = vec![];
    for group in groups::<T>(outputs) {
        let (own, rest) = weights.split_at(group.has * taps.len());
        let (panel, after) = panels.split_at_mut(group.pitch * taps.len());
        tasks.push(Pack { taps, group, weights: own, panel });
        (weights, panels) = (rest, after);
    }
    tasks.into_par_iter().with_min_len(together(taps.len() * 2 * lanes::<T>())).for_each(lanes::run);
}

/// The transpose of a group's weights.
struct Pack<'a, T> {
    taps: &'a Walk,
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

/// The place of a tap in the order of the walk: the elements of a row go round the phases.
#[inline(always)]
fn place(taps: &Walk, tap: usize) -> usize {
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
            let walk = Walk { channels: 2, rows: 3, elements, phases, steps: [0; 4] };
            let mut next = 0;
            each_tap(&walk, |tap| {
                assert_eq!(place(&walk, tap), next, "tap {tap} of rows of {elements} by {phases}");
                next += 1;
            });
            assert_eq!(next, walk.len());
        }
    }
}
