//! Programs inside programs: functions that are computed again in the reverse sweep, and those with a gradient that is said.

use bayeux_autodiff::{
    AnyExpr, Error, Expr, Function, Operation, RandomStreams, Shared, Untyped, ValueType, View, batch,
    check_gradient_to_order, checkpoint, custom_gradient, grad, interpret,
};
use bayeux_tensor::{AnySliceMut, Float, Tensor, random};

fn draws<T: Float>(shape: &[usize], seed: u64) -> Tensor<T> {
    let mut tensor = Tensor::zeros(shape);
    random::fill_normal(seed, 0, 0, tensor.make_mut());
    tensor
}

/// A deep net's cost and slopes, in blocks of layers that are computed again or not.
fn deep<T: Float>(again: bool, blocks: usize, layers: usize, width: usize) -> (Expr<T>, Vec<Expr<T>>) {
    let x = Expr::<T>::input("x", (batch(), width));
    let mut weights = Vec::new();
    let mut y = x.clone();
    for block in 0..blocks {
        let of = |layer: usize| {
            let scale = T::from_f64((width as f64).powf(-0.5));
            let start = draws::<T>(&[width, width], (block * layers + layer) as u64).map(|x| x * scale);
            Shared::new("w", start).expr()
        };
        let own: Vec<Expr<T>> = (0..layers).map(of).collect();
        let f = |x: &[Expr<T>]| own.iter().fold(x[0].clone(), |x, w| x.matmul(w).tanh());
        y = if again { checkpoint(f, &[y]) } else { f(&[y]) };
        weights.extend(own);
    }
    let cost = y.square().mean_all();
    let mut outputs = vec![cost.clone()];
    outputs.extend(grad(&cost, &weights));
    (x, outputs)
}

fn the_same_bits_in_less_memory<T: Float>() {
    let (blocks, layers, width, size) = (6, 6, 24, 200);
    let run = |again: bool| {
        let (x, outputs) = deep::<T>(again, blocks, layers, width);
        let f = Function::new([&x], outputs).expect("is complete");
        let values = f.call(&[&draws::<T>(&[size, width], 99)]).expect("fits");
        (values, f.memory(), f.to_string())
    };
    let (plain, much, _) = run(false);
    let (again, little, program) = run(true);
    for (i, (plain, again)) in plain.iter().zip(&again).enumerate() {
        assert!(plain.to_vec() == again.to_vec(), "output {i}");
    }
    // What layers have computed, beside weights and slopes that both hold: 36 of them, or 6 and the 6 of one block twice.
    let (weights, activation) = (blocks * layers * width * width, size * width);
    let most = (weights + (blocks + 2 * layers + 4) * activation) * size_of::<T>();
    let least = blocks * layers * activation * size_of::<T>();
    assert!(
        little < most && much > least,
        "{much} and {little} bytes, of which {least} and {most}\n{program}"
    );
}

#[test]
fn a_checkpoint_gives_the_same_bits_in_less_memory() {
    the_same_bits_in_less_memory::<f32>();
    the_same_bits_in_less_memory::<f64>();
}

/// Values, slopes and curvatures of a function at some points, with and without a border around it.
fn compare(f: impl Fn(&Expr<f64>, &Expr<f64>) -> Vec<Expr<f64>>, x: &Tensor<f64>, w: &Tensor<f64>) {
    let of = |again: bool| {
        let shared = Shared::new("w", w.clone());
        let input = Expr::input("x", x.shape());
        let inner = |x: &[Expr<f64>]| f(&x[0], &shared.expr());
        let values = if again {
            checkpoint(inner, std::slice::from_ref(&input))
        } else {
            inner(std::slice::from_ref(&input))
        };
        let cost = values.iter().fold(Expr::scalar(0.0), |sum, value| sum + value.sin().sum_all());
        let wrt = [input.clone(), shared.expr()];
        let slopes = grad(&cost, &wrt);
        let second = grad(&(slopes[0].sin().sum_all() + slopes[1].square().sum_all()), &wrt);
        let outputs: Vec<Expr<f64>> = values.into_iter().chain(slopes).chain(second).collect();
        let interpreted = interpret(&outputs, &[(&input, x)], 0).expect("fits");
        let compiled = Function::new([&input], outputs).expect("is complete").call(&[x]).expect("fits");
        (interpreted, compiled)
    };
    let ((expected, compiled), (interpreted, again)) = (of(false), of(true));
    for found in [compiled, interpreted, again] {
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found.shape(), expected.shape());
            for (found, expected) in found.to_vec().into_iter().zip(expected.to_vec()) {
                assert!(
                    (found - expected).abs() <= 1e-12 * (1.0 + expected.abs()),
                    "{found}, not {expected}"
                );
            }
        }
    }
}

