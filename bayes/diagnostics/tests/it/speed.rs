//! Diagnostics cost next to nothing beside what made the draws.

use std::time::Instant;

use bayeux_diagnostics::{Draws, Summary};

use crate::inputs;

/// The bound is wide, for machines that do other things as well; `--nocapture` shows the time.
#[test]
fn a_summary_takes_well_under_a_millisecond() {
    for kind in ["iid", "autoregressive", "slow"] {
        let values = inputs::chains(1, kind, 4, 1000);
        let draws = Draws::new(&values, 4).unwrap();
        let best = (0..20)
            .map(|_| {
                let start = Instant::now();
                std::hint::black_box(Summary::of(std::hint::black_box(&draws)));
                start.elapsed()
            })
            .min()
            .unwrap();
        println!("{kind}: {best:?}");
        if !cfg!(debug_assertions) {
            assert!(best.as_millis() < 10, "{kind}: {best:?}");
        }
    }
}
