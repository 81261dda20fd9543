//! Reductions that are made of others or have kernels of their own, and all of them with the axes kept.

pub(super) mod fold;
pub(super) mod keep;

mod extremes;
mod logarithms;
mod missing;
mod norms;
mod products;
mod quantiles;
mod variances;

pub(super) use extremes::whole_extreme;
pub(crate) use products::product_axis;

/// The operations of this folder by the names that they have in files.
pub(super) fn by_name(all: crate::Operations) -> crate::Operations {
    all.with::<extremes::Extreme>("extreme").with::<products::Prod>("prod")
}

#[cfg(test)]
pub(super) fn examples() -> Vec<(&'static str, Vec<super::examples::Example>)> {
    vec![
        ("extremes", extremes::examples()),
        ("logarithms", logarithms::examples()),
        ("missing", missing::examples()),
        ("norms", norms::examples()),
        ("products", products::examples()),
        ("quantiles", quantiles::examples()),
        ("variances", variances::examples()),
    ]
}
