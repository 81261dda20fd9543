//! Sums, means and variances in a fixed order of additions, so that the same values give the same bits.

/// So many running sums are kept side by side: the loop becomes vector code, and rounding errors grow more slowly.
const LANES: usize = 8;

/// The sum of f over pairs from two slices of one length.
#[inline]
pub(crate) fn sum_of_pairs(a: &[f64], b: &[f64], f: impl Fn(f64, f64) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(&a, &b)| f(a, b)).sum();
    for (a, b) in a.zip(b) {
        for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += f(a, b);
        }
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    (((a + e) + (b + f)) + ((c + g) + (d + h))) + rest
}

/// The sum of f over a slice.
#[inline]
pub(crate) fn sum_of(values: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    sum_of_pairs(values, values, |a, _| f(a))
}

/// Arithmetic mean. Where all values are equal it is that value, without rounding.
pub(crate) fn mean(values: &[f64]) -> f64 {
    let first = values[0];
    // Of deviations: what values have in common costs no digits, and constants stay themselves.
    first + sum_of(values, |v| v - first) / values.len() as f64
}

/// Variance in two passes, divided by n less `less`: 1 for the unbiased one, 0 for that of a population.
pub(crate) fn variance(values: &[f64], less: usize) -> f64 {
    let mean = mean(values);
    sum_of(values, |v| (v - mean) * (v - mean)) / (values.len() - less) as f64
}

/// log Σ exp(vᵢ); -∞ for no values or none above -∞.
pub(crate) fn log_sum_exp(values: &[f64]) -> f64 {
    let top = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if top == f64::NEG_INFINITY {
        return top;
    }
    top + libm::log(sum_of(values, |v| libm::exp(v - top)))
}

/// A sorted copy.
pub(crate) fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}
