//! Inner programs that are run again and again: loops.

use std::any::Any;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use bayeux_tensor::ElementType;

use super::inner::{Inner, Run};
use crate::ops::{Op, Operation};
use crate::{AnyExpr, Shape, ValueType};

/// How an inner program is repeated.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Repeat {
    /// How often, at most.
    pub steps: usize,
    pub backwards: bool,
    /// What each of its parameters gets.
    pub feeds: Vec<Feed>,
    /// The value that, where it is true, says that the loop is over.
    pub until: Option<usize>,
    /// Whether the last argument says how many steps there are.
    pub limited: bool,
    /// What comes of it.
    pub yields: Vec<Yield>,
}

/// What a parameter gets in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Feed {
    /// The argument.
    Same,
    /// A part of it.
    Part,
    /// In the first step the argument, later a value of the step before.
    Carried(usize),
}

/// What comes of a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Yield {
    /// The last of a value; if no step is done, an argument.
    Last { value: usize, start: usize },
    /// That of each step, where the steps that are not done have zeros.
    All(usize),
    /// How many steps were done.
    Steps,
}

/// A loop in the slots of the program around it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Looped {
    pub repeat: Repeat,
    /// For each value that is carried on a second slot, outside: while one is read the other is written.
    pub spares: Vec<(usize, usize)>,
}

/// A loop as an operation of the program around it. Arguments are those of the inner program, then whatever `yields` start with, then
/// the number of steps.
#[derive(Clone, Debug)]
pub(super) struct Repeated {
    pub inner: Arc<Inner>,
    pub repeat: Repeat,
}

impl Repeated {
    /// The loop that an operation is.
    pub fn of(op: &Op) -> Option<&Repeated> {
        let Op::Other(other) = op else { return None };
        let operation: &dyn Any = other.operation();
        operation.downcast_ref()
    }

    /// The types of its values.
    pub fn values(&self) -> Vec<(ElementType, Vec<usize>)> {
        let of = |value: usize| &self.inner.values[value].1;
        let yielded = |of_yield: &Yield| match of_yield {
            Yield::Last { value, .. } => of(*value).clone(),
            Yield::All(value) => {
                let (element, shape) = of(*value);
                (*element, [&[self.repeat.steps], shape.as_slice()].concat())
            }
            Yield::Steps => (ElementType::I64, Vec::new()),
        };
        self.repeat.yields.iter().map(yielded).collect()
    }
}

impl Operation for Repeated {
    fn name(&self) -> String {
        self.inner.name.clone()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let whole = |((_, of), feed): (&(usize, ValueType), &Feed)| match feed {
            Feed::Same | Feed::Carried(_) => of.clone(),
            Feed::Part => {
                let steps = Shape::from([self.repeat.steps]);
                ValueType::new(
                    of.element,
                    steps.dims().iter().chain(of.shape.dims()).cloned().collect::<Shape>(),
                )
            }
        };
        let wanted: Vec<ValueType> =
            self.inner.parameters.iter().zip(&self.repeat.feeds).map(whole).collect();
        match inputs.starts_with(&wanted) {
            true => Ok(self
                .values()
                .into_iter()
                .map(|(element, shape)| ValueType::new(element, shape.as_slice()))
                .collect()),
            false => Err(format!("inputs {inputs:?} in place of {wanted:?}")),
        }
    }

    fn gradient(&self, _g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        unreachable!("it is not part of an expression")
    }

    fn can_fail(&self) -> bool {
        Run(self.inner.clone()).can_fail()
    }
}

impl PartialEq for Repeated {
    fn eq(&self, other: &Self) -> bool {
        self.repeat == other.repeat && Run(self.inner.clone()) == Run(other.inner.clone())
    }
}

impl Hash for Repeated {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.repeat.hash(state);
        Run(self.inner.clone()).hash(state);
    }
}
