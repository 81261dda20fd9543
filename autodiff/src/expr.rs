//! Expressions: immutable, reference-counted nodes of a graph.

use std::collections::HashSet;
use std::sync::Arc;

use bayeux_tensor::{Float, Tensor};

use crate::ops::{Constant, Input, Op};
use crate::{Dim, Shape, Shared};

/// A symbolic expression of element type `T`: what to compute, not yet its value.
///
/// Operators and methods build larger expressions; [`grad`](crate::grad) differentiates them into further expressions;
/// a [`Function`](crate::Function) compiles them into a program. A clone shares the node. Shapes are checked when an
/// expression is built: every method that combines shapes panics, at the caller's line, with both shapes if they cannot
/// fit.
///
/// ```
/// use bayeux_autodiff::{Expr, Function, batch, grad};
/// use bayeux_tensor::Tensor;
///
/// let x = Expr::<f64>::input("x", (batch(), 3));
/// let cost = (&x * 2.0).tanh().square().sum_all();
/// let slope = grad(&cost, &[x.clone()]);
/// let f = Function::new([&x], [&cost, &slope[0]])?;
/// let values = f.call(&[&Tensor::zeros([5, 3])])?;
/// assert_eq!(values[1].shape(), [5, 3]);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
pub struct Expr<T: Float = f32>(Arc<Node<T>>);

pub(crate) struct Node<T: Float> {
    op: Op<T>,
    inputs: Vec<Expr<T>>,
    shape: Shape,
    name: Option<Arc<str>>,
}

impl<T: Float> Expr<T> {
    pub(crate) fn new(op: impl Into<Op<T>>, inputs: Vec<Expr<T>>, shape: impl Into<Shape>) -> Self {
        Expr(Arc::new(Node { op: op.into(), inputs, shape: shape.into(), name: None }))
    }

    /// A value given at each call of a function: a mini-batch, a learning rate.
    pub fn input(name: &str, shape: impl Into<Shape>) -> Self {
        Expr::new(Input::fresh(), Vec::new(), shape).named(name)
    }

    pub(crate) fn shared(shared: &Shared<T>) -> Self {
        Expr::new(Op::Shared(shared.clone()), Vec::new(), shared.symbolic_shape()).named(shared.name())
    }

    /// A tensor that never changes.
    pub fn constant(value: Tensor<T>) -> Self {
        let shape = Shape::from(value.shape());
        Expr::new(Op::Constant(Constant(value.contiguous())), Vec::new(), shape)
    }

    /// A constant of rank 0.
    pub fn scalar(value: f64) -> Self {
        Expr::constant(Tensor::scalar(T::from_f64(value)))
    }

    /// One number, everywhere in a shape that may have free dimensions.
    pub fn full(shape: impl Into<Shape>, value: f64) -> Self {
        Expr::scalar(value).broadcast_to(shape)
    }

    /// Zeros.
    pub fn zeros(shape: impl Into<Shape>) -> Self {
        Expr::full(shape, 0.0)
    }

    /// Ones.
    pub fn ones(shape: impl Into<Shape>) -> Self {
        Expr::full(shape, 1.0)
    }

    /// The whole numbers 0, 1, …, n − 1.
    pub fn arange(n: usize) -> Self {
        Expr::constant(Tensor::arange(n))
    }

    /// A dimension as a number of rank 0, such as the batch size of the call.
    pub fn size(dim: impl Into<Dim>) -> Self {
        let dim = dim.into();
        match dim.size() {
            Some(size) => Expr::scalar(size as f64),
            None => Expr::new(Op::Size(dim), Vec::new(), ()),
        }
    }

    /// The shape.
    pub fn shape(&self) -> &Shape {
        &self.0.shape
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.0.shape.rank()
    }

