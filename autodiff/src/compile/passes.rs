//! The passes as a list, and which of them are switched off.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::graph::Graph;
use super::verify::verify;
use super::watch::Watch;
use super::{places, simplify, slopes};

/// A pass that rewrites the graph.
pub(super) struct Pass {
    pub name: &'static str,
    pub run: fn(Graph, &mut Watch) -> Graph,
}

/// Those that rewrite the graph, in the order in which they run.
pub(super) const REWRITES: [Pass; 4] = [
    Pass { name: "simplify", run: simplify::simplify },
    Pass { name: "slopes", run: slopes::slopes },
    Pass { name: "simplify", run: simplify::simplify },
    Pass { name: "places", run: places::places },
];

/// Those that make instructions of it and can be done without.
const OTHERS: [&str; 4] = ["fuse", "sink", "epilogue", "in_place"];

/// The passes that do not run.
#[derive(Debug, Default)]
pub(crate) struct Off(HashSet<String>);

impl Off {
    /// From a list such as `-sink,-fuse`.
    ///
    /// # Errors
    /// What cannot be switched off.
    pub fn parse(list: &str) -> Result<Self, String> {
        let known = || REWRITES.iter().map(|pass| pass.name).chain(OTHERS);
        let parse = |item: &str| match item.strip_prefix('-') {
            Some(name) if known().any(|known| known == name) => Ok(name.to_string()),
            _ => {
                let mut names: Vec<&str> = known().collect();
                names.dedup();
                Err(format!("`{item}`: expected a minus and one of {}", names.join(", ")))
            }
        };
        let items = list.split(',').map(str::trim).filter(|item| !item.is_empty());
        items.map(parse).collect::<Result<_, _>>().map(Off)
    }

    /// By the environment variable `BAYEUX_PASSES`.
    pub fn by_environment() -> &'static Off {
        static OFF: LazyLock<Off> = LazyLock::new(|| {
            let list = std::env::var("BAYEUX_PASSES").unwrap_or_default();
            Off::parse(&list).unwrap_or_else(|what| panic!("BAYEUX_PASSES: {what}"))
        });
        &OFF
    }

    pub fn contains(&self, pass: &str) -> bool {
        !self.0.is_empty() && self.0.contains(pass)
    }
}

/// Runs the passes that rewrite the graph, each followed in debug builds by the verifier.
pub(super) fn rewrite(mut graph: Graph, off: &Off, watch: &mut Watch) -> Graph {
    let check = |graph: &Graph| {
        if cfg!(debug_assertions) {
            verify(graph);
        }
    };
    check(&graph);
    watch.record("trace", &graph);
    for Pass { name, run } in REWRITES.iter().filter(|pass| !off.contains(pass.name)) {
        graph = run(graph, watch);
        watch.lap(name, ());
        check(&graph);
        watch.record(name, &graph);
    }
    graph
}
