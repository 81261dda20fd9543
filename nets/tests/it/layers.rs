//! What the layers build: shapes, names, parameters, messages.

use bayeux_autodiff::{Expr, Function, Shape, Shared, batch};
use bayeux_nets::activations::{relu, tanh};
use bayeux_nets::{Conv2d, Dense, Dropout, Flatten, Input, MaxPool2d, Net, Padding, Reshape, init, tags};
use bayeux_tensor::Tensor;

fn names<T: bayeux_tensor::Float>(variables: &[Shared<T>]) -> Vec<&str> {
    variables.iter().map(Shared::name).collect()
}

fn images() -> Net<f64> {
    Input::new(&Expr::input("x", (batch(), 2, 9, 7)))
}

fn rows() -> Net<f64> {
    Input::new(&Expr::input("x", (batch(), 3)))
}

#[test]
fn a_net_names_its_layers_and_counts_its_parameters() {
    let net = images()
        .then(Conv2d::new(4, [3, 2]).activation(tanh))
        .then(MaxPool2d::new([2, 2]))
        .then(Conv2d::new(5, [2, 2]).named("middle").no_bias())
        .then(Conv2d::new(3, [1, 1]).bias(init::Constant::new(0.5)))
        .then(Dense::new(6).activation(relu))
        .then(Dense::new(2));
    assert_eq!(net.shape(), &(batch(), 2).into());
    let expected = [
        "conv1.w", "conv1.b", "middle.w", "conv3.w", "conv3.b", "dense1.w", "dense1.b", "dense2.w",
        "dense2.b",
    ];
    assert_eq!(names(&net.params()), expected);
    assert_eq!(names(&net.trainable()), expected);
    let weights = ["conv1.w", "middle.w", "conv3.w", "dense1.w", "dense2.w"];
    assert_eq!(names(&net.params_tagged(tags::REGULARIZABLE)), weights);
    // 7×6 after the first convolution, 3×3 after pooling, 2×2 after the second.
    assert_eq!(net.parameter_count(), 4 * 2 * 6 + 4 + 5 * 4 * 4 + 3 * 5 + 3 + 12 * 6 + 6 + 12 + 2);
    assert_eq!(net.parameter("conv3.b").unwrap().expression().as_shared().unwrap().get().to_vec(), [0.5; 3]);
}

#[test]
fn shapes_with_remainders() {
    let after = |layer: Conv2d<f64>| images().then(layer).shape().sizes_of_image();
    assert_eq!(after(Conv2d::new(1, [3, 3]).stride([2, 3])), [4, 2]);
    assert_eq!(after(Conv2d::new(1, [4, 3]).padding(Padding::Same)), [9, 7]);
    assert_eq!(after(Conv2d::new(1, [4, 2]).padding(Padding::Same).stride([2, 3])), [5, 3]);
    assert_eq!(after(Conv2d::new(1, [1, 1]).padding(Padding::Same).stride([4, 4])), [3, 2]);
    assert_eq!(after(Conv2d::new(1, [3, 3]).padding([2, 0])), [11, 5]);
    assert_eq!(after(Conv2d::new(1, [3, 3]).padding([[0, 1], [2, 0]])), [8, 7]);
    let pooled = |layer: MaxPool2d| images().then(layer).shape().sizes_of_image();
    assert_eq!(pooled(MaxPool2d::new([2, 2])), [4, 3]);
    assert_eq!(pooled(MaxPool2d::new([3, 2]).stride([1, 2]).padding(1)), [9, 4]);
    assert_eq!(pooled(MaxPool2d::new([2, 2]).padding(Padding::Same)), [5, 4]);
    assert_eq!(images().then(Flatten).shape(), &(batch(), 126).into());
    assert_eq!(images().then(Reshape::new((batch() * 2, 63))).shape(), &(batch() * 2, 63).into());
}

trait ImageSize {
    fn sizes_of_image(&self) -> [usize; 2];
}

impl ImageSize for Shape {
    fn sizes_of_image(&self) -> [usize; 2] {
        [2, 3].map(|axis| self[axis].size().unwrap())
    }
}

