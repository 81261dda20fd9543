//! Which buffer each value lives in, from its first writer to its last reader.

mod loops;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bayeux_tensor::ElementType;

use super::graph::{Graph, Id, Node};
use super::inner::{Called, Inner, Run};
use super::instruction::{Instruction, Read, ReadFrom, Work, Write, WriteTo};
use super::layout::Layout;
use super::program::{Program, Purpose};
use super::repeat::{Feed, Looped, Repeated, Yield};
use super::slots::Slots;
use super::unit::{Unit, drawn_in_loops};
use crate::ops::{Constant, Op};
use crate::{ArrayType, Shared, Untyped};

/// Turns units into instructions and gives every value its slot. A slot is free again when the last reader of its value
/// has run; outputs keep theirs. `updated` are the variables of the last outputs.
pub(super) fn plan(
    graph: &Graph,
    layouts: &[Layout],
    units: &[Unit],
    in_place: HashMap<Id, Id>,
    updated: &[Shared<Untyped>],
) -> Program {
    let mut plan = Plan {
        graph,
        layouts,
        drawn: drawn_in_loops(graph, layouts),
        in_place,
        program: Program::default(),
        sources: HashMap::new(),
        slots: Slots::default(),
        unread: Vec::new(),
    };
    plan.leaves(updated.len());
    let read_last = plan.read_last(units);
    let stored = plan.stored(units);
    for (position, unit) in units.iter().enumerate() {
        plan.unit(unit, &stored[position]);
        for id in &read_last[position] {
            if let Some(&ReadFrom::Slot(slot)) = plan.sources.get(id) {
                plan.slots.release(slot);
            }
        }
    }
    plan.finish(updated)
}

/// Where an inner program leaves a value.
fn slot_of(write: &Write) -> usize {
    match write.to {
        WriteTo::Slot(slot) => slot,
        WriteTo::Shared(_) => unreachable!("only loops and scattering write in place"),
    }
}

struct Plan<'a> {
    graph: &'a Graph,
    layouts: &'a [Layout],
    /// The noise that loops draw for themselves.
    drawn: Vec<bool>,
    /// New values that are written over a variable's old one, see [`in_place`](super::in_place::in_place).
    in_place: HashMap<Id, Id>,
    program: Program,
    /// Where each value with a buffer of its own is.
    sources: HashMap<Id, ReadFrom>,
    slots: Slots,
    /// Slots of values of the present unit that nobody reads.
    unread: Vec<usize>,
}

