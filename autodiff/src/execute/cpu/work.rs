//! What an instruction does with its operands.

use bayeux_tensor::fused::Factors;
use bayeux_tensor::random::Source;
use bayeux_tensor::{AnySlice, AnySliceMut, Float};
use smallvec::SmallVec;

use super::Done;
use super::code::Loop;
use crate::compile::{Read, ReadFrom};
use crate::kernel::{Kernel, Scratch, View};
use crate::ops::{CallNumber, Noise};

/// So many operands and results have most instructions, which are then handed over quickly.
pub(super) const FEW: usize = 6;

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

pub(super) fn run_loop<'a, T: Float, const N: usize>(
    all: &Loop<T>,
    reads: &[Read],
    find: impl Fn(ReadFrom) -> AnySlice<'a>,
    writes: impl ExactSizeIterator<Item = AnySliceMut<'a>>,
    scratch: Scratch<'_>,
    call: CallNumber,
) -> Done {
    let Loop { fused, noise, stores, product } = all;
    let scratch = scratch.numbers();
    let mut sources = SmallVec::<[Source; N]>::new();
    for noise in noise {
        sources.push(noise.source(call)); // `extend` is slower
    }
    let (mut few, mut many) = empty::<&mut [T], N>();
    let outputs = room(&mut few, &mut many, writes.len());
    for (output, write) in outputs.iter_mut().zip(writes) {
        *output = write.get();
    }
    let (mut few, mut many) = empty::<(&[T], usize), N>();
    let operands = room(&mut few, &mut many, reads.len());
    for (operand, read) in operands.iter_mut().zip(reads) {
        let data = find(read.from);
        // A variable that is written in place has no other elements to be read.
        *operand = (if data.is_empty() { &[] } else { data.get() }, read.offset);
    }
    let Some(keeps) = *product else {
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
    let (product, outputs) = outputs.split_at_mut(usize::from(keeps));
    let (stored, reduced) = outputs.split_at_mut(*stores);
    let kept = product.first_mut().map(|product| &mut **product);
    fused.run_on_product(factors, kept, &sources, &operands[1..], stored, reduced, scratch);
    Ok(())
}

pub(super) fn run_kernel<'a, const N: usize>(
    kernel: &dyn Kernel,
    reads: &'a [Read],
    find: impl Fn(ReadFrom) -> AnySlice<'a>,
    writes: impl ExactSizeIterator<Item = AnySliceMut<'a>>,
    scratch: Scratch<'_>,
) -> Done {
    let (mut few, mut many) = empty::<AnySliceMut<'_>, N>();
    let outputs = room(&mut few, &mut many, writes.len());
    for (output, write) in outputs.iter_mut().zip(writes) {
        *output = write;
    }
    let view = |read: &'a Read| {
        let data = find(read.from);
        View { data, offset: read.offset, shape: &read.shape, strides: &read.strides }
    };
    match reads {
        [a] => kernel.run(&[view(a)], outputs, scratch),
        [a, b] => kernel.run(&[view(a), view(b)], outputs, scratch),
        _ => {
            let views: SmallVec<[View<'_>; N]> = reads.iter().map(view).collect();
            kernel.run(&views, outputs, scratch)
        }
    }
    .map_err(Box::new)
}

pub(super) fn run_noise<'a>(
    noise: Noise,
    writes: impl Iterator<Item = AnySliceMut<'a>>,
    call: CallNumber,
) -> Done {
    writes.for_each(|write| noise.fill(call, write));
    Ok(())
}
