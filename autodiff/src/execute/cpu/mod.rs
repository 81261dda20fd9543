//! The CPU as an executor.

mod arithmetic;
mod code;
mod loops;
mod memory;
mod recurrence;
mod repeat;
mod tape;
mod work;

use std::mem::swap;
use std::sync::{Arc, LazyLock};

use bayeux_tensor::fused::FusedBuilder;
use bayeux_tensor::{AnySlice, AnyTensor, ElementType, Float};
use smallvec::SmallVec;

use super::{Code, Done, Executor};
use crate::compile::{Instruction, Program, ReadFrom, Target, WriteTo};
use crate::ops::CallNumber;
use crate::profile::Laps;
use crate::shared::Lent;
use crate::{Error, Shared, Untyped};
use code::{CpuCode, Does, Step};
use memory::Memory;
use repeat::Inside;
use work::{FEW, run_kernel, run_loop, run_noise};

/// The processor that this program runs on.
#[derive(Debug)]
pub(crate) struct Cpu;

impl Executor for Cpu {
    const TARGET: Target = Target {
        most_operations: 48,
        candidates: 64,
        stored: 3,
        read: 1,
        most_repeated: 3,
        parts_of_product: |element, shape, product| match element {
            ElementType::F32 => FusedBuilder::<f32>::chunks_of_product(shape, product),
            _ => FusedBuilder::<f64>::chunks_of_product(shape, product),
        },
        kernel: |op, inputs, outputs| op.kernel(inputs, outputs),
    };
    type Code = CpuCode;

    fn prepare(program: Arc<Program>) -> CpuCode {
        CpuCode::new(program)
    }
}

/// A program of so many operations runs on a thread of the pool: from another thread each instruction would wake the pool and
/// wait for it anew, which costs a convolutional step 2 %, a dense one of 100 images 3 %. Instructions of smaller programs mostly
/// stay on the thread that they are on, so that going to the pool would cost its 6 µs for nothing.
const MANY: usize = 1 << 22;

/// As many operands and results as an instruction may have, on the stack. More, which only a concatenation or a custom op
/// can have, would be allocated.
const MOST: usize = 64;

/// Whether the results of all instructions are looked at for infinite and undefined numbers.
static CHECKS: LazyLock<bool> =
    LazyLock::new(|| std::env::var_os("BAYEUX_CHECK").is_some_and(|value| value == "nan"));

impl Code for CpuCode {
    type Memory = Memory;

    fn program(&self) -> &Program {
        &self.program
    }

    fn flops(&self, instruction: usize) -> usize {
        self.steps[instruction].flops
    }

    fn memory(&self) -> Memory {
        Memory::new(self)
    }

