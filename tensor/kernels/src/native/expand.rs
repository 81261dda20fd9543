//! Functions written out.

use super::program::{Line, Op, Operand, Program};
use super::symbol::{Symbol, Written, write};
use super::target::Target;
use crate::Float;
use crate::simd::Function;

/// The same program without functions.
pub(super) fn expand<T: Float>(program: &Program, target: Target) -> Program {
    let mut lines: Vec<Line> = Vec::with_capacity(program.lines.len());
    // Where the result of each line is now.
    let mut now: Vec<usize> = Vec::with_capacity(program.lines.len());
    for line in &program.lines {
        let moved = |operand: &Operand| match *operand {
            Operand::Line(line) => Operand::Line(now[line]),
            operand => operand,
        };
        let from: Vec<Operand> = line.from.iter().map(moved).collect();
        match line.op {
            Op::Function(function) => {
                for (op, from) in written::<T>(function, from[0], lines.len(), target) {
                    lines.push(Line { op, from, to: vec![], reduced: vec![] });
                }
            }
            op => lines.push(Line { op, from, to: vec![], reduced: vec![] }),
        }
        if let Some(last) = lines.last_mut() {
            (last.to, last.reduced) = (line.to.clone(), line.reduced.clone());
        }
        now.push(lines.len() - 1);
    }
    Program { lines, ..program.clone() }
}

/// The lines of a function, the first of which will be number `first`, the last of which is its result.
fn written<T: Float>(function: Function, x: Operand, first: usize, target: Target) -> Vec<Written> {
    let (mut lines, (y, elsewhere)) = write(target, |x: Symbol<T>| function.eval(x));
    let mut y: Operand = y.into();
    if let Some(truth) = elsewhere {
        let op = Op::Elsewhere { function, unless: truth.negated };
        lines.push((op, vec![y, Operand::Line(0), Operand::Line(truth.line)]));
        y = Operand::Line(lines.len() - 1);
    }
    let Operand::Line(last) = y else { return vec![(Op::Copy, vec![y])] };
    let mut needed = vec![false; lines.len()];
    needed[last] = true;
    for i in (0..lines.len()).rev().filter(|&i| i <= last) {
        if needed[i] {
            for operand in &lines[i].1 {
                if let Operand::Line(line) = *operand {
                    needed[line] = true;
                }
            }
        }
    }
    // The first stands for x.
    let mut now = vec![x; lines.len()];
    let mut result = Vec::new();
    for (i, (op, from)) in lines.into_iter().enumerate().skip(1).filter(|&(i, _)| needed[i]) {
        let moved = |operand| match operand {
            Operand::Line(line) => now[line],
            operand => operand,
        };
        result.push((op, from.into_iter().map(moved).collect()));
        now[i] = Operand::Line(first + result.len() - 1);
    }
    result
}
