//! Settings that are out of their range.

use bayeux_tensor::Float;

use super::Advi;
use crate::Error;

impl<T: Float> Advi<'_, T> {
    pub(super) fn check_settings(&self) -> Result<(), Error> {
        let positive = |x: f64| x > 0.0 && x.is_finite();
        let refuse = |setting, range, found| Err(Error::Setting { setting, range, found });
        match (self.start.sd, self.control.tolerance) {
            _ if self.draws == 0 => refuse("the number of draws", "at least 1", 0.0),
            _ if self.checkpoints.as_ref().is_some_and(|of| of.every == 0) => {
                refuse("the iterations between checkpoints", "at least 1", 0.0)
            }
            _ if self.control.window == 0 => refuse("the window", "at least 1", 0.0),
            (Some(sd), _) if !positive(sd) => refuse("the initial sd", "positive and finite", sd),
            (_, Some(tolerance)) if !positive(tolerance) => {
                refuse("the tolerance", "positive and finite", tolerance)
            }
            _ => Ok(()),
        }
    }
}