    /// One dimension of the shape.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn dim(&self, axis: usize) -> Dim {
        assert!(axis < self.rank(), "dim: axis {axis} of {self:?}, which has rank {}", self.rank());
        self.0.shape[axis].clone()
    }

    /// The name, of a leaf or given by [`named`](Self::named).
    pub fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// The same expression as a new node with a name, which messages, printed programs and plots show. To
    /// [`grad`](crate::grad), a named inner node is another expression than the one it was made from; leaves stay the same.
    pub fn named(self, name: &str) -> Self {
        let node = Node {
            op: self.0.op.clone(),
            inputs: self.0.inputs.clone(),
            shape: self.0.shape.clone(),
            name: Some(name.into()),
        };
        Expr(Arc::new(node))
    }

    /// The shared variables inside some expressions: each once, in the order in which a reader from left to right meets
    /// them.
    pub fn shareds(expressions: &[Expr<T>]) -> Vec<Shared<T>> {
        // Leaves of one variable are one node to `topological`, so none is met twice.
        topological(expressions).iter().filter_map(|node| node.as_shared().cloned()).collect()
    }

    /// The variable this expression is a leaf of, if it is one.
    pub fn as_shared(&self) -> Option<&Shared<T>> {
        match &self.0.op {
            Op::Shared(shared) => Some(shared),
            _ => None,
        }
    }

    /// The value, if the expression is a constant.
    pub fn as_constant(&self) -> Option<&Tensor<T>> {
        match &self.0.op {
            Op::Constant(Constant(value)) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn op(&self) -> &Op<T> {
        &self.0.op
    }

    pub(crate) fn inputs(&self) -> &[Expr<T>] {
        &self.0.inputs
    }

    pub(crate) fn key(&self) -> Key {
        match &self.0.op {
            Op::Shared(shared) => Key::Variable(shared.address()),
            Op::Input(input) => Key::Input(*input),
            _ => Key::Node(Arc::as_ptr(&self.0) as usize),
        }
    }
}

/// What makes two expressions the same one: the input or the variable of a leaf, the address of any other node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Node(usize),
    Variable(usize),
    Input(Input),
}

/// Every node the roots need, each once, inputs before their readers, in depth-first order from the left.
pub(crate) fn topological<T: Float>(roots: &[Expr<T>]) -> Vec<Expr<T>> {
    let mut order = Vec::new();
    let mut seen = HashSet::new();
    for root in roots {
        let mut stack = vec![(root.clone(), 0)];
        while let Some((node, next)) = stack.pop() {
            if next == 0 && !seen.insert(node.key()) {
                continue;
            }
            match node.inputs().get(next).cloned() {
                Some(input) => {
                    stack.push((node, next + 1));
                    stack.push((input, 0));
                }
                None => order.push(node),
            }
        }
    }
    order
}

impl<T: Float> Clone for Expr<T> {
    fn clone(&self) -> Self {
        Expr(self.0.clone())
    }
}

impl<T: Float> From<&Expr<T>> for Expr<T> {
    fn from(expr: &Expr<T>) -> Self {
        expr.clone()
    }
}

impl<T: Float> From<f64> for Expr<T> {
    fn from(value: f64) -> Self {
        Expr::scalar(value)
    }
}

impl<T: Float> From<Tensor<T>> for Expr<T> {
    fn from(value: Tensor<T>) -> Self {
        Expr::constant(value)
    }
}

impl<T: Float> From<&Shared<T>> for Expr<T> {
    fn from(shared: &Shared<T>) -> Self {
        shared.expr()
    }
}

/// Frees a long chain in a loop: the compiler's recursive drop would overflow the stack.
impl<T: Float> Drop for Node<T> {
    fn drop(&mut self) {
        let mut stack = std::mem::take(&mut self.inputs);
        while let Some(expr) = stack.pop() {
            if let Some(mut node) = Arc::into_inner(expr.0) {
                stack.append(&mut node.inputs);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_of_a_million_nodes_is_dropped() {
        let mut x = Expr::<f32>::input("x", ());
        for _ in 0..1_000_000 {
            x = x.tanh();
        }
        drop(x);
    }

    #[test]
    fn shared_variables_are_found_once_and_in_order() {
        let a = Shared::new("a", Tensor::<f32>::zeros([2]));
        let b = Shared::new("b", Tensor::<f32>::zeros([2]));
        let sum = &b.expr() + &a.expr() * &b.expr();
        assert_eq!(Expr::shareds(&[sum, a.expr()]), [b, a]);
    }
}
