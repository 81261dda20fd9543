//! The machine that runs a program on the CPU.

use std::collections::HashSet;
use std::fmt;
use std::mem::swap;

use bayeux_tensor::fused::Factors;
use bayeux_tensor::{Float, Tensor};
use smallvec::SmallVec;

use super::instruction::{Instruction, Kept, Read, Source, Target, Work};
use super::memory::{Memory, Purpose};
use crate::kernel::View;
use crate::profile::Laps;
use crate::shared::Lent;
use crate::{Error, Shared};

/// A program of so many operations runs on a thread of the pool: from another thread each instruction would wake the pool and
/// wait for it anew, which costs a convolutional step 2 %, a dense one of 100 images 3 %. Instructions of smaller programs mostly
/// stay on the thread that they are on, so that going to the pool would cost its 6 µs for nothing.
const MANY: usize = 1 << 22;

/// Values of variables with so many elements at most are kept from one run to the next, to be looked up only when the variable
/// has another: threads that run one program would otherwise wait for each other to count who holds them.
const KEPT: usize = 1 << 12;

/// A compiled program. Several threads can run it at a time, each in a [`Memory`].
///
/// It allocates nothing while it runs, unless somebody still holds an output of the run before in the same memory.
#[derive(Debug)]
pub(crate) struct Program<T: Float> {
    pub instructions: Vec<Instruction<T>>,
    /// What buffers it needs.
    pub slots: Vec<Purpose>,
    /// How much working space.
    pub scratch: usize,
    pub constants: Vec<Tensor<T>>,
    pub shareds: Vec<Shared<T>>,
    /// Whether the value of a variable may be kept from one run to the next: if it is small, and not updated by the program.
    pub keeps: Vec<bool>,
    /// The slot of each output; `None` for the new value of a variable that is updated in place.
    pub outputs: Vec<Option<usize>>,
    /// Of each slot, whether it is that of one output alone.
    pub alone: Vec<bool>,
    /// The floating-point operations of all instructions.
    pub flops: usize,
}

/// What a run returns: an error is large, and a result that may be one would be moved about as slowly as if it were.
pub(crate) type Done = Result<(), Box<Error>>;

/// So many operands and results have most instructions, which are then handed over quickly.
const FEW: usize = 6;
/// As many operands and results as an instruction may have, on the stack. More, which only a concatenation or a custom op
/// can have, would be allocated.
const MOST: usize = 64;

impl<T: Float> Default for Program<T> {
    fn default() -> Self {
        Program {
            instructions: Vec::new(),
            slots: Vec::new(),
            scratch: 0,
            constants: Vec::new(),
            shareds: Vec::new(),
            keeps: Vec::new(),
            outputs: Vec::new(),
            alone: Vec::new(),
            flops: 0,
        }
    }
}

impl<T: Float> Program<T> {
    /// What follows from the rest, once that is complete. `updated` are the variables of the last outputs.
    pub fn complete(mut self, updated: &[Shared<T>]) -> Self {
        let updated: HashSet<usize> = updated.iter().map(Shared::address).collect();
        let keeps = |shared: &Shared<T>| {
            shared.shape().iter().product::<usize>() <= KEPT && !updated.contains(&shared.address())
        };
        self.keeps = self.shareds.iter().map(keeps).collect();
        let mut outputs = vec![0; self.slots.len()];
        self.outputs.iter().flatten().for_each(|&slot| outputs[slot] += 1);
        self.alone = outputs.into_iter().map(|outputs| outputs == 1).collect();
        self.scratch = self.instructions.iter().map(|instruction| instruction.scratch).max().unwrap_or(0);
        self.flops = self.instructions.iter().map(|instruction| instruction.flops).sum();
        self
    }

    /// Runs all instructions on row-major inputs. `call` numbers the run, for noise.
    pub fn run(
        &self,
        memory: &mut Memory<T>,
        inputs: &[&[T]],
        call: u64,
        mut laps: Option<&mut Laps>,
    ) -> Done {
        for (shared, seen) in self.shareds.iter().zip(&mut memory.values) {
            shared.look(seen);
        }
        let mut all = || {
            self.instructions.iter().try_for_each(|instruction| {
                let few = instruction.reads.len() <= FEW && instruction.writes.len() <= FEW;
                let step = if few { Self::step::<FEW> } else { Self::step::<MOST> };
                step(self, memory, instruction, inputs, call)?;
                if let Some(laps) = &mut laps {
                    laps.lap();
                }
                Ok(())
            })
        };
        let result = if self.flops < MANY { all() } else { rayon::scope(|_| all()) };
        // Let go of the variables, so that an update can reuse their memory.
        for (seen, _) in memory.values.iter_mut().zip(&self.keeps).filter(|(_, keep)| !**keep) {
            seen.forget();
        }
        result
    }

