//! Examples of every operation: expressions of some inputs, and points at which to look at them. The tests of all operations are
//! made of them.

mod files;
mod stacks;
mod tests;
mod written;

use std::ops::Range;

use bayeux_tensor::{AnyTensor, ElementType, Tensor, random};

use super::call::Values;
use crate::AnyExpr;

/// The examples of files, by their names.
macro_rules! of_files {
    ($($file:ident)*) => {
        vec![$((stringify!($file), super::$file::examples())),*]
    };
}

/// The examples of each file that holds operations. A folder of them has a list of its own, which is made in the same way.
fn all() -> Vec<(&'static str, Vec<Example>)> {
    let files = of_files! {
        binary broadcast call cast concat conv cummax elementwise index integers layout leaf logic matmul moments noise order placed places
        pool range reduce scan select slice softmax take unary
    };
    files.into_iter().chain(FOLDERS.iter().flat_map(|folder| (folder.examples)())).collect()
}

/// Files without operations.
const OTHERS: [&str; 6] = ["axes", "batch", "by_name", "examples", "operation", "registry"];

/// A folder of operations: its name, the text of its `mod.rs`, and the examples of its files.
struct Folder {
    name: &'static str,
    text: &'static str,
    examples: fn() -> Vec<(&'static str, Vec<Example>)>,
}

/// A folder by its name.
macro_rules! folder {
    ($name:ident) => {
        Folder {
            name: stringify!($name),
            text: include_str!(concat!(stringify!($name), "/mod.rs")),
            examples: super::$name::examples,
        }
    };
}

const FOLDERS: &[Folder] = &[
    folder!(cumulative),
    folder!(flow),
    folder!(images),
    folder!(indexing),
    folder!(linalg),
    folder!(random),
    folder!(reductions),
    folder!(shaping),
    folder!(sorting),
    folder!(special),
];

/// Expressions of inputs of some shapes.
pub(super) struct Example {
    name: String,
    /// Those of each input, for each set of inputs to try.
    shapes: Vec<Vec<Vec<usize>>>,
    numbers: Vec<Numbers>,
    build: Box<Build>,
    has_slopes: bool,
}

type Build = dyn Fn(&[AnyExpr]) -> Vec<AnyExpr>;

/// What an input may hold.
#[derive(Clone)]
enum Numbers {
    Real(Range<f64>),
    Whole(Range<i64>),
    Truth,
}

/// An example whose inputs, of these shapes, are real numbers of an interval.
pub(super) fn example<V: Values>(
    name: &str,
    shapes: &[&[usize]],
    interval: Range<f64>,
    build: impl Fn(&[AnyExpr]) -> V + 'static,
) -> Example {
    Example {
        name: name.into(),
        shapes: Vec::new(),
        numbers: vec![Numbers::Real(interval); shapes.len()],
        build: Box::new(move |inputs| build(inputs).into_values()),
        has_slopes: true,
    }
    .and(shapes)
}

impl Example {
    /// With inputs of other shapes, too.
    pub fn and(mut self, shapes: &[&[usize]]) -> Self {
        assert_eq!(shapes.len(), self.numbers.len(), "{}: a shape for each input", self.name);
        self.shapes.push(shapes.iter().map(|shape| shape.to_vec()).collect());
        self
    }

    /// With whole numbers in one of the inputs.
    pub fn whole(mut self, input: usize, range: Range<i64>) -> Self {
        self.numbers[input] = Numbers::Whole(range);
        self
    }

    /// With truth values in one of the inputs.
    pub fn truth(mut self, input: usize) -> Self {
        self.numbers[input] = Numbers::Truth;
        self
    }

    /// Without a look at slopes: differences of what is rounded to few digits say nothing.
    pub fn without_slopes(mut self) -> Self {
        self.has_slopes = false;
        self
    }

    /// Points of real numbers of an element type, for each set of inputs. Each `round` has points of its own.
    fn points(&self, element: ElementType, round: usize) -> impl Iterator<Item = Vec<AnyTensor>> {
        let inputs = self.numbers.len();
        let stream = move |i: usize| i + 1000 * round;
        self.shapes.iter().map(move |shapes| {
            let shapes = shapes.iter().zip(&self.numbers).enumerate();
            shapes
                .map(|(i, (shape, numbers))| match numbers {
                    Numbers::Real(interval) => {
                        AnyTensor::from(apart(shape, interval, i, inputs, round)).cast_to(element)
                    }
                    Numbers::Whole(range) => {
                        let length = (range.end - range.start) as f64;
                        let whole = |u: f64| range.start + (u * length) as i64;
                        Tensor::new(shape, uniform(shape, stream(i)).into_iter().map(whole).collect()).into()
                    }
                    Numbers::Truth => {
                        Tensor::new(shape, uniform(shape, stream(i)).into_iter().map(|u| u < 0.5).collect())
                            .into()
                    }
                })
                .collect()
        })
    }
}

fn uniform(shape: &[usize], stream: usize) -> Vec<f64> {
    let mut data = vec![0.0; shape.iter().product()];
    random::fill_uniform(11, stream as u64, 0, &mut data);
    data
}

/// Random numbers in an interval, no two of which are near each other, also among those of other inputs: a small step leads over no
/// tie.
fn apart(shape: &[usize], interval: &Range<f64>, input: usize, inputs: usize, round: usize) -> Tensor<f64> {
    let stream = 1000 * round + input;
    let (order, inside) = (uniform(shape, stream), uniform(shape, stream + inputs));
    let mut places: Vec<usize> = (0..order.len()).collect();
    places.sort_by(|&a, &b| order[a].total_cmp(&order[b]));
    let length = (interval.end - interval.start) / (order.len() * inputs) as f64;
    let number = |(place, u): (usize, f64)| {
        interval.start + length * ((place * inputs + input) as f64 + 0.3 + 0.4 * u)
    };
    Tensor::new(shape, places.into_iter().zip(inside).map(number).collect())
}
