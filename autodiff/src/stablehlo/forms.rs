//! Operations of StableHLO that several of ours are made of.

use bayeux_tensor::ElementType;

use super::writer::listed;
use super::{Hlo, HloType, HloValue};

/// `array<i64: 1, 2>`.
pub(crate) fn integers<N: std::fmt::Display>(items: impl IntoIterator<Item = N>) -> String {
    match listed(items).as_str() {
        "" => "array<i64>".into(),
        items => format!("array<i64: {items}>"),
    }
}

impl Hlo {
    /// A function of one number.
    pub fn unary(&mut self, name: &str, x: &HloValue) -> HloValue {
        self.op(name, &[x], "", x.of().clone())
    }

    /// A function of two values of one type.
    pub fn binary(&mut self, name: &str, a: &HloValue, b: &HloValue) -> HloValue {
        self.op(name, &[a, b], "", a.of().clone())
    }

    /// A comparison: `EQ`, `NE`, `GE`, `GT`, `LE` or `LT`.
    pub fn compare(&mut self, direction: &str, a: &HloValue, b: &HloValue) -> HloValue {
        let of = HloType { element: ElementType::Bool, ..a.of().clone() };
        self.op(
            "compare",
            &[a, b],
            &format!("comparison_direction = #stablehlo<comparison_direction {direction}>"),
            of,
        )
    }

    /// `a` where the condition is true, else `b`.
    pub fn select(&mut self, condition: &HloValue, a: &HloValue, b: &HloValue) -> HloValue {
        self.op("select", &[condition, a, b], "", a.of().clone())
    }

    /// One number, everywhere in a type.
    pub fn full(&mut self, of: &HloType, value: f64) -> HloValue {
        let number = self.number(of.element, value);
        if of.rank() == 0 { number } else { self.broadcast(&number, &[], of) }
    }

    /// Elements of another type.
    pub fn convert(&mut self, x: &HloValue, element: ElementType) -> HloValue {
        if x.of().element == element {
            return x.clone();
        }
        self.op("convert", &[x], "", HloType { element, ..x.of().clone() })
    }

    /// Repeated to a larger type, of which these are the axes that it has.
    pub fn broadcast(&mut self, x: &HloValue, axes: &[usize], of: &HloType) -> HloValue {
        if x.of() == of {
            return x.clone();
        }
        self.op("broadcast_in_dim", &[x], &format!("broadcast_dimensions = {}", integers(axes)), of.clone())
    }

    /// What lacks some axes of a type, repeated along them.
    pub fn restore(&mut self, x: &HloValue, without: &[usize], of: &HloType) -> HloValue {
        let axes: Vec<usize> = (0..of.rank()).filter(|axis| !without.contains(axis)).collect();
        self.broadcast(x, &axes, &HloType { element: x.of().element, ..of.clone() })
    }

    /// The same elements in another shape.
    pub fn reshape(&mut self, x: &HloValue, shape: &[usize]) -> HloValue {
        self.op("reshape", &[x], "", HloType::new(x.of().element, shape))
    }

    /// The axes in another order.
    pub fn transpose(&mut self, x: &HloValue, order: &[usize]) -> HloValue {
        let shape: Vec<usize> = order.iter().map(|&axis| x.of().shape[axis]).collect();
        self.op(
            "transpose",
            &[x],
            &format!("permutation = {}", integers(order)),
            HloType::new(x.of().element, shape),
        )
    }

    /// Some axes backwards.
    pub fn reverse(&mut self, x: &HloValue, axes: &[usize]) -> HloValue {
        self.op("reverse", &[x], &format!("dimensions = {}", integers(axes)), x.of().clone())
    }

    /// Every `step`-th element along an axis, from `start` to before `end`.
    pub fn slice(&mut self, x: &HloValue, axis: usize, start: usize, end: usize, step: usize) -> HloValue {
        let (mut starts, mut ends, mut steps) =
            (vec![0; x.of().rank()], x.of().shape.clone(), vec![1; x.of().rank()]);
        (starts[axis], ends[axis], steps[axis]) = (start, end, step);
        let mut of = x.of().clone();
        of.shape[axis] = (end - start).div_ceil(step);
        let attributes = format!(
            "start_indices = {}, limit_indices = {}, strides = {}",
            integers(starts),
            integers(ends),
            integers(steps)
        );
        self.op("slice", &[x], &attributes, of)
    }

