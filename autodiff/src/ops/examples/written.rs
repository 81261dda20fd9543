//! All examples as StableHLO: what random graphs do not grow, and arrays of nothing. Where `BAYEUX_STABLEHLO` names a folder they are kept
//! there, for XLA and JAX to compute.

#[path = "../../../tests/random_graphs/written.rs"]
mod folder;

use bayeux_tensor::{AnyTensor, ElementType, Tensor};
use folder::{Folder, Graph};

use super::{Example, all};
use crate::{AnyExpr, Expr, Shape, grad, interpret};

/// The values that are numbers, in f64, a cost made of them, and its slopes.
fn write(folder: &Folder, seed: u64, example: &Example, point: &[AnyTensor]) {
    let names = (0..point.len()).map(|i| format!("x{i}"));
    let inputs: Vec<Expr<f64>> =
        names.zip(point).map(|(name, x)| Expr::input(&name, Shape::from(x.shape()))).collect();
    let given: Vec<Tensor<f64>> = point.iter().map(|x| x.cast_to(ElementType::F64).get().clone()).collect();
    let of_type = |(input, x): (&Expr<f64>, &AnyTensor)| input.untyped().cast_to(x.element_type());
    let arguments: Vec<AnyExpr> = inputs.iter().zip(point).map(of_type).collect();
    let values = (example.build)(&arguments);
    let smooth = values.iter().filter(|value| value.element_type().is_float());
    let cost = smooth.map(|value| value.cast_to(ElementType::F64).typed::<f64>().sin().sum_all());
    let cost = cost.reduce(|a, b| a + b).unwrap_or_else(|| Expr::scalar(0.0));
    let mut roots: Vec<Expr<f64>> = values.iter().map(|x| x.cast_to(ElementType::F64).typed()).collect();
    roots.push(cost.clone());
    let count = roots.len();
    roots.extend(grad(&cost, &inputs));
    let pairs: Vec<_> = inputs.iter().zip(&given).collect();
    // Data of which nothing can be made is an example, too.
    let Ok(results) = interpret(&roots, &pairs, 0) else { return };
    let name = example.name.clone();
    let (inputs, given, roots, results) = (&inputs[..], &given[..], &roots[..], &results[..]);
    folder.write(&Graph { seed, name, variables: &[], inputs, given, roots, results, values: count });
}

/// What has no form is refused by name, and is little.
#[test]
fn examples_are_written_out() {
    let folder = Folder::from_environment("examples");
    let examples = all().into_iter().flat_map(|(_, examples)| examples);
    let mut seed = 0;
    for example in examples.filter(|example| example.has_slopes && !example.name.contains("custom_gradient"))
    {
        for point in example.points(ElementType::F64, 0) {
            write(&folder, seed, &example, &point);
            seed += 1;
        }
    }
    let ([graphs, values, slopes], report) = folder.report();
    println!("{report}");
    assert!(values > graphs * 4 / 5 && slopes > graphs * 3 / 4, "{report}");
}
