//! Loops as instructions.

use std::collections::{HashMap, HashSet};

use bayeux_tensor::fused::Reduce;

use super::Plan;
use crate::compile::element_wise::{ElementWise, Line, Reduction, Store};
use crate::compile::epilogue::product_of;
use crate::compile::graph::Id;
use crate::compile::instruction::{Instruction, Work};
use crate::compile::layout::Layout;
use crate::compile::unit::Unit;
use crate::ops::{Constant, Op};

impl Plan<'_> {
    /// The instruction of a loop, which stores some of its values.
    pub(super) fn element_wise(
        &mut self,
        unit: &Unit,
        space: &[usize],
        to_store: &HashSet<Id>,
    ) -> Instruction {
        let mut all = ElementWise::new(self.graph.nodes[unit.members[0]].element, space);
        let mut values: HashMap<Id, usize> = HashMap::new();
        let mut operands: HashMap<&Layout, usize> = HashMap::new();
        let mut reads = Vec::new();
        let (mut stored, mut reduced) = (Vec::new(), Vec::new());
        let mut names = Vec::new();
        if let Some(id) = unit.product {
            let node = &self.graph.nodes[id];
            all.product = product_of(self.graph, id);
            reads.extend(node.inputs.iter().map(|&factor| self.read(factor)));
            values.insert(id, all.push(Line::Product));
            names.push(node.op.rule().name());
        }
        for &id in unit.members.iter().filter(|&&id| Some(id) != unit.product) {
            let node = &self.graph.nodes[id];
            let mut arguments = Vec::with_capacity(node.inputs.len());
            for input in &node.inputs {
                let value = match values.get(input) {
                    Some(&value) => value,
                    None => match &self.graph.nodes[*input].op {
                        Op::Noise(drawn) if self.drawn[*input] => {
                            names.push(self.graph.nodes[*input].op.rule().name());
                            let value = all.push(Line::Noise(*drawn));
                            values.insert(*input, value);
                            value
                        }
                        _ => {
                            let layout = &self.layouts[*input];
                            *operands.entry(layout).or_insert_with(|| {
                                all.push(match &self.graph.nodes[layout.root].op {
                                    Op::Constant(Constant(number)) if number.len() == 1 => {
                                        Line::Number(number.item_f64())
                                    }
                                    _ => {
                                        reads.push(self.read(*input));
                                        Line::Operand(reads.len() - 1)
                                    }
                                })
                            })
                        }
                    },
                };
                arguments.push(value);
            }
            names.push(node.op.rule().name());
            let value = match (&node.op, arguments.as_slice()) {
                (Op::Unary(op), &[x]) => all.push(Line::Unary(*op, x)),
                (Op::Binary(op), &[x, y]) => all.push(Line::Binary(*op, x, y)),
                (Op::Select(_), &[c, x, y]) => all.push(Line::Select(c, x, y)),
                (Op::Copy, &[x]) => x,
                (Op::Sum(op), &[value]) => {
                    all.reductions.push(Reduction { kind: Reduce::Sum, value, axes: op.0.clone() });
                    reduced.push(id);
                    continue;
                }
                (Op::Max(op), &[value]) => {
                    all.reductions.push(Reduction { kind: Reduce::Max, value, axes: op.0.clone() });
                    reduced.push(id);
                    continue;
                }
                _ => unreachable!("{} is not part of a loop", node.op.rule().name()),
            };
            values.insert(id, value);
            if to_store.contains(&id) && !self.in_place.contains_key(&id) {
                all.stores.push(Store { value, over: None });
                stored.push(id);
            }
        }
        // Over an operand, once all of them are known.
        for &id in unit.members.iter().filter(|id| to_store.contains(id)) {
            if let Some(&old) = self.in_place.get(&id) {
                all.stores.push(Store { value: values[&id], over: Some(operands[&self.layouts[old]]) });
                stored.push(id);
            }
        }
        let kept = unit.product.filter(|id| to_store.contains(id) && !self.in_place.contains_key(id));
        all.keeps_product = kept.is_some();
        let writes = kept.into_iter().chain(stored).chain(reduced).map(|id| self.write(id)).collect();
        let (label, origins) = (names.join(", "), self.origins(&unit.members));
        Instruction { work: Work::ElementWise(all), reads, writes, label, origins }
    }
}
