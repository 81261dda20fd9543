//! Every optimiser against torch.optim's numbers, and what those cannot show.

use bayeux_tensor::Tensor;

use super::*;
use crate::Function;
use crate::{Expr, Shared};

/// x after ten steps on Σ [.1, .2, .3] x² from (1, 1, 1), gradients by `grad`.
fn ten_steps(optimizer: &dyn Optimizer<f64>) -> Vec<f64> {
    let x = Shared::new("x", Tensor::ones([3]));
    let cost = (Expr::constant(Tensor::from_slice(&[0.1, 0.2, 0.3])) * x.expr().square()).sum_all();
    let updates = optimizer.updates_for(&cost, std::slice::from_ref(&x));
    let step = Function::builder().outputs([&cost]).updates(updates).build().unwrap();
    for _ in 0..10 {
        step.call(&[]).unwrap();
    }
    x.get().to_vec()
}

#[track_caller]
fn assert_near(found: &[f64], expected: &[f64], tolerance: f64) {
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= tolerance;
    assert!(
        found.len() == expected.len() && found.iter().zip(expected).all(near),
        "{found:?} is not {expected:?}"
    );
}

/// The numbers were computed by torch.optim (Lua) in f64, RMSProp's with ρ = 0.9 and ε = 10⁻⁶, Adadelta's with ρ = 0.95.
#[test]
fn ten_steps_agree_with_torch() {
    let cases: [(&dyn Optimizer<f64>, [f64; 3]); 7] = [
        (&Sgd::new(0.1), [0.81707280688755, 0.6648326359915, 0.5386151140949]),
        (&Momentum::new(0.1, 0.5), [0.6848486952183, 0.44803321781003, 0.27431190123502]),
        (&Nesterov::new(0.1, 0.5), [0.67466543592725, 0.44108468114241, 0.2769002108997]),
        (&Adagrad::new(0.1), [0.55373120047759, 0.55373120041518, 0.55373120039438]),
        (
            &RmsProp::new(0.01).decay(0.9).epsilon(1e-6),
            [0.83205403985348, 0.83205322744821, 0.83205295664444],
        ),
        (&Adadelta::new(1.0).decay(0.95), [0.95453237704725, 0.9545237471374, 0.95452214847397]),
        (&Adamax::new(0.01), [0.90211749000754, 0.90211748762402, 0.90211748682951]),
    ];
    for (optimizer, expected) in cases {
        assert_near(&ten_steps(optimizer), &expected, 5e-14);
    }
}

/// Adam's formula by hand, with the slow decay of β₁ that the paper's first version had: β₁ λᵗ⁻¹ instead of β₁.
fn adam_by_hand(lambda: f64, largest: bool) -> Vec<f64> {
    let descend = |a: f64| {
        let (mut x, mut m, mut v, mut w) = (1.0, 0.0, 0.0, 0.0f64);
        for t in 1..=10 {
            let (g, beta): (f64, f64) = (2.0 * a * x, 0.9 * lambda.powi(t - 1));
            m = beta * m + (1.0 - beta) * g;
            v = 0.999 * v + (1.0 - 0.999) * g * g;
            w = if largest { w.max(v) } else { v };
            let correction = (1.0 - 0.999f64.powi(t)).sqrt() / (1.0 - 0.9f64.powi(t));
            x -= 0.01 * correction * m / (w.sqrt() + 1e-8);
        }
        x
    };
    [0.1, 0.2, 0.3].map(descend).to_vec()
}

/// Torch's Adam still had λ = 1 − 10⁻⁸ when its numbers were taken, so they differ from ours in the eighth digit. The same
/// lines of code, with λ and without, bind both of them. Its AMSGrad ran in f32: the number is a multiple of 2⁻²⁴.
#[test]
fn adam_agrees_with_torch_but_for_a_decay_it_no_longer_has() {
    let torch = [0.90034972009036, 0.90034967993061, 0.90034966654402];
    assert_near(&adam_by_hand(1.0 - 1e-8, false), &torch, 5e-14);
    let adam = Adam::new(0.01).epsilon_hat(1e-8);
    assert_near(&ten_steps(&adam), &adam_by_hand(1.0, false), 5e-14);
    assert_near(&ten_steps(&adam), &torch, 2e-8);

    let amsgrad = Amsgrad::new(0.01).epsilon_hat(1e-8);
    assert_near(&ten_steps(&amsgrad), &adam_by_hand(1.0, true), 5e-14);
    assert_near(&ten_steps(&amsgrad), &[0.90034979581833; 3], 2e-7);
}

