//! Calls that a loop comes to rarely.

use super::super::assembler::{Assembler, Memory, RAX, RCX, RDI, RDX, RSI, RSP, Register, Source};
use super::super::registers::Class;
use super::super::target::Target;
use crate::Float;
use crate::simd::Function;

/// What the caller of a function must keep, of addresses.
const KEPT: [Register; 8] = [RCX, RDX, RSI, RDI, 8, 9, 10, 11];

/// A call of [`elementwise`], which the loop comes to rarely, and so is not in its way.
#[derive(Debug)]
pub struct Stub {
    /// The jump to it, and where it goes back to.
    pub jump: usize,
    pub back: usize,
    pub function: Function,
    pub x: Register,
    pub y: Register,
    /// Registers that hold something else.
    pub held: Vec<(Class, Register)>,
}

impl Stub {
    /// Appends it. On the stack there is something up to `free`; says up to where there is then.
    pub fn emit<T: Float>(self, assembler: &mut Assembler, target: Target, free: usize) -> usize {
        let on_stack = |at: usize| Memory { base: RSP, index: None, offset: at as i32 };
        let [x, y] = [free, free + target.width];
        let place = |class, register: Register| match class {
            Class::Vector => on_stack(y + (1 + usize::from(register)) * target.width),
            Class::Mask => on_stack(y + (1 + target.vectors) * target.width + usize::from(register) * 8),
        };
        assembler.set_target(self.jump, assembler.bytes.len());
        for &(class, register) in &self.held {
            match class {
                Class::Vector => assembler.store(register, place(class, register)),
                Class::Mask => assembler.store_mask(register, place(class, register)),
            }
        }
        assembler.store(self.x, on_stack(x));
        assembler.store(self.y, on_stack(y));
        KEPT.iter().for_each(|&register| assembler.push(register));
        let pushed = KEPT.len() * size_of::<usize>();
        assembler.address(RDI, on_stack(pushed + x));
        assembler.address(RSI, on_stack(pushed + y));
        assembler.set_register(RDX, (target.width / size_of::<T>()) as u64);
        assembler.set_register(RCX, self.function as u64);
        assembler.set_register(RAX, elementwise::<T> as *const () as u64);
        assembler.clear_upper();
        assembler.call(RAX);
        KEPT.iter().rev().for_each(|&register| assembler.pop(register));
        for &(class, register) in &self.held {
            match class {
                Class::Vector => assembler.load(register, Source::Memory(place(class, register))),
                Class::Mask => assembler.load_mask(register, place(class, register)),
            }
        }
        assembler.load(self.y, Source::Memory(on_stack(y)));
        let back = assembler.go();
        assembler.set_target(back, self.back);
        y + (1 + target.vectors) * target.width + target.masks * 8
    }
}

/// y ← the function of x, for those elements that it [computes by other means](Function::elsewhere).
///
/// # Safety
/// There are so many of both, and a function of that number.
unsafe extern "sysv64" fn elementwise<T: Float>(x: *const T, y: *mut T, count: usize, function: usize) {
    for i in 0..count {
        // SAFETY: the caller's.
        unsafe {
            if let Some(value) = Function::ALL[function].elsewhere(*x.add(i)) {
                *y.add(i) = value;
            }
        }
    }
}
