//! What an instruction does with its operands.

use std::mem::swap;

use bayeux_tensor::fused::{Factors, Fused};
use bayeux_tensor::{AnySlice, AnySliceMut, Float};
use smallvec::SmallVec;

use super::{Done, FEW, Program};
use crate::compile::inner::Called;
use crate::compile::instruction::{Instruction, Kept, Read, Source, Work};
use crate::compile::memory::{Memory, Slot};
use crate::kernel::{Scratch, View};

impl Program {
    /// Runs an inner program, which is lent the slots and the working space that it needs.
    #[inline(never)]
    pub(super) fn call(
        &self,
        memory: &mut Memory,
        instruction: &Instruction,
        called: &Called,
        inputs: &[AnySlice<'_>],
        call: u64,
    ) -> Done {
        let Memory { slots, values, space, inner, .. } = memory;
        let inner = &mut inner[called.memory];
        let mut lend = |inner: &mut Memory, slots: &mut [Option<Box<Slot>>]| {
            called
                .slots
                .iter()
                .for_each(|&(within, outside)| swap(&mut inner.slots[within], &mut slots[outside]));
            swap(&mut inner.space, space);
        };
        lend(inner, slots);
        let elements = |read: &Read| {
            let elements = match read.source {
                Source::Slot(slot) => {
                    slots[slot].as_ref().map_or(AnySlice::default(), |slot| slot.elements())
                }
                Source::Input(input) => inputs[input],
                Source::Shared(shared) => values[shared].elements(),
                Source::Constant(constant) => self.constants[constant].as_slice().unwrap_or_default(),
            };
            elements.from(read.offset)
        };
        let result = {
            let arguments: SmallVec<[AnySlice<'_>; FEW]> = instruction.reads.iter().map(elements).collect();
            called.program().run(inner, &arguments, call, None)
        };
        lend(inner, slots);
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

/// Runs a loop.
pub(super) fn run_loop<'a, T: Float, const N: usize>(
    instruction: &'a Instruction,
    fused: &Fused<T>,
    find: impl Fn(Source) -> AnySlice<'a>,
    writes: impl Iterator<Item = AnySliceMut<'a>>,
    scratch: Scratch<'_>,
    call: u64,
) {
    let Instruction { work: Work::Loop { noise, stores, product, .. }, reads, .. } = instruction else {
        unreachable!("it is a loop")
    };
    let scratch = scratch.numbers();
    let mut sources = SmallVec::<[(u64, u64); N]>::new();
    for noise in noise {
        sources.push(noise.source(call)); // `extend` is slower
    }
    let (mut few, mut many) = empty::<&mut [T], N>();
    let outputs = room(&mut few, &mut many, instruction.writes.len());
    for (output, write) in outputs.iter_mut().zip(writes) {
        *output = write.get();
    }
    let (mut few, mut many) = empty::<(&[T], usize), N>();
    let operands = room(&mut few, &mut many, reads.len());
    for (operand, read) in operands.iter_mut().zip(reads) {
        let data = find(read.source);
        // A variable that is written in place has no other elements to be read.
        *operand = (if data.is_empty() { &[] } else { data.get() }, read.offset);
    }
    let Some(kept) = product else {
        let (stored, reduced) = outputs.split_at_mut(*stores);
        return fused.run_with_noise(&sources, operands, stored, reduced, scratch);
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
}

/// Runs what is no loop.
pub(super) fn execute<'a, const N: usize>(
    instruction: &'a Instruction,
    find: impl Fn(Source) -> AnySlice<'a>,
    writes: impl Iterator<Item = AnySliceMut<'a>>,
    scratch: Scratch<'_>,
    call: u64,
) -> Done {
    let reads = &instruction.reads;
    let (mut few, mut many) = empty::<AnySliceMut<'_>, N>();
    let outputs = room(&mut few, &mut many, instruction.writes.len());
    for (output, write) in outputs.iter_mut().zip(writes) {
        *output = write;
    }
    match &instruction.work {
        Work::Kernel(kernel) => {
            let view = |read: &'a Read| {
                let data = find(read.source);
                View { data, offset: read.offset, shape: &read.shape, strides: &read.strides }
            };
            match &reads[..] {
                [a] => kernel.run(&[view(a)], outputs, scratch),
                [a, b] => kernel.run(&[view(a), view(b)], outputs, scratch),
                _ => {
                    let views: SmallVec<[View<'_>; N]> = reads.iter().map(view).collect();
                    kernel.run(&views, outputs, scratch)
                }
            }
            .map_err(Box::new)
        }
        Work::Noise(noise) => {
            match outputs[0].reborrow() {
                AnySliceMut::F32(output) => noise.fill(call, output),
                output => noise.fill(call, output.get::<f64>()),
            }
            Ok(())
        }
        Work::Loop { .. } | Work::Call(_) => unreachable!("they run by themselves"),
    }
}
