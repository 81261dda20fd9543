//! The forward pass of one image.

use super::channels::{ByChannel, Outputs};
use super::correlate::Correlate;
use super::packed::Packed;
use super::plan::Plan;
use crate::{Float, lanes};

/// The forward pass of one image, with room for a band.
pub(super) fn image_forward<T: Float>(plan: &Plan, packed: &Packed<T>, x: &[T], band: &mut [T], y: &mut [T]) {
    let ([oh, ow], panels) = (plan.out_size, packed.panels);
    if let Some(winograd) = &plan.winograd {
        return winograd.image(panels, packed.taps, packed.outputs, x, y);
    }
    for first in plan.firsts() {
        let band = plan.band_of(x, first, band);
        let (rows, out_step, out) = (plan.rows(first), oh * ow, &mut y[first * ow..]);
        if plan.by_channel {
            let outputs = Outputs {
                taps: packed.taps,
                band,
                offsets: &packed.outputs[..rows * ow],
                columns: ow,
                column_step: plan.steps()[1],
            };
            lanes::run(ByChannel { outputs, panels, channels: plan.s.out_channels, out_step, out });
        } else {
            lanes::run_narrow(Correlate {
                taps: plan.taps(),
                layout: &plan.layout,
                panels,
                band,
                stride: plan.s.stride[0],
                out_channels: plan.s.out_channels,
                out_size: [rows, ow],
                out_step,
                out,
            });
        }
    }
}
