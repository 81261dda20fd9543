//! Diagnostics of chains against ArviZ.

use bayeux_diagnostics::*;

use crate::inputs;
use crate::reference::{close, count, number, numbers, table};

#[test]
fn equal_arviz() {
    let table = table();
    let probabilities = numbers(&table["probabilities"]);
    for row in table["chains"].as_array().unwrap() {
        let (kind, chains, n) = (row["kind"].as_str().unwrap(), count(&row["chains"]), count(&row["draws"]));
        let values = inputs::chains(row["seed"].as_u64().unwrap(), kind, chains, n);
        let draws = Draws::new(&values, chains).unwrap();
        let check = |name: &str, ours: f64| {
            close(&format!("{name} of {chains} × {n} {kind}"), ours, number(&row[name]));
        };
        // If the inputs are not the same nothing else will be.
        check("sum", values.iter().sum());

        let summary = Summary::of(&draws);
        check("mean", summary.mean);
        check("sd", summary.sd);
        check("mcse_mean", summary.mcse_mean);
        check("mcse_sd", summary.mcse_sd);
        for (ours, theirs) in ebfmi(&draws).into_iter().zip(numbers(&row["ebfmi"])) {
            close("ebfmi", ours, theirs);
        }
        check("ess_bulk", summary.ess_bulk);
        check("ess_tail", summary.ess_tail);
        check("rhat", summary.rhat);
        check("rhat_bulk", rhat_bulk(&draws));
        check("rhat_folded", rhat_folded(&draws));
        check("rhat_split", rhat_split(&draws));
        check("ess_mean", ess_mean(&draws));
        check("ess_sd", ess_sd(&draws));
        for (i, &p) in probabilities.iter().enumerate() {
            let check = |name: &str, ours: f64, theirs: &serde_json::Value| {
                close(&format!("{name} at {p} of {chains} × {n} {kind}"), ours, number(theirs));
            };
            check("ess_quantile", ess_quantile(&draws, p).unwrap(), &row["ess_quantile"][i]);
            check("mcse_quantile", mcse_quantile(&draws, p).unwrap(), &row["mcse_quantile"][i]);
            check("quantile", quantile(&values, p).unwrap(), &row["quantile"][i]);
            let interval = hdi(&values, p).unwrap();
            check("lower end", interval.lower, &row["hdi"][i][0]);
            check("upper end", interval.upper, &row["hdi"][i][1]);
        }
    }
}

#[test]
fn single_functions_and_the_summary_are_the_same_bits() {
    let values = inputs::chains(7, "autoregressive", 3, 211);
    let draws = Draws::new(&values, 3).unwrap();
    let summary = Summary::of(&draws);
    let single = [
        (rhat(&draws), summary.rhat),
        (ess_bulk(&draws), summary.ess_bulk),
        (ess_tail(&draws), summary.ess_tail),
        (mcse_mean(&draws), summary.mcse_mean),
        (mcse_sd(&draws), summary.mcse_sd),
    ];
    single.iter().for_each(|(a, b)| assert_eq!(a.to_bits(), b.to_bits()));
}

/// Whatever the constant: NumPy's mean of 0.1 may not be 0.1, and then ArviZ gives numbers.
#[test]
fn constants_have_no_spread() {
    for constant in [0.1, 1e300, -7.3e-12] {
        let values = [constant; 404];
        let draws = Draws::new(&values, 4).unwrap();
        let summary = Summary::of(&draws);
        assert_eq!((summary.mean, summary.sd, summary.mcse_mean), (constant, 0.0, 0.0));
        assert_eq!((summary.ess_bulk, summary.ess_tail, ess_sd(&draws)), (400.0, 400.0, 400.0));
        assert!(summary.rhat.is_nan() && rhat_split(&draws).is_nan() && rhat_folded(&draws).is_nan());
        assert!(summary.mcse_sd.is_nan() && ebfmi(&draws).iter().all(|e| e.is_nan()));
        assert_eq!(mcse_quantile(&draws, 0.5), Ok(0.0));
    }
}

#[test]
fn chains_that_are_stuck_apart_are_infinitely_apart() {
    let draws = Draws::from_chains(&[[0.1; 50], [0.2; 50], [0.3; 50]]).unwrap();
    assert_eq!(rhat(&draws), f64::INFINITY);
    assert_eq!(rhat_split(&draws), f64::INFINITY);
    // One effective draw per chain, nearly.
    assert!(ess_mean(&draws) < 7.0, "{}", ess_mean(&draws));
}

#[test]
fn ranks_do_not_care_about_scale() {
    let values = inputs::chains(8, "iid", 4, 100);
    let powers: Vec<f64> = values.iter().map(|v| v * v * v).collect();
    let (a, b) = (Draws::new(&values, 4).unwrap(), Draws::new(&powers, 4).unwrap());
    assert_eq!(ess_bulk(&a), ess_bulk(&b));
    assert_eq!(rhat_bulk(&a), rhat_bulk(&b));
}

#[test]
fn equal_tailed_intervals_are_quantiles() {
    let interval = equal_tailed_interval(&[0.0, 1.0, 2.0, 3.0, 4.0], 0.5).unwrap();
    assert_eq!((interval.lower, interval.upper, interval.width()), (1.0, 3.0, 2.0));
}
