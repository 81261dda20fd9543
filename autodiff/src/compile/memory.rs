//! What a program runs in: buffers, and the values of variables that it has seen.

use std::sync::Arc;

use bayeux_tensor::{Float, Storage, Tensor};

use super::machine::Program;
use crate::Shared;
use crate::shared::Seen;

/// The memory of one run of a program at a time. Which of several a program runs in makes no difference.
#[derive(Debug)]
pub(crate) struct Memory {
    /// Buffers; one is missing only while an instruction writes to it.
    pub slots: Vec<Option<Box<Slot<T>>>>,
    /// Those that the present instruction writes to: room for as many as there are in any.
    pub taken: Vec<Option<Box<Slot<T>>>>,
    /// Working space, which each instruction needs for itself only.
    pub space: Storage<T>,
    /// The variables' values during a run.
    pub values: Vec<Seen<T>>,
}

/// A buffer.
#[derive(Debug)]
pub(crate) enum Slot {
    /// For values that come and go.
    Scratch(Storage<T>),
    /// For an output.
    Output(Tensor<T>),
    /// For the new value of a variable, and perhaps an output.
    Update(Arc<Tensor<T>>),
}

/// What the buffers of a program are for.
#[derive(Clone, Debug)]
pub(crate) enum Purpose {
    /// So many elements that come and go.
    Scratch(usize),
    /// An output of a shape.
    Output(Vec<usize>),
    /// The new value of a variable, of a shape.
    Update(Vec<usize>),
}

impl Slot<T> {
    fn new(purpose: &Purpose) -> Self {
        match purpose {
            Purpose::Scratch(len) => Slot::Scratch(Storage::zeros(*len)),
            Purpose::Output(shape) => Slot::Output(Tensor::zeros(shape)),
            Purpose::Update(shape) => Slot::Update(Arc::new(Tensor::zeros(shape))),
        }
    }

    pub fn elements(&self) -> &[T] {
        match self {
            Slot::Scratch(storage) => storage,
            Slot::Output(tensor) => tensor.as_slice().unwrap_or_default(),
            Slot::Update(tensor) => tensor.as_slice().unwrap_or_default(),
        }
    }

    /// The elements for writing. If somebody still holds the last result it is left to them, and these are others.
    pub fn elements_mut(&mut self) -> &mut [T] {
        match self {
            Slot::Scratch(storage) => storage,
            Slot::Output(tensor) => tensor.make_mut(),
            Slot::Update(tensor) => Arc::make_mut(tensor).make_mut(),
        }
    }
}

impl Memory {
    /// What a program needs.
    pub fn new(program: &Program) -> Self {
        let most = program.instructions.iter().map(|instruction| instruction.writes.len()).max().unwrap_or(0);
        Memory {
            slots: program.slots.iter().map(|purpose| Some(Box::new(Slot::new(purpose)))).collect(),
            taken: (0..most).map(|_| None).collect(),
            space: Storage::zeros(program.scratch),
            values: program.shareds.iter().map(|_| Seen::default()).collect(),
        }
    }

    /// The value of output `i` after a run.
    pub fn output(&self, program: &Program, i: usize) -> &Tensor<T> {
        match program.outputs[i].and_then(|slot| self.slots[slot].as_deref()) {
            Some(Slot::Output(tensor)) => tensor,
            Some(Slot::Update(tensor)) => tensor,
            _ => unreachable!("outputs have slots of their own"),
        }
    }

    /// Gives a variable the value of output `i`, unless it has it: by exchanging buffers if no other output or variable needs
    /// this one.
    pub fn update(&mut self, program: &Program, i: usize, shared: &Shared<Untyped>) {
        let Some(slot) = program.outputs[i] else { return };
        let Some(Slot::Update(tensor)) = self.slots[slot].as_deref_mut() else {
            unreachable!("updates have slots of their own")
        };
        if program.alone[slot] {
            shared.swap(tensor);
        } else {
            shared.set(Tensor::clone(tensor));
        }
    }

    /// Bytes held in buffers.
    pub fn bytes(&self) -> usize {
        let slots = self.slots.iter().flatten().map(|slot| size_of_val(slot.elements()));
        slots.sum::<usize>() + size_of_val(&self.space[..])
    }
}
