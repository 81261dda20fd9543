//! From a function of what is carried on and of parts to a loop.

use super::build::{Given, Results, Step, build};
use crate::expr::refusal::{difference, ensure};
use crate::lambda::close_over;
use crate::{AnyExpr, Dim};

/// What a loop is made of.
pub(super) struct Body {
    pub start: Vec<AnyExpr>,
    pub sequences: Vec<AnyExpr>,
    pub length: Dim,
    pub backwards: bool,
    pub truncated: Option<usize>,
    pub limit: Option<AnyExpr>,
}

/// What a step gives: what is carried on, what is stacked, and whether the loop is over.
pub(super) type Made = (Vec<AnyExpr>, Vec<AnyExpr>, Option<AnyExpr>);

impl Body {
    /// The loop of a function of what is carried on and the parts of the sequences.
    #[track_caller]
    pub fn run(self, f: impl FnOnce(&[AnyExpr], &[AnyExpr]) -> Made) -> Results {
        self.run_since(&AnyExpr::marker(), f)
    }

    /// The same; what came to be since `begin` is part of the step.
    #[track_caller]
    pub fn run_since(self, begin: &AnyExpr, f: impl FnOnce(&[AnyExpr], &[AnyExpr]) -> Made) -> Results {
        let part = |stack: &AnyExpr| {
            AnyExpr::parameter(stack.element_type(), stack.shape().without(&[0]), stack.name())
        };
        let carried: Vec<AnyExpr> = self.start.iter().map(AnyExpr::parameter_like).collect();
        let parts: Vec<AnyExpr> = self.sequences.iter().map(part).collect();
        let (next, outputs, until) = f(&carried, &parts);
        assert!(
            next.len() == carried.len(),
            "scan: a step carries on {} values, {} were given to start with",
            next.len(),
            carried.len()
        );
        for (new, old) in next.iter().zip(&self.start) {
            let [a, b] = [new, old].map(|x| x.value_type());
            let where_not = difference(&a.shape, &b.shape);
            ensure!(a == b, [new, old], "scan: a step makes {a} of what began as {b}{where_not}");
        }
        let own: Vec<AnyExpr> = carried.iter().chain(&parts).cloned().collect();
        let counts = [next.len(), outputs.len()];
        let all = next.into_iter().chain(outputs).chain(until).collect::<Vec<_>>();
        let (mut all, same, captured) = close_over(begin, &own, all);
        let until = if all.len() > counts[0] + counts[1] { all.pop() } else { None };
        let outputs = all.split_off(counts[0]);
        let step = Step { carried, parts, same, next: all, outputs, sums: Vec::new(), until };
        build(
            step,
            Given {
                start: self.start,
                sequences: self.sequences,
                same: captured,
                limit: self.limit,
                length: self.length,
                backwards: self.backwards,
                truncated: self.truncated,
            },
        )
    }
}

/// All steps of a loop that ends where the sequences do: what is carried on last, and the stacks.
#[track_caller]
pub(super) fn all_steps(
    body: Body,
    f: impl FnOnce(&[AnyExpr], &[AnyExpr]) -> (Vec<AnyExpr>, Vec<AnyExpr>),
) -> (Vec<AnyExpr>, Vec<AnyExpr>) {
    let plain = |carried: &[AnyExpr], parts: &[AnyExpr]| {
        let (next, outputs) = f(carried, parts);
        (next, outputs, None)
    };
    let Results { last, stacks, .. } = body.run(plain);
    (last, stacks)
}
