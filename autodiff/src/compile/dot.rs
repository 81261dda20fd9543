//! Compiled programs as Graphviz graphs.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;

use super::instruction::{ReadFrom, WriteTo};
use super::program::Program;
use crate::display::escape;

/// Longer labels are cut: a loop may hold dozens of operations.
const LABEL: usize = 60;

impl Program {
    /// The instructions as boxes in their order of execution, what they read from outside as ellipses, and an arrow for
    /// each value that one hands to another.
    pub fn to_dot(&self) -> String {
        let mut dot = String::from("digraph program {\n  node [shape=box, fontname=\"sans-serif\"];\n");
        let mut writer: HashMap<usize, usize> = HashMap::new();
        let mut outside: BTreeSet<String> = BTreeSet::new();
        for (i, instruction) in self.instructions.iter().enumerate() {
            let mut label: String = instruction.label.chars().take(LABEL).collect();
            if label.len() < instruction.label.len() {
                label.push('…');
            }
            let lengths: Vec<String> = instruction.writes.iter().map(|write| write.len.to_string()).collect();
            // Writing to a string cannot fail.
            let _ = writeln!(
                dot,
                "  i{i} [label=\"{i}: {}\\n{} elements\"];",
                escape(&label),
                lengths.join(", ")
            );
            let mut from: BTreeSet<String> = BTreeSet::new();
            for read in &instruction.reads {
                from.insert(match read.from {
                    ReadFrom::Slot(slot) => format!("i{}", writer.get(&slot).copied().unwrap_or_default()),
                    source => {
                        outside.insert(self.leaf(source));
                        format!("\"{}\"", escape(&self.leaf(source)))
                    }
                });
            }
            for source in from {
                let _ = writeln!(dot, "  {source} -> i{i};");
            }
            let slots = instruction.writes.iter().filter_map(|write| match write.to {
                WriteTo::Slot(slot) => Some(slot),
                WriteTo::Shared(_) => None,
            });
            writer.extend(slots.map(|slot| (slot, i)));
        }
        for leaf in outside {
            let _ = writeln!(dot, "  \"{}\" [shape=ellipse];", escape(&leaf));
        }
        dot.push_str("}\n");
        dot
    }

    fn leaf(&self, source: ReadFrom) -> String {
        match source {
            ReadFrom::Shared(i) => self.shareds[i].name().into(),
            ReadFrom::Constant(i) if self.constants[i].len() == 1 => self.constants[i].item_f64().to_string(),
            source => source.to_string(),
        }
    }
}
