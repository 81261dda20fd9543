//! The adjoint with respect to the input: chunks of images, each with a band and lists of its own.

use rayon::prelude::*;

use super::copy::AddTo;
use super::plan::PooledPlan;
use super::spread::{Sorted, Spread};
use super::tiles;
use crate::conv::Conv2dShape;
use crate::conv::parts::{PART, Parts, room, total};
use crate::float::words;
use crate::{Float, Pool2dShape};

pub(super) fn scratch(c: &Conv2dShape, p: &Pool2dShape) -> usize {
    let plan = PooledPlan::input(c, p);
    total(&[room(&shared(&plan)), plan.chunks.saturating_mul(room(&parts(&plan))), PART])
}

/// Elements of the parts that all chunks share: the packed weights, and the offsets of the patches of all windows and
/// places.
fn shared(plan: &PooledPlan) -> [usize; 2] {
    [plan.packed_len(), plan.band_windows() * plan.area()]
}

/// Elements of the parts of a chunk: a band, the ends of the lists, their channels, their gradients.
fn parts(plan: &PooledPlan) -> [usize; 4] {
    let items = plan.c.out_channels * plan.band_windows();
    [plan.patches.len(), plan.band_windows() * plan.area(), items, items]
}

#[track_caller]
pub(crate) fn input<T: Float>(
    (c, p): (&Conv2dShape, &Pool2dShape),
    g: &[T],
    places: &[u8],
    w: &[T],
    dx: &mut [T],
    scratch: &mut [T],
) {
    let sizes = [scratch.len(), c.scratch_input_pooled(p)];
    c.check_pooled("conv2d_input_pooled", p, [dx.len(), w.len(), g.len(), places.len()], sizes);
    if dx.is_empty() || g.is_empty() {
        return dx.fill(T::ZERO);
    }
    let plan = PooledPlan::input(c, p);
    plan.check();
    let area = plan.area();
    let mut all = Parts::new(scratch);
    let [panels, offsets] = shared(&plan).map(|len| all.next(len));
    let offsets = words(offsets);
    tiles::each_weight::<T>(c, &plan.patches, |packed, weight| {
        panels[packed] = weight.map_or(T::ZERO, |k| w[k]);
    });
    plan.offsets(offsets);
    let (panels, offsets) = (&*panels, &*offsets);
    let block_len = plan.packed_len() / plan.patches.blocks;
    let (image, windows) = (dx.len() / c.batch, plan.windows[0] * plan.windows[1]);
    let sizes = parts(&plan);
    let each = room(&sizes);
    let scratch = all.next(plan.chunks * each).par_chunks_mut(each);
    dx.par_chunks_mut(plan.chunk * image).zip(scratch).enumerate().for_each(|(index, (dx, scratch))| {
        let mut own = Parts::of(scratch);
        let [band, ends, channels, items] = sizes.map(|len| own.next(len));
        let mut sorted = Sorted { ends: words(ends), channels: words(channels), g: items };
        for (n, dx) in dx.chunks_exact_mut(image).enumerate() {
            dx.fill(T::ZERO);
            for (first, rows) in plan.bands() {
                let at = (index * plan.chunk + n) * c.out_channels * windows + first * plan.windows[1];
                let count = rows * plan.windows[1];
                sorted.sort(&plan, count, &g[at..], &places[at..], windows);
                for block in 0..plan.patches.blocks {
                    let band = &mut band[..plan.patches.len()];
                    band.fill(T::ZERO);
                    plan.patches.run(Spread {
                        s: c,
                        patches: &plan.patches,
                        panels: &panels[block * block_len..][..block_len],
                        sorted: &sorted,
                        offsets: &offsets[..count * area],
                        band,
                    });
                    let first_row = plan.input_row(first);
                    plan.patches.run(AddTo { patches: &plan.patches, block, first_row, band, image: dx });
                }
            }
        }
    });
}
