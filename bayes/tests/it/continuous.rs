//! Continuous families against mpmath and scipy.stats: densities, distribution functions, moments, draws. See `data/continuous.py`.

mod conventions;
mod draws;
mod slopes;
mod tables;

use bayeux_autodiff::Expr;
use bayeux_bayes::{
    AsymmetricLaplace, Beta, Cauchy, ChiSquared, Distribution, ExGaussian, Exponential, Gamma, Gumbel,
    HalfCauchy, HalfNormal, HalfStudentT, InverseGamma, Kumaraswamy, Laplace, LogNormal, Logistic, Normal,
    Pareto, SkewNormal, StudentT, Triangular, TruncatedNormal, Uniform, VonMises, Wald, Weibull,
};
use bayeux_tensor::Float;

macro_rules! families {
    ($($name:ident of $($i:literal)+;)+) => {
        fn distribution<T: Float>(name: &str, p: &[Expr<T>]) -> Box<dyn Distribution<T>> {
            match name {
                $(stringify!($name) => Box::new($name::new($(&p[$i]),+)),)+
                _ => panic!("no distribution {name}"),
            }
        }
    };
}

families! {
    Normal of 0 1; HalfNormal of 0; HalfCauchy of 0; LogNormal of 0 1; Gamma of 0 1; Uniform of 0 1; Exponential of 0; Laplace of 0 1;
    StudentT of 0 1 2; HalfStudentT of 0 1; Cauchy of 0 1; Beta of 0 1; InverseGamma of 0 1; Logistic of 0 1;
    TruncatedNormal of 0 1 2 3; Weibull of 0 1; ChiSquared of 0; Pareto of 0 1; Gumbel of 0 1; VonMises of 0 1; Kumaraswamy of 0 1;
    SkewNormal of 0 1 2; ExGaussian of 0 1 2; AsymmetricLaplace of 0 1 2; Triangular of 0 1 2; Wald of 0 1;
}

/// A family, a setting of its parameters, and points inside of the support.
type Case = (&'static str, &'static [f64], [f64; 4]);

const CASES: [Case; 26] = [
    ("Normal", &[0.5, 1.3], [-2.0, 0.3, 1.0, 4.0]),
    ("HalfNormal", &[1.3], [0.03, 0.4, 1.3, 2.8]),
    ("HalfCauchy", &[1.3], [0.03, 0.4, 1.4, 2.8]),
    ("LogNormal", &[0.4, 0.8], [0.03, 0.4, 1.3, 2.8]),
    ("Gamma", &[1.7, 0.6], [0.03, 0.4, 1.3, 5.8]),
    ("Uniform", &[-1.0, 3.0], [-0.8, 0.4, 1.3, 2.8]),
    ("Exponential", &[1.3], [0.03, 0.4, 1.3, 2.8]),
    ("Laplace", &[0.5, 1.3], [-2.0, 0.3, 1.0, 4.0]),
    ("StudentT", &[3.5, 0.5, 1.3], [-3.0, 0.3, 1.0, 9.0]),
    ("HalfStudentT", &[3.5, 1.3], [0.03, 0.4, 1.3, 9.0]),
    ("Cauchy", &[0.5, 1.3], [-2.0, 0.3, 1.0, 9.0]),
    ("Beta", &[1.7, 2.6], [0.03, 0.4, 0.7, 0.9]),
    ("InverseGamma", &[3.7, 2.6], [0.2, 0.4, 1.3, 5.8]),
    ("Logistic", &[0.5, 1.3], [-2.0, 0.3, 1.0, 4.0]),
    ("TruncatedNormal", &[0.3, 1.4, -0.7, 2.5], [-0.5, 0.2, 1.1, 2.3]),
    ("Weibull", &[1.7, 1.6], [0.1, 0.4, 1.3, 2.8]),
    ("ChiSquared", &[3.7], [0.1, 0.4, 1.3, 5.8]),
    ("Pareto", &[3.7, 0.8], [0.9, 1.1, 1.3, 5.8]),
    ("Gumbel", &[0.5, 1.3], [-1.5, 0.3, 1.0, 4.0]),
    ("VonMises", &[0.5, 1.3], [-2.0, 0.3, 1.0, 3.0]),
    ("Kumaraswamy", &[1.7, 2.6], [0.1, 0.4, 0.7, 0.9]),
    ("SkewNormal", &[0.5, 1.3, 2.0], [-0.5, 0.3, 1.0, 4.0]),
    ("ExGaussian", &[0.5, 1.3, 0.7], [-2.0, 0.3, 1.0, 4.0]),
    ("AsymmetricLaplace", &[0.5, 1.3, 0.6], [-2.0, 0.3, 1.0, 4.0]),
    ("Triangular", &[-1.0, 0.5, 3.0], [-0.8, 0.4, 1.3, 2.8]),
    ("Wald", &[1.4, 2.6], [0.3, 0.8, 1.6, 4.0]),
];