    fn run(
        &self,
        memory: &mut Memory,
        inputs: &[AnySlice<'_>],
        call: CallNumber,
        mut laps: Option<&mut Laps>,
    ) -> Done {
        let program = &*self.program;
        for (shared, seen) in program.shareds.iter().zip(&mut memory.values) {
            shared.look(seen);
        }
        let mut all = || {
            let steps = program.instructions.iter().zip(&self.steps);
            steps.enumerate().try_for_each(|(number, (instruction, step))| {
                let few = instruction.reads.len() <= FEW && instruction.writes.len() <= FEW;
                let run = if few { Self::step::<FEW> } else { Self::step::<MOST> };
                run(self, memory, instruction, step, inputs, call)?;
                if *CHECKS {
                    self.check(memory, number)?;
                }
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

    fn output<'m>(&self, memory: &'m Memory, i: usize) -> &'m AnyTensor {
        memory.output(&self.program, i)
    }

    /// By exchanging buffers, if no other output or variable needs this one.
    fn update(&self, memory: &mut Memory, i: usize, shared: &Shared<Untyped>) {
        if let Some(slot) = self.program.outputs[i] {
            memory.update(slot, self.alone[slot], shared);
        }
    }

    fn bytes(memory: &Memory) -> usize {
        memory.bytes()
    }
}

impl CpuCode {
    /// Whether all that an instruction has stored is finite.
    #[cold]
    fn check(&self, memory: &Memory, number: usize) -> Done {
        fn first<T: Float>(elements: &[T]) -> Option<(usize, f64)> {
            let found = elements.iter().position(|x| !x.is_finite())?;
            Some((found, elements[found].to_f64()))
        }
        let instruction = &self.program.instructions[number];
        for write in &instruction.writes {
            let found = |elements: AnySlice<'_>| match elements {
                AnySlice::F32(elements) => first(&elements[..write.len]),
                AnySlice::F64(elements) => first(&elements[..write.len]),
                _ => None,
            };
            let found = match write.to {
                WriteTo::Slot(slot) => memory.slots[slot].as_ref().and_then(|slot| found(slot.elements())),
                WriteTo::Shared(shared) => self.program.shareds[shared].get().as_slice().and_then(found),
            };
            if let Some((element, value)) = found {
                let origins = match instruction.origins.as_slice() {
                    [] => String::new(),
                    origins => format!("; it comes from {}", origins.join(", ")),
                };
                let (label, len) = (instruction.label.clone(), write.len);
                return Err(Box::new(Error::NotFinite {
                    instruction: number,
                    label,
                    value,
                    element,
                    len,
                    origins,
                }));
            }
        }
        Ok(())
    }

    fn step<const N: usize>(
        &self,
        memory: &mut Memory,
        instruction: &Instruction,
        step: &Step,
        inputs: &[AnySlice<'_>],
        call: CallNumber,
    ) -> Done {
        if let Does::Call { code, memory: number, tape } = &step.does {
            let tape = tape.as_ref();
            let inside =
                Inside { program: &self.program, code, tape, number: *number, instruction, inputs, call };
            return inside.run(memory);
        }
        let Memory { slots, values, taken, space, .. } = memory;
        let writes = &instruction.writes;
        // What is written is taken out of its place, so that all else can be read meanwhile.
        let mut lent = SmallVec::<[Lent<'_>; N]>::new();
        for (taken, write) in taken.iter_mut().zip(writes) {
            match write.to {
                WriteTo::Slot(slot) => swap(taken, &mut slots[slot]),
                WriteTo::Shared(shared) => {
                    values[shared].forget();
                    lent.push(self.program.shareds[shared].lend());
                }
            }
        }
        let mut lents = lent.iter_mut();
        let outputs = taken.iter_mut().zip(writes).map(|(taken, write)| {
            let elements = match taken {
                Some(slot) => slot.elements_mut(),
                None => lents.next().map(Lent::elements_mut).unwrap_or_default(),
            };
            elements.first(write.len)
        });
        let find = |from: ReadFrom| match from {
            ReadFrom::Slot(slot) => slots[slot].as_ref().map_or(AnySlice::default(), |slot| slot.elements()),
            ReadFrom::Input(input) => inputs[input],
            ReadFrom::Shared(shared) => values[shared].elements(),
            ReadFrom::Constant(constant) => self.program.constants[constant].as_slice().unwrap_or_default(),
        };
        let scratch = space.scratch(step.scratch);
        let reads = &instruction.reads;
        let result = match &step.does {
            Does::Single(all) => run_loop::<f32, N>(all, reads, find, outputs, scratch, call),
            Does::Double(all) => run_loop::<f64, N>(all, reads, find, outputs, scratch, call),
            Does::Kernel(kernel) => run_kernel::<N>(&**kernel, reads, find, outputs, scratch),
            Does::Noise(noise) => run_noise(*noise, outputs, call),
            Does::Call { .. } => unreachable!("it has run"),
        };
        for (taken, write) in taken.iter_mut().zip(writes) {
            if let WriteTo::Slot(slot) = write.to {
                swap(taken, &mut slots[slot]);
            }
        }
        result
    }
}
