//! From a graph that is rewritten to a program: the passes that make instructions of it.

use super::graph::Graph;
use super::passes::Off;
use super::program::Program;
use super::target::Target;
use super::watch::Watch;
use super::{fuse, in_place, layout, plan, verify};
use crate::{Error, Shared, Untyped};

/// Makes a program of a graph that is rewritten.
pub(super) fn assemble(
    graph: Graph,
    updated: &[Shared<Untyped>],
    exclusive: bool,
    target: &Target,
    watch: &mut Watch,
) -> Result<Program, Error> {
    let off = Off::by_environment();
    let graph = watch.lap("materialise", layout::materialise(graph, target)?);
    if cfg!(debug_assertions) {
        verify::verify(&graph);
    }
    watch.record("materialise", &graph);
    let layouts = watch.lap("layouts", layout::layouts(&graph));
    let units = fuse::fuse(&graph, &layouts, target, off, watch);
    let variables = if exclusive && !off.contains("in_place") { updated } else { &[] };
    let in_place = watch.lap("in_place", in_place::in_place(&graph, &layouts, &units, variables));
    let program = watch.lap("plan", plan::plan(&graph, &layouts, &units, in_place, updated));
    if cfg!(debug_assertions) {
        verify::verify_program(&program);
    }
    watch.record("plan", &program);
    Ok(program)
}
