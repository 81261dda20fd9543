//! Six things that become easy when a layer's parameters may be any expression: those of Lasagne's announcement of that
//! feature, and at the end two more. Run it with `cargo run --release --example lasagne`.
//!
//! Each function builds a net, trains it for a few steps and returns what the tests at the end of the file look at:
//! whether the effect is there, not whether the net is a good one.

use bayeux::datasets::digits;
use bayeux_autodiff::{Error, Expr, Function, Shape, Shared, batch};
use bayeux_nets::activations::{softplus, tanh};
use bayeux_nets::init::{self, Initializer, Stream};
use bayeux_nets::losses::{cross_entropy_logits, squared_error};
use bayeux_nets::optimizers::{Adam, Optimizer};
use bayeux_nets::{Conv2d, Dense, Input, MaxPool2d, Net};
use bayeux_tensor::Tensor;

fn main() -> Result<(), Error> {
    sigpipe::reset(); // a reader that has seen enough, such as head, is no error
    let report = |idea: &str, fit: Fit| {
        println!(
            "{idea:<52} {:>7} parameters, loss {:.4} → {:.4}",
            fit.net.parameter_count(),
            fit.first,
            fit.last
        );
    };
    report("two layers that share their weights", shared_weights()?);
    report("an autoencoder that decodes with the transpose", tied_autoencoder()?);
    report("784×500 weights of rank 100 instead of 392,000", low_rank()?.0);
    report("positive weights, as exp", positive_weights(|v| v.exp())?);
    report("positive weights, as softplus", positive_weights(softplus)?);
    report("positive semi-definite weights V·Vᵀ", quadratic_form(semi_definite)?);
    report("filters that are their own mirror image", symmetric_filters()?);
    report("weights made by another net", weights_from_a_net()?);
    Ok(())
}

/// A net after training, and its loss before the first step and the last.
struct Fit {
    net: Net,
    first: f32,
    last: f32,
}

/// Fits a net to data in a number of steps of Adam, each on all rows.
fn fit(net: Net, loss: &Expr, data: [(&Expr, &Tensor<f32>); 2], steps: usize) -> Result<Fit, Error> {
    let updates = Adam::new(1e-2).updates_for(loss, &net.trainable());
    let inputs = data.map(|(input, _)| input);
    let step = Function::builder().inputs(inputs).outputs([loss]).updates(updates).build()?;
    let mut losses = Vec::new();
    for _ in 0..steps {
        losses.push(step.call(&data.map(|(_, value)| value))?[0].item());
    }
    Ok(Fit { net, first: losses[0], last: losses[steps - 1] })
}

/// Two hundred handwritten digits of 64 pixels, `[200, 1, 8, 8]`, and their labels.
fn some_digits() -> (Tensor<f32>, Tensor<f32>) {
    let train = digits().train;
    (train.images.slice(0, 0..200), train.labels.slice(0, 0..200))
}

/// One variable as the weights of two layers, as in a recurrent net.
fn shared_weights() -> Result<Fit, Error> {
    let (images, labels) = some_digits();
    let (x, y) = (Expr::input("x", (batch(), 1, 8, 8)), Expr::input("y", [batch()]));
    let w: Shared = init::GlorotUniform::new().shared("w", [64, 64], 1);
    let net = Input::new(&x)
        .then(Dense::new(64).weights(&w).activation(tanh))
        .then(Dense::new(64).weights(&w).activation(tanh))
        .then(Dense::new(10));
    let loss = cross_entropy_logits(&net.output(), &y).mean_all();
    fit(net, &loss, [(&x, &images), (&y, &labels)], 40)
}

/// The decoder's weights are the transpose of the encoder's: W = l2.W.T.
fn tied_autoencoder() -> Result<Fit, Error> {
    let (images, _) = some_digits();
    let pixels = images.reshape([200, 64]);
    let (x, target) = (Expr::input("x", (batch(), 64)), Expr::input("target", (batch(), 64)));
    let code = Input::new(&x).then(Dense::new(16).activation(tanh));
    let net = code.then(Dense::new(64).weights(code.weights().t()));
    let loss = squared_error(&net.output(), &target).mean_all();
    fit(net, &loss, [(&x, &pixels), (&target, &pixels)], 60)
}

/// The product of two thin matrices instead of one thick one: 784·100 + 100·500 = 128,400 numbers instead of 392,000.
fn low_rank() -> Result<(Fit, [Shared; 2]), Error> {
    let random = |name: &str, shape: [usize; 2], sd: f64| init::Normal::new(0.0, sd).shared(name, shape, 2);
    let factors = [random("a", [784, 100], 0.04), random("b", [100, 500], 0.1)];
    let (x, y) = (Expr::input("x", (batch(), 784)), Expr::input("y", (batch(), 500)));
    let [a, b] = factors.each_ref().map(Shared::expr);
    let net = Input::new(&x).then(Dense::new(500).weights(a.matmul(&b)).no_bias().activation(tanh));
    let loss = squared_error(&net.output(), &y).mean_all();
    let (inputs, targets) = (random("x", [20, 784], 1.0).get(), random("y", [20, 500], 0.5).get());
    Ok((fit(net, &loss, [(&x, &inputs), (&y, &targets)], 10)?, factors))
}

