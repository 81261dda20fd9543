//! Expressions: immutable, reference-counted nodes of a graph.

mod leaves;
pub(crate) mod refusal;
mod walk;

use std::marker::PhantomData;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bayeux_tensor::ElementType;
use smallvec::{SmallVec, smallvec};

use crate::ops::{Constant, Op};
use crate::{Dim, Kind, Shape, Shared, Untyped, ValueType};
use refusal::ensure;

pub(crate) use walk::{Key, all_untyped, topological, topological_to};

/// A symbolic expression of element type `T`: what to compute, not yet its value.
///
/// Operators and methods build larger expressions; [`grad`](crate::grad) differentiates them into further expressions;
/// a [`Function`](crate::Function) compiles them into a program. A clone shares the node. Shapes are checked when an
/// expression is built: every method that combines shapes panics, at the caller's line, with both shapes if they cannot
/// fit.
///
/// Elements are of type `f32`, `f64`, `i32`, `i64`, `u8` or `bool`. Comparisons give `Expr<bool>`, positions are `Expr<i64>`,
/// and one type becomes another only where [`cast`](Self::cast) is written.
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
pub struct Expr<T: Kind = f32> {
    node: Arc<Node>,
    /// Which of the node's values it is.
    output: usize,
    kind: PhantomData<fn() -> T>,
}

/// An expression whose element type is known at run time only: as operations see their inputs and gradients.
pub type AnyExpr = Expr<Untyped>;

pub(crate) struct Node {
    op: Op,
    inputs: Vec<AnyExpr>,
    types: SmallVec<[ValueType; 1]>,
    name: Option<Arc<str>>,
    /// The line that made it.
    place: &'static Location<'static>,
    /// Greater than those of all nodes that were there before: what a node depends on has a lesser one.
    serial: u64,
}

impl Node {
    fn new(
        op: Op,
        inputs: Vec<AnyExpr>,
        types: SmallVec<[ValueType; 1]>,
        name: Option<Arc<str>>,
        place: &'static Location<'static>,
    ) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Node { op, inputs, types, name, place, serial: NEXT.fetch_add(1, Ordering::Relaxed) }
    }
}

impl<T: Kind> Expr<T> {
    /// The value of an operation that has one, of a shape.
    #[track_caller]
    pub(crate) fn new(op: impl Into<Op>, inputs: Vec<AnyExpr>, shape: impl Into<Shape>) -> Self {
        let (op, shape) = (op.into(), shape.into());
        let mut types = op.types(&inputs, &shape);
        debug_assert!(types.len() == 1 && types[0].shape == shape, "{types:?} in place of {shape}");
        let types = smallvec![types.swap_remove(0)];
        AnyExpr::of_node(Node::new(op, inputs, types, None, Location::caller()), 0).typed()
    }

    #[track_caller]
    pub(crate) fn leaf(op: Op, element: ElementType, shape: Shape) -> Self {
        let types = smallvec![ValueType { element, shape }];
        AnyExpr::of_node(Node::new(op, Vec::new(), types, None, Location::caller()), 0).typed()
    }

    fn of_node(node: Node, output: usize) -> Self {
        Expr { node: Arc::new(node), output, kind: PhantomData }
    }

    /// The same expression, without its element type being known to Rust.
    #[must_use]
    pub fn untyped(&self) -> AnyExpr {
        Expr { node: self.node.clone(), output: self.output, kind: PhantomData }
    }

    /// The same expression with an element type that is known to Rust.
    ///
    /// # Panics
    /// If its elements are of another type.
    #[track_caller]
    #[must_use]
    pub fn typed<U: Kind>(&self) -> Expr<U> {
        if let Some(wanted) = U::TYPE {
            let found = self.element_type();
            ensure!(found == wanted, [self], "typed: the elements of {self:?} are {found}, not {wanted}");
        }
        Expr { node: self.node.clone(), output: self.output, kind: PhantomData }
    }

    pub(crate) fn shared(shared: &Shared<T>) -> Self {
        let ValueType { element, shape } = shared.value_type();
        Expr::leaf(Op::Shared(shared.untyped()), element, shape).named(shared.name())
    }

    /// The type of the elements.
    #[must_use]
    pub fn element_type(&self) -> ElementType {
        self.value_type().element
    }

    /// Element type and shape.
    #[must_use]
    pub fn value_type(&self) -> &ValueType {
        &self.node.types[self.output]
    }

    /// The shape.
    pub fn shape(&self) -> &Shape {
        &self.value_type().shape
    }

