//! Six models of posteriordb (Magnusson et al. 2024), sampled and fitted, beside its reference draws.
//!
//! ```text
//! cargo run --release --example posteriordb -- posteriordb.json
//! ```
//!
//! The file holds for each posterior its `data`, and of each parameter the `reference`: mean, sd and the mean's Monte Carlo error.

use std::error::Error;

use bayeux::autodiff::{Expr, scan};
use bayeux::bayes::sampling::Nuts;
use bayeux::bayes::{Advi, Flat, HalfCauchy, HalfFlat, Model, Normal, Predictive, Uniform};
use bayeux::tensor::Tensor;
use serde_json::Value;

type AnyError = Box<dyn Error + Send + Sync>;
type Build = fn(&Value) -> Result<Model<f64>, AnyError>;

/// Each by its name there.
const MODELS: [(&str, Build); 6] = [
    ("eight_schools-eight_schools_noncentered", eight_schools),
    ("kidiq-kidscore_momhs", kid_scores),
    ("earnings-logearn_height", earnings),
    ("mesquite-logmesquite_logvolume", mesquite),
    ("arK-arK", autoregression),
    ("garch-garch11", garch),
];

fn column(data: &Value, name: &str) -> Result<Vec<f64>, AnyError> {
    let values = data[name].as_array().ok_or_else(|| format!("no column `{name}`"))?;
    values.iter().map(|x| x.as_f64().ok_or_else(|| format!("`{name}` has {x}").into())).collect()
}

fn vector(values: &[f64]) -> Expr<f64> {
    Expr::constant(Tensor::from_slice(values))
}

/// Effects of coaching in eight schools (Rubin 1981).
fn eight_schools(data: &Value) -> Result<Model<f64>, AnyError> {
    let (y, sigma) = (column(data, "y")?, column(data, "sigma")?);
    let model = Model::new();
    let mu = model.free("mu", Normal::new(0.0, 5.0));
    let tau = model.free("tau", HalfCauchy::new(5.0));
    let standard = model.free("theta_trans", Normal::new(0.0, 1.0).shape([y.len()]));
    let theta = model.deterministic("theta", &(mu + tau * standard));
    model.observe("y", Normal::new(&theta, vector(&sigma)), &vector(&y), y.len())?;
    Ok(model)
}

/// y ~ Normal(β₁ + β₂ x, σ).
fn line(model: Model<f64>, sigma: Expr<f64>, x: &[f64], y: &[f64]) -> Result<Model<f64>, AnyError> {
    let beta = model.free("beta", Flat::new().shape([2]));
    let mean = beta.slice(0, 0..1) + beta.slice(0, 1..2) * vector(x);
    model.observe("y", Normal::new(mean, sigma), &vector(y), y.len())?;
    Ok(model)
}

/// Test scores of children, by whether their mothers finished high school (Gelman & Hill 2007).
fn kid_scores(data: &Value) -> Result<Model<f64>, AnyError> {
    let model = Model::new();
    let sigma = model.free("sigma", HalfCauchy::new(2.5));
    line(model, sigma, &column(data, "mom_hs")?, &column(data, "kid_score")?)
}

/// Earnings by height (Gelman & Hill 2007).
fn earnings(data: &Value) -> Result<Model<f64>, AnyError> {
    let model = Model::new();
    let sigma = model.free("sigma", HalfFlat::new());
    let logs: Vec<f64> = column(data, "earn")?.into_iter().map(f64::ln).collect();
    line(model, sigma, &column(data, "height")?, &logs)
}

/// Leaves of mesquite bushes by the volume of their canopy (Gelman & Hill 2007).
fn mesquite(data: &Value) -> Result<Model<f64>, AnyError> {
    let model = Model::new();
    let sigma = model.free("sigma", HalfFlat::new());
    let [a, b, height] = ["diam1", "diam2", "canopy_height"].map(|name| column(data, name));
    let volume: Vec<f64> = a?.iter().zip(b?).zip(height?).map(|((a, b), h)| (a * b * h).ln()).collect();
    let logs: Vec<f64> = column(data, "weight")?.into_iter().map(f64::ln).collect();
    line(model, sigma, &volume, &logs)
}

/// A series in which each number depends on the K before it.
fn autoregression(data: &Value) -> Result<Model<f64>, AnyError> {
    let y = column(data, "y")?;
    let order = data["K"].as_u64().ok_or("no K")? as usize;
    let model = Model::new();
    let alpha = model.free("alpha", Normal::new(0.0, 10.0));
    let beta = model.free("beta", Normal::new(0.0, 10.0).shape([order]));
    let sigma = model.free("sigma", HalfCauchy::new(2.5));
    let before = (0..order).map(|k| beta.slice(0, k..k + 1) * vector(&y[order - 1 - k..y.len() - 1 - k]));
    let mean = before.fold(alpha, |mean, term| mean + term);
    model.observe("y", Normal::new(mean, sigma), &vector(&y[order..]), y.len() - order)?;
    Ok(model)
}

