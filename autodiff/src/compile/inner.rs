//! Programs inside programs: what an instruction runs that stands for a lambda.

use std::any::Any;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use bayeux_tensor::ElementType;

use super::graph::Graph;
use super::program::{Program, Purpose};
use super::target::Target;
use super::watch::Watch;
use super::{assemble, passes};
use crate::dim::Sizes;
use crate::ops::{Call, Input, Op, Operation};
use crate::stabilise::stabilise;
use crate::{AnyExpr, Error, ValueType};

/// The program of a lambda at concrete sizes.
#[derive(Debug)]
pub(super) struct Inner {
    name: String,
    /// What it was compiled from. Two of which that is the same compute the same.
    traced: Graph,
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

    fn compile(name: String, traced: Graph, target: &Target, watch: &mut Watch) -> Result<Self, Error> {
        let mut graph = passes::rewrite(traced.clone(), passes::Off::by_environment(), watch);
        let needed = |(i, id): (usize, Option<usize>)| id.map(|id| (i, id));
        let needed: Vec<(usize, usize)> =
            graph.inputs.iter().copied().enumerate().filter_map(needed).collect();
        let parameters = needed.iter().map(|&(i, id)| {
            let node = &graph.nodes[id];
            (i, ValueType::new(node.element, node.shape.as_slice()))
        });
        let parameters = parameters.collect();
        graph.inputs = needed.into_iter().map(|(_, id)| Some(id)).collect();
        let program = assemble(graph, &[], false, target, watch)?;
        let mut values: Vec<(usize, (ElementType, Vec<usize>))> = Vec::new();
        let mut outputs = Vec::new();
        for &slot in program.outputs.iter().flatten() {
            let known = values.iter().position(|(value, _)| *value == slot);
            outputs.push(known.unwrap_or(values.len()));
            if let (None, Purpose::Output(element, shape)) = (known, &program.slots[slot]) {
                values.push((slot, (*element, shape.clone())));
            }
        }
        Ok(Inner { name, traced, program: Arc::new(program), parameters, values, outputs })
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
fn same(a: &Graph, b: &Graph) -> bool {
    let alike = |(a, b): (&super::graph::Node, &super::graph::Node)| {
        a.inputs == b.inputs && a.values() == b.values() && a.op == b.op
    };
    a.outputs == b.outputs && a.nodes.len() == b.nodes.len() && a.nodes.iter().zip(&b.nodes).all(alike)
}

fn digest(graph: &Graph) -> u64 {
    let mut hasher = DefaultHasher::new();
    graph.outputs.hash(&mut hasher);
    graph.nodes.iter().for_each(|node| (&node.op, &node.inputs, &node.shape).hash(&mut hasher));
    hasher.finish()
}

/// The inner programs of a program: lambdas that are the same are compiled once.
#[derive(Debug)]
pub(crate) struct Inners<'a> {
    known: HashMap<u64, Vec<Arc<Inner>>>,
    target: &'a Target,
    watch: &'a mut Watch,
}

impl<'a> Inners<'a> {
    pub fn new(target: &'a Target, watch: &'a mut Watch) -> Self {
        Inners { known: HashMap::new(), target, watch }
    }

    /// The program for some of the values of a call.
    pub(super) fn of(&mut self, call: &Call, outputs: &[usize], sizes: &Sizes) -> Result<Arc<Inner>, Error> {
        let (parameters, body) = (call.lambda.parameters(), call.lambda.body());
        let roots: Vec<AnyExpr> = outputs.iter().map(|&output| body[output].clone()).collect();
        let mut traced = Graph::trace(&stabilise(&roots), parameters, sizes, self)?;
        // Numbered, so that it can be compared.
        for (number, id) in traced.inputs.iter().enumerate() {
            if let Some(id) = *id {
                traced.nodes[id].op = Op::Input(Input::numbered(number));
            }
        }
        let known = self.known.entry(digest(&traced)).or_default();
        if let Some(known) = known.iter().find(|known| same(&known.traced, &traced)) {
            return Ok(known.clone());
        }
        let compile = |watch: &mut Watch| Inner::compile(call.name(), traced, self.target, watch);
        let inner = Arc::new(self.watch.inside(call.name(), compile)?);
        known.push(inner.clone());
        Ok(inner)
    }
}

/// An inner program as part of an instruction.
#[derive(Clone, Debug)]
pub(crate) struct Called {
    pub(super) inner: Arc<Inner>,
    /// For each of its slots the one of the program around it, which it is lent.
    pub slots: Vec<(usize, usize)>,
}

impl PartialEq for Called {
    fn eq(&self, other: &Self) -> bool {
        self.slots == other.slots && Run(self.inner.clone()) == Run(other.inner.clone())
    }
}

impl Called {
    pub fn program(&self) -> &Arc<Program> {
        &self.inner.program
    }
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use super::*;
    use crate::compile::compile;
    use crate::compile::instruction::Work;
    use crate::execute::TARGET;
    use crate::expr::all_untyped;
    use crate::{Expr, Shared, checkpoint, grad};

    /// The inner programs of a net of blocks with the slopes of its weights.
    fn inner_programs(blocks: usize) -> Vec<Arc<Inner>> {
        let weights = |i: usize| Shared::new("w", Tensor::full([4, 4], i as f32)).expr();
        let weights: Vec<Expr<f32>> = (0..blocks).map(weights).collect();
        let x = Expr::<f32>::input("x", [5, 4]);
        let block =
            |x: Expr<f32>, w: &Expr<f32>| checkpoint(|x| x[0].matmul(w).tanh().matmul(w).tanh(), &[x]);
        let cost = weights.iter().fold(x.clone(), block).square().sum_all();
        let roots = all_untyped(&grad(&cost, &weights));
        let inputs = all_untyped(std::slice::from_ref(&x));
        let program = compile(&roots, &[], false, &inputs, &Sizes::new(), &TARGET, &mut Watch::start());
        let instructions = program.expect("concrete sizes").instructions.into_iter();
        let inner = instructions.filter_map(|instruction| match instruction.work {
            Work::Call(called) => Some(called.inner),
            _ => None,
        });
        inner.collect()
    }

    #[test]
    fn lambdas_that_are_the_same_are_compiled_once() {
        let inner = inner_programs(10);
        assert_eq!(inner.len(), 20);
        let mut different: Vec<*const Inner> = inner.iter().map(Arc::as_ptr).collect();
        different.sort_unstable();
        different.dedup();
        // The block, its slopes, and those of the first block, which nobody asks of its input.
        assert_eq!(different.len(), 3);
    }
}