    /// The number of axes.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.shape().rank()
    }

    /// One dimension of the shape.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn dim(&self, axis: usize) -> Dim {
        ensure!(axis < self.rank(), [self], "dim: axis {axis} of {self:?}, which has rank {}", self.rank());
        self.shape()[axis].clone()
    }

    /// The name, of a leaf or given by [`named`](Self::named).
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.node.name.as_deref()
    }

    /// The same expression as a new node with a name, which messages, printed programs and plots show. To
    /// [`grad`](crate::grad), a named inner node is another expression than the one it was made from; leaves stay the same.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        let Node { op, inputs, types, place, .. } = &*self.node;
        let (op, inputs, types) = (op.clone(), inputs.clone(), types.clone());
        Expr::of_node(Node::new(op, inputs, types, Some(name.into()), place), self.output)
    }

    /// The shared variables of this element type inside some expressions: each once, in the order in which a reader from left
    /// to right meets them.
    #[must_use]
    pub fn shareds(expressions: &[Expr<T>]) -> Vec<Shared<T>> {
        // Leaves of one variable are one node to `topological`, so none is met twice.
        topological(expressions).iter().filter_map(|node| node.variable()?.of_kind()).collect()
    }

    fn variable(&self) -> Option<&Shared<Untyped>> {
        match &self.node.op {
            Op::Shared(shared) => Some(shared),
            _ => None,
        }
    }

    /// The variable this expression is a leaf of, if it is one.
    #[must_use]
    pub fn as_shared(&self) -> Option<Shared<T>> {
        self.variable()?.of_kind()
    }

    /// The value, if the expression is a constant.
    #[must_use]
    pub fn as_constant(&self) -> Option<&T::Tensor> {
        match &self.node.op {
            Op::Constant(Constant(value)) => Some(T::of(value)),
            _ => None,
        }
    }

    /// The line of the user's code, or of another crate's, that made the expression.
    pub(crate) fn place(&self) -> Option<&'static Location<'static>> {
        let here = file!().trim_end_matches("expr.rs");
        Some(self.node.place).filter(|place| !place.file().starts_with(here))
    }

    pub(crate) fn op(&self) -> &Op {
        &self.node.op
    }

    pub(crate) fn inputs(&self) -> &[AnyExpr] {
        &self.node.inputs
    }

    /// The types of all values of the node.
    pub(crate) fn types(&self) -> &[ValueType] {
        &self.node.types
    }

    /// Another value of the same node.
    pub(crate) fn sibling(&self, output: usize) -> AnyExpr {
        Expr { node: self.node.clone(), output, kind: PhantomData }
    }

    /// Whether the node was there before another one, which it cannot depend on then.
    pub(crate) fn is_older_than(&self, other: &Expr<impl Kind>) -> bool {
        self.node.serial < other.node.serial
    }

    pub(crate) fn key(&self) -> Key {
        match &self.node.op {
            Op::Shared(shared) => Key::Variable(shared.address()),
            Op::Input(input) => Key::Input(*input),
            _ => Key::Node(Arc::as_ptr(&self.node) as usize, self.output),
        }
    }

    /// The key of the node's first value, which stands for the node.
    pub(crate) fn node_key(&self) -> Key {
        match self.key() {
            Key::Node(address, _) => Key::Node(address, 0),
            leaf => leaf,
        }
    }
}

impl AnyExpr {
    /// All values of an operation.
    #[track_caller]
    pub(crate) fn values_of(op: impl Into<Op>, inputs: Vec<AnyExpr>) -> Vec<AnyExpr> {
        let op = op.into();
        let types: SmallVec<[ValueType; 1]> = op.types(&inputs, &Shape::from(())).into();
        let count = types.len();
        let first = AnyExpr::of_node(Node::new(op, inputs, types, None, Location::caller()), 0);
        (0..count).map(|output| first.sibling(output)).collect()
    }

    /// The first value of a node of which all is known.
    #[track_caller]
    pub(crate) fn assembled(
        op: Op,
        inputs: Vec<AnyExpr>,
        types: Vec<ValueType>,
        name: Option<&str>,
    ) -> AnyExpr {
        let name = name.map(Arc::from);
        AnyExpr::of_node(Node::new(op, inputs, types.into(), name, Location::caller()), 0)
    }

    /// All values of the same operation on other inputs of the same types.
    #[track_caller]
    pub(crate) fn on(&self, inputs: Vec<AnyExpr>) -> Vec<AnyExpr> {
        let Node { op, types, .. } = &*self.node;
        let node = Node::new(op.clone(), inputs, types.clone(), None, Location::caller());
        let first = AnyExpr::of_node(node, 0);
        (0..self.types().len()).map(|output| first.sibling(output)).collect()
    }

    /// The same operation on other inputs, with the name that it has.
    pub(crate) fn with_inputs(&self, inputs: Vec<AnyExpr>) -> AnyExpr {
        let Node { op, types, name, place, .. } = &*self.node;
        let (op, types, name) = (op.clone(), types.clone(), name.clone());
        Expr::of_node(Node::new(op, inputs, types, name, place), self.output)
    }
}

impl<T: Kind> Clone for Expr<T> {
    fn clone(&self) -> Self {
        Expr { node: self.node.clone(), output: self.output, kind: PhantomData }
    }
}

impl<T: Kind> From<&Expr<T>> for Expr<T> {
    fn from(expr: &Expr<T>) -> Self {
        expr.clone()
    }
}

/// Frees a long chain in a loop: the compiler's recursive drop would overflow the stack.
impl Drop for Node {
    fn drop(&mut self) {
        let mut stack = std::mem::take(&mut self.inputs);
        while let Some(expr) = stack.pop() {
            if let Some(mut node) = Arc::into_inner(expr.node) {
                stack.append(&mut node.inputs);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

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

    #[test]
    #[should_panic(expected = "the elements of `x` are f32, not i64")]
    fn a_wrong_type_is_refused() {
        let _ = Expr::<f32>::input("x", [2]).untyped().typed::<i64>();
    }
}