    fn step<const N: usize>(
        &self,
        memory: &mut Memory<T>,
        instruction: &Instruction<T>,
        inputs: &[&[T]],
        call: u64,
    ) -> Done {
        let Memory { slots, values, taken, space } = memory;
        let writes = &instruction.writes;
        // What is written is taken out of its place, so that all else can be read meanwhile.
        let mut lent = SmallVec::<[Lent<'_, T>; N]>::new();
        for (taken, write) in taken.iter_mut().zip(writes) {
            match write.to {
                Target::Slot(slot) => swap(taken, &mut slots[slot]),
                Target::Shared(shared) => {
                    values[shared].forget();
                    lent.push(self.shareds[shared].lend());
                }
            }
        }
        let mut lents = lent.iter_mut();
        let (mut few, mut many) = empty::<&mut [T], N>();
        let outputs = room(&mut few, &mut many, writes.len());
        for ((output, taken), write) in outputs.iter_mut().zip(taken.iter_mut()).zip(writes) {
            let elements = match taken {
                Some(slot) => slot.elements_mut(),
                None => lents.next().map(Lent::elements_mut).unwrap_or_default(),
            };
            *output = &mut elements[..write.len];
        }
        let find = |source: Source| match source {
            Source::Slot(slot) => slots[slot].as_ref().map_or(&[][..], |slot| slot.elements()),
            Source::Input(input) => inputs[input],
            Source::Shared(shared) => values[shared].elements(),
            Source::Constant(constant) => self.constants[constant].as_slice().unwrap_or_default(),
        };
        let result = execute::<T, N>(instruction, find, outputs, &mut space[..instruction.scratch], call);
        for (taken, write) in taken.iter_mut().zip(writes) {
            if let Target::Slot(slot) = write.to {
                swap(taken, &mut slots[slot]);
            }
        }
        result
    }
}

/// Room for so many things: on the stack, or, for more than N, elsewhere.
fn room<'a, X: Default, const N: usize>(
    few: &'a mut [X; N],
    many: &'a mut Vec<X>,
    len: usize,
) -> &'a mut [X] {
    if len <= N {
        return &mut few[..len];
    }
    many.resize_with(len, X::default);
    many
}

/// What [`room`] takes.
fn empty<X: Default, const N: usize>() -> ([X; N], Vec<X>) {
    (std::array::from_fn(|_| X::default()), Vec::new())
}

fn execute<'a, T: Float, const N: usize>(
    instruction: &'a Instruction<T>,
    find: impl Fn(Source) -> &'a [T],
    outputs: &mut [&mut [T]],
    scratch: &mut [T],
    call: u64,
) -> Done {
    let reads = &instruction.reads;
    match &instruction.work {
        Work::Loop { fused, noise, stores, product } => {
            let mut sources = SmallVec::<[(u64, u64); N]>::new();
            for noise in noise {
                sources.push(noise.source(call)); // `extend` is slower
            }
            let (mut few, mut many) = empty::<(&[T], usize), N>();
            let operands = room(&mut few, &mut many, reads.len());
            for (operand, read) in operands.iter_mut().zip(reads) {
                *operand = (find(read.source), read.offset);
            }
            let Some(kept) = product else {
                let (stored, reduced) = outputs.split_at_mut(*stores);
                fused.run_with_noise(&sources, operands, stored, reduced, scratch);
                return Ok(());
            };
            let factor = |i: usize| (&operands[i].0[operands[i].1..], &reads[i]);
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
            operands[1] = (&[], 0);
            let (product, outputs) = outputs.split_at_mut(usize::from(*kept == Kept::Yes));
            let (stored, reduced) = outputs.split_at_mut(*stores);
            let kept = product.first_mut().map(|product| &mut **product);
            fused.run_on_product(factors, kept, &sources, &operands[1..], stored, reduced, scratch);
            Ok(())
        }
        Work::Kernel(kernel) => {
            let view = |read: &'a Read| {
                let data = find(read.source);
                View { data, offset: read.offset, shape: &read.shape, strides: &read.strides }
            };
            match &reads[..] {
                [a] => kernel.run(&[view(a)], outputs[0], scratch),
                [a, b] => kernel.run(&[view(a), view(b)], outputs[0], scratch),
                _ => {
                    let views: SmallVec<[View<'_, T>; N]> = reads.iter().map(view).collect();
                    kernel.run(&views, outputs[0], scratch)
                }
            }
            .map_err(Box::new)
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
