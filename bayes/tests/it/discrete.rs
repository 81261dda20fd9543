//! Distributions of whole numbers and distributions made of others: against SciPy and mpmath (see `data/discrete.py`), gradients
//! against differences, draws against their probabilities.

mod composed;
mod draws;
mod edges;
mod gradients;
mod refusals;
mod table;

use bayeux_autodiff::Expr;
use bayeux_bayes::{
    Bernoulli, BetaBinomial, Binomial, Categorical, Censored, DiscreteUniform, Distribution, Geometric,
    Hurdle, Mixture, NegativeBinomial, Normal, OrderedLogistic, Poisson, Truncated, ZeroInflated,
};
use bayeux_tensor::{Float, Tensor};

/// A distribution by its name in the table.
fn distribution<T: Float>(name: &str, p: &[Expr<T>]) -> Box<dyn Distribution<T>> {
    match name {
        "Poisson" => Box::new(Poisson::new(&p[0])),
        "Binomial" => Box::new(Binomial::probabilities(&p[0], &p[1])),
        "BinomialLogits" => Box::new(Binomial::logits(&p[0], &p[1])),
        "NegativeBinomial" => Box::new(NegativeBinomial::total_count(&p[0], &p[1])),
        "NegativeBinomialMean" => Box::new(NegativeBinomial::mean_dispersion(&p[0], &p[1])),
        "Geometric" => Box::new(Geometric::probabilities(&p[0])),
        "GeometricLogits" => Box::new(Geometric::logits(&p[0])),
        "DiscreteUniform" => Box::new(DiscreteUniform::new(&p[0], &p[1])),
        "BetaBinomial" => Box::new(BetaBinomial::new(&p[0], &p[1], &p[2])),
        "OrderedLogistic" => Box::new(OrderedLogistic::new(&p[0], &p[1])),
        "Bernoulli" => Box::new(Bernoulli::probabilities(&p[0])),
        "BernoulliLogits" => Box::new(Bernoulli::logits(&p[0])),
        "Categorical" => Box::new(Categorical::probabilities(&p[0])),
        "CategoricalLogits" => Box::new(Categorical::logits(&p[0])),
        _ => made_of_others(name, p),
    }
}

fn made_of_others<T: Float>(name: &str, p: &[Expr<T>]) -> Box<dyn Distribution<T>> {
    let along_last =
        |a: &Expr<T>, b: Expr<T>| Expr::concat(&[a.insert_axis(a.rank()), b.insert_axis(b.rank())], a.rank());
    match name {
        "ZeroInflatedPoisson" => Box::new(ZeroInflated::new(Poisson::new(&p[0]), &p[1])),
        "HurdlePoisson" => Box::new(Hurdle::new(Poisson::new(&p[0]), &p[1])),
        "TruncatedNormal" => Box::new(Truncated::between(Normal::new(&p[0], &p[1]), &p[2], &p[3])),
        "TruncatedNormalAbove" => Box::new(Truncated::above(Normal::new(&p[0], &p[1]), &p[2])),
        "TruncatedNormalBelow" => Box::new(Truncated::below(Normal::new(&p[0], &p[1]), &p[2])),
        "TruncatedPoisson" => Box::new(Truncated::between(Poisson::new(&p[0]), &p[1], &p[2])),
        "TruncatedBinomialBelow" => Box::new(Truncated::below(Binomial::probabilities(&p[0], &p[1]), &p[2])),
        "TruncatedGeometricAbove" => Box::new(Truncated::above(Geometric::probabilities(&p[0]), &p[1])),
        "CensoredNormal" => Box::new(Censored::between(Normal::new(&p[0], &p[1]), &p[2], &p[3])),
        "CensoredPoisson" => Box::new(Censored::between(Poisson::new(&p[0]), &p[1], &p[2])),
        "MixtureNormals" => {
            let logits = along_last(&p[0], Expr::zeros(p[0].shape()));
            Box::new(Mixture::logits(logits, vec![Normal::new(&p[1], &p[2]), Normal::new(&p[3], &p[4])]))
        }
        "MixturePoissons" => {
            let weights = along_last(&p[0], 1.0 - &p[0]);
            Box::new(Mixture::weights(weights, vec![Poisson::new(&p[1]), Poisson::new(&p[2])]))
        }
        _ => panic!("no distribution {name}"),
    }
}

