//! Graphs as files for another system: StableHLO, and numbers that it must come to. `benches/peers/stablehlo.py` reads them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Mutex;

use bayeux_autodiff::{Error, Expr, to_stablehlo};
use bayeux_tensor::Tensor;

/// A graph with its numbers.
pub struct Graph<'a> {
    pub seed: u64,
    pub name: String,
    pub variables: &'a [&'a str],
    pub inputs: &'a [Expr<f64>],
    /// Those of the inputs and, behind them, the variables.
    pub given: &'a [Tensor<f64>],
    /// Values, of which the last is the cost, and its slopes in the inputs and the variables.
    pub roots: &'a [Expr<f64>],
    pub results: &'a [Tensor<f64>],
    /// How many of the roots are values.
    pub values: usize,
}

/// A folder of them, or none, where they are made but not kept.
pub struct Folder {
    pub path: Option<PathBuf>,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    graphs: usize,
    values: usize,
    slopes: usize,
    /// What had no form, and how often.
    missing: BTreeMap<String, usize>,
}

impl Folder {
    /// One in that which `BAYEUX_STABLEHLO` names, if it names one.
    pub fn from_environment(name: &str) -> Self {
        let path = std::env::var_os("BAYEUX_STABLEHLO").map(|folder| PathBuf::from(folder).join(name));
        if let Some(path) = &path {
            std::fs::create_dir_all(path).expect("a folder to write to");
        }
        Folder { path, counts: Mutex::default() }
    }

    /// Writes the values, the slopes, and the numbers of both; what has no form is counted.
    pub fn write(&self, graph: &Graph<'_>) {
        let (values, slopes) = graph.roots.split_at(graph.values);
        let write = |name: String, text: &str| {
            if let Some(path) = &self.path {
                std::fs::write(path.join(name), text).expect("a file to write");
            }
        };
        let mut counts = self.counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        counts.graphs += 1;
        match to_stablehlo(graph.inputs, values, &[]) {
            Ok(text) => {
                write(format!("{}.mlir", graph.seed), &text);
                write(format!("{}.json", graph.seed), &numbers(graph));
                counts.values += 1;
            }
            Err(Error::NoStableHlo(op)) => return *counts.missing.entry(family(&op)).or_default() += 1,
            Err(error) => panic!("seed {}: {error}", graph.seed),
        }
        match to_stablehlo(graph.inputs, slopes, &[]) {
            Ok(text) => {
                write(format!("{}.slopes.mlir", graph.seed), &text);
                counts.slopes += 1;
            }
            Err(Error::NoStableHlo(op)) => *counts.missing.entry(family(&op)).or_default() += 1,
            Err(error) => panic!("seed {}: {error}", graph.seed),
        }
    }

    /// How many there were, how many with a form of their values, and of their slopes; the same in words, and why not the others.
    pub fn report(&self) -> ([usize; 3], String) {
        let counts = self.counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut report = format!(
            "StableHLO: {} of {} graphs written, {} with their slopes",
            counts.values, counts.graphs, counts.slopes
        );
        for (op, count) in &counts.missing {
            // Writing to a string cannot fail.
            let _ = write!(report, "\n  {count} × no form of {op}");
        }
        ([counts.graphs, counts.values, counts.slopes], report)
    }
}

/// The name of an operation without its numbers.
fn family(op: &str) -> String {
    let name = op.split(['(', ',']).next().unwrap_or(op);
    let words = name.split(' ').take_while(|word| !word.starts_with(|c: char| c.is_ascii_digit()));
    words.collect::<Vec<_>>().join(" ")
}

/// As JSON with Python's names for what is no finite number.
fn numbers(graph: &Graph<'_>) -> String {
    let tensors = |tensors: &[Tensor<f64>]| {
        let each = tensors.iter().map(|x| {
            let data: Vec<String> = x.to_vec().into_iter().map(number).collect();
            format!("{{\"shape\": {:?}, \"data\": [{}]}}", x.shape(), data.join(", "))
        });
        each.collect::<Vec<_>>().join(",\n    ")
    };
    let variables = graph.variables.iter().copied();
    let names: Vec<&str> = graph.inputs.iter().filter_map(Expr::name).chain(variables).collect();
    format!(
        "{{\n  \"name\": {:?},\n  \"names\": {names:?},\n  \"given\": [\n    {}],\n  \"values\": [\n    {}],\n  \"slopes\": [\n    {}]\n}}\n",
        graph.name,
        tensors(graph.given),
        tensors(&graph.results[..graph.values]),
        tensors(&graph.results[graph.values..])
    )
}

fn number(x: f64) -> String {
    match x {
        x if x.is_nan() => "NaN".into(),
        x if x.is_infinite() => if x > 0.0 { "Infinity" } else { "-Infinity" }.into(),
        x => format!("{x:?}"),
    }
}
