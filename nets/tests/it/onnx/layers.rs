//! Layers and losses against the cases that they can say: ONNX's operators of images and of single rows.

use bayeux_autodiff::{Expr, Function};
use bayeux_nets::losses::{cross_entropy, cross_entropy_logits};
use bayeux_nets::{Conv2d, Dense, Input, MaxPool2d, Padding, activations};
use bayeux_tensor::Tensor;
use serde_json::Value;

use super::case::{self, Named};

/// What a case of one node says, in doubles.
struct Case {
    name: String,
    attributes: Value,
    inputs: Vec<Tensor<f64>>,
    output: Tensor<f64>,
}

impl Case {
    fn numbers(&self, attribute: &str) -> Option<Vec<usize>> {
        let list = self.attributes.get(attribute)?.as_array()?;
        list.iter().map(|number| number.as_u64().map(|n| n as usize)).collect()
    }

    fn pair(&self, attribute: &str) -> Option<[usize; 2]> {
        self.numbers(attribute)?.try_into().ok()
    }

    fn text(&self, attribute: &str) -> Option<&str> {
        self.attributes.get(attribute)?.as_str()
    }

    fn number(&self, attribute: &str) -> Option<f64> {
        self.attributes.get(attribute)?.as_f64()
    }

    fn input(&self, i: usize) -> Expr<f64> {
        Expr::constant(self.inputs[i].clone())
    }

    /// ONNX's padding: all beginnings, then all ends, or the name of a rule.
    fn padding(&self) -> Option<Padding> {
        match (self.text("auto_pad"), self.numbers("pads")) {
            (Some("SAME_UPPER"), None) => Some(Padding::Same),
            // The lower rule agrees with the upper one where the sides can be equal.
            (Some("SAME_LOWER"), None)
                if self.pair("kernel_shape").is_some_and(|k| k.iter().all(|k| k % 2 == 1)) =>
            {
                Some(Padding::Same)
            }
            (None, Some(pads)) => Some(Padding::Explicit([[pads[0], pads[2]], [pads[1], pads[3]]])),
            (None, None) => Some(Padding::Valid),
            _ => None,
        }
    }

    /// Compares an expression's value with the case's output.
    #[track_caller]
    fn check(&self, expression: &Expr<f64>) {
        let found = Function::new([], [expression]).unwrap().call(&[]).unwrap().remove(0);
        // A scalar is stored as one element.
        let expected = if found.rank() == 0 { self.output.reshape([]) } else { self.output.clone() };
        assert_eq!(found.shape(), expected.shape(), "{}", self.name);
        assert!(found.all_close(&expected, 1e-5, 1e-6), "{}: {found:?} is not {expected:?}", self.name);
    }
}

/// Hands all cases of one operator to `check`, which returns whether it could use the case; at least `least` it must.
fn each_case(operator: &str, least: usize, check: impl Fn(&Case) -> bool) {
    let Some(file) = case::referees() else { return };
    let mut used = 0;
    for case in case::cases(&file) {
        let [node] = &case.nodes[..] else { continue };
        if node.op != operator {
            continue;
        }
        let doubles = |named: &Named| named.value.as_ref().unwrap().cast::<f64>();
        used += usize::from(check(&Case {
            name: case.name.clone(),
            attributes: node.attributes.clone(),
            inputs: case.inputs.iter().map(doubles).collect(),
            output: doubles(&case.outputs[0]),
        }));
    }
    assert!(used >= least, "{operator}: only {used} cases could be used");
}

#[test]
fn convolution() {
    each_case("Conv", 6, |case| {
        let [filters, _, height, width] = case.inputs[1].shape()[..] else { return false };
        let Some(padding) = case.padding() else { return false };
        let layer = Conv2d::new(filters, [height, width])
            .stride(case.pair("strides").unwrap_or([1, 1]))
            .padding(padding)
            .weights(&case.inputs[1])
            .no_bias();
        case.check(&Input::new(&case.input(0)).then(layer).output());
        // Flipped filters twice over are the filters.
        let turned = Conv2d::new(filters, [height, width])
            .stride(case.pair("strides").unwrap_or([1, 1]))
            .padding(padding)
            .weights(case.inputs[1].flip(2).flip(3).contiguous())
            .flip_filters(true);
        case.check(&Input::new(&case.input(0)).then(turned).output());
        true
    });
}

#[test]
fn max_pooling() {
    each_case("MaxPool", 8, |case| {
        let plain = case.attributes.get("ceil_mode").is_none() && case.attributes.get("dilations").is_none();
        let (Some(window), Some(padding), true) = (case.pair("kernel_shape"), case.padding(), plain) else {
            return false;
        };
        if case.inputs[0].rank() != 4 || case.inputs[0].is_empty() {
            return false;
        }
        let layer = MaxPool2d::new(window).stride(case.pair("strides").unwrap_or([1, 1])).padding(padding);
        case.check(&Input::new(&case.input(0)).then(layer).output());
        true
    });
}

#[test]
fn dense() {
    each_case("Gemm", 10, |case| {
        let turned = |i: usize, attribute: &str| match case.number(attribute) {
            Some(1.0) => case.input(i).t(),
            _ => case.input(i),
        };
        let (a, b) = (turned(0, "transA"), turned(1, "transB") * case.number("alpha").unwrap_or(1.0));
        let units = b.dim(1).size().unwrap();
        let layer = Dense::new(units).weights(b);
        let layer = match case.inputs.get(2) {
            None => layer.no_bias(),
            // A bias that differs from row to row is none.
            Some(c) if c.rank() == 2 && c.shape()[0] > 1 => return false,
            Some(c) => {
                let bias = c.reshape([c.len()]).broadcast_to([units]).contiguous();
                layer.bias(Expr::constant(bias) * case.number("beta").unwrap_or(1.0))
            }
        };
        case.check(&Input::new(&a).then(layer).output());
        true
    });
}

#[test]
fn softmax() {
    each_case("Softmax", 4, |case| {
        let last = case.inputs[0].rank() as f64 - 1.0;
        if ![-1.0, last].contains(&case.number("axis").unwrap_or(-1.0)) {
            return false;
        }
        case.check(&Input::new(&case.input(0)).then(activations::softmax).output());
        true
    });
}

/// The cases without weights and ignored labels. ONNX has the classes on axis 1, here they are last.
fn classification(case: &Case, loss: impl Fn(&Expr<f64>, &Expr<f64>) -> Expr<f64>) -> bool {
    let x = case.input(0);
    if case.inputs.len() > 2 || case.attributes.get("ignore_index").is_some() || x.rank() > 4 {
        return false;
    }
    let order: Vec<usize> = (0..x.rank()).filter(|&axis| axis != 1).chain([1]).collect();
    let rows = loss(&x.transpose(&order), &case.input(1));
    case.check(&match case.text("reduction") {
        Some("none") => rows,
        Some("sum") => rows.sum_all(),
        _ => rows.mean_all(),
    });
    true
}

#[test]
fn cross_entropy_of_logits() {
    each_case("SoftmaxCrossEntropyLoss", 8, |case| classification(case, cross_entropy_logits));
}

#[test]
fn cross_entropy_of_probabilities() {
    each_case("NegativeLogLikelihoodLoss", 5, |case| {
        classification(case, |logs, labels| cross_entropy(&logs.exp(), labels))
    });
}
