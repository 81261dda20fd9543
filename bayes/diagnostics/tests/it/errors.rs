//! What is wrong with data is said.

use bayeux_diagnostics::*;

#[test]
fn draws_say_what_is_wrong() {
    let empty: &[[f64; 4]] = &[];
    assert_eq!(Draws::from_chains(empty).unwrap_err(), Error::Empty { what: "draws" });
    assert_eq!(Draws::new(&[], 2).unwrap_err(), Error::Empty { what: "draws" });
    assert_eq!(Draws::new(&[1.0; 8], 0).unwrap_err(), Error::Empty { what: "draws" });
    assert_eq!(Draws::new(&[1.0; 9], 2).unwrap_err(), Error::Rows { len: 9, rows: 2 });
    let ragged = Draws::from_chains(&[vec![1.0; 5], vec![1.0; 6]]).unwrap_err();
    assert_eq!(ragged.to_string(), "chain 1 has length 6, where 5 was expected");
    let few = Draws::new(&[1.0; 6], 2).unwrap_err();
    assert_eq!(few.to_string(), "draws per chain: 3 are too few, it takes at least 4");
    let infinite = Draws::new(&[1.0, 2.0, f64::INFINITY, 3.0], 1).unwrap_err();
    assert_eq!(infinite.to_string(), "draws: value 2 is inf");
    let draws = Draws::new(&[1.0, 2.0, 3.0, 4.0], 1).unwrap();
    assert!(rhat(&draws).is_nan());
    for p in [0.0, 1.0, f64::NAN, -0.1] {
        assert!(matches!(ess_quantile(&draws, p), Err(Error::OutOfRange { .. })));
        assert!(matches!(mcse_quantile(&draws, p), Err(Error::OutOfRange { .. })));
        assert!(matches!(hdi(draws.values(), p), Err(Error::OutOfRange { .. })));
        assert!(matches!(equal_tailed_interval(draws.values(), p), Err(Error::OutOfRange { .. })));
    }
    assert_eq!(quantiles(&[3.0], &[0.0, 0.7, 1.0]).unwrap(), [3.0; 3]);
    assert!(quantile(&[], 0.5).is_err() && quantile(&[1.0], 1.5).is_err());
}

#[test]
fn weights_and_likelihoods_say_what_is_wrong() {
    assert!(matches!(psis(&[0.0], 1.0), Err(Error::TooFew { .. })));
    assert!(matches!(psis(&[0.0, f64::NAN], 1.0), Err(Error::NotFinite { index: 1, .. })));
    assert!(matches!(psis(&[f64::NEG_INFINITY; 9], 1.0), Err(Error::NotFinite { .. })));
    assert!(matches!(psis(&[0.0; 9], 0.0), Err(Error::OutOfRange { .. })));
    assert!(matches!(LogLikelihood::new(&[], 4), Err(Error::Empty { .. })));
    assert!(matches!(LogLikelihood::new(&[0.0], 1), Err(Error::TooFew { .. })));
    assert!(matches!(LogLikelihood::new(&[0.0; 5], 2), Err(Error::Rows { .. })));
    assert!(matches!(LogLikelihood::from_rows(&[vec![0.0], vec![]]), Err(Error::Length { index: 1, .. })));
    let likelihood = LogLikelihood::from_rows(&[[-1.0, -2.0], [-3.0, -4.0]]).unwrap();
    assert_eq!(likelihood.observation(1), [-2.0, -4.0]);
    assert!(loo(&likelihood, f64::NAN).is_err());
    assert!(loo_weights(&likelihood, 2, 1.0).is_err() && relative_efficiencies(&likelihood, 1).is_err());
    assert!(loo_with_efficiencies(&likelihood, &[1.0]).is_err());
    assert_eq!(compare(&[]).unwrap_err(), Error::Empty { what: "models" });
    assert!(matches!(stacking_weights(&[&[1.0], &[1.0, 2.0]]), Err(Error::Length { index: 1, .. })));
}

#[test]
fn calibration_says_what_is_wrong() {
    assert!(matches!(brier_score(&[1.5], &[true]), Err(Error::OutOfRange { .. })));
    assert!(matches!(brier_score(&[f64::NAN], &[true]), Err(Error::OutOfRange { .. })));
    assert!(matches!(brier_score(&[0.5], &[]), Err(Error::Length { .. })));
    assert!(matches!(reliability_curve(&[0.5], &[true], 0), Err(Error::TooFew { .. })));
    assert!(matches!(pit(&[], 0.0), Err(Error::Empty { .. })));
    assert!(matches!(weighted_pit(&[1.0], &[], 0.0), Err(Error::Length { .. })));
    assert!(matches!(uniformity(&[5], 4, 2), Err(Error::OutOfRange { .. })));
    assert!(matches!(uniformity(&[0], 0, 2), Err(Error::TooFew { .. })));
    assert!(matches!(symmetry(vec![]), Err(Error::Empty { .. })));
    // Another number of parameters than before.
    let ragged = sbc(2, |j| (vec![0.0; 1 + j], ()), |j, ()| Ok::<_, Error>(vec![vec![0.0; 9]; 1 + j]));
    assert!(matches!(ragged, Err(Error::Length { index: 1, .. })));
}