/// The first step is −η g / (|g| + ε): both moments are the gradient's, freed of their bias.
#[test]
fn a_gradient_of_epsilon_takes_half_a_step() {
    for g in [1e-8, -1e-8, 3e-8, 1.0] {
        for optimizer in [&Adam::new(0.1) as &dyn Optimizer<f64>, &Amsgrad::new(0.1)] {
            let x = Shared::new("x", Tensor::zeros([1]));
            let updates = optimizer.updates(&[Expr::full([1], g)], std::slice::from_ref(&x));
            Function::builder().updates(updates).build().unwrap().call(&[]).unwrap();
            assert_near(&x.get().to_vec(), &[-0.1 * g / (g.abs() + 1e-8)], 1e-14);
        }
    }
}

#[test]
fn norms_are_clipped_whatever_their_size() {
    let clipped = |g: [f32; 2]| {
        let g = Expr::constant(Tensor::from_slice(&g));
        let clipped = clip_norm(&[g.slice(0, 0..1), g.slice(0, 1..2)], 1.0);
        let values = Function::new([], &clipped).unwrap().call(&[]).unwrap();
        [values[0].item(), values[1].item()]
    };
    assert_eq!(clipped([1e20, 0.0]), [1.0, 0.0]);
    assert_eq!(clipped([0.0, 0.0]), [0.0, 0.0]);
    assert_eq!(clipped([0.5, -0.5]), [0.5, -0.5]);
    assert_eq!(clipped([1e-40, 0.0]), [1e-40, 0.0]);
    for (g, s) in [([3e38, 4e37], 3e38), ([3e-3, 4.0], 4.0), ([-2e38, 2e38], 2e38)] {
        let [a, b] = g.map(|g: f64| g / s);
        let norm = (a * a + b * b).sqrt();
        let [x, y] = clipped(g.map(|g| g as f32)).map(f64::from);
        assert!((x - a / norm).abs() < 1e-6 && (y - b / norm).abs() < 1e-6, "{g:?}: {x}, {y}");
    }
}

/// Where gradients shrink, AMSGrad's rates must not grow again: two large gradients, then small ones.
#[test]
fn amsgrad_remembers_the_largest() {
    let after = |optimizer: &dyn Optimizer<f64>| {
        let (x, g) = (Shared::new("x", Tensor::scalar(0.0)), Expr::input("g", ()));
        let updates = optimizer.updates(std::slice::from_ref(&g), std::slice::from_ref(&x));
        let step = Function::builder().inputs([&g]).updates(updates).build().unwrap();
        for i in 0..200 {
            step.call(&[&Tensor::scalar(if i < 2 { 10.0 } else { 0.01 })]).unwrap();
        }
        x.get().item()
    };
    let by_hand = |largest: bool| {
        let (mut x, mut m, mut v, mut w) = (0.0, 0.0, 0.0, 0.0f64);
        for t in 1..=200 {
            let g: f64 = if t <= 2 { 10.0 } else { 0.01 };
            m = 0.9 * m + (1.0 - 0.9) * g;
            v = 0.9 * v + (1.0 - 0.9) * g * g;
            w = if largest { w.max(v) } else { v };
            let corrects = 1.0 - 0.9f64.powi(t);
            x -= 0.1 * (m / corrects) / ((w / corrects).sqrt() + 1e-8);
        }
        x
    };
    assert_near(&[after(&Amsgrad::new(0.1).betas(0.9, 0.9))], &[by_hand(true)], 1e-12);
    assert_near(&[after(&Adam::new(0.1).betas(0.9, 0.9))], &[by_hand(false)], 1e-11);
    assert!(by_hand(false) < 2.0 * by_hand(true));
}

/// The window written out by hand: the last three squares under the root, from a list that grows.
#[test]
fn the_window_holds_the_last_squares_only() {
    let expected: Vec<f64> = [0.1, 0.2, 0.3]
        .iter()
        .map(|a| {
            let (mut x, mut squares) = (1.0, Vec::new());
            for _ in 0..10 {
                let g: f64 = 2.0 * a * x;
                squares.push(g * g);
                let last: f64 = squares.iter().rev().take(3).sum();
                x -= 0.05 * g / (last + 0.1).sqrt();
            }
            x
        })
        .collect();
    assert_near(&ten_steps(&AdagradWindow::new(0.05).window(3)), &expected, 1e-14);
}

