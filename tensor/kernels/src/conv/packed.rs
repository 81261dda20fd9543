//! What the images of a forward pass share.

use super::channels::{self, Taps};
use super::correlate;
use super::parts::{Parts, room};
use super::plan::Plan;
use crate::Float;
use crate::float::words;

/// The packed weights and, with output channels in the lanes, offsets in a band.
pub(super) struct Packed<'a, T> {
    pub panels: &'a [T],
    pub taps: Taps<'a>,
    /// Of a band's outputs.
    pub outputs: &'a [u32],
}

impl<'a, T: Float> Packed<'a, T> {
    /// Elements of scratch that [`Packed::new`] asks for.
    pub fn room(plan: &Plan) -> usize {
        room(&Self::lens(plan))
    }

    /// The elements of the panels, the taps and the outputs.
    fn lens(plan: &Plan) -> [usize; 3] {
        if let Some(winograd) = &plan.winograd {
            return winograd.shared();
        }
        let taps = plan.taps().len();
        if plan.by_channel {
            [plan.padded_channels() * taps, taps, plan.band * plan.out_size[1]]
        } else {
            [plan.s.out_channels * taps, 0, 0]
        }
    }

    /// Packs the weights.
    pub fn new(plan: &Plan, w: &[T], scratch: &mut Parts<'a, T>) -> Self {
        let lens = Self::lens(plan);
        let [panels, taps, outputs] = lens.map(|len| scratch.next(len));
        if !plan.by_channel {
            correlate::pack(&plan.taps(), plan.s.out_channels, w, panels);
            return Self { panels, taps: Taps::default(), outputs: &[] };
        }
        if let Some(winograd) = &plan.winograd {
            winograd.pack(w, panels);
            let outputs = &mut words(outputs)[..lens[2]];
            outputs.iter_mut().enumerate().for_each(|(place, output)| *output = channels::word(place));
            return Self { panels, taps: winograd.taps(words(taps)), outputs };
        }
        channels::pack(&plan.taps(), plan.s.out_channels, w, panels);
        let outputs = channels::offsets(plan, words(outputs));
        Self { panels, taps: Taps::new(&plan.taps(), words(taps)), outputs }
    }
}
