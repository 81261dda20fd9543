//! What an executor is.

use std::fmt::Debug;
use std::sync::Arc;

use bayeux_tensor::{AnySlice, AnyTensor};

use crate::compile::{Program, Target};
use crate::ops::CallNumber;
use crate::profile::Laps;
use crate::{Error, Shared, Untyped};

/// Something that runs programs.
pub(crate) trait Executor {
    /// What passes have to know of it.
    const TARGET: Target;
    /// What it makes of a program.
    type Code: Code;
    /// Makes a program ready to be run.
    fn prepare(program: Arc<Program>) -> Self::Code;
}

/// A program that is ready. Several threads can run it at a time, each in a memory of its own.
pub(crate) trait Code: Debug + Send + Sync {
    /// What it runs in. Which of several makes no difference.
    type Memory: Debug + Send;

    /// The program.
    fn program(&self) -> &Program;

    /// Floating-point operations of an instruction; a function such as exp counts as one.
    fn flops(&self, instruction: usize) -> usize;

    /// A new memory for it.
    fn memory(&self) -> Self::Memory;

    /// Runs all instructions on row-major inputs. `call` numbers the run, for noise.
    fn run(
        &self,
        memory: &mut Self::Memory,
        inputs: &[AnySlice<'_>],
        call: CallNumber,
        laps: Option<&mut Laps>,
    ) -> Done;

    /// The value of output `i` after a run.
    fn output<'m>(&self, memory: &'m Self::Memory, i: usize) -> &'m AnyTensor;

    /// Gives a variable the value of output `i`, unless it has it.
    fn update(&self, memory: &mut Self::Memory, i: usize, shared: &Shared<Untyped>);

    /// Bytes that a memory holds in buffers.
    fn bytes(memory: &Self::Memory) -> usize;
}

/// What a run returns: an error is large, and a result that may be one would be moved about as slowly as if it were.
pub(crate) type Done = Result<(), Box<Error>>;
