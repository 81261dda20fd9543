//! Programs: what is read is what was written there, and nothing reaches beyond its buffer.

use bayeux_tensor::ElementType;

use crate::compile::instruction::{Instruction, Read, ReadFrom, Work, WriteTo};
use crate::compile::program::{Program, Purpose};

/// Panics, with the program, unless each instruction finds in its slots the values that it was made to read, of their types and within
/// their buffers; and unless no variable is read after it was updated in place.
pub(in crate::compile) fn verify_program(program: &Program) {
    // Which value each slot holds, and whether a variable has its new value.
    let mut held: Vec<Option<usize>> = vec![None; program.slots.len()];
    let mut updated = vec![false; program.shareds.len()];
    for (number, instruction) in program.instructions.iter().enumerate() {
        let check = |holds: bool, what: &str| {
            assert!(holds, "instruction {number} {what}: {instruction:?}\n{program}");
        };
        let written: Vec<WriteTo> = instruction.writes.iter().map(|write| write.to).collect();
        for (i, read) in instruction.reads.iter().enumerate() {
            match read.from {
                ReadFrom::Slot(slot) => {
                    check(held[slot] == Some(read.of), "reads another value");
                    check(!written.contains(&WriteTo::Slot(slot)), "writes what it reads");
                    let (element, len) = capacity(&program.slots[slot]);
                    check(read.element == element && end(read) <= len, "reads beyond a slot");
                }
                ReadFrom::Shared(shared) => {
                    check(!updated[shared], "reads a variable that was updated");
                    let in_place = written.contains(&WriteTo::Shared(shared));
                    check(!in_place || is_written_over(instruction, i), "reads what it writes over");
                }
                ReadFrom::Constant(constant) => {
                    let constant = &program.constants[constant];
                    let fits = read.element == constant.element_type() && end(read) <= constant.len();
                    check(fits, "reads beyond a constant");
                }
                ReadFrom::Input(_) => {}
            }
        }
        for (i, write) in instruction.writes.iter().enumerate() {
            check(!written[..i].contains(&write.to), "writes two values to one place");
            match write.to {
                WriteTo::Slot(slot) => {
                    held[slot] = write.of;
                    let (element, len) = capacity(&program.slots[slot]);
                    check(write.element == element && write.len <= len, "writes beyond a slot");
                }
                WriteTo::Shared(shared) => updated[shared] = true,
            }
        }
        if let Work::Call(called) = &instruction.work {
            let spares = called.repeat.iter().flat_map(|looped| &looped.spares);
            let spares = spares.map(|&(value, outside)| (called.value(value).0, outside));
            let lent: Vec<(usize, usize)> = called.slots.iter().copied().chain(spares).collect();
            for (i, &(within, outside)) in lent.iter().enumerate() {
                let needed = capacity(&called.program().slots[within]);
                let there = capacity(&program.slots[outside]);
                check(there.0 == needed.0 && there.1 >= needed.1, "lends too little");
                check(lent[..i].iter().all(|&(_, other)| other != outside), "lends a slot twice");
                check(
                    !instruction.reads.iter().any(|read| read.from == ReadFrom::Slot(outside)),
                    "lends what it reads",
                );
                if !written.contains(&WriteTo::Slot(outside)) {
                    held[outside] = None;
                }
            }
        }
    }
    for slot in program.outputs.iter().flatten() {
        assert!(held[*slot].is_some(), "an output is not written\n{program}");
    }
}

/// The element behind the last that is read.
fn end(read: &Read) -> usize {
    if read.shape.contains(&0) {
        return 0;
    }
    let reach = read.shape.iter().zip(&read.strides).map(|(&n, &stride)| (n - 1) * stride.unsigned_abs());
    read.offset + reach.sum::<usize>() + 1
}

fn capacity(purpose: &Purpose) -> (ElementType, usize) {
    match purpose {
        Purpose::Scratch(element, len) => (*element, *len),
        Purpose::Output(element, shape) | Purpose::Update(element, shape) => {
            (*element, shape.iter().product())
        }
    }
}

/// Whether an operand is one that the instruction overwrites element by element, or adds to.
fn is_written_over(instruction: &Instruction, operand: usize) -> bool {
    match &instruction.work {
        Work::ElementWise(all) => {
            let over = all.stores.iter().filter_map(|store| store.over);
            over.into_iter().any(|value| all.lines[value] == crate::compile::Line::Operand(operand))
        }
        Work::Op(op, _) => op.rule().writes_over() == Some(operand),
        Work::Noise(_) | Work::Call(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::compile::{Watch, compile};
    use crate::dim::Sizes;
    use crate::execute::TARGET;
    use crate::expr::all_untyped;
    use crate::{Expr, checkpoint, grad};

    /// A program with slots that are used again, and an inner program.
    fn program() -> Program {
        let [x, w] = [Expr::<f32>::input("x", [8, 3]), Expr::<f32>::input("w", [3, 3])];
        let y = checkpoint(|x| x[0].matmul(&w).tanh().matmul(&w).tanh(), &[x.sort().0]);
        let cost = (y.matmul(&w).tanh() * &x).sum(0).exp().sum_all();
        let roots = all_untyped(&[grad(&cost, std::slice::from_ref(&w)).remove(0), cost]);
        let inputs = all_untyped(&[x, w]);
        compile(&roots, &[], false, &inputs, &Sizes::new(), &TARGET, &mut Watch::start())
            .expect("concrete sizes")
    }

    fn refused(program: &Program) -> bool {
        catch_unwind(AssertUnwindSafe(|| verify_program(program))).is_err()
    }

    #[test]
    #[cfg_attr(target_family = "wasm", ignore = "panics end the program")]
    fn what_was_tampered_with_is_refused() {
        let whole = program();
        assert!(!refused(&whole));
        for number in 0..whole.instructions.len() {
            let mut without = program();
            without.instructions.remove(number);
            assert!(refused(&without), "instruction {number} is missing\n{whole}");
            for read in 0..whole.instructions[number].reads.len() {
                let mut other = program();
                let read = &mut other.instructions[number].reads[read];
                if let ReadFrom::Slot(slot) = &mut read.from {
                    *slot = (*slot + 1) % whole.slots.len();
                    assert!(refused(&other), "instruction {number} reads another slot\n{whole}");
                }
            }
        }
        for slot in 0..whole.slots.len() {
            let mut small = program();
            if let Purpose::Scratch(_, len) = &mut small.slots[slot] {
                *len -= 1;
                assert!(refused(&small), "slot {slot} is too small\n{whole}");
            }
        }
    }
}
