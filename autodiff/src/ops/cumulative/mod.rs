//! What runs along an axis: sums, products and their relatives of all elements up to each.

pub(super) mod running;
pub(super) mod wide;

mod differences;
mod logarithms;
mod products;
mod recurrence;
mod sums;

/// The operations of this folder by the names that they have in files.
pub(super) fn by_name(all: crate::Operations) -> crate::Operations {
    all.with::<sums::CumSum>("cum_sum")
        .with::<logarithms::LogCumSumExp>("log_cum_sum_exp")
        .with::<products::CumProd>("cum_prod")
        .with::<recurrence::Recurrence>("recurrence")
        .with::<recurrence::Shift>("shift")
}

#[cfg(test)]
pub(super) fn examples() -> Vec<(&'static str, Vec<super::examples::Example>)> {
    vec![
        ("differences", differences::examples()),
        ("logarithms", logarithms::examples()),
        ("products", products::examples()),
        ("recurrence", recurrence::examples()),
        ("sums", sums::examples()),
    ]
}
