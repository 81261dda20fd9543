//! Programs as data.

use std::fmt;

use bayeux_tensor::{AnyTensor, ElementType};

use super::instruction::{Instruction, Work};
use crate::{Shared, Untyped};

/// What a function is compiled to: instructions, and what they need to be run. How they are run is an
/// [executor](crate::execute)'s business.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub instructions: Vec<Instruction>,
    /// What buffers it needs.
    pub slots: Vec<Purpose>,
    pub constants: Vec<AnyTensor>,
    pub shareds: Vec<Shared<Untyped>>,
    /// The variables that are updated: the last outputs are their new values.
    pub updated: Vec<Shared<Untyped>>,
    /// The slot of each output; `None` for the new value of a variable that is updated in place.
    pub outputs: Vec<Option<usize>>,
}

/// What the buffers of a program are for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Purpose {
    /// So many elements that come and go.
    Scratch(ElementType, usize),
    /// An output of a type.
    Output(ElementType, Vec<usize>),
    /// The new value of a variable, of a type.
    Update(ElementType, Vec<usize>),
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

/// The instructions, one a line, in order; with `#` also where they come from, and loops in full.
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, instruction) in self.instructions.iter().enumerate() {
            match f.alternate() {
                true => writeln!(f, "{i:4}  {instruction:#}")?,
                false => writeln!(f, "{i:4}  {instruction}")?,
            }
            let under = match &instruction.work {
                Work::Call(called) if f.alternate() => format!("{:#}", called.program()),
                Work::Call(called) => called.program().to_string(),
                Work::ElementWise(all) if f.alternate() => all.to_string(),
                _ => String::new(),
            };
            under.lines().try_for_each(|line| writeln!(f, "        {line}"))?;
        }
        let outputs: Vec<String> = self.outputs.iter().flatten().map(|slot| format!("s{slot}")).collect();
        writeln!(f, "return {}", outputs.join(", "))
    }
}
