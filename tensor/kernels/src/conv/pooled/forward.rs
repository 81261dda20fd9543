//! The forward pass: chunks of images. Windows of 2×2 side by side are pooled in registers; other ones, and those of tiles,
//! after each image, while its outputs are in the cache.

use rayon::prelude::*;

use super::maxima::{Maxima, Planes};
use crate::conv::packed::Packed;
use crate::conv::parts::{PART, Parts, room, total};
use crate::conv::plan::Plan;
use crate::conv::{Conv2dShape, image_forward};
use crate::{Float, Pool2dShape, lanes};

pub(super) fn scratch(c: &Conv2dShape, p: &Pool2dShape) -> usize {
    let (plan, each) = cut(c, p);
    total(&[Packed::<f32>::room(&plan), plan.chunks.saturating_mul(room(&each)), PART])
}

/// The cut, and the elements of the parts of a chunk: a band, and the outputs or, in two parts, the maxima and their
/// places.
fn cut(c: &Conv2dShape, p: &Pool2dShape) -> (Plan, [usize; 3]) {
    let plan = Plan::forward(c);
    if !in_registers(&plan, p) {
        let each = [plan.own(), c.y_len() / c.batch.max(1), 0];
        return (plan, each);
    }
    let plan = Plan::forward_pooled(c);
    let maxima = plan.padded_channels() * plan.band / 2 * (plan.out_size[1] / 2);
    let each = [if plan.in_place { 0 } else { plan.layout.len() }, maxima, maxima];
    (plan, each)
}

/// Whether windows are pooled in registers, as soon as their outputs are computed.
fn in_registers(plan: &Plan, p: &Pool2dShape) -> bool {
    p.is_plain() && plan.winograd.is_none()
}

#[track_caller]
pub(crate) fn forward<T: Float>(
    (c, p): (&Conv2dShape, &Pool2dShape),
    x: &[T],
    w: &[T],
    y: &mut [T],
    places: &mut [u8],
    scratch: &mut [T],
) {
    let sizes = [scratch.len(), c.scratch_forward_pooled(p)];
    c.check_pooled("conv2d_max_pool2d", p, [x.len(), w.len(), y.len(), places.len()], sizes);
    if y.is_empty() {
        return;
    }
    if x.is_empty() || w.is_empty() {
        let nothing = vec![T::ZERO; p.in_size[0] * p.in_size[1]]; // sums of nothing
        let plane = p.y_len() / (p.batch * p.channels);
        let planes = y.chunks_exact_mut(plane).zip(places.chunks_exact_mut(plane));
        return planes.for_each(|(y, places)| p.maxima(&nothing, y, places));
    }
    let (plan, sizes) = cut(c, p);
    let mut all = Parts::new(scratch);
    let packed = Packed::new(&plan, w, &mut all);
    let (image, out_image) = (x.len() / c.batch, y.len() / c.batch);
    let each = room(&sizes);
    let scratch = all.next(plan.chunks * each).par_chunks_mut(each);
    let per_chunk = plan.chunk * out_image;
    let chunks = y.par_chunks_mut(per_chunk).zip(places.par_chunks_mut(per_chunk)).zip(scratch);
    chunks.enumerate().for_each(|(index, ((y, places), scratch))| {
        let mut own = Parts::of(scratch);
        let [band, values, value_places] = sizes.map(|len| own.next(len));
        let images = y.chunks_exact_mut(out_image).zip(places.chunks_exact_mut(out_image));
        for (n, (y, places)) in images.enumerate() {
            let x = &x[(index * plan.chunk + n) * image..][..image];
            if !in_registers(&plan, p) {
                let outputs = &mut values[..sizes[1]];
                image_forward(&plan, &packed, x, band, outputs);
                p.maxima(outputs, y, places);
                continue;
            }
            for first in plan.firsts() {
                let windows = [plan.rows(first) / 2, plan.out_size[1] / 2];
                let band = plan.band_of(x, first, band);
                lanes::run(Maxima {
                    taps: packed.taps,
                    panels: packed.panels,
                    channels: c.out_channels,
                    band,
                    steps: plan.steps(),
                    windows,
                    values,
                    places: value_places,
                });
                let start = first / 2 * windows[1];
                lanes::run(Planes {
                    channels: c.out_channels,
                    windows: windows[0] * windows[1],
                    values,
                    value_places,
                    y: &mut y[start..],
                    places: &mut places[start..],
                    step: out_image / c.out_channels,
                });
            }
        }
    });
}
