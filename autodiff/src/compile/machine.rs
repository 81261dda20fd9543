//! The machine that runs a program on the CPU.

mod work;

use std::collections::HashSet;
use std::fmt;
use std::mem::swap;
use std::sync::LazyLock;

use bayeux_tensor::{AnySlice, AnyTensor, ElementType, Float};
use smallvec::SmallVec;

use super::instruction::{AnyFused, Instruction, Source, Target, Work};
use super::memory::{Memory, Purpose};
use crate::profile::Laps;
use crate::shared::Lent;
use crate::{Error, Shared, Untyped};
use work::{execute, run_loop};

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
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub instructions: Vec<Instruction>,
    /// What buffers it needs.
    pub slots: Vec<Purpose>,
    /// How much working space.
    pub scratch: Numbers,
    pub constants: Vec<AnyTensor>,
    pub shareds: Vec<Shared<Untyped>>,
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

/// So many numbers of either float type.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Numbers {
    pub single: usize,
    pub double: usize,
}

/// Whether the results of all instructions are looked at for infinite and undefined numbers.
static CHECKS: LazyLock<bool> =
    LazyLock::new(|| std::env::var_os("BAYEUX_CHECK").is_some_and(|value| value == "nan"));

impl Program {
    /// What follows from the rest, once that is complete. `updated` are the variables of the last outputs.
    pub fn complete(mut self, updated: &[Shared<Untyped>]) -> Self {
        let updated: HashSet<usize> = updated.iter().map(Shared::address).collect();
        let keeps = |shared: &Shared<Untyped>| {
            shared.shape().iter().product::<usize>() <= KEPT && !updated.contains(&shared.address())
        };
        self.keeps = self.shareds.iter().map(keeps).collect();
        let mut outputs = vec![0; self.slots.len()];
        self.outputs.iter().flatten().for_each(|&slot| outputs[slot] += 1);
        self.alone = outputs.into_iter().map(|outputs| outputs == 1).collect();
        let most = |element: ElementType| {
            self.instructions.iter().map(|instruction| instruction.scratch(element)).max().unwrap_or(0)
        };
        self.scratch = Numbers { single: most(ElementType::F32), double: most(ElementType::F64) };
        self.flops = self.instructions.iter().map(|instruction| instruction.flops).sum();
        self
    }

    /// Runs all instructions on row-major inputs. `call` numbers the run, for noise.
    pub fn run(
        &self,
        memory: &mut Memory,
        inputs: &[AnySlice<'_>],
        call: u64,
        mut laps: Option<&mut Laps>,
    ) -> Done {
        for (shared, seen) in self.shareds.iter().zip(&mut memory.values) {
            shared.look(seen);
        }
        let mut all = || {
            self.instructions.iter().enumerate().try_for_each(|(number, instruction)| {
                let few = instruction.reads.len() <= FEW && instruction.writes.len() <= FEW;
                let step = if few { Self::step::<FEW> } else { Self::step::<MOST> };
                step(self, memory, instruction, inputs, call)?;
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

    /// Whether all that an instruction has stored is finite.
    #[cold]
    fn check(&self, memory: &Memory, number: usize) -> Done {
        fn first<T: Float>(elements: &[T]) -> Option<(usize, f64)> {
            let found = elements.iter().position(|x| !x.is_finite())?;
            Some((found, elements[found].to_f64()))
        }
        let instruction = &self.instructions[number];
        for write in &instruction.writes {
            let found = |elements: AnySlice<'_>| match elements {
                AnySlice::F32(elements) => first(&elements[..write.len]),
                AnySlice::F64(elements) => first(&elements[..write.len]),
                _ => None,
            };
            let found = match write.to {
                Target::Slot(slot) => memory.slots[slot].as_ref().and_then(|slot| found(slot.elements())),
                Target::Shared(shared) => self.shareds[shared].get().as_slice().and_then(found),
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
        inputs: &[AnySlice<'_>],
        call: u64,
    ) -> Done {
        if let Work::Call(called) = &instruction.work {
            return self.call(memory, instruction, called, inputs, call);
        }
        let Memory { slots, values, taken, space, .. } = memory;
        let writes = &instruction.writes;
        // What is written is taken out of its place, so that all else can be read meanwhile.
        let mut lent = SmallVec::<[Lent<'_>; N]>::new();
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
        let outputs = taken.iter_mut().zip(writes).map(|(taken, write)| {
            let elements = match taken {
                Some(slot) => slot.elements_mut(),
                None => lents.next().map(Lent::elements_mut).unwrap_or_default(),
            };
            elements.first(write.len)
        });
        let find = |source: Source| match source {
            Source::Slot(slot) => slots[slot].as_ref().map_or(AnySlice::default(), |slot| slot.elements()),
            Source::Input(input) => inputs[input],
            Source::Shared(shared) => values[shared].elements(),
            Source::Constant(constant) => self.constants[constant].as_slice().unwrap_or_default(),
        };
        let (element, len) = instruction.scratch;
        let scratch = space.scratch(element, len);
        let result = match &instruction.work {
            Work::Loop { fused: AnyFused::Single(fused), .. } => {
                run_loop::<f32, N>(instruction, &**fused, find, outputs, scratch, call);
                Ok(())
            }
            Work::Loop { fused: AnyFused::Double(fused), .. } => {
                run_loop::<f64, N>(instruction, &**fused, find, outputs, scratch, call);
                Ok(())
            }
            _ => execute::<N>(instruction, find, outputs, scratch, call),
        };
        for (taken, write) in taken.iter_mut().zip(writes) {
            if let Target::Slot(slot) = write.to {
                swap(taken, &mut slots[slot]);
            }
        }
        result
    }
}

impl Program {
    /// The constants, and those of the inner programs.
    pub fn all_constants(&self) -> Vec<&AnyTensor> {
        let inner = self.instructions.iter().filter_map(|instruction| match &instruction.work {
            Work::Call(called) => Some(called.program().all_constants()),
            _ => None,
        });
        self.constants.iter().chain(inner.flatten()).collect()
    }
}

/// The instructions, one a line, in order.
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, instruction) in self.instructions.iter().enumerate() {
            match f.alternate() {
                true => writeln!(f, "{i:4}  {instruction:#}")?,
                false => writeln!(f, "{i:4}  {instruction}")?,
            }
            match &instruction.work {
                Work::Call(called) if f.alternate() => write!(f, "{called:#}")?,
                Work::Call(called) => write!(f, "{called}")?,
                _ => {}
            }
        }
        let outputs: Vec<String> = self.outputs.iter().flatten().map(|slot| format!("s{slot}")).collect();
        writeln!(f, "return {}", outputs.join(", "))
    }
}