#[test]
fn values_slopes_and_curvatures_are_those_of_the_function() {
    let (x, w) = (draws(&[4, 3], 1), draws(&[3, 3], 2));
    compare(|x, w| vec![x.matmul(w).tanh()], &x, &w);
    // Several values, two of them the same, one that is a parameter, one that does not depend on any.
    compare(|x, w| vec![x * 2.0, w.square().sum(0), x * 2.0, x.clone(), Expr::ones([2])], &x, &w);
    // One in another.
    let inner = |x: &Expr<f64>, w: &Expr<f64>| {
        let y = checkpoint(|x| (x[0].matmul(w).exp() + 1.0).ln(), &[x.t().reshape([4, 3])]);
        checkpoint(|y| vec![(&y[0] * x).sum(1), y[0].max(0)], &[y])
    };
    compare(inner, &x, &w);
}

#[test]
fn what_is_not_read_is_not_computed() {
    let x = Expr::<f64>::input("x", [3]);
    let [sine, _, cosine] = checkpoint(|x| [x[0].sin(), x[0].exp(), x[0].cos()], std::slice::from_ref(&x));
    let f = Function::new([&x], [sine, cosine]).expect("is complete");
    f.call(&[&Tensor::zeros([3])]).expect("fits");
    let program = f.to_string();
    assert!(program.contains("sin") && program.contains("cos") && !program.contains("exp"), "{program}");
}

/// What is the same everywhere is not written out to be handed over.
#[test]
fn repeated_numbers_stay_numbers() {
    let [x, twos] = [Expr::<f64>::input("x", [300]), Expr::full([300], 2.0)];
    let mut f =
        Function::new([&x], [checkpoint(|x| &x[0] * &twos, std::slice::from_ref(&x))]).expect("is complete");
    f.specialise(&[&Tensor::zeros([300])]).expect("fits");
    assert!(f.to_string().contains("checkpoint (in0[300])"), "{f}");
}

#[test]
fn gradients_check_to_order_two() {
    let [x, w] = [Expr::<f64>::input("x", [3, 4]), Expr::<f64>::input("w", [4, 2])];
    let y = checkpoint(|x| (x[0].matmul(&w).tanh().softmax(), x[0].sum(0)), std::slice::from_ref(&x));
    let cost = (y.0.square().sum(1)).ln().sum_all() + y.1.sin().sum_all();
    let at = [draws(&[3, 4], 3), draws(&[4, 2], 4)];
    let errors = check_gradient_to_order(&cost, &[(&x, &at[0]), (&w, &at[1])], 2).expect("fits");
    assert!(errors.first < 1e-7 && errors.second < 1e-6, "{errors:?}");
}

