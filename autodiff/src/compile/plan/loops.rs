//! Loops as instructions.

use std::collections::{HashMap, HashSet};

use bayeux_tensor::Float;
use bayeux_tensor::fused::{Fused, FusedBuilder, Product, Reduce, Value};

use super::Plan;
use crate::compile::arithmetic;
use crate::compile::epilogue::product_of;
use crate::compile::fuse::Unit;
use crate::compile::graph::Id;
use crate::compile::instruction::{AnyFused, Instruction, Kept, Work};
use crate::compile::layout::Layout;
use crate::ops::{Constant, NoiseKind, Op, Operation};

/// What will be an instruction.
pub(super) enum Planned {
    Kernel(Instruction),
    /// What it is once the next loop in single precision is built,
    Single(OnceBuilt<f32>),
    /// or in double precision.
    Double(OnceBuilt<f64>),
}

/// The instruction of a loop that is built.
pub(super) type OnceBuilt<T> = Box<dyn FnOnce(Fused<T>) -> Instruction>;

impl Plan<'_> {
    /// A loop in the making, and what makes an instruction of it once it is built.
    pub(super) fn fused<T: Float>(
        &mut self,
        unit: &Unit,
        space: &[usize],
        to_store: &HashSet<Id>,
        any: fn(Box<Fused<T>>) -> AnyFused,
    ) -> (FusedBuilder<T>, OnceBuilt<T>) {
        let mut builder = FusedBuilder::<T>::new(space);
        let mut values: HashMap<Id, Value> = HashMap::new();
        let mut operands: HashMap<&Layout, Value> = HashMap::new();
        let (mut reads, mut noise) = (Vec::new(), Vec::new());
        let (mut stored, mut reduced) = (Vec::new(), Vec::new());
        let mut names = Vec::new();
        let mut terms = 0;
        if let Some(id) = unit.product {
            let node = &self.graph.nodes[id];
            let Some(product) = product_of(self.graph, id) else { unreachable!("a unit's product is one") };
            terms = match product {
                Product::Matrices(terms) => terms,
                Product::Images(s) => s.in_channels() * s.kernel()[0] * s.kernel()[1],
            };
            reads.extend(node.inputs.iter().map(|&factor| self.read(factor)));
            values.insert(id, builder.product(product));
            names.push(node.op.rule().name());
        }
        for &id in unit.members.iter().filter(|&&id| Some(id) != unit.product) {
            let node = &self.graph.nodes[id];
            let arguments: Vec<Value> = node
                .inputs
                .iter()
                .map(|input| {
                    let layout = &self.layouts[*input];
                    if let Some(value) = values.get(input) {
                        return *value;
                    }
                    if let (true, Op::Noise(drawn)) = (self.drawn[*input], &self.graph.nodes[*input].op) {
                        let value = match drawn.kind {
                            NoiseKind::Normal => builder.normal(),
                            NoiseKind::Uniform => builder.uniform(),
                        };
                        noise.push(*drawn);
                        names.push(drawn.name());
                        values.insert(*input, value);
                        return value;
                    }
                    *operands.entry(layout).or_insert_with(|| match &self.graph.nodes[layout.root].op {
                        Op::Constant(Constant(number)) if number.len() == 1 => {
                            builder.constant(number.get::<T>().item())
                        }
                        _ => {
                            reads.push(self.read(*input));
                            builder.operand(&layout.strides)
                        }
                    })
                })
                .collect();
            names.push(node.op.rule().name());
            let value = match (&node.op, arguments.as_slice()) {
                (Op::Unary(op), &[x]) => arithmetic::unary(&mut builder, *op, x),
                (Op::Binary(op), &[x, y]) => arithmetic::binary(&mut builder, *op, x, y),
                (Op::Select(_), &[c, x, y]) => builder.select(c, x, y),
                (Op::Copy, &[x]) => x,
                (Op::Sum(op), &[x]) => {
                    builder.reduce(Reduce::Sum, x, &op.0);
                    reduced.push(id);
                    continue;
                }
                (Op::Max(op), &[x]) => {
                    builder.reduce(Reduce::Max, x, &op.0);
                    reduced.push(id);
                    continue;
                }
                _ => unreachable!("{} is not part of a loop", node.op.rule().name()),
            };
            values.insert(id, value);
            if to_store.contains(&id) && !self.in_place.contains_key(&id) {
                builder.store(value);
                stored.push(id);
            }
        }
        // Over an operand, once all of them are known.
        for &id in unit.members.iter().filter(|id| to_store.contains(id)) {
            if let Some(&old) = self.in_place.get(&id) {
                builder.store_over(values[&id], operands[&self.layouts[old]]);
                stored.push(id);
            }
        }
        let stores = stored.len();
        let kept = unit.product.filter(|id| to_store.contains(id) && !self.in_place.contains_key(id));
        let product = unit.product.map(|_| if kept.is_some() { Kept::Yes } else { Kept::No });
        let writes = kept.into_iter().chain(stored).chain(reduced).map(|id| self.write(id)).collect();
        let copies = unit.members.iter().filter(|&&id| matches!(self.graph.nodes[id].op, Op::Copy)).count();
        let operations = unit.members.len() - copies - usize::from(unit.product.is_some());
        let flops = (operations + 2 * terms) * space.iter().product::<usize>();
        let label = names.join(", ");
        let origins = self.origins(&unit.members);
        let instruction = move |fused: Fused<T>| {
            let scratch = (T::TYPE, fused.scratch());
            let work = Work::Loop { fused: any(Box::new(fused)), noise, stores, product };
            Instruction { work, reads, writes, scratch, flops, label, origins }
        };
        (builder, Box::new(instruction))
    }
}