/// All rows of the table, with weights that come out as the same numbers.
#[test]
fn weights_come_from_whatever_is_given() {
    let value = Tensor::full([3, 2], 0.25f64);
    let shared = Shared::new("mine", value.clone());
    let (leaf, scale) = (shared.expr(), Shared::new("scale", Tensor::scalar(0.25f64)));
    let borrowed = |shape: &Shape| Expr::ones(shape) * scale.expr();
    let nets = [
        (rows().then(Dense::new(2).weights(init::Constant::new(0.25))), "dense1.w"),
        (rows().then(Dense::new(2).weights(&value)), "dense1.w"),
        (rows().then(Dense::new(2).weights(value.clone())), "dense1.w"),
        (rows().then(Dense::new(2).weights(&shared)), "mine"),
        (rows().then(Dense::new(2).weights(shared.clone())), "mine"),
        (rows().then(Dense::new(2).weights(&leaf)), "mine"),
        (rows().then(Dense::new(2).weights(shared.expr() * 1.0)), "mine"),
        (rows().then(Dense::new(2).weights(borrowed)), "scale"),
        (rows().then(Dense::new(2).weights(move |shape: &Shape| Expr::ones(shape) * shared.expr())), "mine"),
    ];
    for (net, name) in nets {
        assert_eq!(names(&net.params()), [name, "dense1.b"]);
        let f = Function::new([], [&net.weights()]).unwrap();
        assert_eq!(f.call(&[]).unwrap()[0].contiguous(), value);
    }
}

#[test]
fn parameters_inside_expressions_are_found_once() {
    let (a, b) = (Shared::new("a", Tensor::<f64>::ones([3, 1])), Shared::new("b", Tensor::ones([1, 3])));
    let product = a.expr().matmul(&b.expr());
    let net = rows().then(Dense::new(3).weights(&product)).then(Dense::new(3).weights(product.t()).frozen());
    assert_eq!(names(&net.params()), ["a", "b", "dense1.b", "dense2.b"]);
    assert_eq!(names(&net.trainable()), ["a", "b", "dense1.b"]);
    assert_eq!(net.parameter_expressions().len(), 4);
}

#[test]
fn a_variable_may_bear_a_tag_of_its_own() {
    let w = Shared::new("w", Tensor::<f64>::ones([3, 3])).tagged("embedding");
    let net = rows().then(Dense::new(3).weights(&w)).then(Dense::new(3));
    assert_eq!(net.params_tagged("embedding"), [w]);
}

#[test]
fn seed_and_name_decide_the_first_weights() {
    let weights = |seed: u64, name: &str| {
        let net = rows().seeded(seed).then(Dense::new(2).named(name));
        net.params()[0].get()
    };
    assert_eq!(weights(1, "a"), weights(1, "a"));
    assert_ne!(weights(1, "a"), weights(2, "a"));
    assert_ne!(weights(1, "a"), weights(1, "b"));
}

#[test]
fn dropout_leaves_prediction_alone_and_keeps_the_mean() {
    let x = Expr::<f64>::input("x", (batch(), 50));
    let w = Shared::new("w", Tensor::full([50, 1], 0.02));
    let net = Input::new(&x).then(Dropout::new(0.2)).then(Dense::new(1).weights(&w)).then(tanh);
    assert_eq!(names(&net.params()), ["w", "dense1.b"]);
    let f = Function::new([&x], [&net.output(), &net.deterministic()]).unwrap();
    let ones = Tensor::ones([400, 50]);
    let (first, second) = (f.call(&[&ones]).unwrap(), f.call(&[&ones]).unwrap());
    assert!(first[1].iter().all(|y| (y - 1f64.tanh()).abs() < 1e-12));
    assert_ne!(first[0], second[0]);
    // The mean of 20,000 masks, each 0 or 1.25: its standard error is 0.5 / √20,000 = 0.0035.
    let mean = first[0].iter().map(f64::atanh).sum::<f64>() / 400.0;
    assert!((mean - 1.0).abs() < 0.015, "{mean}");
}

#[test]
fn two_dropout_layers_draw_different_masks() {
    let x = Expr::<f64>::input("x", [batch()]);
    let once = Input::new(&x).then(Dropout::new(0.5));
    let net = once.then(Dropout::new(0.5));
    let f = Function::new([&x], [&net.output(), &once.output()]).unwrap();
    let values = f.call(&[&Tensor::ones([1000])]).unwrap();
    let kept = |i: usize| values[i].iter().filter(|&y| y != 0.0).count();
    assert!((200..300).contains(&kept(0)) && (450..550).contains(&kept(1)), "{} {}", kept(0), kept(1));
}

