//! Both in StableHLO.

use super::{Scatter, Take};
use crate::stablehlo::Positions;
use crate::{Hlo, HloType, HloValue};

impl Take {
    pub(super) fn hlo(self, hlo: &mut Hlo, inputs: &[HloValue], of: &HloType) -> HloValue {
        let (x, places) = (&inputs[0], &inputs[1]);
        let axes = Positions::of_parts(self.axis, x.of().rank(), self.common, places.of().rank());
        hlo.gather(x, places, &axes, of)
    }
}

impl Scatter {
    pub(super) fn hlo(self, hlo: &mut Hlo, inputs: &[HloValue]) -> HloValue {
        let ranks = [inputs[0].of().rank(), inputs[1].of().rank()];
        let axes = Positions::of_parts(self.axis, ranks[0], self.common, ranks[1]);
        hlo.scatter(Some("add"), inputs, &axes)
    }
}
