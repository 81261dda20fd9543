//! Constants and algebra: the table of rules, how they are applied, and what they share.
//!
//! Every rule looks at one node whose inputs are simplified already, and either answers with what replaces it or with
//! nothing. The first that answers is taken. A rule changes results by rounding errors only, and never makes an infinity or a NaN
//! of a finite result: where that depends on the numbers, the rule says for which it holds. Infinite and undefined values
//! stay what they are as well, but where the sum or product as written overflows on the way to a finite result, and where rows of
//! a table that nothing was added to would be multiplied by a number that is not finite; the sign of a zero, and so of an infinity that is divided by it, may change (x + 0 = x).
//!
//! Forms that keep their digits where the textbook's overflow are not found here but in [`stabilise`](crate::stabilise), before
//! gradients are taken.

mod algebra;
mod nothing;
mod numbers;
mod pads;
mod rewriter;
mod shapes;
mod sums;
mod tables;
#[cfg(test)]
mod tests;

use super::graph::Graph;
use super::watch::Watch;
use rewriter::Rewriter;
pub(crate) use rewriter::{Rule, Simplification};

/// All rules.
pub(crate) fn rules() -> impl Iterator<Item = &'static Rule> {
    let tables = [
        nothing::rules(),
        numbers::rules(),
        shapes::rules(),
        tables::rules(),
        pads::rules(),
        algebra::rules(),
        sums::rules(),
    ];
    tables.into_iter().flatten()
}

/// The graph in its simplest form.
pub(super) fn simplify(graph: Graph, watch: &mut Watch) -> Graph {
    let mut simplification = Simplification::default();
    let graph = simplify_with(graph, &mut simplification);
    let fired = rules().map(|rule| rule.name).zip(simplification.fired);
    watch.rules(fired.filter(|&(_, count)| count > 0));
    graph
}

/// The graph in the form that is simplest by the rules that are on; the others are counted.
pub(super) fn simplify_with(graph: Graph, simplification: &mut Simplification) -> Graph {
    let rules: Vec<&'static Rule> = rules().collect();
    simplification.fired.resize(rules.len(), 0);
    graph.rebuild(|builder, node| Rewriter { builder, rules: &rules, simplification }.simplified(node))
}