/// A series whose variance depends on its last deviation and on the variance before, a recurrence.
fn garch(data: &Value) -> Result<Model<f64>, AnyError> {
    let y = column(data, "y")?;
    let first = data["sigma1"].as_f64().ok_or("no sigma1")?;
    let model = Model::new();
    let mu = model.free("mu", Flat::new());
    let alpha0 = model.free("alpha0", HalfFlat::new());
    let alpha1 = model.free("alpha1", Uniform::new(0.0, 1.0));
    // Its density is flat, not that of a uniform number between bounds that move.
    let beta1 = model.free("beta1", Uniform::new(0.0, 1.0 - &alpha1));
    model.potential("flat", &(1.0 - &alpha1).ln())?;
    let step = |variance: &Expr<f64>, y: &[Expr<f64>]| {
        let next = &alpha0 + &alpha1 * (&y[0] - &mu).square() + &beta1 * variance;
        (next.clone(), next)
    };
    let before = vector(&y[..y.len() - 1]);
    let (_, variances) = scan(step, Expr::scalar(first * first), &[before]);
    let all = Expr::concat(&[vector(&[first * first]), variances], 0);
    model.observe("y", Normal::new(&mu, all.sqrt()), &vector(&y), y.len())?;
    Ok(model)
}

/// Of a parameter as the file names it, `beta[2]`, all draws.
fn draws(posterior: &Predictive<f64>, parameter: &str) -> Result<Vec<f64>, AnyError> {
    let (name, index) = match parameter.split_once('[') {
        Some((name, rest)) => (name, rest.trim_end_matches(']').parse::<usize>()? - 1),
        None => (parameter, 0),
    };
    let all = posterior.of(name)?;
    let width = all.shape()[1..].iter().product();
    Ok(all.to_vec().into_iter().skip(index).step_by(width).collect())
}

fn moments(x: &[f64]) -> [f64; 2] {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    [mean, (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (x.len() - 1) as f64).sqrt()]
}

/// What a file says of a parameter: its name, mean, sd, and the Monte Carlo error of the mean.
fn references(posterior: &Value) -> Result<Vec<(String, [f64; 3])>, AnyError> {
    let all = posterior["reference"].as_object().ok_or("no reference")?;
    all.iter()
        .map(|(name, of)| {
            let number = |what: &str| of[what].as_f64().ok_or_else(|| format!("no {what} of {name}"));
            Ok((name.clone(), [number("mean")?, number("sd")?, number("mcse_mean")?]))
        })
        .collect()
}

fn main() -> Result<(), AnyError> {
    let file = std::env::args().nth(1).ok_or("the file with the posteriors")?;
    let all: Value = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    for (name, build) in MODELS {
        let model = build(&all[name]["data"])?;
        let chains = Nuts::new(&model).draws(2_000).target_accept(0.9).run()?;
        let fit = Advi::full_rank(&model).progress(false).run(5_000)?;
        println!("{name}: {} divergences, {:.2} s", chains.divergences(), chains.seconds());
        println!("  {:<12}{:>22}{:>22}{:>22}", "", "reference", "NUTS", "full rank");
        let posteriors = [chains.posterior(), fit.posterior(4_000)];
        for (parameter, [mean, sd, _]) in references(&all[name])? {
            let pair = |[mean, sd]: [f64; 2]| format!("{mean:.4} ± {sd:.4}");
            let found = posteriors.iter().map(|posterior| Ok(pair(moments(&draws(posterior, &parameter)?))));
            let found: Vec<String> = found.collect::<Result<_, AnyError>>()?;
            println!("  {parameter:<12}{:>22}{:>22}{:>22}", pair([mean, sd]), found[0], found[1]);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Means to four Monte Carlo errors of both, sds to five hundredths.
    #[test]
    fn samples_are_those_of_posteriordb() {
        let shared = std::env::var("BAYEUX_SHARED").unwrap_or_else(|_| "../shared".into());
        let file = std::path::Path::new(&shared).join("referees/posteriordb.json");
        let Ok(text) = std::fs::read_to_string(&file) else {
            eprintln!("SKIPPED: no {}; set BAYEUX_SHARED to the folder that holds referees/", file.display());
            return;
        };
        let all: Value = serde_json::from_str(&text).expect("is JSON");
        for (name, build) in MODELS {
            let model = build(&all[name]["data"]).expect("builds");
            let draws_each = if name.starts_with("garch") { 1_000 } else { 3_000 };
            let chains = Nuts::new(&model).draws(draws_each).target_accept(0.9).run().expect("runs");
            let summary = chains.summary().expect("can be told");
            assert!(chains.divergences() == 0 && summary.warnings.is_empty(), "{name}: {summary}");
            for (parameter, [mean, sd, error]) in references(&all[name]).expect("has some") {
                // Theirs count from 1.
                let found = summary.rows.iter().find(|row| match row.name.split_once('[') {
                    Some((name, index)) => {
                        let index: usize = index.trim_end_matches(']').parse().expect("an index");
                        format!("{name}[{}]", index + 1) == parameter
                    }
                    None => row.name == parameter,
                });
                let found = found.unwrap_or_else(|| panic!("{name}: no {parameter}")).summary;
                let errors = found.mcse_mean.hypot(error);
                assert!(
                    (found.mean - mean).abs() < 4.0 * errors,
                    "{name}, {parameter}: {found:?}, {mean} {sd}"
                );
                assert!((found.sd / sd - 1.0).abs() < 0.05, "{name}, {parameter}: {found:?}, {mean} {sd}");
            }
        }
    }
}
