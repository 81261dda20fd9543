//! Executors: what runs the programs that the compiler makes.
//!
//! A program says what to compute; how, with what block sizes, function pointers and machine code, is made of it once by an
//! executor. There is one, for the CPU. Another would need a [`Target`] for the passes, and what is made of each instruction.

mod cpu;
mod executor;

use std::sync::Arc;

use crate::compile::{Program, Target};

pub(crate) use executor::{Code, Done, Executor};

/// The executor of all functions,
pub(crate) type Machine = cpu::Cpu;
/// what it compiles for,
pub(crate) const TARGET: Target = Machine::TARGET;
/// and what it makes.
pub(crate) type Ready = <Machine as Executor>::Code;
pub(crate) type Memory = <Ready as Code>::Memory;

/// Makes a program ready to be run.
pub(crate) fn prepare(program: Program) -> Ready {
    Machine::prepare(Arc::new(program))
}
