//! The machine that runs a program on the CPU.

use std::fmt;
use std::sync::Arc;

use bayeux_tensor::fused::Factors;
use bayeux_tensor::{Float, Tensor};
use smallvec::SmallVec;

use super::instruction::{Instruction, Kept, Read, Source, Target, Work};
use crate::kernel::View;
use crate::profile::Clock;
use crate::shared::Lent;
use crate::{Error, Shared};

/// A program of so many operations runs on a thread of the pool: from another thread each instruction would wake the pool and
/// wait for it anew, which costs a convolutional step 2 %, a dense one of 100 images 3 %.
const MANY: usize = 1 << 20;

/// A compiled program with the memory it runs in. It allocates nothing while it runs, unless somebody still holds an
/// output of the run before.
#[derive(Debug)]
pub(crate) struct Program<T: Float> {
    pub instructions: Vec<Instruction<T>>,
    /// Buffers; one is missing only while an instruction writes to it.
    pub slots: Vec<Option<Slot<T>>>,
    pub constants: Vec<Tensor<T>>,
    pub shareds: Vec<Shared<T>>,
    /// The slot of each output; `None` for the new value of a variable that is updated in place.
    pub outputs: Vec<Option<usize>>,
    /// The variables' values during a run; `None` from when one is updated in place.
    values: Vec<Option<Arc<Tensor<T>>>>,
    /// Times of the instructions, if they are wanted.
    pub clock: Option<Clock>,
}

/// As many operands and results as an instruction may have, on the stack. More, which only a concatenation or a custom op
/// can have, would be allocated.
type Many<X> = SmallVec<[X; 64]>;

/// A buffer.
#[derive(Debug)]
pub(crate) enum Slot<T: Float> {
    /// For values that come and go.
    Scratch(Tensor<T>),
    /// For one output.
    Output(Arc<Tensor<T>>),
}

/// Where an instruction writes, while it does.
enum Taken<'a, T: Float> {
    Slot(Slot<T>),
    Shared(Lent<'a, T>),
}

impl<T: Float> Taken<'_, T> {
    fn elements_mut(&mut self) -> &mut [T] {
        match self {
            Taken::Slot(slot) => slot.elements_mut(),
            Taken::Shared(lent) => lent.elements_mut(),
        }
    }
}

impl<T: Float> Default for Program<T> {
    fn default() -> Self {
        Program {
            instructions: Vec::new(),
            slots: Vec::new(),
            constants: Vec::new(),
            shareds: Vec::new(),
            outputs: Vec::new(),
            values: Vec::new(),
            clock: None,
        }
    }
}

impl<T: Float> Slot<T> {
    fn elements(&self) -> &[T] {
        match self {
            Slot::Scratch(tensor) => tensor.as_slice().unwrap_or_default(),
            Slot::Output(tensor) => tensor.as_slice().unwrap_or_default(),
        }
    }

    fn elements_mut(&mut self) -> &mut [T] {
        match self {
            Slot::Scratch(tensor) => tensor.get_mut().unwrap_or_default(),
            Slot::Output(tensor) => Arc::get_mut(tensor).and_then(Tensor::get_mut).unwrap_or_default(),
        }
    }
}

impl<T: Float> Program<T> {
    /// Runs all instructions on row-major inputs. `call` numbers the run, for noise.
    pub fn run(&mut self, inputs: &[&[T]], call: u64) -> Result<(), Error> {
        for &slot in self.outputs.iter().flatten() {
            if let Some(Slot::Output(tensor)) = &mut self.slots[slot] {
                // Somebody still holds the last result: leave it to them.
                if Arc::get_mut(tensor).and_then(Tensor::get_mut).is_none() {
                    *tensor = Arc::new(Tensor::zeros(tensor.shape()));
                }
            }
        }
        self.values.clear(); // a run that panicked has left them
        self.values.extend(self.shareds.iter().map(|shared| Some(shared.snapshot())));
        if let Some(clock) = &mut self.clock {
            clock.begin();
        }
        let flops: usize = self.instructions.iter().map(|instruction| instruction.flops).sum();
        let mut all = || {
            (0..self.instructions.len()).try_for_each(|i| {
                self.step(i, inputs, call)?;
                if let Some(clock) = &mut self.clock {
                    clock.lap(i);
                }
                Ok(())
            })
        };
        let result = if flops < MANY { all() } else { rayon::scope(|_| all()) };
        // Let go of the variables, so that an update can reuse their memory.
        self.values.clear();
        result
    }

