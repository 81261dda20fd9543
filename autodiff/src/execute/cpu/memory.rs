//! What a program runs in: buffers, and the values of variables that it has seen.

use std::sync::Arc;

use bayeux_tensor::{AnySlice, AnySliceMut, AnyTensor, Storage};

use super::code::{CpuCode, Does, Numbers};
use crate::compile::{Program, Purpose};
use crate::kernel::Scratch;
use crate::shared::Seen;
use crate::{Shared, Untyped};

/// The memory of one run of a program at a time. Which of several a program runs in makes no difference.
#[derive(Debug)]
pub(crate) struct Memory {
    /// Buffers; one is missing only while an instruction writes to it.
    pub slots: Vec<Option<Box<Slot>>>,
    /// Those that the present instruction writes to: room for as many as there are in any.
    pub taken: Vec<Option<Box<Slot>>>,
    /// Working space, which each instruction needs for itself only.
    pub space: Space,
    /// The variables' values during a run.
    pub values: Vec<Seen>,
    /// What inner programs run in, one for each instruction that has one.
    pub inner: Vec<Memory>,
}

/// Working space of both float types; a program that computes in one of them has none of the other.
#[derive(Debug)]
pub(crate) struct Space {
    single: Storage<f32>,
    double: Storage<f64>,
}

impl Space {
    /// So many numbers, at most as many as there are.
    pub fn scratch(&mut self, numbers: Numbers) -> Scratch<'_> {
        Scratch { single: &mut self.single[..numbers.single], double: &mut self.double[..numbers.double] }
    }
}

/// A buffer.
#[derive(Debug)]
pub(crate) enum Slot {
    /// For values that come and go, or an output.
    Own(AnyTensor),
    /// For the new value of a variable, and perhaps an output.
    Update(Arc<AnyTensor>),
}

impl Slot {
    fn new(purpose: &Purpose) -> Self {
        match purpose {
            Purpose::Scratch(element, len) => Slot::Own(AnyTensor::zeros(*element, [*len])),
            Purpose::Output(element, shape) => Slot::Own(AnyTensor::zeros(*element, shape)),
            Purpose::Update(element, shape) => Slot::Update(Arc::new(AnyTensor::zeros(*element, shape))),
        }
    }

    pub fn elements(&self) -> AnySlice<'_> {
        match self {
            Slot::Own(tensor) => tensor.as_slice().unwrap_or_default(),
            Slot::Update(tensor) => tensor.as_slice().unwrap_or_default(),
        }
    }

    /// The elements for writing. If somebody still holds the last result it is left to them, and these are others.
    pub fn elements_mut(&mut self) -> AnySliceMut<'_> {
        match self {
            Slot::Own(tensor) => tensor.make_mut(),
            Slot::Update(tensor) => Arc::make_mut(tensor).make_mut(),
        }
    }
}

impl Memory {
    /// What a program needs.
    pub fn new(code: &CpuCode) -> Self {
        let mut memory = Memory::lent(code);
        for (slot, purpose) in memory.slots.iter_mut().zip(&code.program.slots) {
            *slot = Some(Box::new(Slot::new(purpose)));
        }
        memory.space = Space {
            single: Storage::zeros(code.scratch.single),
            double: Storage::zeros(code.scratch.double),
        };
        memory
    }

    /// The same without buffers and working space, which others lend.
    fn lent(code: &CpuCode) -> Self {
        let program = &code.program;
        let most = program.instructions.iter().map(|instruction| instruction.writes.len()).max().unwrap_or(0);
        let inner = code.steps.iter().filter_map(|step| match &step.does {
            Does::Call { code, .. } => Some(Memory::lent(code)),
            _ => None,
        });
        Memory {
            slots: program.slots.iter().map(|_| None).collect(),
            taken: (0..most).map(|_| None).collect(),
            space: Space { single: Storage::zeros(0), double: Storage::zeros(0) },
            values: program.shareds.iter().map(|_| Seen::default()).collect(),
            inner: inner.collect(),
        }
    }

    /// The value of output `i` after a run.
    pub fn output(&self, program: &Program, i: usize) -> &AnyTensor {
        match program.outputs[i].and_then(|slot| self.slots[slot].as_deref()) {
            Some(Slot::Own(tensor)) => tensor,
            Some(Slot::Update(tensor)) => tensor,
            None => unreachable!("outputs have slots of their own"),
        }
    }

    /// Gives a variable the value in a slot, which is that of one output `alone` or needed elsewhere too.
    pub fn update(&mut self, slot: usize, alone: bool, shared: &Shared<Untyped>) {
        let Some(Slot::Update(tensor)) = self.slots[slot].as_deref_mut() else {
            unreachable!("updates have slots of their own")
        };
        if alone {
            shared.swap(tensor);
        } else {
            shared.set(AnyTensor::clone(tensor));
        }
    }

    /// Bytes held in buffers.
    pub fn bytes(&self) -> usize {
        let slots = self.slots.iter().flatten().map(|slot| slot.elements().bytes());
        slots.sum::<usize>() + size_of_val(&self.space.single[..]) + size_of_val(&self.space.double[..])
    }
}