#[test]
fn random_numbers_are_those_of_the_plain_function() {
    let values = |again: bool| {
        let w = Shared::new("w", draws::<f64>(&[5, 5], 5)).expr();
        let masked = |x: &[Expr<f64>]| {
            let keep = RandomStreams::apart(3).uniform::<f64>([5, 5]).gt(&Expr::scalar(0.5)).cast::<f64>();
            (&x[0] * keep).matmul(&w).tanh() + RandomStreams::new(4).normal([5, 5])
        };
        let mut y = w.clone();
        for _ in 0..3 {
            y = if again { checkpoint(masked, &[y]) } else { masked(&[y]) };
        }
        let slope = grad(&y.square().sum_all(), std::slice::from_ref(&w)).remove(0);
        let f = Function::new([], [y.clone(), slope.clone()]).expect("is complete");
        let twice = [f.call(&[]).expect("fits"), f.call(&[]).expect("fits")];
        assert_eq!(f.next_call(), 2);
        let third = interpret(&[y, slope], &[], 2).expect("fits");
        (twice, third)
    };
    let ((plain, third), (again, third_again)) = (values(false), values(true));
    assert_ne!(again[0], again[1]);
    for (a, b) in plain.iter().flatten().chain(&third).zip(again.iter().flatten().chain(&third_again)) {
        // The slopes of the weights, which all layers share, are added in another order.
        assert!(a.to_vec().iter().zip(b.to_vec()).all(|(a, b)| (a - b).abs() < 1e-12));
    }
    assert!(plain.iter().zip(&again).all(|(plain, again)| plain[0] == again[0]));
}

#[test]
fn sizes_are_those_of_each_call() {
    let x = Expr::<f32>::input("x", (batch(), 3));
    let shifted = |x: &[Expr<f32>]| &x[0] - x[0].mean(0) + Expr::size(batch()) + Expr::ones((batch(), 3));
    let y = checkpoint(shifted, std::slice::from_ref(&x));
    let f = Function::new([&x], [&y, &shifted(std::slice::from_ref(&x))]).expect("is complete");
    for size in [1, 4, 0, 7] {
        let values = f.call(&[&draws(&[size, 3], 6)]).expect("fits");
        assert_eq!(values[0], values[1]);
        assert_eq!(values[0].shape(), [size, 3]);
    }
}

#[test]
fn rows_are_apart_where_those_of_the_function_are() {
    let x = Expr::<f32>::input("x", (batch(), 3));
    let w = Shared::new("w", Tensor::<f32>::zeros([3, 3])).expr();
    let layers = |x: &[Expr<f32>]| x[0].matmul(&w).tanh();
    assert!(checkpoint(layers, std::slice::from_ref(&x)).is_by_rows(&batch()));
    assert!(custom_gradient(layers, |_, x, _| x.to_vec(), std::slice::from_ref(&x)).is_by_rows(&batch()));
    assert!(!checkpoint(|x| &x[0] - x[0].mean(0), &[x]).is_by_rows(&batch()));
}

#[test]
fn data_that_is_refused_leaves_the_function_usable() {
    let x = Expr::<i64>::input("x", [2]);
    let table = Shared::new("table", draws::<f64>(&[3, 2], 7));
    let rows = checkpoint(|x| table.expr().take(0, &x[0]), std::slice::from_ref(&x));
    let f = Function::<Untyped>::builder().input(&x).outputs([rows.untyped()]).build().expect("is complete");
    let call = |places: [i64; 2]| f.call((&Tensor::from_slice(&places),));
    assert!(matches!(call([0, 3]), Err(Error::Index { .. })), "{:?}", call([0, 3]));
    assert_eq!(call([2, 0]).expect("in range")[0].get::<f64>(), &table.get().take(&[2, 0]));
}

/// Panics at the first run.
#[derive(Debug, PartialEq, Hash)]
struct Once;