/// A function of free numbers as weights. It is told the shape that the layer needs.
fn transformed(start: impl Initializer, f: impl Fn(&Expr) -> Expr) -> impl Fn(&Shape) -> Expr {
    move |shape| {
        let sizes = shape.sizes().expect("weights have no free dimension");
        f(&start.shared("v", sizes, 3).expr())
    }
}

/// Weights that cannot become negative, so that the net can only rise with each of its inputs.
fn positive_weights(positive: impl Fn(&Expr) -> Expr + Copy) -> Result<Fit, Error> {
    let (x, y) = (Expr::input("x", (batch(), 2)), Expr::input("y", (batch(), 1)));
    let weights = || transformed(init::Normal::new(-1.0, 0.5), positive);
    let net = Input::new(&x)
        .then(Dense::new(8).weights(weights()).activation(tanh))
        .then(Dense::new(1).weights(weights()));
    let loss = squared_error(&net.output(), &y).mean_all();
    // Rises with the first coordinate and *falls* with the second: more than such a net can learn.
    let points =
        Tensor::from_fn([64, 2], |at| (if at[1] == 0 { at[0] / 8 } else { at[0] % 8 }) as f32 / 4.0 - 1.0);
    let values = Tensor::from_fn([64, 1], |at| points.get(&[at[0], 0]) - 0.3 * points.get(&[at[0], 1]));
    fit(net, &loss, [(&x, &points), (&y, &values)], 100)
}

/// W = V·Vᵀ: all forms xᵀWx are at least 0.
fn semi_definite(v: &Expr) -> Expr {
    v.matmul(&v.t())
}

/// Fits a quadratic form xᵀWx to values of x₀² + x₁² − x₂² − x₃², which is indefinite.
fn quadratic_form(weights: impl Fn(&Expr) -> Expr) -> Result<Fit, Error> {
    let (x, y) = (Expr::input("x", (batch(), 4)), Expr::input("y", [batch()]));
    let net = Input::new(&x)
        .then(Dense::new(4).no_bias().weights(transformed(init::Normal::new(0.0, 0.5), weights)))
        .then(|wx: &Expr| (wx * &x).sum(1));
    let loss = squared_error(&net.output(), &y).mean_all();
    let points: Tensor<f32> = Stream::new(4, "x").normal(&[100, 4]);
    let values = Tensor::from_fn([100], |at| {
        (0..4).map(|i| points.get(&[at[0], i]).powi(2) * if i < 2 { 1.0 } else { -1.0 }).sum()
    });
    fit(net, &loss, [(&x, &points), (&y, &values)], 150)
}

/// Each filter is averaged with its mirror image, so the net sees a mirrored digit as the mirror image of what it saw.
fn symmetric_filters() -> Result<Fit, Error> {
    let (images, labels) = some_digits();
    let (x, y) = (Expr::input("x", (batch(), 1, 8, 8)), Expr::input("y", [batch()]));
    let mirrored = transformed(init::GlorotUniform::new(), |v| (v + v.flip(3)) * 0.5);
    let net = Input::new(&x)
        .then(Conv2d::new(6, [3, 3]).padding(1).weights(mirrored).activation(tanh))
        .then(MaxPool2d::new([2, 2]))
        .then(Dense::new(10));
    let loss = cross_entropy_logits(&net.output(), &y).mean_all();
    fit(net, &loss, [(&x, &images), (&y, &labels)], 30)
}

