//! How lambdas become programs inside programs: by the same passes, each once.

use std::collections::HashMap;
use std::sync::Arc;

use bayeux_tensor::ElementType;

use super::assemble::assemble;
use super::graph::Graph;
use super::inner::{Inner, digest, same};
use super::passes;
use super::program::Purpose;
use super::target::Target;
use super::watch::Watch;
use crate::dim::Sizes;
use crate::lambda::Lambda;
use crate::ops::{Input, Op};
use crate::stabilise::stabilise;
use crate::{AnyExpr, Error, ValueType};

impl Inner {
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

    /// The program for some of the values of a lambda.
    pub(super) fn of(
        &mut self,
        name: String,
        lambda: &Lambda,
        outputs: &[usize],
        sizes: &Sizes,
    ) -> Result<Arc<Inner>, Error> {
        let (parameters, body) = (lambda.parameters(), lambda.body());
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
        let compile = |watch: &mut Watch| Inner::compile(name.clone(), traced, self.target, watch);
        let inner = Arc::new(self.watch.inside(name.clone(), compile)?);
        known.push(inner.clone());
        Ok(inner)
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
