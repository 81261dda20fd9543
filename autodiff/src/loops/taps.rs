//! Loops that look back several steps, and around in their sequences.

use super::ScanOptions;
use crate::expr::refusal::ensure;
use crate::{AnyExpr, Expr, Kind};

impl ScanOptions {
    /// A loop in the manner of Theano's: each sequence and each state is given with its taps.
    ///
    /// A sequence with taps [−1, 0, 1] gives each step t its parts t − 1, t and t + 1; steps begin and end where all of them are
    /// there. A state with taps [−2, −1] gives what it was two steps before and one step before; it starts with as many values, along
    /// its first axis, as the farthest tap looks back. `f` gets for each sequence and for each state its taps, in the order in
    /// which they were named, and gives the new value of each state, and whatever else is to be stacked. The results are the stacks of
    /// all of these.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function, ScanOptions};
    /// use bayeux_tensor::Tensor;
    /// // Fibonacci's numbers.
    /// let start = Expr::<f64>::constant(Tensor::from_slice(&[1.0, 1.0]));
    /// let none: &[(Expr<f64>, &[isize])] = &[];
    /// let all = ScanOptions::new().steps(6).scan_with_taps(
    ///     none,
    ///     &[(start, &[-2, -1])],
    ///     |_, states| vec![&states[0][0] + &states[0][1]],
    /// );
    /// let f = Function::<f64>::new([], [&all[0]])?;
    /// assert_eq!(f.call(&[])?[0].to_vec(), [2.0, 3.0, 5.0, 8.0, 13.0, 21.0]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// As [`scan`](Self::scan); and if a state has no taps or one that does not look back, if it has not as many values to start
    /// with, or if `f` gives fewer values than there are states.
    #[track_caller]
    pub fn scan_with_taps<T: Kind>(
        &self,
        sequences: &[(Expr<T>, &[isize])],
        states: &[(Expr<T>, &[isize])],
        f: impl FnOnce(&[Vec<Expr<T>>], &[Vec<Expr<T>>]) -> Vec<Expr<T>>,
    ) -> Vec<Expr<T>> {
        let mut parts: Vec<AnyExpr> = Vec::new();
        for (x, taps) in sequences {
            parts.extend(shifted(x, taps).iter().map(Expr::untyped));
        }
        // Each state is as many values as it looks back, the oldest first.
        let mut start: Vec<AnyExpr> = Vec::new();
        let mut depths = Vec::new();
        for (x, taps) in states {
            let depth = depth(x, taps);
            let value = |i: usize| {
                let value = x.slice(0, i..i + 1);
                value.reshape(value.shape().without(&[0])).untyped()
            };
            start.extend((0..depth).map(value));
            depths.push(depth);
        }
        let count = states.len();
        let step = |carried: &Vec<AnyExpr>, parts: &[AnyExpr]| {
            let mut parts = parts.iter().map(AnyExpr::typed);
            let around: Vec<Vec<Expr<T>>> =
                sequences.iter().map(|(_, taps)| parts.by_ref().take(taps.len()).collect()).collect();
            let mut rest = carried.as_slice();
            let mut registers = Vec::new();
            for &depth in &depths {
                let (register, others) = rest.split_at(depth);
                registers.push(register);
                rest = others;
            }
            let back = |(register, (_, taps)): (&&[AnyExpr], &(Expr<T>, &[isize]))| {
                taps.iter().map(|tap| register[register.len() - tap.unsigned_abs()].typed()).collect()
            };
            let before: Vec<Vec<Expr<T>>> = registers.iter().zip(states).map(back).collect();
            let values = f(&around, &before);
            assert!(values.len() >= count, "scan_with_taps: {} values of {count} states", values.len());
            let mut next = Vec::new();
            for (register, new) in registers.iter().zip(&values) {
                next.extend_from_slice(&register[1..]);
                next.push(new.untyped());
            }
            (next, values.iter().map(Expr::untyped).collect::<Vec<AnyExpr>>())
        };
        self.scan(step, start, &parts).1.iter().map(Expr::typed).collect()
    }
}

/// A sequence for each tap, of which the parts of one step have the same place.
#[track_caller]
fn shifted<T: Kind>(x: &Expr<T>, taps: &[isize]) -> Vec<Expr<T>> {
    let first = taps.iter().copied().min().unwrap_or(0).min(0);
    let last = taps.iter().copied().max().unwrap_or(0).max(0);
    let length = x.dim(0) - (last - first) as usize;
    let at = |tap: &isize| {
        let from = (tap - first) as usize;
        x.slice(0, crate::Dim::from(from)..&length + from)
    };
    taps.iter().map(at).collect()
}

#[track_caller]
fn depth<T: Kind>(x: &Expr<T>, taps: &[isize]) -> usize {
    assert!(
        !taps.is_empty() && taps.iter().all(|&tap| tap < 0),
        "scan_with_taps: the taps {taps:?} of {x:?} must look back"
    );
    let depth = taps.iter().map(|tap| tap.unsigned_abs()).max().unwrap_or(1);
    ensure!(
        x.rank() > 0 && x.dim(0).size() == Some(depth),
        [x],
        "scan_with_taps: {x:?} of shape {} must begin with the {depth} values that taps {taps:?} look back to",
        x.shape()
    );
    depth
}
