//! What holds for every example of every operation.

use bayeux_tensor::{AnyTensor, ElementType, Tensor};

use super::{FOLDERS, OTHERS, all, uniform};
use crate::expr::topological;
use crate::interpreter::as_written;
use crate::ops::{Input, Op};
use crate::{AnyExpr, Expr, Function, Untyped, ValueType, check_gradient, grad, interpret, jvp, vjp};

/// An example's inputs, a point, and its values, with inputs of an element type.
struct Case {
    what: String,
    inputs: Vec<AnyExpr>,
    points: Vec<AnyTensor>,
    values: Vec<AnyExpr>,
    has_slopes: bool,
}

fn cases(element: ElementType) -> Vec<Case> {
    let mut cases = Vec::new();
    for (file, examples) in all() {
        for example in examples {
            for points in example.points(element, 0) {
                let input = |(i, point): (usize, &AnyTensor)| {
                    let op = Op::Input(Input::fresh());
                    AnyExpr::leaf(op, point.element_type(), point.shape().into()).named(&format!("x{i}"))
                };
                let inputs: Vec<AnyExpr> = points.iter().enumerate().map(input).collect();
                let what = format!("{file}: {} of {element}{inputs:?}", example.name);
                let values = (example.build)(&inputs);
                cases.push(Case { what, inputs, points, values, has_slopes: example.has_slopes });
            }
        }
    }
    cases
}

impl Case {
    /// The inputs that are real numbers, and where.
    fn real(&self) -> (Vec<AnyExpr>, Vec<&AnyTensor>) {
        let both = self.inputs.iter().cloned().zip(&self.points);
        both.filter(|(input, _)| input.element_type().is_float()).unzip()
    }

    /// A scalar in which every real number of the values counts differently and not linearly, so that second derivatives do not vanish
    /// and exchanged elements show.
    fn mixed(&self) -> Option<AnyExpr> {
        let element = self.points.iter().map(AnyTensor::element_type).find(|of| of.is_float())?;
        let values = self.values.iter().filter(|value| value.element_type() == element);
        values
            .enumerate()
            .map(|(i, y)| {
                let sizes = y.shape().sizes().expect("concrete sizes");
                let weights = uniform(&sizes, 99 + i).into_iter().map(|u| 0.5 + u).collect();
                let weights = AnyTensor::from(Tensor::new(&sizes, weights)).cast_to(element);
                let weights = AnyExpr::of_tensor(weights);
                (y * &weights).sum_all() + (y * weights).square().sum_all() * 0.3
            })
            .reduce(|a, b| a + b)
    }

    /// The values, and the slopes of their mixture.
    fn roots(&self) -> Vec<AnyExpr> {
        let slopes = self.mixed().map(|cost| grad(&cost, &self.real().0));
        [self.values.clone(), slopes.unwrap_or_default()].concat()
    }

    fn given(&self) -> Vec<(&AnyExpr, &AnyTensor)> {
        self.inputs.iter().zip(&self.points).collect()
    }
}

/// Whether two values agree up to some parts of the largest element.
pub(super) fn agree(found: &AnyTensor, wanted: &AnyTensor, tolerance: f64) -> bool {
    let [a, b] = [found, wanted].map(|of| of.cast::<f64>().to_vec());
    let scale = b.iter().filter(|x| x.is_finite()).fold(1.0, |largest: f64, x| largest.max(x.abs()));
    let same =
        |(a, b): (&f64, &f64)| a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= tolerance * scale;
    found.element_type() == wanted.element_type()
        && found.shape() == wanted.shape()
        && a.iter().zip(&b).all(same)
}

#[test]
fn compiled_is_what_the_interpreter_gives() {
    for (element, tolerance) in [(ElementType::F64, 1e-12), (ElementType::F32, 2e-5)] {
        for case in cases(element) {
            let roots = case.roots();
            let f = Function::<Untyped>::new(&case.inputs, &roots).expect(&case.what);
            let found = f.call(&case.points.iter().collect::<Vec<_>>()).expect(&case.what);
            let wanted = interpret(&roots, &case.given(), 0).expect(&case.what);
            for ((found, wanted), root) in found.iter().zip(&wanted).zip(&roots) {
                let what = &case.what;
                assert!(agree(found, wanted, tolerance), "{what}: {found:?} is not {wanted:?}, {root}");
            }
        }
    }
}

