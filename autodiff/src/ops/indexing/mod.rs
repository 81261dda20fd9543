//! Elements and parts by their positions: read, written, combined.

pub(super) mod put;

mod along;
mod coordinates;
mod labels;
mod masks;
mod points;
mod scatter;
mod slices;

/// The operations of this folder by the names that they have in files.
pub(super) fn by_name(all: crate::Operations) -> crate::Operations {
    all.with::<put::Put>("put").with::<coordinates::Coordinates>("coordinates").with::<along::Along>("along")
}

#[cfg(test)]
pub(super) fn examples() -> Vec<(&'static str, Vec<super::examples::Example>)> {
    vec![
        ("along", along::examples()),
        ("coordinates", coordinates::examples()),
        ("labels", labels::examples()),
        ("masks", masks::examples()),
        ("points", points::examples()),
        ("scatter", scatter::examples()),
        ("slices", slices::examples()),
    ]
}
