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