/// Each node's type, of the values and of their slopes, is that of what is computed, and what the rule says of the inputs' types.
#[test]
fn types_are_those_of_the_values() {
    for case in [ElementType::F64, ElementType::F32].into_iter().flat_map(cases) {
        let roots = case.roots();
        let nodes = topological(&roots);
        let values = as_written(&nodes, &case.given(), 0).expect(&case.what);
        for (node, value) in nodes.iter().zip(values) {
            let found = ValueType::new(value.element_type(), value.shape());
            assert_eq!(&found, node.value_type(), "{}: {node}", case.what);
            if !node.op().is_leaf() {
                let given: Vec<ValueType> = node.inputs().iter().map(|x| x.value_type().clone()).collect();
                let inferred = node.op().infer(&given, node.shape());
                assert_eq!(inferred.as_deref(), Ok(node.types()), "{}: {node}", case.what);
            }
        }
        for (slope, input) in roots[case.values.len()..].iter().zip(case.real().0) {
            assert_eq!(slope.value_type(), input.value_type(), "{}", case.what);
        }
    }
}

#[test]
fn gradients_are_differences_at_orders_one_and_two() {
    for case in cases(ElementType::F64).into_iter().filter(|case| case.has_slopes) {
        let Some(cost) = case.mixed() else { continue };
        // What has no slope stays as it is.
        let rest: Vec<AnyExpr> = case.points.iter().map(|point| AnyExpr::of_tensor(point.clone())).collect();
        let fixed = case.inputs.iter().zip(&rest).filter(|(input, _)| !input.element_type().is_float());
        let cost = AnyExpr::substitute(&[cost], &fixed.collect::<Vec<_>>()).remove(0).typed::<f64>();
        let (inputs, points) = case.real();
        let inputs: Vec<Expr<f64>> = inputs.iter().map(|input| input.typed()).collect();
        let pairs: Vec<_> = inputs.iter().zip(points).map(|(input, point)| (input, point.get())).collect();
        let errors = check_gradient(&cost, &pairs).expect(&case.what);
        assert!(errors.first <= 1e-6 && errors.second <= 1e-5, "{}: {errors:?} of {cost}", case.what);
    }
}

/// ⟨v, J u⟩, from the tangents of u, is ⟨Jᵀ v, u⟩, from the adjoints of v; and so it is of the slopes.
#[test]
fn forward_mode_is_the_transpose_of_reverse_mode() {
    for case in cases(ElementType::F64).into_iter().filter(|case| case.has_slopes) {
        let Some(cost) = case.mixed() else { continue };
        let (inputs, _) = case.real();
        let slopes = grad(&cost, &inputs);
        let element = cost.element_type();
        let outputs = case.values.iter().filter(|y| y.element_type() == element).chain(&slopes);
        let direction = |(i, x): (usize, &AnyExpr)| {
            let sizes = x.shape().sizes().expect("concrete sizes");
            let numbers = uniform(&sizes, 200 + i).into_iter().map(|u| u - 0.5).collect();
            AnyExpr::of_tensor(AnyTensor::from(Tensor::new(&sizes, numbers)).cast_to(element))
        };
        let tangents: Vec<AnyExpr> = inputs.iter().enumerate().map(direction).collect();
        for (i, y) in outputs.enumerate() {
            let v = direction((77 + i, y));
            let forward = (jvp(y, &inputs, &tangents) * &v).sum_all();
            let adjoints = vjp(y, &v, &inputs);
            let reverse = adjoints.iter().zip(&tangents).map(|(a, t)| (a * t).sum_all());
            let reverse = reverse.fold(AnyExpr::number(element, 0.0), |sum, part| sum + part);
            let found = interpret(&[forward, reverse], &case.given(), 0).expect(&case.what);
            assert!(agree(&found[0], &found[1], 1e-12), "{}: {found:?} of {y}", case.what);
        }
    }
}

