//! Functions: sizes, updates, noise, and what they refuse.

use bayeux_autodiff::{Dim, Error, Expr, Function, RandomStreams, Shared, Untyped, batch};
use bayeux_tensor::{AnyTensor, Tensor};

#[test]
fn free_dimensions_take_any_size() {
    let x = Expr::<f64>::input("x", (batch(), 2));
    let mean = x.sum_all() / Expr::size(batch() * 2);
    let f = Function::new([&x], [&mean, &x.flatten_from(0)]).expect("x is an input");
    for rows in [1, 7, 300, 0] {
        let values = f.call(&[&Tensor::ones([rows, 2])]).expect("any number of rows");
        assert_eq!(values[1].shape(), [rows * 2]);
        assert!(rows == 0 || (values[0].item() - 1.0).abs() < 1e-12);
    }
}

#[test]
fn updates_see_the_values_before_the_call() {
    let (a, b) = (Shared::new("a", Tensor::scalar(1.0)), Shared::new("b", Tensor::scalar(2.0)));
    let swap = Function::<f64>::builder().updates([(&a, b.expr()), (&b, a.expr())]).build().expect("fits");
    swap.call(&[]).expect("runs");
    assert_eq!((a.get().item(), b.get().item()), (2.0, 1.0));
    let held = a.get();
    swap.call(&[]).expect("runs");
    assert_eq!((a.get().item(), held.item()), (1.0, 2.0));
}

#[test]
fn one_value_may_go_to_several_places() {
    let a = Shared::new("a", Tensor::from_slice(&[1.0, 2.0]));
    let b = Shared::new("b", Tensor::from_slice(&[0.0, 0.0]));
    let next = a.expr() * 2.0;
    let mut f = Function::<f64>::builder()
        .outputs([&next, &next])
        .updates([(&a, next.clone()), (&b, next.clone())])
        .build();
    let values = f.as_mut().expect("fits").call(&[]).expect("runs");
    assert_eq!(values[0].to_vec(), [2.0, 4.0]);
    assert_eq!(values[1].to_vec(), [2.0, 4.0]);
    assert_eq!(a.get(), b.get());
    f.expect("fits").call(&[]).expect("runs");
    assert_eq!(a.get().to_vec(), [4.0, 8.0]);
    assert_eq!(values[0].to_vec(), [2.0, 4.0]);
}

