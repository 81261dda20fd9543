//! What draws have in common: random words of each element, parameters, types.

use bayeux_tensor::random::philox4x32;
use bayeux_tensor::{AnySlice, AnySliceMut, ElementType};

use crate::kernel::View;
use crate::ops::elementwise::fill;
use crate::ops::operation::Operation;
use crate::{AnyExpr, Error, Expr, Kind, RandomStreams, Shape, ValueType};

/// The random words of one element: a function of its bits, which are the key, and of the number of an attempt, see the table in
/// [`bayeux_tensor::random`].
#[derive(Clone, Copy)]
pub(super) struct Words {
    key: [u32; 2],
}

impl Words {
    pub fn of(bits: i64) -> Self {
        Words { key: [bits as u32, (bits >> 32) as u32] }
    }

    /// Those of an attempt at one of the numbers that the element needs.
    pub fn attempt(self, attempt: u32, number: u32) -> [u32; 4] {
        philox4x32([attempt, number, 0, 0], self.key)
    }
}

/// Uniform on (0, 1): (k + ½) 2⁻⁵² with 52 random bits k.
pub(super) fn unit(high: u32, low: u32) -> f64 {
    let bits = (u64::from(high) << 32 | u64::from(low)) >> 12;
    (bits as f64 + 0.5) * (1.0 / (1u64 << 52) as f64)
}

/// Uniform on (0, 1) with 32 bits, to decide by.
pub(super) fn coarse_unit(word: u32) -> f64 {
    (f64::from(word) + 0.5) * (1.0 / (1u64 << 32) as f64)
}

/// Standard normal, by Box and Muller's transform from a number on (0, 1) and an angle.
pub(super) fn normal(high: u32, low: u32, angle: u32) -> f64 {
    (-2.0 * libm::log(unit(high, low))).sqrt() * libm::cos(std::f64::consts::TAU * coarse_unit(angle))
}

/// Real numbers of either type as f64.
#[derive(Clone, Copy)]
pub(super) enum Reals<'a> {
    Single(&'a [f32]),
    Double(&'a [f64]),
}

impl<'a> Reals<'a> {
    pub fn of(view: &View<'a>) -> Self {
        match view.data {
            AnySlice::F32(_) => Reals::Single(view.elements()),
            _ => Reals::Double(view.elements()),
        }
    }

    pub fn at(self, i: usize) -> f64 {
        match self {
            Reals::Single(x) => x[i].into(),
            Reals::Double(x) => x[i],
        }
    }
}

/// Draws real numbers, the elements divided between the threads.
pub(super) fn fill_reals(output: &mut AnySliceMut<'_>, f: impl Fn(usize) -> f64 + Sync) {
    match output.reborrow() {
        AnySliceMut::F32(y) => fill(y, |i| f(i) as f32),
        y => fill(y.get::<f64>(), f),
    }
}

/// The first of so many elements that a parameter must not have, as an error.
pub(super) fn refuse(
    op: &dyn Operation,
    name: &'static str,
    len: usize,
    value: impl Fn(usize) -> f64,
    fits: impl Fn(f64) -> bool,
) -> Result<(), Error> {
    match (0..len).find(|&i| !fits(value(i))) {
        None => Ok(()),
        Some(position) => Err(Error::Parameter { op: op.name(), name, value: value(position), position }),
    }
}

/// The type of draws from bits and real parameters, all of one shape: real numbers as the parameters, or of another element type.
pub(super) fn of_bits(inputs: &[ValueType], element: Option<ElementType>) -> Result<Vec<ValueType>, String> {
    let [bits, first, rest @ ..] = inputs else { return Err("takes bits and parameters".into()) };
    let fits = bits.element == ElementType::I64
        && first.element.is_float()
        && first.shape == bits.shape
        && rest.iter().all(|other| other == first);
    match fits {
        true => Ok(vec![ValueType::new(element.unwrap_or(first.element), &bits.shape)]),
        false => Err(format!("bits {bits} and parameters of type {first}")),
    }
}

/// What an operation draws from new bits, for parameters that are broadcast to the shape.
#[track_caller]
pub(super) fn drawn(
    streams: &RandomStreams,
    op: impl Operation,
    parameters: &[AnyExpr],
    shape: &Shape,
) -> AnyExpr {
    let name = op.name();
    let parameters = parameters.iter().map(|parameter| fitted(&name, parameter, shape));
    let parameters: Vec<AnyExpr> = parameters.collect();
    let inputs = [vec![streams.bits(shape).untyped()], parameters].concat();
    AnyExpr::values(op, &inputs).remove(0)
}

/// A parameter, broadcast to the shape of what is drawn.
///
/// # Panics
/// If it does not broadcast.
#[track_caller]
pub(super) fn fitted<T: Kind>(name: &str, parameter: &Expr<T>, shape: &Shape) -> Expr<T> {
    let fits = parameter.shape().broadcast(shape).as_ref() == Some(shape);
    assert!(fits, "{name}: a parameter of shape {} does not broadcast to {shape}", parameter.shape());
    parameter.broadcast_to(shape)
}

/// The methods of an operation that draws element by element.
macro_rules! draw_methods {
    () => {
        fn batched(&self, batch: &crate::ops::Batch<'_>) -> Option<Vec<AnyExpr>> {
            Some(AnyExpr::values_of(std::sync::Arc::new(*self), batch.stacks()))
        }

        fn rows(&self, rows: &[crate::Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> crate::Rows {
            crate::Rows::together(rows)
        }
    };
}
pub(super) use draw_methods;

/// The methods of an operation that draws whole numbers: there are data that it refuses, and no slopes.
macro_rules! without_slopes {
    () => {
        fn gradient(&self, _g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
            vec![None; inputs.len()]
        }

        fn can_fail(&self) -> bool {
            true
        }
    };
}
pub(super) use without_slopes;

/// Compares slopes at a fixed probability of a distribution with a table of differences of quantiles, to these relative errors at orders
/// one and two, of which the latter is that of S along the curve: ∂S/∂a + S ∂S/∂x.
#[cfg(test)]
pub(super) fn check_slopes(
    distribution: &str,
    slope: impl Fn(&Expr<f64>, &Expr<f64>) -> Expr<f64>,
    tolerances: (f64, f64),
) {
    use bayeux_tensor::Tensor;
    let number = |text: &str| text.parse::<f64>().expect("a number");
    let lines = include_str!("../../../tests/it/data/draws.csv").lines();
    let points: Vec<Vec<f64>> = lines
        .filter_map(|line| line.strip_prefix(distribution)?.strip_prefix(','))
        .map(|numbers| numbers.split(',').map(number).collect())
        .collect();
    assert!(points.len() > 60);
    let [a, x] = ["a", "x"].map(|name| Expr::input(name, [points.len()]));
    let first = slope(&a, &x);
    let slopes = crate::grad(&first.sum_all(), &[a.clone(), x.clone()]);
    let second = &slopes[0] + &first * &slopes[1];
    let column = |i: usize| Tensor::new([points.len()], points.iter().map(|point| point[i]).collect());
    let f = crate::Function::new([&a, &x], [first, second]).expect("both are inputs");
    let found = f.call(&[&column(0), &column(1)]).expect("runs");
    for (i, point) in points.iter().enumerate() {
        for order in 0..2 {
            let (found, wanted) = (found[order].get(&[i]), point[2 + order]);
            let error = (found - wanted).abs() / wanted.abs();
            let tolerance = if order == 0 { tolerances.0 } else { tolerances.1 };
            assert!(error < tolerance, "order {order} of {point:?}: {found}, error {error:e}");
        }
    }
}
