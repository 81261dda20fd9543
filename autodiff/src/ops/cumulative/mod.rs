//! What runs along an axis: sums, products and their relatives of all elements up to each.

pub(super) mod running;
pub(super) mod wide;

mod differences;
mod logarithms;
mod products;
mod recurrence;
mod sums;

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