/// The parameters of rows of one distribution, side by side.
fn columns<T: Float>(name: &str, rows: &[&[f64]]) -> Vec<Tensor<T>> {
    let column = |i: usize| Tensor::from_slice(&rows.iter().map(|p| T::from_f64(p[i])).collect::<Vec<_>>());
    let vectors = |from: usize| {
        let all = rows.iter().flat_map(|p| p[from..].iter().map(|&p| T::from_f64(p))).collect();
        Tensor::new([rows.len(), rows[0].len() - from], all)
    };
    match name {
        "Categorical" | "CategoricalLogits" => vec![vectors(0)],
        "OrderedLogistic" => vec![column(0), vectors(1)],
        _ => (0..rows[0].len()).map(column).collect(),
    }
}

/// Parameters inside their domains, and values with a probability.
type Case = (&'static str, &'static [&'static [f64]], &'static [f64]);

const CASES: [Case; 20] = [
    ("Poisson", &[&[0.4], &[3.0], &[30.0], &[900.0]], &[0.0, 2.0, 28.0, 1000.0]),
    ("Binomial", &[&[5.0, 0.3], &[5.0, 0.8], &[5.0, 0.4], &[90.0, 0.5]], &[0.0, 5.0, 2.0, 50.0]),
    ("BinomialLogits", &[&[5.0, -0.3], &[5.0, 0.8], &[5.0, 0.4], &[90.0, 0.1]], &[0.0, 5.0, 2.0, 50.0]),
    ("NegativeBinomial", &[&[0.7, 0.3], &[5.0, 0.8], &[12.0, 0.4], &[90.0, 0.5]], &[0.0, 1.0, 12.0, 120.0]),
    (
        "NegativeBinomialMean",
        &[&[0.7, 0.3], &[5.0, 0.8], &[12.0, 2.4], &[90.0, 0.1]],
        &[0.0, 1.0, 12.0, 120.0],
    ),
    ("Geometric", &[&[0.3], &[0.5], &[0.05]], &[0.0, 3.0, 12.0]),
    ("GeometricLogits", &[&[0.3], &[-0.5], &[-2.0]], &[0.0, 3.0, 12.0]),
    ("DiscreteUniform", &[&[-2.0, 4.0], &[0.0, 9.0], &[3.0, 6.0]], &[0.0, 3.0, 4.0]),
    ("BetaBinomial", &[&[7.0, 0.6, 1.7], &[30.0, 4.0, 2.5], &[7.0, 0.6, 1.7]], &[0.0, 12.0, 7.0]),
    ("OrderedLogistic", &[&[0.2, -1.0, 0.5], &[1.2, -0.4, 3.0], &[0.1, -1.0, 0.3]], &[0.0, 1.0, 2.0]),
    ("Bernoulli", &[&[0.3], &[0.8]], &[0.0, 1.0]),
    ("BernoulliLogits", &[&[0.3], &[-0.8]], &[0.0, 1.0]),
    ("Categorical", &[&[0.3, 0.5, 0.2], &[0.1, 0.2, 0.7]], &[0.0, 1.0]),
    ("CategoricalLogits", &[&[0.3, 0.5, 0.2], &[0.1, -0.2, 0.7]], &[0.0, 1.0]),
    ("ZeroInflatedPoisson", &[&[2.0, 0.3], &[5.0, 0.1], &[0.5, 0.8]], &[0.0, 3.0, 0.0]),
    ("HurdlePoisson", &[&[2.0, 0.3], &[5.0, 0.1], &[0.02, 0.6]], &[0.0, 3.0, 1.0]),
    ("TruncatedPoisson", &[&[3.0, 2.0, 6.0], &[1.0, 4.0, 9.0], &[30.0, 0.0, 20.0]], &[2.0, 5.0, 17.0]),
    ("TruncatedBinomialBelow", &[&[9.0, 0.3, 4.0], &[9.0, 0.6, 9.0], &[30.0, 0.9, 20.0]], &[2.0, 5.0, 17.0]),
    ("TruncatedGeometricAbove", &[&[0.3, 2.0], &[0.9, 20.0], &[0.02, 0.0]], &[2.0, 22.0, 17.0]),
    ("MixturePoissons", &[&[0.25, 2.0, 9.0], &[0.5, 1.0, 20.0]], &[3.0, 14.0]),
];
