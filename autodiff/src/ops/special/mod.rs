//! Special functions: those that are made of others, and those with kernels of their own.

mod activations;
mod bessel;
mod beta;
mod betainc;
mod finite;
mod gammainc;

// Without operations.
pub(super) mod functions;
pub(super) mod jet;
pub(super) mod numbers;

#[cfg(test)]
pub(super) fn examples() -> Vec<(&'static str, Vec<super::examples::Example>)> {
    macro_rules! of_files {
        ($($file:ident)*) => {
            vec![$((stringify!($file), $file::examples())),*]
        };
    }
    of_files! { activations bessel beta betainc finite gammainc }
}
