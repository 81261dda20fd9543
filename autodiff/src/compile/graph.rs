//! The Wengert list: operations in order, each later than what it reads, at concrete sizes.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use bayeux_tensor::{Float, Tensor};

use crate::dim::Sizes;
use crate::expr::{Key, topological};
use crate::ops::{Broadcast, Constant, Op, Reshape};
use crate::{Error, Expr};

/// A node's place in the list.
pub(crate) type Id = usize;

#[derive(Clone, Debug)]
pub(crate) struct Node<T: Float> {
    pub op: Op<T>,
    pub inputs: Vec<Id>,
    pub shape: Vec<usize>,
    pub name: Option<Arc<str>>,
}

/// The list, and which of its values are wanted.
#[derive(Clone, Debug)]
pub(crate) struct Graph<T: Float> {
    pub nodes: Vec<Node<T>>,
    pub outputs: Vec<Id>,
    /// The function's inputs, by position; `None` for one that nothing needs.
    pub inputs: Vec<Option<Id>>,
}

impl<T: Float> Graph<T> {
    /// Writes expressions out at concrete sizes. Dimensions become numbers, and what only stops gradients goes.
    pub fn trace(roots: &[Expr<T>], inputs: &[Expr<T>], sizes: &Sizes) -> Result<Graph<T>, Error> {
        let free = |symbol: Arc<str>| Error::FreeDimension(symbol.to_string());
        let mut builder = Builder::default();
        let mut ids: HashMap<Key, Id> = HashMap::new();
        let declared: HashSet<Key> = inputs.iter().map(Expr::key).collect();
        for expr in topological(roots) {
            let shape = expr.shape().resolve(sizes).map_err(free)?;
            let arguments: Vec<Id> = expr.inputs().iter().map(|input| ids[&input.key()]).collect();
            let id = match expr.op() {
                Op::StopGradient(_) => arguments[0],
                Op::Size(dim) => builder.scalar(dim.resolve(sizes).map_err(free)? as f64),
                op @ Op::Input(_) => {
                    if !declared.contains(&expr.key()) {
                        return Err(Error::MissingInput(expr.name().unwrap_or("unnamed").into()));
                    }
                    builder.add(op.clone(), Vec::new(), shape)
                }
                op => builder.add(op.clone(), arguments, shape),
            };
            if let (Some(name), None) = (expr.name(), &builder.nodes[id].name) {
                builder.nodes[id].name = Some(name.into());
            }
            ids.insert(expr.key(), id);
        }
        Ok(Graph {
            nodes: builder.nodes,
            outputs: roots.iter().map(|root| ids[&root.key()]).collect(),
            inputs: inputs.iter().map(|input| ids.get(&input.key()).copied()).collect(),
        })
    }

    /// Rebuilds the graph node by node in order, keeping only what the outputs need. `rewrite` is told each node with
    /// its inputs already rewritten, and adds to the new graph what stands for it.
    pub fn rebuild(&self, mut rewrite: impl FnMut(&mut Builder<T>, &Node<T>) -> Id) -> Graph<T> {
        self.rebuild_from(|builder, node, _| rewrite(builder, node))
    }

    /// [`rebuild`](Self::rebuild), where `rewrite` is also told the node's id in this graph.
    pub fn rebuild_from(&self, mut rewrite: impl FnMut(&mut Builder<T>, &Node<T>, Id) -> Id) -> Graph<T> {
        let needed = self.needed();
        let mut builder = Builder::default();
        let mut ids: Vec<Option<Id>> = vec![None; self.nodes.len()];
        for (old, node) in self.nodes.iter().enumerate().filter(|(old, _)| needed[*old]) {
            // Inputs come before their readers and are needed with them.
            let inputs = node.inputs.iter().filter_map(|&input| ids[input]).collect();
            let (op, shape, name) = (node.op.clone(), node.shape.clone(), node.name.clone());
            let node = Node { op, inputs, shape, name };
            let id = rewrite(&mut builder, &node, old);
            if builder.nodes[id].name.is_none() {
                builder.nodes[id].name = node.name;
            }
            ids[old] = Some(id);
        }
        let outputs = self.outputs.iter().filter_map(|&output| ids[output]).collect();
        let inputs = self.inputs.iter().map(|input| input.and_then(|input| ids[input])).collect();
        Graph { nodes: builder.nodes, outputs, inputs }.prune()
    }

