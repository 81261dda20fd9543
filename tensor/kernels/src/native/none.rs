//! In place of machine code, where there is none.

use super::program::Program;
use crate::Float;
use crate::level::Level;

/// Compiled programs, which cannot be.
#[derive(Clone, Debug)]
pub(crate) enum Native {}

/// Whether programs can be compiled for a level.
pub(crate) fn available(_level: Level) -> bool {
    false
}

/// Whether programs for a level may have functions.
pub(crate) fn has_functions(_level: Level) -> bool {
    false
}

/// Programs to be compiled, which cannot be.
#[derive(Debug)]
pub(crate) enum Batch {}

impl Batch {
    /// None.
    pub fn new(_level: Level) -> Option<Self> {
        None
    }

    /// Adds the programs of a loop.
    #[expect(clippy::extra_unused_type_parameters)] // the one with machine code has a use for it
    pub fn add<T: Float>(&mut self, _programs: &[&Program]) -> Option<Vec<usize>> {
        match *self {}
    }

    /// The machine code of each loop.
    pub fn map(self, _loops: Vec<Option<Vec<usize>>>) -> Option<Vec<Option<Native>>> {
        match self {}
    }
}

impl Native {
    /// Runs a program.
    ///
    /// # Safety
    /// There is none.
    pub unsafe fn run<T: Float>(
        &self,
        _program: usize,
        _arrays: &[*mut T],
        _tiles: *mut T,
        _len: usize,
        _alignment: usize,
    ) {
        match *self {}
    }
}
