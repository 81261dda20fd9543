//! Units: everything is computed by some, and can be read where it is.

use std::collections::HashSet;

use crate::compile::graph::{Graph, Id};
use crate::compile::layout::Layout;
use crate::compile::unit::{Unit, drawn_in_loops, is_reduction, space_of};
use crate::ops::Op;

/// Panics, with the unit, unless each value that needs a buffer has a unit which computes it, loops hold what runs over their shape,
/// and what is computed in a loop is read there element by element.
pub(in crate::compile) fn verify_units(graph: &Graph, layouts: &[Layout], units: &[Option<Unit>]) {
    let computed = computed(graph, units.iter().flatten());
    for id in needing(graph, layouts) {
        assert!(computed[id] > 0, "nothing computes %{id}\n{graph}");
    }
    for unit in units.iter().flatten() {
        let fail = |what: String| -> ! { panic!("{what} in {unit:?}\n{graph}") };
        let Some(space) = &unit.space else {
            let all = unit.members[0];
            let others = &unit.members[1..];
            if !others.iter().all(|&id| is_output_of(graph, id, all)) {
                fail("another operation".into());
            }
            continue;
        };
        let inside: HashSet<Id> = unit.members.iter().copied().collect();
        for &member in unit.members.iter().filter(|&&member| Some(member) != unit.product) {
            if space_of(graph, member) != Some(space) {
                fail(format!("%{member} does not run over {space:?}"));
            }
            for &input in &graph.nodes[member].inputs {
                let root = layouts[input].root;
                let seen_otherwise = root != input || is_reduction(graph, root);
                if inside.contains(&root) && seen_otherwise && computed[root] < 2 {
                    fail(format!("%{member} reads %{root} before it is complete"));
                }
            }
        }
    }
}

/// Panics unless each unit comes after those that compute what it reads.
pub(in crate::compile) fn verify_order(graph: &Graph, layouts: &[Layout], units: &[Unit]) {
    let needing: HashSet<Id> = needing(graph, layouts).collect();
    let mut there: HashSet<Id> = HashSet::new();
    for unit in units {
        for &member in &unit.members {
            for &input in &graph.nodes[member].inputs {
                let root = layouts[input].root;
                let inside = unit.members.contains(&input);
                assert!(
                    inside || there.contains(&root) || !needing.contains(&root),
                    "%{member} reads %{root} too early in {unit:?}\n{graph}"
                );
            }
        }
        there.extend(&unit.members);
    }
}

/// How many units compute each value.
fn computed<'a>(graph: &Graph, units: impl Iterator<Item = &'a Unit>) -> Vec<usize> {
    let mut computed = vec![0; graph.nodes.len()];
    units.flat_map(|unit| &unit.members).for_each(|&member| computed[member] += 1);
    computed
}

/// The values that need a buffer, or to be computed inside a loop.
fn needing<'a>(graph: &'a Graph, layouts: &'a [Layout]) -> impl Iterator<Item = Id> + 'a {
    let drawn = drawn_in_loops(graph, layouts);
    (0..graph.nodes.len()).filter(move |&id| {
        let op = &graph.nodes[id].op;
        let is_noise = matches!(op, Op::Noise(_)) && !drawn[id];
        layouts[id].root == id && (is_noise || !op.is_leaf())
    })
}

fn is_output_of(graph: &Graph, id: Id, all: Id) -> bool {
    matches!(graph.nodes[id].op, Op::Output(_)) && graph.nodes[id].inputs == [all]
}
