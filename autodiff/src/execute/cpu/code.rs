//! What the CPU makes of a program before it runs it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bayeux_tensor::fused::{Fused, FusedBuilder};
use bayeux_tensor::{ElementType, Float};

use super::loops::builder;
use super::tape::AnyTape;
use crate::compile::{ElementWise, Instruction, Program, Work};
use crate::kernel::Kernel;
use crate::ops::Noise;
use crate::{ArrayType, Shared, Untyped};

/// Values of variables with so many elements at most are kept from one run to the next, to be looked up only when the variable
/// has another: threads that run one program would otherwise wait for each other to count who holds them.
const KEPT: usize = 1 << 12;

/// A program that is ready to be run.
///
/// It allocates nothing while it runs, unless somebody still holds an output of the run before in the same memory.
#[derive(Debug)]
pub(crate) struct CpuCode {
    pub(super) program: Arc<Program>,
    /// What is done for each instruction.
    pub(super) steps: Vec<Step>,
    /// How much working space it needs.
    pub(super) scratch: Numbers,
    /// Whether the value of a variable may be kept from one run to the next: if it is small, and not updated by the program.
    pub(super) keeps: Vec<bool>,
    /// Of each slot, whether it is that of one output alone.
    pub(super) alone: Vec<bool>,
    /// The floating-point operations of all instructions.
    pub(super) flops: usize,
    /// Whether it draws random numbers.
    pub(super) draws: bool,
}

/// What is done for an instruction.
#[derive(Debug)]
pub(super) struct Step {
    pub does: Does,
    /// Numbers of working space.
    pub scratch: Numbers,
    pub flops: usize,
}

#[derive(Debug)]
pub(super) enum Does {
    /// A loop of either float type,
    Single(Loop<f32>),
    Double(Loop<f64>),
    Kernel(Box<dyn Kernel>),
    Noise(Noise),
    /// An inner program, and which of the memories for them it runs in.
    Call {
        code: Arc<CpuCode>,
        memory: usize,
        tape: Option<AnyTape>,
    },
}

/// A loop, and what it is given besides operands.
#[derive(Debug)]
pub(super) struct Loop<T> {
    pub fused: Box<Fused<T>>,
    pub noise: Vec<Noise>,
    /// How many results it stores.
    pub stores: usize,
    /// If it goes on with a product, whether that is kept.
    pub product: Option<bool>,
}

/// So many numbers of either float type.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Numbers {
    pub single: usize,
    pub double: usize,
}

impl Numbers {
    fn of(element: ElementType, len: usize) -> Self {
        let of = |wanted| if element == wanted { len } else { 0 };
        Numbers { single: of(ElementType::F32), double: of(ElementType::F64) }
    }

    fn max(self, other: Self) -> Self {
        Numbers { single: self.single.max(other.single), double: self.double.max(other.double) }
    }
}

impl CpuCode {
    pub(super) fn new(program: Arc<Program>) -> Self {
        CpuCode::with(program, &mut HashMap::new())
    }

    /// Inner programs that are made ready are known by their addresses.
    fn with(program: Arc<Program>, known: &mut HashMap<*const Program, Arc<CpuCode>>) -> Self {
        let instructions = &program.instructions;
        // All loops at once, so that their machine code is in one place.
        let mut single = loops::<f32>(instructions).into_iter();
        let mut double = loops::<f64>(instructions).into_iter();
        let mut calls = 0;
        let mut step = |instruction: &Instruction| match &instruction.work {
            Work::ElementWise(all) => {
                let (does, scratch) = match all.element {
                    ElementType::F32 => {
                        let (all, scratch) = prepared(all, single.next());
                        (Does::Single(all), scratch)
                    }
                    _ => {
                        let (all, scratch) = prepared(all, double.next());
                        (Does::Double(all), scratch)
                    }
                };
                Step { does, scratch, flops: all.flops() }
            }
            Work::Op(op, outputs) => {
                let reads = instruction.reads.iter();
                let inputs: Vec<ArrayType<'_>> =
                    reads.map(|read| ArrayType { element: read.element, shape: &read.shape }).collect();
                let outputs: Vec<ArrayType<'_>> =
                    outputs.iter().map(|(element, shape)| ArrayType { element: *element, shape }).collect();
                let kernel = match op.kernel(&inputs, &outputs) {
                    Ok(Some(kernel)) => kernel,
                    // A pass has asked the same before.
                    _ => unreachable!("{} has no kernel", instruction.label),
                };
                let float = outputs.iter().map(|of| of.element).find(|element| element.is_float());
                let scratch = Numbers::of(float.unwrap_or(ElementType::F64), kernel.scratch());
                let flops = kernel.flops(&inputs, &outputs);
                Step { does: Does::Kernel(kernel), scratch, flops }
            }
            Work::Noise(noise) => {
                let flops = instruction.writes[0].len;
                Step { does: Does::Noise(*noise), scratch: Numbers::default(), flops }
            }
            Work::Call(called) => {
                let inner = called.program();
                let code = match known.get(&Arc::as_ptr(inner)) {
                    Some(code) => code.clone(),
                    None => Arc::new(CpuCode::with(inner.clone(), known)),
                };
                known.insert(Arc::as_ptr(inner), code.clone());
                let steps = called.repeat.as_ref().map_or(1, |looped| looped.repeat.steps);
                let (scratch, flops, memory) = (code.scratch, code.flops.saturating_mul(steps), calls);
                calls += 1;
                let tape = AnyTape::of(called);
                Step { does: Does::Call { code, memory, tape }, scratch, flops }
            }
        };
        let steps: Vec<Step> = instructions.iter().map(&mut step).collect();
        let updated: HashSet<usize> = program.updated.iter().map(Shared::address).collect();
        let keeps = |shared: &Shared<Untyped>| {
            shared.shape().iter().product::<usize>() <= KEPT && !updated.contains(&shared.address())
        };
        let keeps = program.shareds.iter().map(keeps).collect();
        let mut outputs = vec![0; program.slots.len()];
        program.outputs.iter().flatten().for_each(|&slot| outputs[slot] += 1);
        CpuCode {
            scratch: steps.iter().map(|step| step.scratch).fold(Numbers::default(), Numbers::max),
            flops: steps.iter().map(|step| step.flops).fold(0, usize::saturating_add),
            draws: steps.iter().any(|step| match &step.does {
                Does::Single(all) => !all.noise.is_empty(),
                Does::Double(all) => !all.noise.is_empty(),
                Does::Noise(_) => true,
                Does::Call { code, .. } => code.draws,
                Does::Kernel(_) => false,
            }),
            steps,
            keeps,
            alone: outputs.into_iter().map(|outputs| outputs == 1).collect(),
            program,
        }
    }
}

/// All loops of a float type, in order.
fn loops<T: Float>(instructions: &[Instruction]) -> Vec<Fused<T>> {
    let builders = instructions.iter().filter_map(|instruction| match &instruction.work {
        Work::ElementWise(all) if all.element == T::TYPE => Some(builder(all, &instruction.reads)),
        _ => None,
    });
    FusedBuilder::build_all(builders.collect())
}

fn prepared<T: Float>(all: &ElementWise, next: Option<Fused<T>>) -> (Loop<T>, Numbers) {
    let Some(fused) = next else { unreachable!("each loop is there") };
    let scratch = Numbers::of(T::TYPE, fused.scratch());
    let product = all.product.map(|_| all.keeps_product);
    (
        Loop { fused: Box::new(fused), noise: all.noise().collect(), stores: all.stores.len(), product },
        scratch,
    )
}