/// So that the tests above see each operation with nothing to do, and with a single element.
#[test]
fn every_file_has_an_example_of_nothing_and_one_of_a_single_element() {
    for (file, examples) in all() {
        let shapes: Vec<&Vec<usize>> =
            examples.iter().flat_map(|of| of.shapes.iter().map(|set| &set[0])).collect();
        assert!(shapes.iter().any(|shape| shape.contains(&0)), "{file}: nowhere is there nothing");
        let single = |shape: &&&Vec<usize>| shape.iter().product::<usize>() == 1;
        assert!(shapes.iter().any(|shape| single(&shape)), "{file}: nowhere is a single element");
    }
}

#[test]
fn every_file_with_operations_has_examples() {
    fn declared(text: &'static str) -> Vec<&'static str> {
        let files = text.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
        let mut files: Vec<&str> = files.collect();
        files.sort_unstable();
        files
    }
    let mut of_folders = Vec::new();
    for folder in FOLDERS {
        let mut listed: Vec<&str> = (folder.examples)().iter().map(|(file, _)| *file).collect();
        listed.sort_unstable();
        of_folders.extend(listed.clone());
        assert_eq!(
            declared(folder.text),
            listed,
            "modules of `{}`, and those that have examples",
            folder.name
        );
    }
    let names = FOLDERS.iter().map(|folder| folder.name);
    let files = all().into_iter().map(|(file, _)| file).filter(|file| !of_folders.contains(file));
    let mut listed: Vec<&str> = files.chain(OTHERS).chain(names).collect();
    listed.sort_unstable();
    let found = declared(include_str!("../mod.rs"));
    assert_eq!(found, listed, "modules of `ops`, and those of which `examples.rs` knows");
}

#[test]
fn a_tie_is_split_evenly() {
    let x = Expr::<f64>::input("x", [2]);
    let y = Expr::<f64>::input("y", [2]);
    let ones = Tensor::ones([2]);
    let slope = |cost: &Expr<f64>, by: &Expr<f64>| {
        let slope = crate::grad(cost, std::slice::from_ref(by)).remove(0);
        crate::interpret(&[slope], &[(&x, &ones), (&y, &ones)], 0).expect("runs").remove(0).to_vec()
    };
    for both in [x.maximum(&y), x.minimum(&y)] {
        assert_eq!(slope(&both.sum_all(), &x), [0.5, 0.5]);
        assert_eq!(slope(&both.sum_all(), &y), [0.5, 0.5]);
    }
    assert_eq!(slope(&x.max_all(), &x), [0.5, 0.5]);
    assert_eq!(slope(&(&x - 1.0).relu().sum_all(), &x), [0.0, 0.0]);
    assert_eq!(slope(&(&x - 1.0).abs().sum_all(), &x), [0.0, 0.0]);
}

#[test]
fn what_is_not_chosen_has_a_slope_of_zero() {
    // What is not chosen may be infinite or undefined; its gradient is still exactly zero.
    let x = Expr::<f64>::input("x", [2]);
    let safe = Expr::select(&x.gt(&Expr::zeros([2])), &x.ln(), &Expr::zeros([2])).sum_all();
    let slope = crate::grad(&safe, std::slice::from_ref(&x));
    let at = Tensor::from_slice(&[2.0, -1.0]);
    let value = crate::interpret(&slope, &[(&x, &at)], 0).expect("runs").remove(0);
    assert_eq!(value.get(&[0]), 0.5);
    let stopped = (x.stop_gradient() * &x).sum_all();
    let slope = crate::interpret(&crate::grad(&stopped, std::slice::from_ref(&x)), &[(&x, &at)], 0)
        .expect("runs")
        .remove(0);
    assert_eq!(slope.to_vec(), [2.0, -1.0]);
}