    /// Drops what no output needs.
    fn prune(self) -> Graph<T> {
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

/// One line a node: `%7 = tanh(%5) [500, 800]`.
impl<T: Float> fmt::Display for Graph<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (id, node) in self.nodes.iter().enumerate() {
            let inputs: Vec<String> = node.inputs.iter().map(|input| format!("%{input}")).collect();
            write!(f, "%{id} = {}({}) {:?}", node.op.rule().name(), inputs.join(", "), node.shape)?;
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
#[derive(Debug)]
pub(crate) struct Builder<T: Float> {
    pub nodes: Vec<Node<T>>,
    /// The last node of each hash,
    last: HashMap<u64, Id>,
    /// and for each node the one before it of the same hash.
    before: Vec<Option<Id>>,
}

impl<T: Float> Default for Builder<T> {
    fn default() -> Self {
        Builder { nodes: Vec::new(), last: HashMap::new(), before: Vec::new() }
    }
}

/// A hash of what makes two nodes the same computation: the op, its inputs and the shape.
fn hash<T: Float>(op: &Op<T>, inputs: &[Id], shape: &[usize]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (op, inputs, shape).hash(&mut hasher);
    hasher.finish()
}

impl<T: Float> Builder<T> {
    pub fn add(&mut self, op: impl Into<Op<T>>, inputs: Vec<Id>, shape: Vec<usize>) -> Id {
        let op = op.into();
        let hash = hash(&op, &inputs, &shape);
        self.with_hash(hash, &op, &inputs, &shape).unwrap_or_else(|| {
            let id = self.nodes.len();
            self.nodes.push(Node { op, inputs, shape, name: None });
            self.before.push(self.last.insert(hash, id));
            id
        })
    }

    fn with_hash(&self, hash: u64, op: &Op<T>, inputs: &[Id], shape: &[usize]) -> Option<Id> {
        let mut next = self.last.get(&hash).copied();
        while let Some(id) = next {
            let node = &self.nodes[id];
            if node.inputs == inputs && node.shape == shape && node.op == *op {
                return Some(id);
            }
            next = self.before[id];
        }
        None
    }

    /// The node of a computation that is there already.
    pub fn find(&self, op: impl Into<Op<T>>, inputs: &[Id], shape: &[usize]) -> Option<Id> {
        let op = op.into();
        self.with_hash(hash(&op, inputs, shape), &op, inputs, shape)
    }

    pub fn node(&self, id: Id) -> &Node<T> {
        &self.nodes[id]
    }

    pub fn shape(&self, id: Id) -> &[usize] {
        &self.nodes[id].shape
    }

    pub fn scalar(&mut self, value: f64) -> Id {
        self.constant(Tensor::scalar(T::from_f64(value)))
    }

    pub fn constant(&mut self, value: Tensor<T>) -> Id {
        let shape = value.shape().to_vec();
        self.add(Op::Constant(Constant(value)), Vec::new(), shape)
    }

    /// The node repeated to a shape.
    pub fn broadcast(&mut self, id: Id, shape: &[usize]) -> Id {
        if self.shape(id) == shape { id } else { self.add(Broadcast, vec![id], shape.to_vec()) }
    }

    /// The node in another shape of the same number of elements.
    pub fn reshape(&mut self, id: Id, shape: &[usize]) -> Id {
        if self.shape(id) == shape { id } else { self.add(Reshape, vec![id], shape.to_vec()) }
    }

    /// One number everywhere.
    pub fn full(&mut self, value: T, shape: &[usize]) -> Id {
        let scalar = self.constant(Tensor::scalar(value));
        self.broadcast(scalar, shape)
    }
}
