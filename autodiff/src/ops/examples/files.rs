//! Each operation, and its gradient, through a file.

use std::collections::HashSet;

use bayeux_tensor::{AnyTensor, ElementType};

use super::{Example, all};
use crate::expr::topological;
use crate::ops::{Input, Op};
use crate::{AnyExpr, Graph, Operations, grad, interpret};

/// The values of a graph at a point, by their bits: NaN are to be the same, too.
fn bits(graph: &Graph, point: &[AnyTensor]) -> Vec<Vec<u64>> {
    let values: Vec<AnyExpr> = graph.outputs().iter().map(|(_, output)| output.clone()).collect();
    let given: Vec<(&AnyExpr, &AnyTensor)> = graph.inputs().iter().zip(point).collect();
    interpret(&values, &given, 3).expect("runs").iter().map(|value| value.bits().collect()).collect()
}

fn leaf(of: &AnyTensor) -> AnyExpr {
    AnyExpr::leaf(Op::Input(Input::fresh()), of.element_type(), of.shape().into())
}

/// The inputs of an example, and its values with their slopes.
fn built(example: &Example, point: &[AnyTensor]) -> (Vec<AnyExpr>, Vec<AnyExpr>) {
    let inputs: Vec<AnyExpr> = point.iter().map(leaf).collect();
    let mut outputs = (example.build)(&inputs);
    let is_real = |x: &&AnyExpr| x.element_type().is_float();
    let cost = outputs.iter().filter(is_real).map(|value| value.square().sum_all()).reduce(|a, b| a + b);
    if let Some(cost) = cost.filter(|_| example.has_slopes) {
        let wrt: Vec<AnyExpr> = inputs.iter().filter(is_real).cloned().collect();
        outputs.extend(grad(&cost, &wrt));
    }
    (inputs, outputs)
}

fn check(file: &str, example: &Example, point: &[AnyTensor], operations: &Operations) {
    let (inputs, outputs) = built(example, point);
    let graph = inputs.iter().fold(Graph::new(), |graph, input| graph.input(input));
    let graph = outputs.iter().fold(graph, |graph, output| graph.output("value", output));
    let what = format!("{file}: {}", example.name);
    let bytes = graph.to_bytes(operations).expect(&what);
    let same = Graph::from_bytes(&bytes, operations).expect(&what);
    assert_eq!(bits(&graph, point), bits(&same, point), "{what}");
    assert!(same.to_bytes(operations).expect(&what) == bytes, "{what}: another file from what was loaded");
}

/// The names in files of all operations that a graph needs.
fn names(roots: &[AnyExpr], operations: &Operations) -> HashSet<&'static str> {
    let name = |node: &AnyExpr| operations.save(node.op().rule()).map(|(name, _)| name);
    topological(roots).iter().filter_map(name).collect()
}

/// An operation that was added to a file, and to the list of those that files can hold, but of which there is no example.
#[test]
fn every_operation_has_an_example() {
    let operations = Operations::new();
    let mut seen = HashSet::new();
    for example in all().iter().flat_map(|(_, examples)| examples) {
        for point in example.points(ElementType::F64, 0) {
            seen.extend(names(&built(example, &point).1, &operations));
        }
    }
    let without: Vec<&str> = operations.names().filter(|name| !seen.contains(name)).collect();
    assert!(without.is_empty(), "without an example: {without:?}");
}

#[test]
fn every_operation_and_its_gradient_comes_back_from_a_file() {
    let operations = Operations::new();
    for (file, examples) in all() {
        for example in &examples {
            for point in example.points(ElementType::F64, 0) {
                check(file, example, &point, &operations);
            }
        }
    }
}