#[test]
fn a_strided_input_is_read_in_its_own_order() {
    let x = Expr::<f64>::input("x", [3, 2]);
    let f = Function::new([&x], [&(&x * 1.0)]).expect("x is an input");
    let transposed = Tensor::new([2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).t();
    assert_eq!(f.call(&[&transposed]).expect("runs")[0].to_vec(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
}

#[test]
fn noise_is_new_in_each_call_and_repeatable() {
    let random = RandomStreams::new(3);
    let (a, b) = (random.normal::<f64>([4]), random.normal::<f64>([4]));
    let mut f = Function::new([], [&a, &b, &(&a - &a)]).expect("no inputs");
    let first = f.call(&[]).expect("runs");
    let second = f.call(&[]).expect("runs");
    assert_ne!(first[0], second[0]);
    assert_ne!(first[0], first[1]);
    assert_eq!(first[2].to_vec(), [0.0; 4]);
    f.set_call(0);
    assert_eq!(f.call(&[]).expect("runs"), first);
    assert_eq!(f.next_call(), 1);
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let x = Expr::<f64>::input("x", (batch(), 2));
    let y = Expr::<f64>::input("y", [batch()]);
    let sum = x.sum(1) + &y;
    let missing = Function::new([&x], [&sum]).expect_err("y is not declared");
    assert_eq!(missing, Error::MissingInput("y".into()));

    let f = Function::new([&x, &y], [&sum]).expect("both are declared");
    let message = |error: Result<Vec<Tensor<f64>>, Error>| error.expect_err("does not fit").to_string();
    assert_eq!(message(f.call(&[&Tensor::ones([3, 2])])), "the function has 2 inputs, 1 were given");
    let wrong = message(f.call(&[&Tensor::ones([3, 3]), &Tensor::ones([3])]));
    assert!(wrong.contains("`x` has shape [batch, 2]") && wrong.contains("[3, 3]"), "{wrong}");
    let wrong = message(f.call(&[&Tensor::ones([3, 2]), &Tensor::ones([4])]));
    assert!(wrong.contains("`y`") && wrong.contains("batch = 3"), "{wrong}");

    let free = Expr::<f64>::size(Dim::symbol("time"));
    let f = Function::new([], [&free]).expect("no inputs");
    assert_eq!(f.call(&[]).expect_err("unknown"), Error::FreeDimension("time".into()));

    let w = Shared::new("w", Tensor::zeros([2]));
    let twice = Function::builder().updates([(&w, w.expr()), (&w, w.expr())]).build();
    assert_eq!(twice.expect_err("twice"), Error::DuplicateUpdate("w".into()));
    let shape = Function::builder().updates([(&w, Expr::<f64>::zeros([3]))]).build();
    assert!(shape.expect_err("wrong shape").to_string().contains("f64[3], the variable f64[2]"));
}

#[test]
fn inputs_given_by_name_come_in_any_order() {
    let x = Expr::<f64>::input("x", (batch(), 2));
    let y = Expr::<f64>::input("y", [batch()]);
    let mut f = Function::new([&x, &y], [&(x.sum(1) - &y)]).expect("both are declared");
    let (rows, values) = (Tensor::ones([3, 2]), Tensor::from_slice(&[0.0, 1.0, 2.0]));
    let expected = f.call(&[&rows, &values]).expect("runs");
    let pairs = [(&y, &values), (&x, &rows)];
    assert_eq!(f.call_with(pairs).expect("an array"), expected);
    assert_eq!(f.call_with(&pairs[..]).expect("a slice"), expected);
    assert_eq!(f.call_with(pairs.to_vec()).expect("a vector"), expected);
    assert_eq!(f.call_with(((&x, &rows), (&y, &values))).expect("a tuple"), expected);
    // A name makes no other input of an input.
    assert_eq!(f.call_with([(&x.clone().named("z"), &rows), (&y, &values)]).expect("renamed"), expected);
    f.run_with(pairs).expect("runs");
    assert_eq!(*f.output(0), expected[0]);

    let error = |pairs: &[(&Expr<f64>, &Tensor<f64>)]| f.call_with(pairs).expect_err("is no call");
    assert_eq!(error(&[(&y, &values)]), Error::InputNotGiven("x".into()));
    assert_eq!(error(&[]), Error::InputNotGiven("x".into()));
    assert_eq!(error(&[(&y, &values), (&y, &values), (&x, &rows)]), Error::InputGivenTwice("y".into()));
    // Another input of the same name, and what is no input at all.
    let other = Expr::<f64>::input("y", [batch()]);
    assert_eq!(error(&[(&x, &rows), (&other, &values)]), Error::ForeignInput("`y`".into()));
    let sum = &x + &x;
    assert_eq!(error(&[(&sum, &rows)]), Error::ForeignInput(format!("{sum:?}")));
    let wrong = error(&[(&y, &rows), (&x, &rows)]).to_string();
    assert!(wrong.contains("`y`") && wrong.contains("[3, 2]"), "{wrong}");
}

#[test]
fn inputs_given_by_name_have_types_of_their_own() {
    let x = Expr::<f32>::input("x", [3]);
    let at = Expr::<i64>::input("at", ());
    let taken = (at.one_hot_as::<f32>(3) * &x).sum_all();
    let (values, place) = (Tensor::from_slice(&[1.0_f32, 2.0, 4.0]), Tensor::scalar(2_i64));
    let f: Function = Function::builder().inputs([&x]).input(&at).outputs([&taken]).build().expect("fits");
    assert_eq!(f.call_with(((&at, &place), (&x, &values))).expect("runs")[0].item(), 4.0);

    let any = Function::<Untyped>::builder().input(&x).input(&at).outputs([&taken.untyped(), &at.untyped()]);
    let any = any.build().expect("fits");
    let (x, at) = (x.untyped(), at.untyped());
    let outputs = any.call_with([(&at, &AnyTensor::from(&place)), (&x, &AnyTensor::from(&values))]);
    let outputs = outputs.expect("runs");
    assert_eq!((outputs[0].get::<f32>().item(), outputs[1].get::<i64>().item()), (4.0, 2));
}

#[test]
fn dimensions_are_solved_for_their_symbols_and_checked() {
    let [n, t] = Dim::symbols(["n", "t"]);
    let x = Expr::<f64>::input("x", (2 * &n + 1, &n * &t));
    let y = Expr::<f64>::input("y", (1 + &n + &n, 1));
    let outputs = [x.sum(1), (&x + &y).reshape([(2 * &n + 1) * &n * &t]), Expr::size(&t - 3)];
    let f = Function::new([&x, &y], &outputs).expect("x and y are inputs");
    let (wide, column) = (Tensor::ones([5, 8]), Tensor::ones([5, 1]));
    let values = f.call(&[&wide, &column]).expect("n = 2, t = 4");
    assert_eq!((values[0].shape(), values[1].shape(), values[2].item()), (&[5][..], &[40][..], 1.0));

    let message = |x: [usize; 2], y| f.call(&[&Tensor::ones(x), &y]).expect_err("does not fit").to_string();
    let even = message([4, 8], column.clone());
    assert!(even.contains("axis 0: no n makes 2·n + 1 equal to 4"), "{even}");
    let odd = message([5, 7], column.clone());
    assert!(odd.contains("axis 1: no t makes n·t equal to 7 where n = 2"), "{odd}");
    let other = message([7, 12], column.clone());
    assert!(other.contains("`y`") && other.contains("axis 0: 2·n + 1 is 7 where n = 3"), "{other}");
    assert_eq!(message([5, 4], column), "the dimension t − 3 is −1 where t = 2");
}

#[test]
fn inputs_are_inputs_and_declared_once() {
    let x = Expr::<f64>::input("x", [2]);
    let w = Shared::new("w", Tensor::<f64>::zeros([2]));
    let leaf = Function::new([&w.expr()], [&w.expr()]).expect_err("a variable");
    assert_eq!(leaf, Error::NotAnInput("`w`".into()));
    // A name makes no new input of an input.
    let renamed = x.clone().named("y");
    let twice = Function::new([&x, &renamed], [&(&x + &renamed)]).expect_err("twice");
    assert_eq!(twice, Error::DuplicateInput("y".into()));
    let slope = bayeux_autodiff::grad(&renamed.square().sum_all(), std::slice::from_ref(&x));
    let f = Function::new([&x], &slope).expect("x is an input");
    assert_eq!(f.call(&[&Tensor::from_slice(&[1.0, 2.0])]).expect("runs")[0].to_vec(), [2.0, 4.0]);
}

#[test]
fn an_empty_batch_goes_through_everything() {
    let x = Expr::<f64>::input("x", (batch(), 4));
    let w = Expr::constant(Tensor::ones([2, 3]));
    let part = x.slice(1, 1..3);
    let roots = [part.softmax(), part.matmul(&w), x.max(0), part.tanh().sum(0)];
    let f = Function::new([&x], &roots).expect("x is an input");
    let empty = Tensor::zeros([0, 4]);
    let expected = bayeux_autodiff::interpret(&roots, &[(&x, &empty)], 0).expect("runs");
    assert_eq!(f.call(&[&empty]).expect("runs"), expected);
    assert_eq!(expected[2].to_vec(), [f64::NEG_INFINITY; 4]);
}

#[test]
fn constants_are_not_multiplied_beyond_the_range() {
    let x = Expr::<f32>::input("x", [2]);
    let y = (&x * 1e20) * 1e20;
    let f = Function::new([&x], [&y]).expect("x is an input");
    let values = f.call(&[&Tensor::from_slice(&[0.0, 1e-37])]).expect("runs").remove(0);
    assert_eq!(values.get(&[0]), 0.0);
    approx::assert_relative_eq!(values.get(&[1]), 1e3, max_relative = 1e-6);
}

#[test]
fn a_label_out_of_range_fails_the_call_and_changes_nothing() {
    let labels = Expr::<f64>::input("labels", [batch()]);
    let count = Shared::new("count", Tensor::scalar(0.0));
    let f = Function::builder()
        .inputs([&labels])
        .outputs([&labels.one_hot(3)])
        .updates([(&count, count.expr() + 1.0)])
        .build()
        .expect("fits");
    let rows = f.call(&[&Tensor::from_slice(&[2.0, 0.0])]).expect("labels in range");
    assert_eq!(rows[0].to_vec(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    for bad in [3.0, -1.0, 0.5, f64::NAN] {
        let error = f.call(&[&Tensor::from_slice(&[1.0, bad])]).expect_err("out of range");
        let Error::Index { op, position: 1, limit: 3, .. } = &error else { panic!("{error}") };
        assert_eq!(op, "one_hot 3");
        assert!(error.to_string().contains("from 0 to 2"), "{error}");
    }
    assert_eq!(count.get().item(), 1.0);
}

#[test]
#[should_panic(expected = "add: shapes [batch, 3] and [4] do not broadcast")]
fn shapes_are_checked_when_an_expression_is_built() {
    let _ = Expr::<f32>::input("x", (batch(), 3)) + Expr::<f32>::input("b", [4]);
}

#[test]
#[should_panic(expected = "matmul: shapes [batch, 3] and [4, 2] do not fit")]
fn products_are_checked() {
    let _ = Expr::<f32>::input("x", (batch(), 3)).matmul(&Expr::input("w", [4, 2]));
}

#[test]
#[should_panic(expected = "grad: the cost `x` has shape [2], a scalar is needed")]
fn only_scalars_have_gradients() {
    let x = Expr::<f32>::input("x", [2]);
    let _ = bayeux_autodiff::grad(&x, &[]);
}
