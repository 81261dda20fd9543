//! Elements and parts by their positions: read, written, combined.

pub(super) mod put;

mod along;
mod coordinates;
mod labels;
mod masks;
mod points;
mod scatter;
mod slices;

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
