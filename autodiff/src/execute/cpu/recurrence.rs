//! Loops over a few numbers, step by step on their tape.

use bayeux_tensor::{AnySlice, AnySliceMut, Float};
use smallvec::SmallVec;

use super::memory::Memory;
use super::tape::Tape;
use super::work::FEW;
use crate::compile::{Called, Feed, Looped, Yield};

/// All steps of a loop over single numbers.
pub(super) fn steps<T: Float>(
    tape: &Tape<T>,
    looped: &Looped,
    limit: usize,
    arguments: &[AnySlice<'_>],
    stacked: &mut [(usize, usize, AnySliceMut<'_>)],
    inner: &mut Memory,
    called: &Called,
) {
    let repeat = &looped.repeat;
    let mut registers: SmallVec<[T; 64]> = SmallVec::from_slice(&tape.registers);
    let r = &mut registers[..];
    let mut parts: SmallVec<[(usize, usize, &[T]); FEW]> = SmallVec::new();
    let mut carried: SmallVec<[(usize, usize, usize); FEW]> = SmallVec::new();
    for ((feed, &(register, len)), argument) in repeat.feeds.iter().zip(&tape.parameters).zip(arguments) {
        let argument = argument.get::<T>();
        match feed {
            Feed::Part => parts.push((register, len, argument)),
            Feed::Same => r[register..register + len].copy_from_slice(&argument[..len]),
            Feed::Carried(value) => {
                r[register..register + len].copy_from_slice(&argument[..len]);
                carried.push((register, tape.values[*value].0, len));
            }
        }
    }
    let mut outputs: SmallVec<[(usize, usize, &mut [T]); FEW]> = SmallVec::new();
    let all = repeat.yields.iter().filter_map(|of| match of {
        Yield::All(value) => Some(*value),
        _ => None,
    });
    for (value, (_, len, stack)) in all.zip(stacked.iter_mut()) {
        outputs.push((tape.values[value].0, *len, stack.reborrow().get::<T>()));
    }
    // What is carried on may be what others are made of: all of it is read before any is written.
    let mut between: SmallVec<[T; 16]> = SmallVec::new();
    for done in 0..limit {
        let at = if repeat.backwards { limit - 1 - done } else { done };
        for &(register, len, argument) in &parts {
            let part = &argument[at * len..(at + 1) * len];
            r[register..register + len].iter_mut().zip(part).for_each(|(to, from)| *to = *from);
        }
        tape.run(r);
        for (register, len, stack) in &mut outputs {
            let from = &r[*register..*register + *len];
            stack[at * *len..(at + 1) * *len].iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        }
        between.clear();
        carried.iter().for_each(|&(_, from, len)| between.extend_from_slice(&r[from..from + len]));
        let mut next = between.iter();
        for &(register, _, len) in &carried {
            r[register..register + len].iter_mut().zip(&mut next).for_each(|(to, from)| *to = *from);
        }
    }
    if limit > 0 {
        for (value, &(register, len)) in tape.values.iter().enumerate() {
            let (slot, _) = called.value(value);
            if let Some(slot) = &mut inner.slots[slot] {
                slot.elements_mut().first(len).get::<T>().copy_from_slice(&r[register..register + len]);
            }
        }
    }
}
