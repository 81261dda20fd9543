//! The same elements in other shapes and places: axes, joins, repeats, borders, diagonals, steps and grids.

mod axes;
mod borders;
mod diagonals;
mod grids;
mod joins;
mod repeats;
mod roll;
mod steps;
mod triangles;

pub use borders::PadMode;

/// The operations of this folder by the names that they have in files.
pub(super) fn by_name(all: crate::Operations) -> crate::Operations {
    all.with::<triangles::Triangular>("triangular")
        .with::<roll::Roll>("roll")
        .with::<steps::Every>("every")
        .with::<steps::Spread>("spread")
}

#[cfg(test)]
pub(super) fn examples() -> Vec<(&'static str, Vec<super::examples::Example>)> {
    vec![
        ("axes", axes::examples()),
        ("borders", borders::examples()),
        ("diagonals", diagonals::examples()),
        ("grids", grids::examples()),
        ("joins", joins::examples()),
        ("repeats", repeats::examples()),
        ("roll", roll::examples()),
        ("steps", steps::examples()),
        ("triangles", triangles::examples()),
    ]
}
