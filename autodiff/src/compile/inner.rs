//! Programs inside programs: what an instruction runs that stands for a lambda.

use std::any::Any;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use bayeux_tensor::ElementType;

use super::graph::Graph;
use super::program::{Program, Purpose};
use super::repeat::Looped;
use crate::ops::{Op, Operation};
use crate::{AnyExpr, ValueType};

/// The program of a lambda at concrete sizes.
#[derive(Debug)]
pub(super) struct Inner {
    pub name: String,
    /// What it was compiled from. Two of which that is the same compute the same.
    pub traced: Graph,
    pub program: Arc<Program>,
    /// Which of the lambda's parameters it reads, and of which types they are.
    pub parameters: Vec<(usize, ValueType)>,
    /// Where the program leaves each value, no two in the same slot.
    pub values: Vec<(usize, (ElementType, Vec<usize>))>,
    /// Which value each output is that was asked for: several may be the same.
    pub outputs: Vec<usize>,
}

impl Inner {
    /// Its slots that hold no value in the end, and what they must hold.
    pub fn scratch(&self) -> impl Iterator<Item = (usize, (ElementType, usize))> {
        self.program.slots.iter().enumerate().filter_map(|(slot, purpose)| match purpose {
            Purpose::Scratch(element, len) => Some((slot, (*element, *len))),
            _ => None,
        })
    }
}

/// An inner program as an operation of the program around it.
#[derive(Clone, Debug)]
pub(super) struct Run(pub Arc<Inner>);

impl Run {
    /// The inner program that an operation is.
    pub fn of(op: &Op) -> Option<&Arc<Inner>> {
        let Op::Other(other) = op else { return None };
        let operation: &dyn Any = other.operation();
        operation.downcast_ref().map(|Run(inner)| inner)
    }
}

impl Operation for Run {
    fn name(&self) -> String {
        self.0.name.clone()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let Inner { parameters, values, .. } = &*self.0;
        let alike = parameters.iter().map(|(_, of)| of).eq(inputs);
        let of = |(_, (element, shape)): &(usize, (ElementType, Vec<usize>))| {
            ValueType::new(*element, shape.as_slice())
        };
        alike
            .then(|| values.iter().map(of).collect())
            .ok_or_else(|| format!("inputs {inputs:?} in place of {parameters:?}"))
    }

    fn gradient(&self, _g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        unreachable!("it is not part of an expression")
    }

    fn can_fail(&self) -> bool {
        self.0.traced.nodes.iter().any(|node| node.op.rule().can_fail())
    }
}

impl PartialEq for Run {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || same(&self.0.traced, &other.0.traced)
    }
}

impl Hash for Run {
    fn hash<H: Hasher>(&self, state: &mut H) {
        digest(&self.0.traced).hash(state);
    }
}

/// Whether two graphs compute the same.
pub(super) fn same(a: &Graph, b: &Graph) -> bool {
    let alike = |(a, b): (&super::graph::Node, &super::graph::Node)| {
        a.inputs == b.inputs && a.values() == b.values() && a.op == b.op
    };
    a.outputs == b.outputs && a.nodes.len() == b.nodes.len() && a.nodes.iter().zip(&b.nodes).all(alike)
}

pub(super) fn digest(graph: &Graph) -> u64 {
    let mut hasher = DefaultHasher::new();
    graph.outputs.hash(&mut hasher);
    graph.nodes.iter().for_each(|node| (&node.op, &node.inputs, &node.shape).hash(&mut hasher));
    hasher.finish()
}

/// An inner program as part of an instruction.
#[derive(Clone, Debug)]
pub(crate) struct Called {
    pub(super) inner: Arc<Inner>,
    /// For each of its slots the one of the program around it, which it is lent.
    pub slots: Vec<(usize, usize)>,
    /// If it is run again and again: how.
    pub repeat: Option<Looped>,
}

impl PartialEq for Called {
    fn eq(&self, other: &Self) -> bool {
        (&self.slots, &self.repeat) == (&other.slots, &other.repeat)
            && Run(self.inner.clone()) == Run(other.inner.clone())
    }
}

impl Called {
    pub fn program(&self) -> &Arc<Program> {
        &self.inner.program
    }

    /// The slot in which a value of the inner program is, and its length.
    pub fn value(&self, value: usize) -> (usize, usize) {
        let (slot, (_, shape)) = &self.inner.values[value];
        (*slot, shape.iter().product())
    }

    /// How many values the inner program has.
    pub fn values(&self) -> usize {
        self.inner.values.len()
    }

    /// The element type of a value.
    pub fn value_element(&self, value: usize) -> ElementType {
        self.inner.values[value].1.0
    }

    /// How many parameters it reads.
    pub fn parameters(&self) -> usize {
        self.inner.parameters.len()
    }

    /// What the elements of a parameter are, and how many.
    pub fn parameter(&self, parameter: usize) -> (ElementType, usize) {
        let of = &self.inner.parameters[parameter].1;
        (of.element, of.shape.sizes().map_or(0, |sizes| sizes.iter().product()))
    }
}
