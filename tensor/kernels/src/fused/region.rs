//! Arithmetic gathered into regions, each of which is compiled to one function.
//!
//! Kernels over slices cut a loop into pieces: what they read must be there before, and what reads them comes after. Regions
//! and kernels take turns, as few as possible; a line goes into the last region that is early enough for its readers, so
//! that little is kept from one region to the next.

use super::definition::Definition;
use super::{Operand, Place, Reduce};
use crate::native::program::Program;

/// Arithmetic that is done for one vector after the other.
#[derive(Clone, Debug)]
pub(super) struct Region {
    pub program: Program,
    /// Where the program's arrays are.
    pub arrays: Vec<Place>,
    /// The reductions that it takes part in: their numbers, and the tiles of their lanes.
    pub reduced: Vec<(Reduce, usize, usize)>,
}

/// Values in the order in which they are computed: numbers that are the same everywhere first; then a kernel alone, or all
/// lines of a region.
pub(super) fn groups<T>(
    values: &[Definition<T>],
    uniform: &[bool],
    operands: &[Operand],
    regions: bool,
) -> Vec<Vec<usize>> {
    if !regions {
        return (0..values.len()).map(|i| vec![i]).collect();
    }
    let in_memory = |i: usize| match values[i] {
        Definition::Operand(o) => {
            matches!(operands[o], Operand::Direct | Operand::Former { .. } | Operand::Product)
        }
        _ => false,
    };
    let is_line = |i: usize| values[i].is_line();
    // Kernels have even times, regions odd ones. First the earliest.
    let mut time = vec![0usize; values.len()];
    for i in (0..values.len()).filter(|&i| !uniform[i] && !in_memory(i)) {
        let inputs = values[i].inputs();
        let after = |input: usize| time[input] + usize::from(is_line(i) != is_line(input));
        let computed = inputs.iter().map(|input| input.0).filter(|&input| !uniform[input]);
        time[i] = computed.filter(|&input| !in_memory(input)).map(after).max().unwrap_or(0);
        time[i] = time[i].max(usize::from(is_line(i)));
    }
    // Then the latest.
    let last = time.iter().copied().max().unwrap_or(0) | 1;
    let mut latest: Vec<usize> = (0..values.len()).map(|i| last - usize::from(!is_line(i))).collect();
    for i in (0..values.len()).rev().filter(|&i| !uniform[i]) {
        for input in values[i].inputs() {
            let before = latest[i] - usize::from(is_line(i) != is_line(input.0)).min(latest[i]);
            latest[input.0] = latest[input.0].min(before);
        }
    }
    let mut order: Vec<usize> = (0..values.len()).collect();
    // In a region, what overwrites comes after what reads.
    let is_over = |i: usize| matches!(values[i], Definition::Over(_));
    order.sort_by_key(|&i| match uniform[i] || in_memory(i) {
        true => (0, false, i),
        false => (1 + latest[i], is_over(i), i),
    });
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for i in order {
        let line = is_line(i) && !uniform[i];
        match groups.last_mut() {
            Some(group) if line && is_line(group[0]) && !uniform[group[0]] => group.push(i),
            _ => groups.push(vec![i]),
        }
    }
    groups
}