/// A small net looks at the place of each pixel and says what the weights of that pixel shall be: 32 smooth images as
/// features from a net that does not know how large the images are. Its parameters are found inside the layer's.
fn weights_from_a_net() -> Result<Fit, Error> {
    let (images, labels) = some_digits();
    let place = |at: &[usize]| (if at[1] == 0 { at[0] / 8 } else { at[0] % 8 }) as f32 / 3.5 - 1.0;
    let places = Expr::constant(Tensor::from_fn([64, 2], place));
    let painter = Input::new(&places)
        .then(Dense::new(16).named("painter1").weights(init::Normal::new(0.0, 1.5)).activation(tanh))
        .then(Dense::new(32).named("painter2"));

    let (x, y) = (Expr::input("x", (batch(), 1, 8, 8)), Expr::input("y", [batch()]));
    let net =
        Input::new(&x).then(Dense::new(32).weights(painter.output()).activation(tanh)).then(Dense::new(10));
    let loss = cross_entropy_logits(&net.output(), &y).mean_all();
    fit(net, &loss, [(&x, &images), (&y, &labels)], 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bayeux_nets::activations::identity;

    fn value(expression: &Expr) -> Tensor<f32> {
        Function::new([], [expression]).unwrap().call(&[]).unwrap().remove(0)
    }

    fn names(net: &Net) -> Vec<String> {
        net.params().iter().map(|variable| variable.name().to_string()).collect()
    }

    fn weights(net: &Net, layer: &str) -> Tensor<f32> {
        value(net.parameter(&format!("{layer}.w")).unwrap().expression())
    }

    #[track_caller]
    fn assert_learned(fit: &Fit) {
        assert!(fit.last < 0.8 * fit.first, "{} → {}", fit.first, fit.last);
    }

    #[test]
    fn shared_weights_stay_equal() {
        let fit = shared_weights().unwrap();
        assert_learned(&fit);
        assert_eq!(names(&fit.net), ["w", "dense1.b", "dense2.b", "dense3.w", "dense3.b"]);
        assert_eq!(fit.net.parameter_count(), 64 * 64 + 64 + 64 + 650);
        assert_eq!(weights(&fit.net, "dense1"), weights(&fit.net, "dense2"));
        // The layers are one variable, yet not one layer.
        assert_ne!(
            value(fit.net.parameter("dense1.b").unwrap().expression()),
            value(fit.net.parameter("dense2.b").unwrap().expression())
        );
    }

    #[test]
    fn the_decoder_stays_the_transpose_of_the_encoder() {
        let fit = tied_autoencoder().unwrap();
        assert_learned(&fit);
        assert_eq!(names(&fit.net), ["dense1.w", "dense1.b", "dense2.b"]);
        assert_eq!(weights(&fit.net, "dense2"), weights(&fit.net, "dense1").t().contiguous());
    }

    #[test]
    fn low_rank_weights_are_a_product_of_128_400_numbers() {
        let (fit, [a, b]) = low_rank().unwrap();
        assert_learned(&fit);
        assert_eq!(fit.net.parameter_count(), 128_400);
        assert_eq!(fit.net.weights().shape(), &Shape::from([784, 500]));
        assert!(weights(&fit.net, "dense1").all_close(&a.get().matmul(&b.get()), 1e-4, 1e-5));
    }

    /// The weights stay positive while the numbers behind them do not, and the output rises with both coordinates even
    /// where the data fall.
    #[test]
    fn positive_weights_stay_positive() {
        for fit in [positive_weights(|v| v.exp()).unwrap(), positive_weights(softplus).unwrap()] {
            assert_learned(&fit);
            assert!(
                ["dense1", "dense2"].iter().all(|layer| weights(&fit.net, layer).iter().all(|w| w > 0.0))
            );
            assert!(fit.net.params().iter().any(|variable| variable.get().iter().any(|v| v < 0.0)));
            // Data that fall with the second coordinate press its weights towards 0.
            let first = weights(&fit.net, "dense1");
            let total = |row: usize| first.index_axis(0, row).iter().sum::<f32>();
            assert!(total(1) < total(0), "{first:?}");
        }
    }

    fn smallest_form(w: &Tensor<f32>) -> f32 {
        let directions: Tensor<f32> = Stream::new(5, "directions").normal(&[2000, 4]);
        let forms = (directions.matmul(w) * &directions).sum(&[1]);
        forms.iter().fold(f32::INFINITY, f32::min)
    }

    /// The data are indefinite: free weights follow them, V·Vᵀ stops at 0.
    #[test]
    fn semi_definite_weights_have_no_negative_direction() {
        let free = quadratic_form(identity).unwrap();
        assert!(smallest_form(&weights(&free.net, "dense1")) < -0.5);
        let fit = quadratic_form(semi_definite).unwrap();
        assert_learned(&fit);
        let w = weights(&fit.net, "dense1");
        assert!(smallest_form(&w) > -1e-4);
        assert!(w.all_close(&w.t(), 1e-5, 1e-6));
        assert!(free.last < fit.last);
    }

    #[test]
    fn symmetric_filters_commute_with_a_mirror() {
        let fit = symmetric_filters().unwrap();
        assert_learned(&fit);
        let filters = weights(&fit.net, "conv1");
        assert_eq!(filters, filters.flip(3).contiguous());
        assert_ne!(filters, filters.flip(2).contiguous());

        let image = Expr::constant(some_digits().0.slice(0, 0..1));
        let see = |image: &Expr| {
            Input::new(image)
                .then(Conv2d::new(6, [3, 3]).padding(1).weights(Expr::constant(filters.clone())))
                .output()
        };
        assert!(value(&see(&image.flip(3))).all_close(&value(&see(&image).flip(3)), 1e-5, 1e-6));
    }

    #[test]
    fn a_net_that_makes_weights_is_trained_through_them() {
        let fit = weights_from_a_net().unwrap();
        assert_learned(&fit);
        let expected =
            ["painter1.w", "painter1.b", "painter2.w", "painter2.b", "dense1.b", "dense2.w", "dense2.b"];
        assert_eq!(names(&fit.net), expected);
        assert!(fit.net.parameter_count() < 64 * 32);
    }
}