/// Two branches of a net, a net of another input of the same name with the same seed, and a branch of a branch: which of 2,000 numbers each drops.
fn masks() -> Vec<Vec<bool>> {
    let (x, other) = (Expr::<f32>::input("x", [2000]), Expr::input("x", [2000]));
    let stem = Input::new(&x).then(tanh);
    let first = stem.then(Dropout::new(0.5));
    let nets = [
        stem.then(Dropout::new(0.5)),
        first.then(Dropout::new(0.5).named("more")),
        stem.clone().seeded(7).then(Dropout::new(0.5)),
        Input::new(&other).then(Dropout::new(0.5)),
        first,
    ];
    let outputs: Vec<Expr<f32>> = nets.iter().map(Net::output).collect();
    let f = Function::new([&x, &other], &outputs).unwrap();
    let ones = Tensor::ones([2000]);
    let values = f.call(&[&ones, &ones]).unwrap();
    values.iter().map(|value| value.iter().map(|y| y == 0.0).collect()).collect()
}

#[test]
fn dropout_of_branches_is_independent_and_reproducible() {
    let masks = masks();
    assert_eq!(masks, self::masks());
    // Without the one of two layers after another: it drops what either drops.
    let single: Vec<&Vec<bool>> = [0, 2, 3, 4].iter().map(|&i| &masks[i]).collect();
    for (i, a) in single.iter().enumerate() {
        for b in &single[..i] {
            let agree = a.iter().zip(*b).filter(|(a, b)| a == b).count();
            // 1,000 ± 22
            assert!((880..1120).contains(&agree), "{agree} of 2,000 agree");
        }
    }
    let both = masks[1].iter().filter(|&&dropped| dropped).count();
    assert!((1400..1600).contains(&both), "{both} of 2,000");
}

#[test]
fn a_net_prints_as_a_table() {
    let net =
        images().then(Conv2d::new(4, [3, 2])).then(MaxPool2d::new([2, 2])).then(Dense::new(10).no_bias());
    let expected = "\
input   [batch, 2, 9, 7]
conv1   [batch, 4, 7, 6]  conv1.w [4, 2, 3, 2], conv1.b [4]
pool1   [batch, 4, 3, 3]
dense1  [batch, 10]       dense1.w [36, 10]
412 numbers in 3 variables";
    assert_eq!(net.to_string(), expected);
}

macro_rules! refusals {
    ($($name:ident: $message:literal => $body:expr;)+) => {
        $(#[test]
        #[should_panic(expected = $message)]
        fn $name() {
            let _ = $body;
        })+
    };
}

refusals! {
    weights_of_another_shape: "dense1: the parameter `w` needs shape [3, 2], the one given has [2, 3]"
        => rows().then(Dense::new(2).weights(Tensor::ones([2, 3])));
    weights_that_would_broadcast: "head: the parameter `w` needs shape [3, 2], the one given has []"
        => rows().then(Dense::new(2).named("head").weights(Expr::scalar(1.0)));
    bias_of_another_shape: "conv1: the parameter `b` needs shape [4], the one given has [4, 1, 1]"
        => images().then(Conv2d::new(4, [3, 3]).bias(Tensor::ones([4, 1, 1])));
    filters_of_another_shape: "conv1: the parameter `w` needs shape [4, 2, 3, 3], the one given has [4, 3, 3, 2]"
        => images().then(Conv2d::new(4, [3, 3]).weights(Tensor::ones([4, 3, 3, 2])));
    rows_are_not_images: "conv1: the input has shape [batch, 3]" => rows().then(Conv2d::new(4, [3, 3]));
    windows_must_fit: "pool1: the window [10, 2] is larger than the image [9, 7]"
        => images().then(MaxPool2d::new([10, 2]));
    strides_are_positive: "stride [0, 1] must be positive" => images().then(Conv2d::new(4, [3, 3]).stride([0, 1]));
    padding_below_the_window: "must be smaller than the window" => images().then(MaxPool2d::new([2, 2]).padding(2));
    vectors_are_not_rows: "dense1: the input has shape [batch]"
        => Input::new(&Expr::<f64>::input("x", [batch()])).then(Dense::new(2));
    reshape_keeps_the_number: "reshape1: the input's shape [batch, 3] has 3·batch elements"
        => rows().then(Reshape::new((batch(), 4)));
    names_are_unique: "the net has a layer named `a` already"
        => rows().then(Dense::new(3).named("a")).then(Dense::new(3).named("a"));
    pools_have_no_weights: "the layer `pool1` has no parameter `w`"
        => images().then(MaxPool2d::new([2, 2])).weights();
    certain_dropout: "probability 1 is not in [0, 1)" => Dropout::new(1.0);
}
