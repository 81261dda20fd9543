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

pub(super) use gammainc::series::implicit_slope as implicit_gamma_slope;

/// The operations of this folder by the names that they have in files.
pub(super) fn by_name(all: crate::Operations) -> crate::Operations {
    all.with::<betainc::BetaInc>("betainc")
        .with::<bessel::Bessel>("bessel")
        .with::<gammainc::GammaInc>("gammainc")
        .with::<beta::BetaLn>("betaln")
}

#[cfg(test)]
pub(super) fn examples() -> Vec<(&'static str, Vec<super::examples::Example>)> {
    macro_rules! of_files {
        ($($file:ident)*) => {
            vec![$((stringify!($file), $file::examples())),*]
        };
    }
    of_files! { activations bessel beta betainc finite gammainc }
}
