//! Each operation, and its gradient, through a file.

use bayeux_tensor::{AnyTensor, ElementType};

use super::{Example, all};
use crate::ops::{Input, Op};
use crate::{AnyExpr, Graph, Operations, grad, interpret};

/// The values of a graph at a point, by their bits: NaN are to be the same, too.
fn bits(graph: &Graph, point: &[AnyTensor]) -> Vec<Vec<u64>> {
    let values: Vec<AnyExpr> = graph.outputs().iter().map(|(_, output)| output.clone()).collect();
    let given: Vec<(&AnyExpr, &AnyTensor)> = graph.inputs().iter().zip(point).collect();
    interpret(&values, &given, 3).expect("runs").iter().map(|value| value.bits().collect()).collect()
}

fn check(file: &str, example: &Example, point: &[AnyTensor], operations: &Operations) {
    let leaf =
        |of: &AnyTensor| AnyExpr::leaf(Op::Input(Input::fresh()), of.element_type(), of.shape().into());
    let inputs: Vec<AnyExpr> = point.iter().map(leaf).collect();
    let mut outputs = (example.build)(&inputs);
    let is_real = |x: &&AnyExpr| x.element_type().is_float();
    let cost = outputs.iter().filter(is_real).map(|value| value.square().sum_all()).reduce(|a, b| a + b);
    if let Some(cost) = cost.filter(|_| example.has_slopes) {
        let wrt: Vec<AnyExpr> = inputs.iter().filter(is_real).cloned().collect();
        outputs.extend(grad(&cost, &wrt));
    }
    let graph = inputs.iter().fold(Graph::new(), |graph, input| graph.input(input));
    let graph = outputs.iter().fold(graph, |graph, output| graph.output("value", output));
    let what = format!("{file}: {}", example.name);
    let bytes = graph.to_bytes(operations).expect(&what);
    let same = Graph::from_bytes(&bytes, operations).expect(&what);
    assert_eq!(bits(&graph, point), bits(&same, point), "{what}");
    assert!(same.to_bytes(operations).expect(&what) == bytes, "{what}: another file from what was loaded");
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
