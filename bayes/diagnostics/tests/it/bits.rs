//! The same input gives the same bits on each machine.

use bayeux_diagnostics::*;

use crate::inputs;

/// Folds the bits of numbers into one.
fn fold(values: &[f64]) -> u64 {
    values
        .iter()
        .fold(0, |hash: u64, v| (hash.rotate_left(5) ^ v.to_bits()).wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

#[test]
fn bits_are_those_recorded() {
    let mut all = Vec::new();
    for kind in ["iid", "autoregressive", "antithetic", "ties", "heavy"] {
        let values = inputs::chains(9, kind, 3, 301);
        let draws = Draws::new(&values, 3).unwrap();
        let s = Summary::of(&draws);
        all.extend([s.mean, s.sd, s.mcse_mean, s.mcse_sd, s.ess_bulk, s.ess_tail, s.rhat]);
        all.extend(ebfmi(&draws));
        all.push(mcse_quantile(&draws, 0.3).unwrap());
    }
    let likelihood = inputs::likelihood(9, 0.5, 300, 20);
    let likelihood = LogLikelihood::new(&likelihood, 300).unwrap();
    let (loo, waic) = (loo(&likelihood, 0.9).unwrap(), waic(&likelihood));
    all.extend(loo.elpd.pointwise.iter().chain(&loo.khats).chain(&waic.elpd.pointwise));
    all.extend(stacking_weights(&[&loo.elpd.pointwise, &waic.elpd.pointwise]).unwrap());
    assert!(all.iter().all(|v| v.is_finite()));
    assert_eq!(fold(&all), 0xd114_89d0_ff11_1dd4, "{:#018x}", fold(&all));
}
