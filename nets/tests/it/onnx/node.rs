//! A node as the tables of operators see it: expressions, attributes, and what must be known when an expression is built.

use bayeux_autodiff::AnyExpr;
use bayeux_tensor::{AnyTensor, ElementType, with_type};
use serde_json::Value;

use super::case::NodeOf;

pub struct Node<'a> {
    pub opset: i64,
    pub of: &'a NodeOf,
    inputs: Vec<Option<AnyExpr>>,
    /// The value of an expression for the case's inputs.
    value: &'a dyn Fn(&AnyExpr) -> AnyTensor,
}

impl<'a> Node<'a> {
    pub fn new(
        of: &'a NodeOf,
        opset: i64,
        inputs: Vec<Option<AnyExpr>>,
        value: &'a dyn Fn(&AnyExpr) -> AnyTensor,
    ) -> Self {
        Node { opset, of, inputs, value }
    }

    pub fn op(&self) -> &str {
        &self.of.op
    }

    /// All inputs, of an operator that takes any number.
    pub fn all(&self) -> Vec<AnyExpr> {
        self.inputs.iter().flatten().cloned().collect()
    }

    /// An input that must be there.
    #[track_caller]
    pub fn x(&self, i: usize) -> &AnyExpr {
        self.maybe(i).unwrap_or_else(|| panic!("{} has no input {i}", self.op()))
    }

    /// An input that may be missing.
    pub fn maybe(&self, i: usize) -> Option<&AnyExpr> {
        self.inputs.get(i)?.as_ref()
    }

    /// An input that is a number: a file has scalars as one element.
    pub fn scalar(&self, i: usize) -> Option<AnyExpr> {
        self.maybe(i).map(|x| x.reshape(()))
    }

    /// What an input holds: axes, sizes and the like have to be known when the expression is built.
    pub fn known(&self, i: usize) -> Option<AnyTensor> {
        self.maybe(i).map(self.value)
    }

    /// What an input of whole numbers holds.
    pub fn known_ints(&self, i: usize) -> Option<Vec<i64>> {
        self.known(i).map(|value| value.cast::<i64>().to_vec())
    }

    pub fn known_floats(&self, i: usize) -> Option<Vec<f64>> {
        self.known(i).map(|value| value.cast::<f64>().to_vec())
    }

    /// Whole numbers that are an input since some opset, and were an attribute before.
    pub fn ints_of(&self, i: usize, attribute: &str) -> Option<Vec<i64>> {
        self.known_ints(i).or_else(|| self.ints(attribute))
    }

    fn attribute(&self, name: &str) -> Option<&Value> {
        self.of.attributes.get(name)
    }

    pub fn has(&self, attribute: &str) -> bool {
        self.attribute(attribute).is_some()
    }

    pub fn int(&self, name: &str, default: i64) -> i64 {
        self.attribute(name).map_or(default, |value| value.as_i64().unwrap())
    }

    pub fn flag(&self, name: &str) -> bool {
        self.int(name, 0) != 0
    }

    pub fn float(&self, name: &str, default: f64) -> f64 {
        self.attribute(name).map_or(default, |value| value.as_f64().unwrap())
    }

    pub fn text(&self, name: &str, default: &'static str) -> &str {
        self.attribute(name).map_or(default, |value| value.as_str().unwrap())
    }

    pub fn ints(&self, name: &str) -> Option<Vec<i64>> {
        let list = self.attribute(name)?.as_array()?;
        Some(list.iter().map(|value| value.as_i64().unwrap()).collect())
    }

    pub fn sizes(&self, name: &str) -> Option<Vec<usize>> {
        self.ints(name).map(|list| list.into_iter().map(|size| usize::try_from(size).unwrap()).collect())
    }

    pub fn floats(&self, name: &str) -> Option<Vec<f64>> {
        let list = self.attribute(name)?.as_array()?;
        Some(list.iter().map(|value| value.as_f64().unwrap()).collect())
    }

    pub fn texts(&self, name: &str) -> Option<Vec<&str>> {
        let list = self.attribute(name)?.as_array()?;
        Some(list.iter().map(|value| value.as_str().unwrap()).collect())
    }

    /// The attribute `axis`, counted from the front, of a tensor of a rank.
    pub fn axis(&self, default: i64, rank: usize) -> usize {
        from_front(self.int("axis", default), rank)
    }

    /// Whether the graph has a name for an output.
    pub fn wants(&self, output: usize) -> bool {
        self.of.outputs.get(output).is_some_and(|name| !name.is_empty())
    }
}

/// An axis or a place counted from the front.
pub fn from_front(at: i64, length: usize) -> usize {
    let at = if at < 0 { at + length as i64 } else { at };
    usize::try_from(at).unwrap()
}

/// The sizes of an expression, all of which are known here.
pub fn sizes(x: &AnyExpr) -> Vec<usize> {
    x.shape().sizes().unwrap()
}

/// The axis moved to the end.
pub fn to_last(x: &AnyExpr, axis: usize) -> AnyExpr {
    let order: Vec<usize> = (0..x.rank()).filter(|&other| other != axis).chain([axis]).collect();
    x.transpose(&order)
}

/// The last axis moved to its place.
pub fn from_last(x: &AnyExpr, axis: usize) -> AnyExpr {
    let last = x.rank() - 1;
    let order: Vec<usize> = (0..axis).chain([last]).chain(axis..last).collect();
    x.transpose(&order)
}

/// A number for each channel, beside what has channels on axis 1.
pub fn of_channels(x: &AnyExpr, rank: usize) -> AnyExpr {
    let mut shape = vec![1; rank.max(2)];
    shape[1] = sizes(x)[0];
    x.reshape(shape)
}

/// The elements as those of another type.
pub fn cast(x: &AnyExpr, element: ElementType) -> AnyExpr {
    with_type!(element, T => x.cast::<T>().untyped())
}

/// The type that ONNX has a number for.
pub fn element_type(number: i64) -> ElementType {
    match number {
        1 => ElementType::F32,
        2 => ElementType::U8,
        6 => ElementType::I32,
        7 => ElementType::I64,
        9 => ElementType::Bool,
        11 => ElementType::F64,
        _ => panic!("there are no elements of ONNX's type {number}"),
    }
}