impl Plan<'_> {
    /// Inputs, variables and constants are where they are; outputs, of which the last are updates, get their slots first.
    fn leaves(&mut self, updates: usize) {
        let mut positions: HashMap<Id, usize> = HashMap::new();
        for (position, id) in self.graph.inputs.iter().enumerate() {
            id.map(|id| positions.entry(id).or_insert(position));
        }
        for (id, node) in self.graph.nodes.iter().enumerate() {
            let source = match &node.op {
                Op::Input(_) => positions.get(&id).map(|&position| ReadFrom::Input(position)),
                Op::Shared(shared) => {
                    self.program.shareds.push(shared.clone());
                    Some(ReadFrom::Shared(self.program.shareds.len() - 1))
                }
                Op::Constant(Constant(value)) => {
                    self.program.constants.push(value.contiguous());
                    Some(ReadFrom::Constant(self.program.constants.len() - 1))
                }
                _ => None,
            };
            self.sources.extend(source.map(|source| (id, source)));
        }
        let outputs = self.graph.outputs.len() - updates;
        let updates: HashSet<Id> = self.graph.outputs[outputs..].iter().copied().collect();
        for &output in &self.graph.outputs {
            if self.in_place.contains_key(&output) {
                self.program.outputs.push(None);
                continue;
            }
            let slot = match self.sources.get(&output) {
                Some(&ReadFrom::Slot(slot)) => slot,
                _ => {
                    let Node { element, shape, .. } = &self.graph.nodes[output];
                    let purpose = if updates.contains(&output) { Purpose::Update } else { Purpose::Output };
                    self.program.slots.push(purpose(*element, shape.clone()));
                    self.slots.output()
                }
            };
            self.sources.insert(output, ReadFrom::Slot(slot));
            self.program.outputs.push(Some(slot));
        }
    }

    /// For each unit the values in buffers of which it is the last reader (or the writer, if none reads them).
    fn read_last(&self, units: &[Unit]) -> Vec<Vec<Id>> {
        let mut last = vec![None; self.graph.nodes.len()];
        for (position, unit) in units.iter().enumerate() {
            for &member in &unit.members {
                last[member] = Some(position);
                for &input in &self.graph.nodes[member].inputs {
                    last[self.layouts[input].root] = Some(position);
                }
            }
        }
        let mut read_last = vec![Vec::new(); units.len()];
        for (id, position) in last.into_iter().enumerate() {
            if let Some(position) = position {
                read_last[position].push(id);
            }
        }
        read_last
    }

    /// For each unit the values that it must store: those that are outputs or read by a unit which does not compute them. Of
    /// several units that compute a value, the first stores it.
    fn stored(&self, units: &[Unit]) -> Vec<HashSet<Id>> {
        let mut first: HashMap<Id, usize> = HashMap::new();
        for (position, unit) in units.iter().enumerate() {
            unit.members.iter().for_each(|&member| {
                first.entry(member).or_insert(position);
            });
        }
        let mut stored = vec![HashSet::new(); units.len()];
        let mut store = |root: Id| {
            if let Some(&position) = first.get(&root) {
                stored[position].insert(root);
            }
        };
        for unit in units {
            // A view is read from the buffer, even if the unit computes again what is in it.
            let inputs = unit.members.iter().flat_map(|&member| &self.graph.nodes[member].inputs);
            let outside = inputs.filter(|input| !unit.members.contains(input));
            outside.for_each(|&input| store(self.layouts[input].root));
        }
        self.graph.outputs.iter().copied().for_each(store);
        stored
    }

    fn unit(&mut self, unit: &Unit, to_store: &HashSet<Id>) {
        let instruction = match &unit.space {
            Some(space) => self.element_wise(unit, space, to_store),
            None => self.single(unit.members[0], &unit.members[1..]),
        };
        self.program.instructions.push(instruction);
        self.unread.drain(..).for_each(|slot| self.slots.release(slot));
    }

    /// An operation with a kernel of its own; `values` are the nodes of its values, if it has several.
    fn single(&mut self, id: Id, values: &[Id]) -> Instruction {
        let node = &self.graph.nodes[id];
        let label = node.op.rule().name();
        let origins = self.origins(&[id]);
        let wanted = node.values();
        let writes: Vec<Write> = match node.others.is_empty() {
            true => vec![self.write(id)],
            false => {
                wanted.iter().enumerate().map(|(which, of)| self.write_value(values, which, *of)).collect()
            }
        };
        let work = match (Run::of(&node.op), Repeated::of(&node.op), &node.op) {
            (Some(inner), _, _) => self.call(inner, &writes),
            (None, Some(repeated), _) => self.repeat(repeated, &writes),
            (None, None, Op::Noise(noise)) => Work::Noise(*noise),
            (None, None, op) => {
                let types = wanted.iter().map(|of| (of.element, of.shape.to_vec()));
                Work::Op(op.clone(), types.collect())
            }
        };
        let reads = node.inputs.iter().map(|&input| self.read(input)).collect();
        Instruction { work, reads, writes, label, origins }
    }

    /// A program inside this one, which it lends slots.
    fn call(&mut self, inner: &Arc<Inner>, writes: &[Write]) -> Work {
        let slots = inner.values.iter().map(|(slot, _)| *slot).zip(writes.iter().map(slot_of)).collect();
        self.lend(inner, slots, None)
    }

    /// A loop inside this program. A value of which the last is wanted is computed where it goes to; one that is carried on has two
    /// slots, in turn.
    fn repeat(&mut self, Repeated { inner, repeat }: &Repeated, writes: &[Write]) -> Work {
        let (mut slots, mut spares) = (Vec::new(), Vec::new());
        for (value, (within, (element, shape))) in inner.values.iter().enumerate() {
            let len = shape.iter().product();
            let last = |of: &Yield| matches!(of, Yield::Last { value: last, .. } if *last == value);
            let outside = match repeat.yields.iter().position(last) {
                Some(write) => slot_of(&writes[write]),
                None => self.take_for_now(*element, len),
            };
            slots.push((*within, outside));
            if repeat.feeds.contains(&Feed::Carried(value)) {
                spares.push((value, self.take_for_now(*element, len)));
            }
        }
        self.lend(inner, slots, Some(Looped { repeat: repeat.clone(), spares }))
    }

    fn lend(&mut self, inner: &Arc<Inner>, mut slots: Vec<(usize, usize)>, repeat: Option<Looped>) -> Work {
        for (within, (element, len)) in inner.scratch() {
            slots.push((within, self.take_for_now(element, len)));
        }
        Work::Call(Called { inner: inner.clone(), slots, repeat })
    }

    /// A slot for the present instruction alone.
    fn take_for_now(&mut self, element: ElementType, len: usize) -> usize {
        let slot = self.slots.take(element, len);
        self.unread.push(slot);
        slot
    }

    /// Where one of several values goes: to a buffer that is free again at once, if nobody reads it.
    fn write_value(&mut self, values: &[Id], which: usize, of: ArrayType<'_>) -> Write {
        let value = values.iter().find(|&&value| self.graph.nodes[value].op == Op::Output(which));
        if let Some(&value) = value {
            return self.write(value);
        }
        let slot = self.take_for_now(of.element, of.len());
        Write { of: None, to: WriteTo::Slot(slot), element: of.element, len: of.len() }
    }

    /// The names and lines of the user's code that some nodes come from.
    fn origins(&self, ids: &[Id]) -> Vec<String> {
        let of = |&id: &Id| {
            let Node { name, place, .. } = &self.graph.nodes[id];
            match (name, place) {
                (Some(name), Some(place)) => Some(format!("`{name}` ({place})")),
                (Some(name), None) => Some(format!("`{name}`")),
                (None, Some(place)) => Some(place.to_string()),
                (None, None) => None,
            }
        };
        let mut origins: Vec<String> = ids.iter().filter_map(of).collect();
        origins.dedup();
        origins
    }

    fn read(&self, id: Id) -> Read {
        let layout = &self.layouts[id];
        Read {
            of: layout.root,
            from: self.sources[&layout.root],
            element: self.graph.nodes[id].element,
            offset: layout.offset,
            shape: self.graph.nodes[id].shape.clone(),
            strides: layout.strides.clone(),
        }
    }

    fn write(&mut self, id: Id) -> Write {
        let ArrayType { element, .. } = self.graph.nodes[id].array_type();
        let len = self.graph.nodes[id].shape.iter().product();
        if let Some(ReadFrom::Shared(shared)) = self.in_place.get(&id).map(|old| self.sources[old]) {
            return Write { of: Some(id), to: WriteTo::Shared(shared), element, len };
        }
        let slot = match self.sources.get(&id) {
            Some(&ReadFrom::Slot(slot)) => slot,
            _ => self.slots.take(element, len),
        };
        self.sources.insert(id, ReadFrom::Slot(slot));
        Write { of: Some(id), to: WriteTo::Slot(slot), element, len }
    }

    fn finish(mut self, updated: &[Shared<Untyped>]) -> Program {
        // Outputs have theirs; they come first.
        let outputs = self.program.slots.len();
        let scratch = self.slots.capacities().skip(outputs);
        self.program.slots.extend(scratch.flatten().map(|(element, len)| Purpose::Scratch(element, len)));
        self.program.updated = updated.to_vec();
        self.program
    }
}
