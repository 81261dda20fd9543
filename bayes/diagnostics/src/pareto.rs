//! The generalised Pareto distribution, fitted to exceedances of a threshold.

/// Shape and scale: the density at x ≥ 0 is (1 + k x/σ)^(-1/k - 1)/σ.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pareto {
    pub k: f64,
    pub sigma: f64,
}

impl Pareto {
    /// The empirical Bayes estimate of Zhang and Stephens (2009) from sorted positive exceedances, at least five.
    ///
    /// k is then drawn towards 1/2 as by ten more observations (Vehtari et al., 2024). What is not finite
    /// says that the fit failed.
    pub fn fit(sorted: &[f64]) -> Pareto {
        let n = sorted.len();
        let (count, greatest) = (n as f64, sorted[n - 1]);
        let quartile = sorted[(count / 4.0 + 0.5) as usize - 1];
        // A grid of θ = -k/σ, each with the k that is likeliest given it.
        let points = 30 + count.sqrt() as usize;
        let grid: Vec<f64> = (1..=points)
            .map(|j| {
                let spread = 1.0 - (points as f64 / (j as f64 - 0.5)).sqrt();
                spread / (3.0 * quartile) + 1.0 / greatest
            })
            .collect();
        let profile: Vec<f64> = grid
            .iter()
            .map(|&b| {
                let k = shape(b, sorted);
                count * (libm::log(-(b / k)) - k - 1.0)
            })
            .collect();
        let total = crate::sums::log_sum_exp(&profile);
        let (mut mass, mut sum) = (0.0, 0.0);
        for (&b, &l) in grid.iter().zip(&profile) {
            let weight = libm::exp(l - total);
            // Negligible ones are left out, as in R's `loo` and in ArviZ.
            if weight >= 10.0 * f64::EPSILON || weight.is_nan() {
                mass += weight;
                sum += weight * b;
            }
        }
        let b = sum / mass;
        let k = shape(b, sorted);
        Pareto { k: (count * k + 10.0 * 0.5) / (count + 10.0), sigma: -k / b }
    }

    /// The x below which is probability p, for p within (0, 1).
    pub fn quantile(&self, p: f64) -> f64 {
        let tail = libm::log1p(-p);
        let unit = if self.k.abs() < f64::EPSILON { -tail } else { libm::expm1(-self.k * tail) / self.k };
        unit * self.sigma
    }
}

/// The mean of log(1 - b x).
fn shape(b: f64, values: &[f64]) -> f64 {
    crate::sums::sum_of(values, |x| libm::log1p(-b * x)) / values.len() as f64
}
