//! Inner programs: run once, or again and again.

use std::mem::swap;

use bayeux_tensor::{AnySlice, AnySliceMut, with_type};
use smallvec::SmallVec;

use super::Done;
use super::code::CpuCode;
use super::memory::{Memory, Slot};
use super::recurrence::steps;
use super::tape::AnyTape;
use super::work::FEW;
use crate::compile::{Called, Feed, Instruction, Looped, Program, Read, ReadFrom, Work, WriteTo, Yield};
use crate::execute::Code;
use crate::ops::CallNumber;

/// A run of an inner program.
pub(super) struct Inside<'a> {
    pub program: &'a Program,
    pub code: &'a CpuCode,
    /// The same for single numbers, if it is a loop over a few.
    pub tape: Option<&'a AnyTape>,
    /// Which of the memories for inner programs it has.
    pub number: usize,
    pub instruction: &'a Instruction,
    pub inputs: &'a [AnySlice<'a>],
    pub call: CallNumber,
}

type Boxed = Option<Box<Slot>>;

impl Inside<'_> {
    /// Lends the inner program the slots and the working space that it needs, and runs it.
    #[inline(never)]
    pub fn run(&self, memory: &mut Memory) -> Done {
        let Work::Call(called) = &self.instruction.work else { unreachable!("it is a call") };
        let Memory { slots, values, space, inner, .. } = memory;
        let inner = &mut inner[self.number];
        let mut lend = |inner: &mut Memory, slots: &mut [Boxed]| {
            let pairs = called.slots.iter();
            pairs.for_each(|&(within, outside)| swap(&mut inner.slots[within], &mut slots[outside]));
            swap(&mut inner.space, space);
        };
        lend(inner, slots);
        let result = match &called.repeat {
            None => {
                let find = |from| self.find(from, slots, values);
                let arguments: SmallVec<[AnySlice<'_>; FEW]> =
                    self.instruction.reads.iter().map(|read| find(read.from).from(read.offset)).collect();
                self.code.run(inner, &arguments, self.call, None)
            }
            Some(looped) => {
                // What is not read meanwhile: the second slots of what is carried on, and the stacks.
                let mut spares: SmallVec<[Boxed; FEW]> =
                    looped.spares.iter().map(|&(_, outside)| slots[outside].take()).collect();
                let mut stacks: SmallVec<[Boxed; FEW]> = looped.repeat.yields.iter().map(|_| None).collect();
                for (i, stack) in self.stacks(looped) {
                    stacks[i] = slots[stack].take();
                }
                let result = {
                    let read = |read: &Read| self.find(read.from, slots, values).from(read.offset);
                    let arguments: SmallVec<[AnySlice<'_>; FEW]> =
                        self.instruction.reads.iter().map(read).collect();
                    self.repeat(called, looped, inner, &arguments, &mut spares, &mut stacks)
                };
                for (i, stack) in self.stacks(looped) {
                    slots[stack] = stacks[i].take();
                }
                for (spare, &(_, outside)) in spares.into_iter().zip(&looped.spares) {
                    slots[outside] = spare;
                }
                result
            }
        };
        lend(inner, slots);
        result
    }

    fn find<'s>(
        &'s self,
        from: ReadFrom,
        slots: &'s [Boxed],
        values: &'s [crate::shared::Seen],
    ) -> AnySlice<'s> {
        match from {
            ReadFrom::Slot(slot) => slots[slot].as_ref().map_or(AnySlice::default(), |slot| slot.elements()),
            ReadFrom::Input(input) => self.inputs[input],
            ReadFrom::Shared(shared) => values[shared].elements(),
            ReadFrom::Constant(constant) => self.program.constants[constant].as_slice().unwrap_or_default(),
        }
    }

    /// Which yields are not computed where they go to, and the slots that they go to.
    fn stacks<'l>(&'l self, looped: &'l Looped) -> impl Iterator<Item = (usize, usize)> + 'l {
        let yields = looped.repeat.yields.iter().enumerate();
        yields.filter(|(_, of)| !matches!(of, Yield::Last { .. })).map(|(i, _)| {
            match self.instruction.writes[i].to {
                WriteTo::Slot(slot) => (i, slot),
                WriteTo::Shared(_) => unreachable!("loops write to slots"),
            }
        })
    }

    fn repeat(
        &self,
        called: &Called,
        looped: &Looped,
        inner: &mut Memory,
        arguments: &[AnySlice<'_>],
        spares: &mut [Boxed],
        stacks: &mut [Boxed],
    ) -> Done {
        let repeat = &looped.repeat;
        let limit = match (repeat.limited, arguments.last()) {
            (true, Some(limit)) => usize::try_from(limit.get::<i64>()[0]).unwrap_or(0).min(repeat.steps),
            _ => repeat.steps,
        };
        let lens: SmallVec<[usize; FEW]> = (0..repeat.feeds.len()).map(|i| called.parameter(i).1).collect();
        let mut stacked: SmallVec<[(usize, usize, AnySliceMut<'_>); FEW]> = SmallVec::new();
        for (of, stack) in repeat.yields.iter().zip(stacks.iter_mut()) {
            if let (Yield::All(value), Some(stack)) = (of, stack) {
                let (slot, len) = called.value(*value);
                stacked.push((slot, len, stack.elements_mut().first(len * repeat.steps)));
            }
        }
        if let Some(tape) = self.tape {
            match tape {
                AnyTape::Single(tape) => steps(tape, looped, limit, arguments, &mut stacked, inner, called),
                AnyTape::Double(tape) => steps(tape, looped, limit, arguments, &mut stacked, inner, called),
            }
            drop(stacked);
            finish(called, looped, inner, arguments, stacks, [limit, limit]);
            return Ok(());
        }
        let spare_of = |value: usize| looped.spares.iter().position(|(of, _)| *of == value);
        let carried: SmallVec<[(usize, usize); FEW]> = looped
            .spares
            .iter()
            .enumerate()
            .map(|(spare, &(value, _))| (called.value(value).0, spare))
            .collect();
        let exchange = |inner: &mut Memory, spares: &mut [Boxed]| {
            carried.iter().for_each(|&(slot, spare)| swap(&mut inner.slots[slot], &mut spares[spare]));
        };
        let (mut done, mut exchanged) = (0, false);
        let mut result = Ok(());
        while done < limit {
            // What was written last is what is read now.
            if done > 0 {
                exchange(inner, spares);
                exchanged = !exchanged;
            }
            let at = if repeat.backwards { limit - 1 - done } else { done };
            let mut given: SmallVec<[AnySlice<'_>; FEW]> = SmallVec::new();
            for (i, feed) in repeat.feeds.iter().enumerate() {
                given.push(match feed {
                    Feed::Carried(value) if done > 0 => {
                        let spare = spare_of(*value).and_then(|spare| spares[spare].as_ref());
                        spare.map_or(AnySlice::default(), |slot| slot.elements())
                    }
                    Feed::Part => arguments[i].from(at * lens[i]),
                    Feed::Same | Feed::Carried(_) => arguments[i],
                });
            }
            let call = match self.code.draws {
                true => self.call.step(at, repeat.steps),
                false => Ok(self.call),
            };
            result = call.map_err(Box::new).and_then(|call| self.code.run(inner, &given, call, None));
            if result.is_err() {
                break;
            }
            for (slot, len, stack) in &mut stacked {
                let value = inner.slots[*slot].as_ref().map_or(AnySlice::default(), |slot| slot.elements());
                copy(value, stack.reborrow(), at * *len, *len);
            }
            done += 1;
            let over = repeat.until.and_then(|value| inner.slots[called.value(value).0].as_ref());
            if over.is_some_and(|slot| slot.elements().get::<bool>()[0]) {
                break;
            }
        }
        drop(stacked);
        // Each slot back to its place, with the last value in that which it is read from.
        if exchanged {
            exchange(inner, spares);
            for &(slot, spare) in &carried {
                if let (Some(to), Some(from)) = (&mut inner.slots[slot], &spares[spare]) {
                    let from = from.elements();
                    let len = from.len().min(to.elements().len());
                    copy(from, to.elements_mut(), 0, len);
                }
            }
        }
        finish(called, looped, inner, arguments, stacks, [done, limit]);
        result
    }
}

/// What is left when so many steps are done, of so many that were to be.
fn finish(
    called: &Called,
    looped: &Looped,
    inner: &mut Memory,
    arguments: &[AnySlice<'_>],
    stacks: &mut [Boxed],
    [done, limit]: [usize; 2],
) {
    let repeat = &looped.repeat;
    for (of, stack) in repeat.yields.iter().zip(stacks.iter_mut()) {
        match (*of, stack) {
            (Yield::Steps, Some(stack)) => stack.elements_mut().get::<i64>()[0] = done as i64,
            (Yield::Last { value, start }, _) if done == 0 => {
                let (slot, len) = called.value(value);
                if let Some(slot) = &mut inner.slots[slot] {
                    copy(arguments[start], slot.elements_mut(), 0, len);
                }
            }
            (Yield::All(value), Some(stack)) => {
                let len = called.value(value).1;
                let all = len * repeat.steps;
                let missing = match repeat.backwards {
                    // From the front if it ended early, and behind the limit.
                    true => [(0, limit - done), (limit, repeat.steps)],
                    false => [(done, repeat.steps), (0, 0)],
                };
                for (from, to) in missing {
                    clear(stack.elements_mut().first(all), from * len, to * len);
                }
            }
            _ => {}
        }
    }
}

fn copy(from: AnySlice<'_>, to: AnySliceMut<'_>, start: usize, len: usize) {
    with_type!(to.element_type(), T => {
        to.get::<T>()[start..start + len].copy_from_slice(&from.get::<T>()[..len]);
    });
}

fn clear(of: AnySliceMut<'_>, start: usize, end: usize) {
    with_type!(of.element_type(), T => of.get::<T>()[start..end].fill(<T as bayeux_tensor::Element>::ZERO));
}