    /// Numbers around the elements along an axis, and between them; with a negative count as many are cut off.
    pub fn pad(&mut self, x: &HloValue, axis: usize, [low, high, between]: [i64; 3], value: f64) -> HloValue {
        let number = self.number(x.of().element, value);
        let along = |count: i64| integers((0..x.of().rank()).map(|i| if i == axis { count } else { 0 }));
        let attributes = format!(
            "edge_padding_low = {}, edge_padding_high = {}, interior_padding = {}",
            along(low),
            along(high),
            along(between)
        );
        let mut of = x.of().clone();
        let size = of.shape[axis] as i64;
        of.shape[axis] = (low + high + size + between * (size - 1).max(0)) as usize;
        self.op("pad", &[x, &number], &attributes, of)
    }

    /// Values one behind the other along an axis.
    pub fn concatenate(&mut self, parts: &[&HloValue], axis: usize) -> HloValue {
        let mut of = parts[0].of().clone();
        of.shape[axis] = parts.iter().map(|part| part.of().shape[axis]).sum();
        self.op("concatenate", parts, &format!("dimension = {axis} : i64"), of)
    }

    /// The place along an axis, everywhere in a type.
    pub fn iota(&mut self, of: &HloType, axis: usize) -> HloValue {
        self.op("iota", &[], &format!("iota_dimension = {axis} : i64"), of.clone())
    }

    /// All elements along some axes, which disappear, joined by an operation from a number on.
    pub fn reduce(&mut self, name: &str, x: &HloValue, axes: &[usize], from: f64) -> HloValue {
        let element = HloType::new(x.of().element, []);
        let from = self.number(element.element, from);
        let region = self.region(&[element.clone(), element], |hlo, x| vec![hlo.binary(name, &x[0], &x[1])]);
        let kept = (0..x.of().rank()).filter(|axis| !axes.contains(axis)).map(|axis| x.of().shape[axis]);
        let of = HloType::new(x.of().element, kept.collect::<Vec<_>>());
        let attributes = format!("dimensions = {}", integers(axes));
        self.op_with("reduce", &[x, &from], &attributes, &[region], vec![of]).remove(0)
    }

    /// All elements of each window of one axis, and of so much padding, joined by an operation from a number on.
    pub fn running(&mut self, name: &str, x: &HloValue, axis: usize, reverse: bool, from: f64) -> HloValue {
        let size = x.of().shape[axis];
        if size == 0 {
            return x.clone();
        }
        let mut window = vec![1; x.of().rank()];
        let mut padding = vec![[0, 0]; x.of().rank()];
        window[axis] = size;
        padding[axis] = if reverse { [0, size - 1] } else { [size - 1, 0] };
        self.reduce_window(name, x, [&window, &vec![1; window.len()]], &padding, x.of(), from)
    }

    pub(crate) fn reduce_window(
        &mut self,
        name: &str,
        x: &HloValue,
        [window, stride]: [&[usize]; 2],
        padding: &[[usize; 2]],
        of: &HloType,
        from: f64,
    ) -> HloValue {
        let element = HloType::new(x.of().element, []);
        let from = self.number(element.element, from);
        let region = self.region(&[element.clone(), element], |hlo, x| vec![hlo.binary(name, &x[0], &x[1])]);
        let attributes = format!(
            "window_dimensions = {}, window_strides = {}, padding = {}",
            integers(window),
            integers(stride),
            pairs(padding)
        );
        self.op_with("reduce_window", &[x, &from], &attributes, &[region], vec![of.clone()]).remove(0)
    }

    /// Products of the matrices of two stacks.
    pub fn matmul(&mut self, a: &HloValue, b: &HloValue) -> HloValue {
        let rank = a.of().rank();
        let leading = listed(0..rank - 2);
        let attributes = format!(
            "dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [{leading}], rhs_batching_dimensions = [{leading}], \
             lhs_contracting_dimensions = [{}], rhs_contracting_dimensions = [{}]>",
            rank - 1,
            rank - 2
        );
        let mut of = a.of().clone();
        of.shape[rank - 1] = b.of().shape[rank - 1];
        self.op("dot_general", &[a, b], &attributes, of)
    }
}

/// `dense<[[0, 1], [1, 0]]> : tensor<2x2xi64>`.
pub(crate) fn pairs<N: std::fmt::Display>(pairs: &[[N; 2]]) -> String {
    let rows = pairs.iter().map(|[a, b]| format!("[{a}, {b}]"));
    format!("dense<[{}]> : tensor<{}x2xi64>", listed(rows), pairs.len())
}
