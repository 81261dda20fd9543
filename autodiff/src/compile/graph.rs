//! The Wengert list: operations in order, each later than what it reads, at concrete sizes.

use std::collections::HashMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::Location;
use std::sync::Arc;

use bayeux_tensor::{AnyTensor, ElementType, Tensor, with_type};

use crate::ArrayType;
use crate::ops::{Broadcast, Constant, Op, Reshape};

/// A node's place in the list.
pub(crate) type Id = usize;

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub op: Op,
    pub inputs: Vec<Id>,
    pub element: ElementType,
    pub shape: Vec<usize>,
    /// Of an operation with several values, which stand in the nodes [`Op::Output`] behind it: the types of all after the first,
    /// whose type is the node's.
    pub others: Vec<(ElementType, Vec<usize>)>,
    pub name: Option<Arc<str>>,
    /// The line of the user's code that it comes from.
    pub place: Option<&'static Location<'static>>,
}

impl Node {
    /// An operation with one value.
    pub fn new(op: impl Into<Op>, inputs: &[Id], element: ElementType, shape: &[usize]) -> Node {
        let (inputs, shape) = (inputs.to_vec(), shape.to_vec());
        Node { op: op.into(), inputs, element, shape, others: Vec::new(), name: None, place: None }
    }

    /// The type of the value.
    pub fn array_type(&self) -> ArrayType<'_> {
        ArrayType { element: self.element, shape: &self.shape }
    }

    /// The types of all values.
    pub fn values(&self) -> Vec<ArrayType<'_>> {
        let others = self.others.iter().map(|(element, shape)| ArrayType { element: *element, shape });
        [self.array_type()].into_iter().chain(others).collect()
    }
}

/// The list, and which of its values are wanted.
#[derive(Clone, Debug)]
pub(crate) struct Graph {
    pub nodes: Vec<Node>,
    pub outputs: Vec<Id>,
    /// The function's inputs, by position; `None` for one that nothing needs.
    pub inputs: Vec<Option<Id>>,
}

impl Graph {
    /// Rebuilds the graph node by node in order, keeping only what the outputs need. `rewrite` is told each node with
    /// its inputs already rewritten, and adds to the new graph what stands for it.
    pub fn rebuild(&self, mut rewrite: impl FnMut(&mut Builder, &Node) -> Id) -> Graph {
        self.rebuild_from(|builder, node, _| rewrite(builder, node))
    }

    /// [`rebuild`](Self::rebuild), where `rewrite` is also told the node's id in this graph.
    pub fn rebuild_from(&self, mut rewrite: impl FnMut(&mut Builder, &Node, Id) -> Id) -> Graph {
        let needed = self.needed();
        let mut builder = Builder::default();
        let mut ids: Vec<Option<Id>> = vec![None; self.nodes.len()];
        for (old, node) in self.nodes.iter().enumerate().filter(|(old, _)| needed[*old]) {
            // Inputs come before their readers and are needed with them.
            let inputs = node.inputs.iter().filter_map(|&input| ids[input]).collect();
            let node = Node {
                op: node.op.clone(),
                inputs,
                element: node.element,
                shape: node.shape.clone(),
                others: node.others.clone(),
                name: node.name.clone(),
                place: node.place,
            };
            let id = rewrite(&mut builder, &node, old);
            let new = &mut builder.nodes[id];
            new.name = new.name.take().or(node.name);
            new.place = new.place.or(node.place);
            ids[old] = Some(id);
        }
        let outputs = self.outputs.iter().filter_map(|&output| ids[output]).collect();
        let inputs = self.inputs.iter().map(|input| input.and_then(|input| ids[input])).collect();
        Graph { nodes: builder.nodes, outputs, inputs }.prune()
    }

    /// Drops what no output needs.
    fn prune(self) -> Graph {
        let needed = self.needed();
        if needed.iter().all(|&needed| needed) {
            return self;
        }
        let mut ids: Vec<Option<Id>> = vec![None; self.nodes.len()];
        let mut nodes = Vec::new();
        for (old, mut node) in self.nodes.into_iter().enumerate().filter(|(old, _)| needed[*old]) {
            node.inputs = node.inputs.iter().filter_map(|&input| ids[input]).collect();
            ids[old] = Some(nodes.len());
            nodes.push(node);
        }
        let outputs = self.outputs.iter().filter_map(|&output| ids[output]).collect();
        let inputs = self.inputs.iter().map(|input| input.and_then(|input| ids[input])).collect();
        Graph { nodes, outputs, inputs }
    }

    fn needed(&self) -> Vec<bool> {
        let mut needed = vec![false; self.nodes.len()];
        self.outputs.iter().for_each(|&output| needed[output] = true);
        for id in (0..self.nodes.len()).rev() {
            if needed[id] {
                self.nodes[id].inputs.iter().for_each(|&input| needed[input] = true);
            }
        }
        needed
    }
}

