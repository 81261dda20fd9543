//! The times of one run.

use std::time::Duration;

use bayeux_tensor::time::Instant;

/// When a run began and each of its instructions ended.
#[derive(Debug)]
pub(crate) struct Laps(Vec<Instant>);

impl Laps {
    /// A run begins.
    pub fn begin() -> Self {
        Laps(vec![Instant::now()])
    }

    /// The next instruction has ended.
    pub fn lap(&mut self) {
        self.0.push(Instant::now());
    }

    pub(super) fn times(&self) -> impl Iterator<Item = Duration> {
        self.0.windows(2).map(|pair| pair[1] - pair[0])
    }

    /// From the begin of the run to that of an instruction and its end.
    pub(super) fn span(&self, instruction: usize) -> [Duration; 2] {
        [instruction, instruction + 1].map(|i| self.0[i] - self.0[0])
    }
}
