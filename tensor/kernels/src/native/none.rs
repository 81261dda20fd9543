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

/// Machine code for some programs, if there can be any.
#[expect(clippy::extra_unused_type_parameters, reason = "as where it is used")]
pub(crate) fn compile<T: Float>(_programs: &[&Program], _level: Level) -> Option<Native> {
    None
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