/// One line a node: `%7 = tanh(%5) f32[500, 800]`.
impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (id, node) in self.nodes.iter().enumerate() {
            let inputs: Vec<String> = node.inputs.iter().map(|input| format!("%{input}")).collect();
            let name = match node.op {
                Op::Output(which) => format!("output {which}"),
                _ => node.op.rule().name(),
            };
            write!(f, "%{id} = {name}({}) {}{:?}", inputs.join(", "), node.element, node.shape)?;
            match &node.name {
                Some(name) => writeln!(f, "  # {name}")?,
                None => writeln!(f)?,
            }
        }
        let outputs: Vec<String> = self.outputs.iter().map(|output| format!("%{output}")).collect();
        writeln!(f, "return {}", outputs.join(", "))
    }
}

/// A graph in the making. Adding what is there already gives the node that is there: common subexpressions are shared.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    pub nodes: Vec<Node>,
    /// The last node of each hash,
    last: HashMap<u64, Id>,
    /// and for each node the one before it of the same hash.
    before: Vec<Option<Id>>,
}

/// A hash of what makes two nodes the same computation: the op, its inputs and the type.
fn hash(op: &Op, inputs: &[Id], element: ElementType, shape: &[usize]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (op, inputs, element, shape).hash(&mut hasher);
    hasher.finish()
}

impl Builder {
    /// An operation whose element type is that of its last input.
    pub fn add(&mut self, op: impl Into<Op>, inputs: Vec<Id>, shape: Vec<usize>) -> Id {
        let element = inputs.last().map_or(ElementType::F32, |&input| self.element(input));
        self.add_typed(op, inputs, element, shape)
    }

    pub fn add_typed(
        &mut self,
        op: impl Into<Op>,
        inputs: Vec<Id>,
        element: ElementType,
        shape: Vec<usize>,
    ) -> Id {
        self.push(Node { op: op.into(), inputs, element, shape, others: Vec::new(), name: None, place: None })
    }

    /// The node of the same computation, or this one.
    pub fn push(&mut self, node: Node) -> Id {
        let hash = hash(&node.op, &node.inputs, node.element, &node.shape);
        self.with_hash(hash, &node.op, &node.inputs, node.array_type()).unwrap_or_else(|| {
            let id = self.nodes.len();
            self.nodes.push(node);
            self.before.push(self.last.insert(hash, id));
            id
        })
    }

    /// The values of an operation that has several, one node each.
    pub fn values(
        &mut self,
        op: impl Into<Op>,
        inputs: Vec<Id>,
        types: &[(ElementType, Vec<usize>)],
    ) -> Vec<Id> {
        let (element, shape) = types[0].clone();
        let node = Node {
            op: op.into(),
            inputs,
            element,
            shape,
            others: types[1..].to_vec(),
            name: None,
            place: None,
        };
        let all = self.push(node);
        let value = |(which, (element, shape)): (usize, &(ElementType, Vec<usize>))| {
            self.add_typed(Op::Output(which), vec![all], *element, shape.clone())
        };
        types.iter().enumerate().map(value).collect()
    }

    fn with_hash(&self, hash: u64, op: &Op, inputs: &[Id], of: ArrayType<'_>) -> Option<Id> {
        let mut next = self.last.get(&hash).copied();
        while let Some(id) = next {
            let node = &self.nodes[id];
            if node.inputs == inputs && node.array_type() == of && node.op == *op {
                return Some(id);
            }
            next = self.before[id];
        }
        None
    }

    /// The node of a computation that is there already.
    pub fn find(
        &self,
        op: impl Into<Op>,
        inputs: &[Id],
        element: ElementType,
        shape: &[usize],
    ) -> Option<Id> {
        let op = op.into();
        self.with_hash(hash(&op, inputs, element, shape), &op, inputs, ArrayType { element, shape })
    }

    pub fn node(&self, id: Id) -> &Node {
        &self.nodes[id]
    }

    pub fn shape(&self, id: Id) -> &[usize] {
        &self.nodes[id].shape
    }

    pub fn element(&self, id: Id) -> ElementType {
        self.nodes[id].element
    }

    pub fn constant(&mut self, value: AnyTensor) -> Id {
        let (element, shape) = (value.element_type(), value.shape().to_vec());
        self.add_typed(Op::Constant(Constant(value)), Vec::new(), element, shape)
    }

    /// A number of an element type.
    pub fn scalar(&mut self, element: ElementType, value: f64) -> Id {
        self.constant(
            with_type!(element, T => Tensor::<T>::scalar(bayeux_tensor::Element::from_f64(value)).into()),
        )
    }

    /// The node repeated to a shape.
    pub fn broadcast(&mut self, id: Id, shape: &[usize]) -> Id {
        if self.shape(id) == shape { id } else { self.add(Broadcast, vec![id], shape.to_vec()) }
    }

    /// The node in another shape of the same number of elements.
    pub fn reshape(&mut self, id: Id, shape: &[usize]) -> Id {
        if self.shape(id) == shape { id } else { self.add(Reshape, vec![id], shape.to_vec()) }
    }

    /// One number of another node's element type everywhere.
    pub fn full_like(&mut self, id: Id, value: f64, shape: &[usize]) -> Id {
        self.full(self.element(id), value, shape)
    }

    /// One number of an element type everywhere.
    pub fn full(&mut self, element: ElementType, value: f64, shape: &[usize]) -> Id {
        let scalar = self.scalar(element, value);
        self.broadcast(scalar, shape)
    }
}
