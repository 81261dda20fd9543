//! What comes of order: sorting along any axis, searching, counting, and what is there at all.

pub(super) mod keys;
pub(super) mod radix;

mod along;
mod counts;
mod interpolation;
mod ranks;
mod search;
mod unique;

pub use unique::Unique;

/// The operations of this folder by the names that they have in files.
pub(super) fn by_name(all: crate::Operations) -> crate::Operations {
    all.with::<counts::Histogram>("histogram")
        .with::<search::Search>("search")
        .with::<ranks::Neighbours>("neighbours")
}

#[cfg(test)]
pub(super) fn examples() -> Vec<(&'static str, Vec<super::examples::Example>)> {
    vec![
        ("along", along::examples()),
        ("counts", counts::examples()),
        ("interpolation", interpolation::examples()),
        ("ranks", ranks::examples()),
        ("search", search::examples()),
        ("unique", unique::examples()),
    ]
}
