//! Random numbers of all distributions, as methods of [`RandomStreams`](crate::RandomStreams).
//!
//! What is a function of standard noise is an expression of it. The others are operations on random bits, one number for each element,
//! and the parameters: functions like any other, of which neither the compiler nor loops nor `vmap` need to know that they draw.

mod beta;
mod binomial;
mod categorical;
mod gamma;
mod gamma_slope;
mod inverse;
mod masks;
mod normal;
mod permutation;
mod poisson;
mod randint;
mod von_mises;
mod von_mises_slope;

// Without operations.
pub(super) mod draws;

/// The operations of this folder by the names that they have in files.
pub(super) fn by_name(all: crate::Operations) -> crate::Operations {
    all.with::<binomial::Binomial>("binomial")
        .with::<categorical::Categorical>("categorical")
        .with::<gamma::LogGamma>("log_gamma_draws")
        .with::<gamma_slope::GammaSlope>("log_gamma_slope")
        .with::<poisson::Poisson>("poisson")
        .with::<randint::Integers>("randint")
        .with::<von_mises::VonMises>("von_mises")
        .with::<von_mises_slope::VonMisesSlope>("von_mises_slope")
}

#[cfg(test)]
pub(super) fn examples() -> Vec<(&'static str, Vec<super::examples::Example>)> {
    macro_rules! of_files {
        ($($file:ident)*) => {
            vec![$((stringify!($file), $file::examples())),*]
        };
    }
    of_files! {
        beta binomial categorical gamma gamma_slope inverse masks normal permutation poisson randint von_mises von_mises_slope
    }
}
