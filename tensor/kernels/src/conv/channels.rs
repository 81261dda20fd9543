//! Convolutions with channels in the lanes, so that narrow rows waste none: a tile is some outputs × vectors of channels.
//! What the three passes share: how channels are cut into tiles, and the offsets of taps and outputs.

mod block;
mod forward;
pub(super) mod input;
mod pack;
mod sums;
mod taps;
pub(super) mod weights;

pub(super) use block::Outputs;
pub(super) use forward::{ByChannel, to_planes};
pub(super) use pack::{Group, for_each_group, groups, pack, together};
pub(super) use sums::{Pixels, Rows, sums};
use taps::{ANYWHERE, anywhere, in_row};
pub(super) use taps::{Taps, VECTORS, tiles, word};

use super::plan::Plan;

/// Writes the offsets of a band's outputs.
pub(super) fn offsets<'a>(plan: &Plan, outputs: &'a mut [u32]) -> &'a [u32] {
    let ([row_step, step], columns) = (plan.steps(), plan.out_size[1]);
    let outputs = &mut outputs[..plan.band * columns];
    for (q, output) in outputs.iter_mut().enumerate() {
        *output = word(q / columns * row_step + q % columns * step);
    }
    outputs
}
