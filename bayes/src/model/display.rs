//! Models as text.

use bayeux_tensor::Float;

use super::potentials::Potential;
use super::{Model, Observation};

impl<T: Float> std::fmt::Debug for Model<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// One line for each part: `w.scale ~ HalfNormal(1) []`.
impl<T: Float> std::fmt::Display for Model<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = self.lock();
        for (name, input) in &parts.data {
            writeln!(f, "{name} : data {}", input.shape())?;
        }
        for variable in &parts.variables {
            writeln!(f, "{} ~ {} {:?}", variable.name, variable.prior.name(), variable.shape)?;
        }
        for (name, expression) in &parts.deterministic {
            writeln!(f, "{name} = deterministic {}", expression.shape())?;
        }
        for Observation { name, distribution, values, total_rows } in &parts.observations {
            writeln!(f, "{name} ~ {} {}, observed, {total_rows} rows", distribution.name(), values.shape())?;
        }
        for Potential { name, .. } in &parts.potentials {
            writeln!(f, "{name} : potential")?;
        }
        Ok(())
    }
}
