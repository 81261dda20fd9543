//! Elements by their positions, and in order.

use bayeux_tensor::ElementType;

use super::forms::integers;
use super::writer::listed;
use super::{Hlo, HloType, HloValue};

/// Which axes play which part in `gather` and `scatter`.
#[derive(Debug)]
pub(crate) struct Positions {
    /// The axis that the positions are along.
    pub axis: usize,
    /// Axes of the table that have positions of their own.
    pub common: Vec<usize>,
    /// The positions' axes that belong to them.
    pub common_places: Vec<usize>,
    /// Axes of the parts that are whole axes of the table.
    pub whole: Vec<usize>,
}

impl Hlo {
    /// Whether `a` stands before `b` in order. NaNs come last.
    pub fn precedes(&mut self, a: &HloValue, b: &HloValue, descending: bool) -> HloValue {
        let less = self.compare(if descending { "GT" } else { "LT" }, a, b);
        if !a.of().element.is_float() {
            return less;
        }
        let (number, other) = (self.compare("EQ", a, a), self.compare("NE", b, b));
        let last = self.binary("and", &number, &other);
        self.binary("or", &less, &last)
    }

    /// The elements along an axis in order, and their places: equal ones stay in theirs.
    pub fn sort(&mut self, x: &HloValue, axis: usize, descending: bool) -> [HloValue; 2] {
        let of = HloType { element: ElementType::I64, ..x.of().clone() };
        let places = self.iota(&of, axis);
        let [value, place] = [x.of().element, of.element].map(|element| HloType::new(element, []));
        let region = self.region(&[value.clone(), value, place.clone(), place], |hlo, x| {
            vec![hlo.precedes(&x[0], &x[1], descending)]
        });
        let attributes = format!("dimension = {axis} : i64, is_stable = true");
        let types = vec![x.of().clone(), of];
        let values = self.op_with("sort", &[x, &places], &attributes, &[region], types);
        [values[0].clone(), values[1].clone()]
    }

    /// The elements at positions along an axis, for each lane its own.
    pub fn take_along(&mut self, x: &HloValue, places: &HloValue, axis: usize) -> HloValue {
        let of = HloType { element: x.of().element, ..places.of().clone() };
        self.gather(x, places, &Positions::along(axis, x.of().rank()), &of)
    }

    pub(crate) fn gather(
        &mut self,
        x: &HloValue,
        places: &HloValue,
        axes: &Positions,
        of: &HloType,
    ) -> HloValue {
        // There is nothing to take. Slices of no length are what JAX refuses.
        if x.of().shape.contains(&0) {
            return self.full(of, 0.0);
        }
        let taken = |axis| axis == axes.axis || axes.common.contains(&axis);
        let sizes =
            x.of().shape.iter().enumerate().map(|(axis, &size)| if taken(axis) { size.min(1) } else { size });
        let attributes = format!(
            "dimension_numbers = #stablehlo.gather<offset_dims = [{}], collapsed_slice_dims = [{}], operand_batching_dims = [{}], \
             start_indices_batching_dims = [{}], start_index_map = [{}], index_vector_dim = {}>, slice_sizes = {}",
            listed(&axes.whole),
            axes.axis,
            listed(&axes.common),
            listed(&axes.common_places),
            axes.axis,
            places.of().rank(),
            integers(sizes)
        );
        self.op("gather", &[x, places], &attributes, of.clone())
    }

    /// Parts at positions joined with what stands there by an operation; without one they take its place.
    pub(crate) fn scatter(&mut self, name: Option<&str>, inputs: &[HloValue], axes: &Positions) -> HloValue {
        let base = inputs[0].of().clone();
        let element = HloType::new(base.element, []);
        let region = self.region(&[element.clone(), element], |hlo, x| match name {
            Some(name) => vec![hlo.binary(name, &x[0], &x[1])],
            None => vec![x[1].clone()],
        });
        let attributes = format!(
            "scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [{}], inserted_window_dims = [{}], \
             input_batching_dims = [{}], scatter_indices_batching_dims = [{}], scatter_dims_to_operand_dims = [{}], \
             index_vector_dim = {}>",
            listed(&axes.whole),
            axes.axis,
            listed(&axes.common),
            listed(&axes.common_places),
            axes.axis,
            inputs[1].of().rank()
        );
        let operands: Vec<&HloValue> = inputs.iter().collect();
        self.op_with("scatter", &operands, &attributes, &[region], vec![base]).remove(0)
    }
}

impl Positions {
    /// Of each lane along an axis its own.
    pub fn along(axis: usize, rank: usize) -> Self {
        let others: Vec<usize> = (0..rank).filter(|&other| other != axis).collect();
        Positions { axis, common: others.clone(), common_places: others, whole: Vec::new() }
    }

    /// Whole parts of a table of a rank along an axis, at positions with so many axes, of which the first are common to both.
    pub fn of_parts(axis: usize, rank: usize, common: usize, places: usize) -> Self {
        let before = common..axis;
        let after = axis + places - common..rank - 1 + places - common;
        let both: Vec<usize> = (0..common).collect();
        Positions { axis, common: both.clone(), common_places: both, whole: before.chain(after).collect() }
    }
}
