//! From expressions to a program, in passes.
//!
//! | pass | file | what it does |
//! | --- | --- | --- |
//! | trace | `trace` | writes the expressions out as a list, at concrete sizes |
//! | simplify | `simplify` | constants, algebra, and the forms that keep their digits |
//! | share | `graph` | equal computations become one (by construction, in every pass) |
//! | slopes | `slopes` | tanh's slope from its value, where digits below the rounding of 1 do not matter |
//! | places | `places` | max-pools that remember where, as epilogues of convolutions |
//! | materialise | `layout` | what can be seen through strides is not computed; copies where a view will not do |
//! | fuse | `fuse` | element-wise chains and the reductions that end them become one loop |
//! | sink | `sink` | what only a later loop needs is computed there, if less has to be stored |
//! | epilogue | `epilogue` | loops go on with the rows of a matrix product, or the images of a convolution, while they are in a cache |
//! | in place | `in_place` | which variables are updated where they stand |
//! | plan | `plan` | which buffer each value lives in, from its first writer to its last reader |
//!
//! A lambda becomes a program of its own, by the same passes, which an instruction of the program around it runs: `inner`, `inners`; or
//! runs again and again: `repeat`.
//!
//! Every pass takes a graph and gives a graph; in debug builds [`verify`] follows each, of graphs, of units and of programs.

mod assemble;
mod dependencies;
mod dot;
mod element_wise;
mod epilogue;
mod fuse;
mod graph;
mod in_place;
mod inner;
mod inners;
mod instruction;
mod layout;
mod passes;
mod places;
mod plan;
mod program;
mod repeat;
mod simplify;
mod sink;
mod slopes;
mod slots;
mod target;
mod trace;
mod trace_scan;
mod unit;
mod verify;
mod watch;

use assemble::assemble;

use crate::dim::Sizes;
use crate::{AnyExpr, Error, Shared, Untyped};

pub(crate) use element_wise::{ElementWise, Line, Reduction, Store};
pub(crate) use graph::Graph;
pub(crate) use inner::Called;
pub(crate) use inners::Inners;
pub(crate) use instruction::{Instruction, Read, ReadFrom, Work, WriteTo};
pub(crate) use passes::Off;
pub(crate) use program::{Program, Purpose};
pub(crate) use repeat::{Feed, Looped, Yield};
pub(crate) use target::Target;
pub(crate) use watch::{Watch, counts};

/// Compiles the outputs, and then the updates, for concrete sizes. `updated` are the variables of the last roots, which may be
/// updated in place if that is `exclusive`.
pub(crate) fn compile(
    roots: &[AnyExpr],
    updated: &[Shared<Untyped>],
    exclusive: bool,
    inputs: &[AnyExpr],
    sizes: &Sizes,
    target: &Target,
    watch: &mut Watch,
) -> Result<Program, Error> {
    let graph = Graph::trace(roots, inputs, sizes, &mut Inners::new(target, watch))?;
    let graph = watch.lap("trace", graph);
    let graph = passes::rewrite(graph, Off::by_environment(), watch);
    assemble(graph, updated, exclusive, target, watch)
}

/// The passes that rewrite the graph.
#[cfg(test)]
pub(crate) fn optimise(graph: Graph, watch: &mut Watch) -> Graph {
    passes::rewrite(graph, &Off::default(), watch)
}

#[cfg(test)]
mod tests;
