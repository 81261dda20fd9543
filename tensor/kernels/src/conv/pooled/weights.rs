//! The adjoint with respect to the weights: chunks of images, each with bands and partial sums of its own.

use rayon::prelude::*;

use super::copy::Fill;
use super::gather::{Gather, Offsets};
use super::plan::PooledPlan;
use super::tiles;
use crate::conv::Conv2dShape;
use crate::conv::parts::{PART, Parts, room, total};
use crate::float::words;
use crate::lanes::{self, narrow_lanes};
use crate::{Float, Pool2dShape};

pub(super) fn scratch(c: &Conv2dShape, p: &Pool2dShape) -> usize {
    let plan = PooledPlan::weights(c, p);
    let each = total(&[room(&[plan.packed_len()]), room(&parts(&plan))]);
    total(&[room(&[plan.band_windows()]), plan.chunks.saturating_mul(each), PART])
}

/// Elements of the parts of a chunk, besides its sums: bands, the lines of an image, the offsets of the bands' maxima.
fn parts(plan: &PooledPlan) -> [usize; 3] {
    let bands = plan.block * plan.patches.len();
    let maxima = plan.block.saturating_mul(plan.c.out_channels * plan.band_windows());
    [bands, plan.patches.lines(), maxima]
}

#[track_caller]
pub(crate) fn weights<T: Float>(
    (c, p): (&Conv2dShape, &Pool2dShape),
    x: &[T],
    g: &[T],
    places: &[u8],
    dw: &mut [T],
    scratch: &mut [T],
) {
    let sizes = [scratch.len(), c.scratch_weights_pooled(p)];
    c.check_pooled("conv2d_weights_pooled", p, [x.len(), dw.len(), g.len(), places.len()], sizes);
    dw.fill(T::ZERO);
    if dw.is_empty() || g.is_empty() || x.is_empty() {
        return;
    }
    let plan = PooledPlan::weights(c, p);
    plan.check();
    let mut all = Parts::new(scratch);
    let corners = words(all.next(plan.band_windows()));
    plan.corners(corners);
    let corners = &*corners;
    let twice = plan.narrow().row / narrow_lanes::<T>() <= 6;
    let (packed, block_len) = (room(&[plan.packed_len()]), plan.packed_len() / plan.patches.blocks);
    let partials = all.next(plan.chunks * packed);
    let (image, windows) = (x.len() / c.batch, plan.windows[0] * plan.windows[1]);
    let sizes = parts(&plan);
    let each = room(&sizes);
    let scratch = all.next(plan.chunks * each).par_chunks_mut(each);
    partials.par_chunks_mut(packed).zip(scratch).enumerate().for_each(|(index, (sums, scratch))| {
        sums.fill(T::ZERO);
        let mut own = Parts::of(scratch);
        let [bands, lines, offsets] = sizes.map(|len| own.next(len));
        let offsets = words(offsets);
        for (start, images) in plan.image_blocks(index) {
            for (first, rows) in plan.bands() {
                let (at, count) =
                    (start * c.out_channels * windows + first * plan.windows[1], rows * plan.windows[1]);
                let offsets = &mut offsets[..images * c.out_channels * count];
                for (channel, offsets) in offsets.chunks_exact_mut(count).enumerate() {
                    let places = &places[at + channel * windows..][..count];
                    lanes::run::<T>(Offsets { plan: &plan, corners, places, offsets });
                }
                for block in 0..plan.patches.blocks {
                    for (k, band) in bands.chunks_exact_mut(plan.patches.len()).take(images).enumerate() {
                        let (first_row, image) = (plan.input_row(first), &x[(start + k) * image..][..image]);
                        plan.patches.run(Fill {
                            patches: &plan.patches,
                            block,
                            first_row,
                            image,
                            lines,
                            band,
                        });
                    }
                    plan.patches.run(Gather {
                        s: c,
                        patches: &plan.patches,
                        bands,
                        count: images,
                        windows: count,
                        offsets,
                        g: &g[at..],
                        twice,
                        g_steps: [c.out_channels * windows, windows],
                        sums: &mut sums[block * block_len..][..block_len],
                    });
                }
            }
        }
    });
    // One partial sum after the other, in the order of the chunks.
    let (sums, others) = partials.split_at_mut(packed);
    sums.par_chunks_mut(4096).enumerate().for_each(|(index, sums)| {
        for partial in others.chunks_exact(packed) {
            sums.iter_mut().zip(&partial[index * 4096..]).for_each(|(s, p)| *s += *p);
        }
    });
    tiles::each_weight::<T>(c, &plan.patches, |packed, weight| {
        if let Some(k) = weight {
            dw[k] = sums[packed];
        }
    });
}