impl Operation for Once {
    fn name(&self) -> String {
        "once".into()
    }
    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        Ok(inputs.to_vec())
    }
    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        let x = inputs[0].elements::<f64>();
        assert!(x[0] < 1.0, "too large");
        outputs[0].reborrow().get::<f64>().copy_from_slice(x);
        Ok(())
    }
    fn gradient(&self, g: &AnyExpr, _: &[AnyExpr], _: &AnyExpr) -> Vec<Option<AnyExpr>> {
        vec![Some(g.clone())]
    }
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "panics end the program")]
fn a_panic_inside_leaves_the_function_usable() {
    let x = Expr::<f64>::input("x", [2]);
    let y = checkpoint(|x| Expr::apply(Once, &[x[0].exp() - 1.0]) * 2.0, std::slice::from_ref(&x));
    let mut f = Function::new([&x], [y]).expect("is complete");
    let call = |f: &mut Function<f64>, x: f64| f.run(&[&Tensor::full([2], x)]).map(|()| f.output(0).to_vec());
    assert!(call(&mut f, 0.0).is_ok());
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| call(&mut f, 1.0)));
    assert!(panic.is_err());
    assert_eq!(call(&mut f, 0.0), Ok(vec![0.0, 0.0]));
}

#[test]
fn nothing_times_infinity_is_nothing_through_a_border() {
    let u = Expr::<f64>::input("u", [2]);
    let root = checkpoint(|u| u[0].sqrt(), std::slice::from_ref(&u));
    let y = Expr::select(&u.gt(&u.zeros_like()), &root, &u.zeros_like());
    let slope = grad(&y.sum_all(), std::slice::from_ref(&u)).remove(0);
    let f = Function::new([&u], [slope]).expect("is complete");
    assert_eq!(f.call(&[&Tensor::from_slice(&[0.0, 4.0])]).expect("fits")[0].to_vec(), [0.0, 0.25]);
}

#[test]
fn a_gradient_that_is_said_is_taken_at_any_order() {
    let x = Expr::<f64>::input("x", [2]);
    let w = Shared::new("w", Tensor::from_slice(&[2.0, 3.0])).expr();
    // Says that the slope of w·x is x³.
    let y =
        custom_gradient(|x| &x[0] * &w, |g, x, _| vec![g * x[0].square() * &x[0]], std::slice::from_ref(&x));
    let cost = y.sum_all();
    let slopes = grad(&cost, &[x.clone(), w.clone()]);
    let second = grad(&slopes[0].sum_all(), std::slice::from_ref(&x)).remove(0);
    let f = Function::new([&x], [y, slopes[0].clone(), slopes[1].clone(), second]).expect("is complete");
    let values = f.call(&[&Tensor::from_slice(&[1.0, 2.0])]).expect("fits");
    let expected: [[f64; 2]; 4] = [[2.0, 6.0], [1.0, 8.0], [0.0, 0.0], [3.0, 12.0]];
    for (value, expected) in values.iter().zip(expected) {
        assert_eq!(value.to_vec(), expected);
    }
}

#[test]
fn a_function_with_a_gradient_that_is_said_is_fused_with_what_is_around_it() {
    let x = Expr::<f64>::input("x", [20]);
    let f = |x: &[Expr<f64>]| (x[0].exp() + 1.0).ln();
    let program = |y: Expr<f64>| {
        let mut f = Function::new([&x], [(y * 2.0).sum_all()]).expect("is complete");
        f.specialise(&[&Tensor::zeros([20])]).expect("fits");
        f.to_string()
    };
    let said = custom_gradient(f, |g, _, _| vec![g.clone()], std::slice::from_ref(&x));
    assert_eq!(program(said), program(f(std::slice::from_ref(&x))));
}

#[test]
#[should_panic(expected = "custom_gradient: 1 expressions for the gradients of 2 inputs")]
fn too_few_gradients_are_refused() {
    let x = Expr::<f64>::input("x", [2]);
    let y = custom_gradient(|x| &x[0] * &x[1], |g, _, _| vec![g.clone()], &[x.clone(), x.clone()]);
    let _ = grad(&y.sum_all(), &[x]);
}

#[test]
#[should_panic(expected = "f64[3] for `x` of f64[2]")]
fn a_gradient_of_another_shape_is_refused() {
    let x = Expr::<f64>::input("x", [2]);
    let y = custom_gradient(|x| x[0].exp(), |_, _, _| vec![Expr::ones([3])], std::slice::from_ref(&x));
    let _ = grad(&y.sum_all(), &[x]);
}