    fn step(&mut self, i: usize, inputs: &[&[T]], call: u64) -> Result<(), Error> {
        let Program { instructions, slots, constants, values, shareds, .. } = self;
        let instruction = &instructions[i];
        // What is written is taken out of its place, so that all else can be read meanwhile.
        let writes = instruction.writes.iter().chain(&instruction.scratch);
        let mut taken: Many<Taken<'_, T>> = writes
            .filter_map(|write| match write.to {
                Target::Slot(slot) => slots[slot].take().map(Taken::Slot),
                Target::Shared(shared) => {
                    values[shared] = None;
                    Some(Taken::Shared(shareds[shared].lend()))
                }
            })
            .collect();
        let result = {
            let find = |source: Source| match source {
                Source::Slot(slot) => slots[slot].as_ref().map(Slot::elements).unwrap_or_default(),
                Source::Input(input) => inputs[input],
                Source::Shared(shared) => {
                    values[shared].as_deref().and_then(Tensor::as_slice).unwrap_or_default()
                }
                Source::Constant(constant) => constants[constant].as_slice().unwrap_or_default(),
            };
            execute(instruction, find, &mut taken, call)
        };
        let writes = instruction.writes.iter().chain(&instruction.scratch);
        for (write, taken) in writes.zip(taken) {
            if let (Target::Slot(slot), Taken::Slot(taken)) = (write.to, taken) {
                slots[slot] = Some(taken);
            }
        }
        result
    }

    /// The value of output `i` after a run.
    pub fn output(&self, i: usize) -> &Tensor<T> {
        match self.outputs[i].map(|slot| &self.slots[slot]) {
            Some(Some(Slot::Output(tensor))) => tensor,
            _ => unreachable!("outputs have slots of their own"),
        }
    }

    /// Gives a variable the value of output `i`, unless it has it: by exchanging buffers if no other output or variable needs
    /// this one.
    pub fn update(&mut self, i: usize, shared: &Shared<T>) {
        let Some(slot) = self.outputs[i] else { return };
        let alone = self.outputs.iter().filter(|&&other| other == Some(slot)).count() == 1;
        let Some(Slot::Output(tensor)) = &mut self.slots[slot] else {
            unreachable!("outputs have slots of their own")
        };
        if alone {
            shared.swap(tensor);
        } else {
            shared.set(Tensor::clone(tensor));
        }
    }

    /// Bytes held in buffers and constants.
    pub fn bytes(&self) -> usize {
        let slots = self.slots.iter().flatten().map(|slot| slot.elements().len());
        let constants = self.constants.iter().map(Tensor::len);
        slots.chain(constants).sum::<usize>() * size_of::<T>()
    }
}

fn execute<'a, T: Float>(
    instruction: &'a Instruction<T>,
    find: impl Fn(Source) -> &'a [T],
    taken: &mut Many<Taken<'_, T>>,
    call: u64,
) -> Result<(), Error> {
    let scratch_len = instruction.scratch.map_or(0, |scratch| scratch.len);
    let (taken, scratch) = taken.split_at_mut(instruction.writes.len());
    let scratch = scratch.first_mut().map(Taken::elements_mut).unwrap_or_default();
    let scratch = &mut scratch[..scratch_len];
    let mut outputs: Many<&mut [T]> = taken
        .iter_mut()
        .zip(&instruction.writes)
        .map(|(taken, write)| &mut taken.elements_mut()[..write.len])
        .collect();
    match &instruction.work {
        Work::Loop { fused, noise, stores, product } => {
            let noise: Many<(u64, u64)> = noise.iter().map(|noise| noise.source(call)).collect();
            let mut operands: Many<(&[T], usize)> =
                instruction.reads.iter().map(|read| (find(read.source), read.offset)).collect();
            let Some(kept) = product else {
                let (stored, reduced) = outputs.split_at_mut(*stores);
                fused.run_with_noise(&noise, &operands, stored, reduced, scratch);
                return Ok(());
            };
            let factor = |i: usize| (&operands[i].0[operands[i].1..], &instruction.reads[i]);
            let factors = match [factor(0), factor(1)] {
                [(a, Read { strides: a_strides, .. }), (b, Read { strides: b_strides, .. })]
                    if a_strides.len() == 2 =>
                {
                    Factors::Matrices([(a, [a_strides[0], a_strides[1]]), (b, [b_strides[0], b_strides[1]])])
                }
                // Row-major, as all that a kernel reads.
                images => Factors::Images(images.map(|(x, read)| &x[..read.shape.iter().product()])),
            };
            // The product itself is the loop's first operand.
            operands.remove(0);
            operands[0] = (&[], 0);
            let (product, outputs) = outputs.split_at_mut(usize::from(*kept == Kept::Yes));
            let (stored, reduced) = outputs.split_at_mut(*stores);
            let kept = product.first_mut().map(|product| &mut **product);
            fused.run_on_product(factors, kept, &noise, &operands, stored, reduced, scratch);
            Ok(())
        }
        Work::Kernel(kernel) => {
            let view = |read: &'a Read| View {
                data: find(read.source),
                offset: read.offset,
                shape: &read.shape,
                strides: &read.strides,
            };
            let views: Many<View<'_, T>> = instruction.reads.iter().map(view).collect();
            kernel.run(&views, outputs[0], scratch)
        }
        Work::Noise(noise) => {
            noise.fill(call, outputs[0]);
            Ok(())
        }
    }
}

/// The instructions, one a line, in order.
impl<T: Float> fmt::Display for Program<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, instruction) in self.instructions.iter().enumerate() {
            writeln!(f, "{i:4}  {instruction}")?;
        }
        let outputs: Vec<String> = self.outputs.iter().flatten().map(|slot| format!("s{slot}")).collect();
        writeln!(f, "return {}", outputs.join(", "))
    }
}
