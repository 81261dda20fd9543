//! A table of what chains found, and whether it can be believed.

use std::fmt;

use bayeux_diagnostics::{Draws, Summary};
use bayeux_tensor::Float;

use super::Chains;
use crate::Error;
use crate::summary::element_name;

/// From this R̂ on chains have not met (Vehtari et al. 2021, "Rank-normalization, folding, and localization").
const MET: f64 = 1.01;
/// Effective draws for each chain, at least, for the diagnostics to be trusted (the same).
const ENOUGH: f64 = 100.0;

/// What chains found, one row for each number, and a verdict. `Display` prints it as a table.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ChainsSummary {
    /// The rows, in the model's order.
    pub rows: Vec<QuantityRow>,
    /// The deterministic quantities left out because they need data.
    pub needing_data: Vec<String>,
    /// What is wrong, in words, and what to try: nothing, if all is well.
    pub warnings: Vec<String>,
}

/// One number of a variable.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct QuantityRow {
    /// The name, with the index if there are several: `theta[3]`.
    pub name: String,
    /// Mean, sd, their errors, effective draws and R̂.
    pub summary: Summary,
}

impl<T: Float> Chains<T> {
    /// A table of each number of the free variables and of those deterministic quantities that need no data.
    ///
    /// # Errors
    /// If a deterministic quantity cannot be computed; fewer than four draws a chain, or draws that are not finite.
    pub fn summary(&self) -> Result<ChainsSummary, Error> {
        let (mut rows, mut needing_data) = (Vec::new(), Vec::new());
        for name in self.names() {
            match self.of(&name) {
                Ok(draws) => {
                    let shape = &draws.shape()[2..];
                    let size: usize = shape.iter().product();
                    let all: Vec<f64> = draws.iter().map(T::to_f64).collect();
                    for element in 0..size {
                        let values: Vec<f64> = all.iter().skip(element).step_by(size).copied().collect();
                        let label = element_name(&name, shape, element);
                        let draws = Draws::new(&values, self.chains()).map_err(|what| Error::Diagnosis {
                            name: label.clone(),
                            what: what.to_string(),
                        })?;
                        rows.push(QuantityRow { name: label, summary: Summary::of(&draws) });
                    }
                }
                Err(Error::MissingData(_)) => needing_data.push(name),
                Err(error) => return Err(error),
            }
        }
        let warnings = self.warnings(&rows);
        Ok(ChainsSummary { rows, needing_data, warnings })
    }

    fn warnings(&self, rows: &[QuantityRow]) -> Vec<String> {
        let mut warnings = Vec::new();
        let (diverged, all) = (self.divergences(), self.chains() * self.draws());
        if diverged > 0 {
            warnings.push(format!(
                "{diverged} of {all} draws diverged: a part of the posterior is too narrow for the steps and is missing here; raise \
                 target_accept, or write scales times standard normals for what has a scale of its own"
            ));
        }
        if self.chains() < 2 {
            warnings.push(
                "one chain alone cannot show that it has seen all of the posterior: run several".into(),
            );
        }
        let worst = |of: fn(&Summary) -> f64| {
            let known = rows.iter().filter(move |row| !of(&row.summary).is_nan());
            known.max_by(|a, b| of(&a.summary).total_cmp(&of(&b.summary)))
        };
        if let Some(row) = worst(|of| of.rhat).filter(|row| row.summary.rhat > MET) {
            let QuantityRow { name, summary } = row;
            warnings.push(format!(
                "the chains have not met: R-hat is {:.2} for {name}; tune and draw for longer, and look for several modes",
                summary.rhat
            ));
        }
        let least = ENOUGH * self.chains() as f64;
        if let Some(row) = worst(|of| -of.ess_bulk.min(of.ess_tail)) {
            let QuantityRow { name, summary } = row;
            let draws = summary.ess_bulk.min(summary.ess_tail);
            if draws < least {
                warnings.push(format!(
                    "{name} has {draws:.0} effective draws, {least:.0} are needed: draw for longer"
                ));
            }
        }
        warnings
    }
}

impl fmt::Display for ChainsSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0).max(4);
        write!(
            f,
            "{:width$}  {:>11}  {:>11}  {:>10}  {:>9}  {:>9}  {:>6}",
            "name", "mean", "sd", "mcse mean", "ess bulk", "ess tail", "R-hat"
        )?;
        for QuantityRow { name, summary: of } in &self.rows {
            write!(
                f,
                "\n{name:width$}  {:>11.4}  {:>11.4}  {:>10.5}  {:>9.0}  {:>9.0}  {:>6.3}",
                of.mean, of.sd, of.mcse_mean, of.ess_bulk, of.ess_tail, of.rhat
            )?;
        }
        if !self.needing_data.is_empty() {
            write!(f, "\nnot shown, because they need data: {}", self.needing_data.join(", "))?;
        }
        match self.warnings.is_empty() {
            true => write!(f, "\nthe chains have met, and no draw diverged"),
            false => self.warnings.iter().try_for_each(|warning| write!(f, "\nwarning: {warning}")),
        }
    }
}
