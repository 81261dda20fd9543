//! Elements and parts by their positions: read, written, combined.

mod along;
mod labels;
mod masks;
mod points;
mod put;
mod slices;

#[cfg(test)]
pub(super) fn examples() -> Vec<(&'static str, Vec<super::examples::Example>)> {
    vec![
        ("along", along::examples()),
        ("labels", labels::examples()),
        ("masks", masks::examples()),
        ("points", points::examples()),
        ("put", put::examples()),
        ("slices", slices::examples()),
    ]
}