#[test]
fn a_window_longer_than_the_run_is_adagrad_with_epsilon_inside() {
    let mut x = 1.0;
    let mut sum = 0.0;
    for _ in 0..10 {
        let g: f64 = 2.0 * 0.2 * x;
        sum += g * g;
        x -= 0.05 * g / (sum + 0.1).sqrt();
    }
    assert_near(&ten_steps(&AdagradWindow::new(0.05))[1..2], &[x], 1e-14);
}

/// Descent with schedule r(i): x is multiplied by 1 − 2 a r(i) in each step.
#[test]
fn schedules_follow_their_formulas() {
    use std::f64::consts::PI;
    let part = |i: f64, n: f64| (i / n).min(1.0);
    type Formula = Box<dyn Fn(f64) -> f64>;
    let cases: Vec<(Schedule, Formula)> = vec![
        (Schedule::constant(0.3), Box::new(|_| 0.3)),
        (Schedule::linear(0.4, 0.1, 6), Box::new(move |i| 0.4 - 0.3 * part(i, 6.0))),
        (Schedule::cosine(0.4, 8), Box::new(move |i| 0.2 * (1.0 + (PI * part(i, 8.0)).cos()))),
        (Schedule::cosine_to(0.4, 0.1, 8), Box::new(move |i| 0.1 + 0.15 * (1.0 + (PI * part(i, 8.0)).cos()))),
        (Schedule::exponential(0.4, 0.5, 4), Box::new(|i| 0.4 * 0.5f64.powf(i / 4.0))),
        (Schedule::step(0.4, 0.5, 4), Box::new(|i| 0.4 * 0.5f64.powf((i / 4.0).floor()))),
        (Schedule::constant(0.3).warm_up(4), Box::new(|i| 0.3 * ((i + 1.0) / 4.0).min(1.0))),
    ];
    for (schedule, rate) in cases {
        let product = |a: f64| (0..10).map(|i| 1.0 - 2.0 * a * rate(f64::from(i))).product::<f64>();
        let expected = [0.1, 0.2, 0.3].map(product);
        assert_near(&ten_steps(&Sgd::new(schedule.clone())), &expected, 1e-14);
    }
}

#[test]
fn a_rate_may_be_a_variable_or_an_input() {
    let rate = Shared::new("rate", Tensor::<f64>::scalar(0.1));
    assert_near(&ten_steps(&Sgd::new(&rate)), &ten_steps(&Sgd::new(0.1)), 0.0);
    assert_near(&ten_steps(&Adam::new(rate.expr() * 2.0)), &ten_steps(&Adam::new(0.2)), 0.0);
}

#[test]
fn an_optimiser_accepts_gradients_that_no_cost_has() {
    let x = Shared::new("x", Tensor::<f64>::ones([2]));
    let updates = Sgd::new(0.5).updates(&[Expr::full([2], 3.0)], std::slice::from_ref(&x));
    Function::builder().updates(updates).build().unwrap().call(&[]).unwrap();
    assert_near(&x.get().to_vec(), &[-0.5, -0.5], 0.0);
}

#[test]
fn state_is_named_after_its_parameter() {
    let w = Shared::new("w", Tensor::<f32>::zeros([2, 3]));
    let updates = Adam::new(1e-3).updates_for(&w.expr().square().sum_all(), &[w]);
    let names: Vec<&str> = updates.iter().map(|(variable, _)| variable.name()).collect();
    assert_eq!(names, ["w", "w.adam.m", "w.adam.v", "adam.iteration"]);
}

/// In f32, 1 − 0.999 has lost four digits of seven; the correction must not.
#[test]
fn single_precision_keeps_the_bias_correction() {
    let x = Shared::new("x", Tensor::<f32>::scalar(1.0));
    let updates = Adam::new(0.5).epsilon(0.0).updates(&[Expr::scalar(0.25)], std::slice::from_ref(&x));
    Function::builder().updates(updates).build().unwrap().call(&[]).unwrap();
    assert!((x.get().item() - 0.5).abs() < 2e-7, "{}", x.get().item());
}

#[test]
#[should_panic(expected = "adam: the gradient for `w` has shape [3], the parameter [2]")]
fn a_gradient_of_another_shape_is_refused() {
    let w = Shared::new("w", Tensor::<f32>::zeros([2]));
    Adam::new(1e-3).updates(&[Expr::zeros([3])], &[w]);
}

#[test]
#[should_panic(expected = "sgd: 0 gradients for 1 parameters")]
fn as_many_gradients_as_parameters_are_needed() {
    Sgd::new(0.1).updates(&[], &[Shared::new("w", Tensor::<f32>::zeros([2]))]);
}
