//! Cases are built as a user would write them, compiled, run and compared.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bayeux_autodiff::{AnyExpr, Expr, Function, Untyped};
use bayeux_tensor::{AnyTensor, ElementType, with_type};

use super::case::{Case, Named};
use super::node::Node;
use super::operators;

/// Runs a case and compares all of its outputs.
///
/// # Errors
/// Why it fails.
pub fn run(case: &Case) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(|| try_run(case))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(text.or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string())).unwrap_or_default())
    })
}

fn try_run(case: &Case) -> Result<(), String> {
    let given: Vec<AnyTensor> =
        case.inputs.iter().map(|named| named.value.clone()).collect::<Result<_, _>>()?;
    let inputs: Vec<AnyExpr> = case.inputs.iter().zip(&given).map(input).collect();
    // What is known only when the function is called is asked of a function of its own.
    let value = |expr: &AnyExpr| call(&inputs, std::slice::from_ref(expr), &given).unwrap().remove(0);
    let mut values: HashMap<&str, AnyExpr> =
        case.inputs.iter().zip(&inputs).map(|(named, input)| (named.name.as_str(), input.clone())).collect();
    for node in &case.nodes {
        let of_node = node.inputs.iter().map(|name| values.get(name.as_str()).cloned()).collect();
        let made = operators::build(&Node::new(node, case.opset, of_node, &value))
            .ok_or_else(|| format!("there is no entry for {}", node.op))?;
        values.extend(node.outputs.iter().map(String::as_str).zip(made));
    }
    let wanted = |named: &Named| {
        values.get(named.name.as_str()).cloned().ok_or_else(|| format!("nothing makes {}", named.name))
    };
    let outputs: Vec<AnyExpr> = case.outputs.iter().map(wanted).collect::<Result<_, _>>()?;
    let found = call(&inputs, &outputs, &given)?;
    for ((named, found), output) in case.outputs.iter().zip(&found).zip(&outputs) {
        // The type that the expression promised, too.
        let promised = output.element_type() == found.element_type()
            && output.shape().sizes().is_none_or(|sizes| sizes == found.shape());
        if !promised {
            return Err(format!(
                "{}: {} became {}{:?}",
                named.name,
                output.value_type(),
                found.element_type(),
                found.shape()
            ));
        }
        compare(found, named.value.as_ref()?).map_err(|why| format!("{}: {why}", named.name))?;
    }
    Ok(())
}

fn input((named, value): (&Named, &AnyTensor)) -> AnyExpr {
    with_type!(value.element_type(), T => Expr::<T>::input(&named.name, value.shape()).untyped())
}

fn call(inputs: &[AnyExpr], outputs: &[AnyExpr], given: &[AnyTensor]) -> Result<Vec<AnyTensor>, String> {
    let f = Function::<Untyped>::builder()
        .inputs(inputs)
        .outputs(outputs)
        .build()
        .map_err(|error| error.to_string())?;
    f.call(&given.iter().collect::<Vec<_>>()).map_err(|error| error.to_string())
}

/// Whether a value is the expected one: its type, its shape, and its elements to ONNX's tolerance.
fn compare(found: &AnyTensor, expected: &AnyTensor) -> Result<(), String> {
    // A file has scalars as one element.
    let scalar = found.rank() == 0 && expected.shape() == [1];
    if found.element_type() != expected.element_type() || (found.shape() != expected.shape() && !scalar) {
        let of = |x: &AnyTensor| format!("{}{:?}", x.element_type(), x.shape());
        return Err(format!("{} in place of {}", of(found), of(expected)));
    }
    let differ = match found.element_type() {
        ElementType::F32 | ElementType::F64 => {
            let close = |(a, b): &(f64, f64)| {
                a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-7 + 1e-3 * b.abs()
            };
            pairs::<f64>(found, expected).find(|pair| !close(pair)).map(|pair| format!("{pair:?}"))
        }
        _ => pairs::<i64>(found, expected).find(|(a, b)| a != b).map(|pair| format!("{pair:?}")),
    };
    differ.map_or(Ok(()), |pair| Err(format!("elements {pair} differ")))
}

fn pairs<T: bayeux_tensor::Element>(a: &AnyTensor, b: &AnyTensor) -> impl Iterator<Item = (T, T)> {
    a.cast::<T>().to_vec().into_iter().zip(b.cast::<T>().to_vec())
}
